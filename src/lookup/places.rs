//! Where things lie, remembered for a short time.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use futures::FutureExt;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::future::BoxFuture;
use moka::future::Cache;

use super::Found;
use super::LookupError;
use super::Target;
use super::found::Brought;
use super::locate::locate;
use crate::atlassian::Instance;
use crate::audit::Trail;
use crate::ids::InstanceName;
use crate::net::Credential;
use crate::policy::Access;
use crate::policy::Product;
use crate::policy::Resource;

/// How long a place is believed before Atlassian is asked again.
const PLACE_LIFETIME: Duration = Duration::from_mins(1);

/// How many places are remembered at most.
const PLACES: u64 = 10_000;

/// How many look-ups of one call are under way at once.
const AT_ONCE: usize = 6;

/// Product, instance, fingerprint of the credential, and the hash of how the caller named it: titles may be long.
pub(super) type PlaceKey = (Product, InstanceName, [u8; 32], String);

/// Where things lie, remembered for a short time per credential.
#[derive(Debug, Clone)]
pub struct Lookups {
    places: Cache<PlaceKey, Arc<[Resource]>>,
}

/// Where one target lies, and how that is known.
enum Located {
    Known(Arc<[Resource]>),
    Asked(PlaceKey, Vec<Resource>, Option<Brought>),
}

impl Default for Lookups {
    fn default() -> Self {
        Self { places: Cache::builder().max_capacity(PLACES).time_to_live(PLACE_LIFETIME).build() }
    }
}

impl Lookups {
    /// Remembers what was found, once the caller may know of it. Absence is not remembered, so what is hidden must not
    /// be either: the time of the answer would tell them apart.
    pub async fn remember(&self, found: &mut Found) {
        for (key, places) in found.take_located() {
            self.places.insert(key, Arc::from(places)).await;
        }
    }

    /// Finds out where targets lie: now, or for a `Read` some time ago. One may lie in several places, such as a link
    /// between two issues; the places come in the order of the targets.
    pub async fn resolve(
        &self,
        targets: &[&Target],
        access: Access,
        there: (&Instance, &Credential),
        trail: &Trail,
        found: &mut Found,
    ) -> Result<Vec<Resource>, LookupError> {
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::with_capacity(targets.len());
        for target in targets {
            asked.push(self.locate(target, access, there, trail).boxed());
        }
        let located: Vec<Located> = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let mut resources = Vec::with_capacity(targets.len());
        for (target, located) in targets.iter().zip(located) {
            match located {
                Located::Known(places) => {
                    found.note(target, &places);
                    resources.extend_from_slice(&places);
                }
                Located::Asked(key, places, brought) => {
                    found.note(target, &places);
                    resources.extend_from_slice(&places);
                    found.keep(key, places, brought);
                }
            }
        }
        Ok(resources)
    }

    async fn locate(
        &self,
        target: &Target,
        access: Access,
        (instance, credential): (&Instance, &Credential),
        trail: &Trail,
    ) -> Result<Located, LookupError> {
        let unresolved = match (target.unresolved(), target) {
            // What goes along with an issue is another thing than where it lies.
            (None, _) | (_, Target::WithSubtasks(_)) => {
                let (places, _) = locate(target, instance, credential, trail).await?;
                return Ok(Located::Known(Arc::from(places)));
            }
            (Some(unresolved), _) => unresolved,
        };
        if !target.is_located() {
            return Ok(Located::Known(Arc::from([unresolved])));
        }
        let product = unresolved.product();
        let named = hex::encode(digest::digest(&digest::SHA256, target.named().as_bytes()));
        let key = (product, instance.name.clone(), credential.fingerprint(), named);
        // What is changed is decided on where it lies now, not where it lay a minute ago. Projects and spaces do not move.
        let moves = !matches!(target, Target::Project(_) | Target::Space(_) | Target::SpaceNamed(_));
        // What policies name of it is as it is now.
        if (access == Access::Read || !moves)
            && trail.observes_nothing(product)
            && let Some(places) = self.places.get(&key).await
        {
            return Ok(Located::Known(places));
        }
        let (places, brought) = locate(target, instance, credential, trail).await?;
        Ok(Located::Asked(key, places, brought))
    }
}

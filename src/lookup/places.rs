//! Where things lie, remembered for a short time.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use futures::FutureExt;
use futures::StreamExt;
use futures::future::BoxFuture;
use moka::future::Cache;

use super::Found;
use super::Lookup;
use super::LookupError;
use super::Target;
use super::ask;
use super::found::Brought;
use super::locate::There;
use crate::atlassian::Deployment;
use crate::atlassian::Instance;
use crate::atlassian::confluence::Wanted;
use crate::audit::Trail;
use crate::ids::InstanceName;
use crate::ids::SpaceName;
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
    Unkept(Vec<Resource>, Option<Brought>),
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

    /// Sends what is left of the requests that it could have taken at most to find what the call names, before it is
    /// refused as not visible. What comes back is of no interest.
    pub async fn even_out(
        &self,
        (instance, credential): (&Instance, &Credential),
        trail: &Trail,
        found: &Found,
    ) {
        let space = SpaceName::Id("1".to_owned());
        let lookup = match (instance.upstream.product(), instance.deployment) {
            (Product::Jira, _) => Lookup::JiraAccount { groups: false },
            (Product::Confluence, Deployment::DataCenter) => Lookup::ConfluenceAccount,
            // What the longest way to a page ends with.
            (Product::Confluence, Deployment::Cloud) => Lookup::Content { wanted: Wanted::Space(&space) },
        };
        for _ in 0..found.cost.left() {
            let _ = ask(&lookup, instance, credential, trail).await;
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
        let (instance, credential) = there;
        let there = There { instance, credential, trail, cost: &found.cost };
        let mut asked: Vec<BoxFuture<'_, _>> = Vec::with_capacity(targets.len());
        for target in targets {
            asked.push(self.locate(target, access, &there).boxed());
        }
        // All of them are looked for, also where one is not there: the others tell nothing by being left out.
        let located: Vec<Result<Located, LookupError>> =
            futures::stream::iter(asked).buffered(AT_ONCE).collect().await;
        let located: Vec<Located> = located.into_iter().collect::<Result<_, _>>()?;
        let mut resources = Vec::with_capacity(targets.len());
        for (target, located) in targets.iter().zip(located) {
            match located {
                Located::Known(places) => {
                    found.note(target, &places);
                    resources.extend_from_slice(&places);
                }
                Located::Unkept(places, brought) => {
                    found.note(target, &places);
                    resources.extend(places);
                    found.bring(brought);
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
        there: &There<'_>,
    ) -> Result<Located, LookupError> {
        let There { instance, credential, .. } = there;
        let unresolved = match (target.unresolved(), target) {
            // What goes along with an issue is another thing than where it lies.
            (None, _) | (_, Target::WithSubtasks(_)) => {
                let (places, brought) = there.locate(target).await?;
                return Ok(Located::Unkept(places, brought));
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
            && there.trail.observes_nothing(product)
            && let Some(places) = self.places.get(&key).await
        {
            return Ok(Located::Known(places));
        }
        let (places, brought) = there.locate(target).await?;
        Ok(Located::Asked(key, places, brought))
    }
}

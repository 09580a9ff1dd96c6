//! Templates of pages, which have a REST interface on Cloud alone: `/rest/api/template`.

use serde_json::Value;

use super::Confluence;
use super::Permitted;
use super::Wanted;
use super::listing::Listing;
use super::malformed;
use super::pages::absent;
use super::wanted::Ask;
use crate::audit::Permit;
use crate::ids::SpaceKey;
use crate::ids::TemplateId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Part;
use crate::policy::Product;

impl Confluence<'_> {
    /// The templates of a space, or those of the whole site.
    pub async fn templates<E: Effect>(
        &self,
        permit: &Permit<E>,
        space: Option<&SpaceKey>,
        limit: u64,
    ) -> Result<Listing, UpstreamError> {
        let request = Request::get(Path::of(["rest", "api", "template", "page"]));
        let request = match space {
            Some(space) => request.with("spaceKey", permit.space(space)?.spelled()),
            None => {
                permit.whole(Product::Confluence)?;
                request
            }
        };
        self.listed_by_start(permit, &request, (0, limit, limit)).await
    }

    /// One template with its body.
    pub async fn template<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &TemplateId,
    ) -> Result<Value, UpstreamError> {
        permit.part(&Part::Template(id.clone()))?;
        let permitted = Permitted { confluence: self, permit };
        // Cloud says 403 of a template that is not there: that is no word about the account.
        let template = match permitted.ask(Wanted::Template(id)).await {
            Err(error) if error.status() == Some(403) => return Err(absent()),
            template => template?,
        };
        if template.get("templateId").is_none() {
            return Err(malformed("the template has no id"));
        }
        Ok(template)
    }
}

//! Searching for no more than the policies leave.
//!
//! Where the condition holds of more than the caller may see, what is found is gone through hit by hit.
//!
//! Confluence quotes the query it does not take. So a narrowed query that it refuses (400) is asked once more as the
//! caller wrote it: either its words are about that and nothing else, or its result is sifted as any other. That a
//! space does not exist is no error to it.

use super::Confluence;
use super::SearchPage;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::audit::SearchNote;
use crate::ids::SpaceKey;
use crate::net::UpstreamError;
use crate::policy::Narrowing;
use crate::policy::Read;
use crate::policy::Sight;

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// The page.
    pub page: SearchPage,
    /// Whether the caller may see all that was found, so that its number is the caller's own.
    pub exact: bool,
}

impl Confluence<'_> {
    /// Runs a CQL search, narrowed to what the caller may see; spaces are named as they are spelled here, if they are.
    pub async fn find(
        &self,
        permit: &Permit<Read>,
        cql: &str,
        limit: u64,
        (sight, spelled): (&Sight<'_>, &[SpaceKey]),
    ) -> Result<Found, UpstreamError> {
        let narrowing = &sight.narrowing;
        let condition = match narrowing {
            Narrowing::Condition(condition) => query::cql(condition, spelled),
            Narrowing::Nothing | Narrowing::Everything | Narrowing::Unknown => None,
        };
        permit.searched(SearchNote::new(narrowing, condition.as_deref()));
        if *narrowing == Narrowing::Nothing {
            let page = SearchPage { hits: Vec::new(), total: Some(0), more: false, left_out: 0 };
            return Ok(Found { page, exact: true });
        }
        let Some(added) = condition else {
            let exact = narrowing.is_exact() && !matches!(narrowing, Narrowing::Condition(_));
            return self.look(permit, (cql, limit), sight, exact).await;
        };
        let narrowed =
            query::restrict(cql, &[added]).map_err(|error| UpstreamError::NotPermitted(error.to_string()))?;
        match self.look(permit, (&narrowed, limit), sight, narrowing.is_exact()).await {
            Err(error) if error.status() == Some(400) => {
                permit.searched(SearchNote::new(&Narrowing::Unknown, None));
                if is_of_condition(&error, cql, narrowing) {
                    return self.look(permit, (cql, limit), sight, false).await;
                }
                // Confluence may take the query and not the condition, though it knows all that the condition names: it may
                // be too long or too deep with it. What is told of the query as it is are mistakes alone.
                self.search(permit, cql, limit).await.and(Err(error))
            }
            found => found,
        }
    }

    async fn look(
        &self,
        permit: &Permit<Read>,
        (cql, limit): (&str, u64),
        sight: &Sight<'_>,
        exact: bool,
    ) -> Result<Found, UpstreamError> {
        let page = if exact {
            self.search(permit, cql, limit).await?
        } else {
            self.look_through(permit, (cql, limit), sight).await?
        };
        Ok(Found { page, exact })
    }
}

/// Whether an answer names what the condition names and the caller did not.
fn is_of_condition(error: &UpstreamError, cql: &str, narrowing: &Narrowing) -> bool {
    let Narrowing::Condition(condition) = narrowing else { return false };
    let asked = cql.to_uppercase();
    let names = condition.names();
    error
        .messages()
        .iter()
        .any(|text| names.iter().any(|name| text.contains(*name) && !asked.contains(&name.to_uppercase())))
}

//! Searching for no more than the policies leave.
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
        (narrowing, spelled): (&Narrowing, &[SpaceKey]),
    ) -> Result<Found, UpstreamError> {
        let condition = match narrowing {
            Narrowing::Condition(condition) => query::cql(condition, spelled),
            Narrowing::Nothing | Narrowing::Everything | Narrowing::Unknown => None,
        };
        permit.searched(SearchNote::new(narrowing, condition.as_deref()));
        if *narrowing == Narrowing::Nothing {
            return Ok(Found {
                page: SearchPage { hits: Vec::new(), total: Some(0), more: false },
                exact: true,
            });
        }
        let Some(added) = condition else {
            let exact = narrowing.is_exact() && !matches!(narrowing, Narrowing::Condition(_));
            return Ok(Found { page: self.search(permit, cql, limit).await?, exact });
        };
        let narrowed =
            query::restrict(cql, &[added]).map_err(|error| UpstreamError::NotPermitted(error.to_string()))?;
        match self.search(permit, &narrowed, limit).await {
            Err(error) if error.status() == Some(400) => {
                permit.searched(SearchNote::new(&Narrowing::Unknown, None));
                let page = self.search(permit, cql, limit).await?;
                // Confluence takes the query and not the condition, though it knows all that the condition names: it may
                // be too long or too deep with it. The end of a page of what was not narrowed would tell what is hidden.
                if is_of_condition(&error, cql, narrowing) {
                    Ok(Found { page, exact: false })
                } else {
                    Err(error)
                }
            }
            page => Ok(Found { page: page?, exact: narrowing.is_exact() }),
        }
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

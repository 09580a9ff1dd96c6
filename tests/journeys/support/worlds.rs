//! Worlds that many journeys start in.

use super::Setup;
use super::World;

/// SECRET and SECRETS are closed to everybody but the group security; all else may be read and written. Every object
/// is looked up before the decision.
pub(crate) const CLOSED: &str = r#"
@id("all") permit (principal, action, resource);
@id("secret") @advice("SECRET is closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET")
unless { principal in Id::Group::"jira:security" };
@id("secrets") @advice("SECRETS is closed")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"SECRETS")
unless { principal in Id::Group::"confluence:security" };
"#;

impl World {
    /// Where everything may be read and written.
    pub(crate) async fn writing(cloud: bool) -> Self {
        let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
        Self::start(Setup { variables, cloud, ..Setup::default() }).await
    }

    /// Under the policies of [`CLOSED`].
    pub(crate) async fn closed(cloud: bool) -> Self {
        Self::start(Setup { policies: Some(CLOSED), cloud, ..Setup::default() }).await
    }
}

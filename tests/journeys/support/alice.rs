//! A world that alice may write, for the journeys through the areas of Jira.

use serde_json::Value;

use super::Setup;
use super::World;

/// A world that may be written, and what alice gets there.
pub(crate) struct Alice {
    pub(crate) world: World,
    cloud: bool,
}

impl Alice {
    /// On Data Center or Cloud, in front of the sample upstream.
    pub(crate) async fn start(cloud: bool) -> Self {
        Self::with(cloud, &[]).await
    }

    /// The same with more variables.
    pub(crate) async fn with(cloud: bool, more: &[(&'static str, &str)]) -> Self {
        let mut variables = vec![("READ_ONLY_MODE", "false".to_owned())];
        variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Self {
            world: World::start(Setup { variables, cloud, gateway: cloud, ..Setup::default() }).await,
            cloud,
        }
    }

    /// A call that works.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let called = self.world.call("alice-token", tool, arguments.clone()).await;
        assert!(!called.is_error, "{} {tool} {arguments}: {}", self.cloud, called.text);
        serde_json::from_str(&called.text).unwrap()
    }

    /// The text of a call that is refused.
    pub(crate) async fn refused(&self, tool: &str, arguments: Value) -> String {
        let called = self.world.call("alice-token", tool, arguments.clone()).await;
        assert!(called.is_error, "{} {tool} {arguments}: {}", self.cloud, called.text);
        called.text
    }

    /// The body of the last request of this method whose path ends so.
    pub(crate) async fn sent(&self, method: &str, end: &str) -> Value {
        let log = self.world.log().await;
        let fits =
            |entry: &&Value| entry["method"] == method && entry["path"].as_str().unwrap().ends_with(end);
        log.iter().rev().find(fits).unwrap_or_else(|| panic!("no {method} {end}"))["body"].clone()
    }

    /// Ends the world.
    pub(crate) fn end(self) {
        self.world.end();
    }
}

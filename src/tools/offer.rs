//! Which tools the configuration offers: the same answer for one that is off and for one that does not exist.

use std::collections::BTreeSet;

use super::ALL;
use super::AnyTool;
use super::Spec;
use crate::atlassian::Products;

/// The tools that `ENABLED_TOOLS` means, under their own names; a name that is unknown is none.
pub fn named_tools(names: &[String]) -> BTreeSet<String> {
    let tools = ALL.iter().map(|tool| tool.spec().name);
    tools.filter(|tool| names.iter().any(|name| is(name, tool))).map(str::to_owned).collect()
}

/// The toolsets that `TOOLSETS` means: `all` is every one, `default` the core ones; a name that is unknown is none.
pub fn named_toolsets(names: &[String]) -> BTreeSet<String> {
    let named = |spec: &Spec| {
        names
            .iter()
            .any(|name| is(name, "all") || (is(name, "default") && spec.core) || is(name, spec.toolset))
    };
    ALL.iter()
        .map(|tool| tool.spec())
        .filter(|spec| named(spec))
        .map(|spec| spec.toolset.to_owned())
        .collect()
}

/// The tools that are on.
///
/// A courtesy: what is off looks as if it did not exist. That it cannot be called is a policy made of the same settings.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    names: BTreeSet<&'static str>,
}

impl Offer {
    /// From `ENABLED_TOOLS`, `TOOLSETS` and what is configured. `None` is all of them.
    ///
    /// Names may be in any case. In `toolsets`, `all` is every toolset and `default` the core ones; only
    /// unknown names are no tools at all.
    pub fn new(products: &Products, enabled: Option<&[String]>, toolsets: Option<&[String]>) -> Self {
        let configured = |tool: &&&'static dyn AnyTool| {
            let spec = tool.spec();
            products.serves(spec.product) && (!spec.cloud_only || products.may_be_cloud(spec.product))
        };
        let enabled = enabled.map(named_tools);
        let named = |tool: &&&'static dyn AnyTool| {
            enabled.as_ref().is_none_or(|tools| tools.contains(tool.spec().name))
        };
        let on = toolsets.map(named_toolsets);
        let in_set =
            |tool: &&&'static dyn AnyTool| on.as_ref().is_none_or(|sets| sets.contains(tool.spec().toolset));
        let names =
            ALL.iter().filter(configured).filter(named).filter(in_set).map(|tool| tool.spec().name).collect();
        Self { names }
    }

    /// The tool of this name, if it is on.
    pub fn find(&self, name: &str) -> Option<&'static dyn AnyTool> {
        self.names.contains(name).then(|| super::find(name)).flatten()
    }

    /// The tools that are on, in order.
    pub fn tools(&self) -> impl Iterator<Item = &'static dyn AnyTool> + '_ {
        ALL.iter().copied().filter(|tool| self.names.contains(tool.spec().name))
    }

    /// Names of the configuration that no tool or toolset has, for a warning.
    pub fn unknown(enabled: Option<&[String]>, toolsets: Option<&[String]>) -> Vec<String> {
        let tool = |name: &&String| !ALL.iter().any(|tool| is(name, tool.spec().name));
        let set = |name: &&String| {
            !["all", "default"].iter().any(|known| is(name, known))
                && !ALL.iter().any(|tool| is(name, tool.spec().toolset))
        };
        let tools = enabled.into_iter().flatten().filter(tool);
        tools.chain(toolsets.into_iter().flatten().filter(set)).cloned().collect()
    }
}

/// Whether a name of the configuration, as somebody typed it, is this one.
fn is(given: &str, name: &str) -> bool {
    given.trim().eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case() {
        let names = |given: &[&str]| given.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (tools, sets) =
            (names(&["JIRA_Get_Issue", "jira_nothing"]), names(&["ALL", "Default", "Jira_Links", "x"]));
        assert_eq!(Offer::unknown(Some(&tools), Some(&sets)), ["jira_nothing", "x"]);
    }
}

//! Which tools the configuration offers: the same answer for one that is off and for one that does not exist.

use std::collections::BTreeSet;

use super::ALL;
use super::AnyTool;
use super::Spec;
use crate::atlassian::Products;

/// The toolsets that `TOOLSETS` means: `all` is every one, `default` the core ones; a name that is unknown is none.
pub fn named_toolsets(names: &[String]) -> BTreeSet<String> {
    let named = |spec: &Spec| {
        names.iter().any(|name| name == "all" || (name == "default" && spec.core) || name == spec.toolset)
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
    /// In `toolsets`, `all` is every toolset and `default` the core ones; only unknown names are no tools at all.
    pub fn new(products: &Products, enabled: Option<&[String]>, toolsets: Option<&[String]>) -> Self {
        let configured = |tool: &&&'static dyn AnyTool| {
            let spec = tool.spec();
            products.serves(spec.product) && (!spec.cloud_only || products.may_be_cloud(spec.product))
        };
        let named = |tool: &&&'static dyn AnyTool| {
            enabled.is_none_or(|names| names.iter().any(|name| name == tool.spec().name))
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
        let tool = |name: &&String| !ALL.iter().any(|tool| tool.spec().name == name.as_str());
        let set = |name: &&String| {
            !matches!(name.as_str(), "all" | "default")
                && !ALL.iter().any(|tool| tool.spec().toolset == name.as_str())
        };
        let tools = enabled.into_iter().flatten().filter(tool);
        tools.chain(toolsets.into_iter().flatten().filter(set)).cloned().collect()
    }
}

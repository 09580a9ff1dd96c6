//! The forbids that come from settings and hold over every policy.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fmt::Write as _;

use cedar_policy::EntityId;

use crate::ids::InstanceName;
use crate::policy::EngineSettings;
use crate::policy::Product;
use crate::policy::source::PolicyFile;

/// What a caller is told when writes are off.
pub(super) const WRITES_OFF: &str = "writes are off; set READ_ONLY_MODE=false";

/// The policies of the settings, as one more file.
pub(super) fn policies(settings: &EngineSettings) -> PolicyFile {
    let mut text = String::new();
    if settings.read_only {
        let _ = writeln!(
            text,
            "@id(\"portcullis:read-only\")\n@advice(\"{WRITES_OFF}\")\n\
             forbid (principal, action in Mcp::Action::\"write\", resource);"
        );
    }
    boundary(&mut text, "projects", Product::Jira, ["Project", "Issue"], &settings.projects);
    boundary(&mut text, "spaces", Product::Confluence, ["Space", "Page"], &settings.spaces);
    PolicyFile::built_in("settings", text)
}

/// Forbids everything on resources of these two kinds that is not in one of the given containers, instance by instance.
///
/// The boundary of the default instance also holds for sites that callers choose, where nothing is in it.
fn boundary(
    text: &mut String,
    what: &str,
    product: Product,
    [container, item]: [&str; 2],
    keys: &BTreeMap<InstanceName, Vec<impl Display>>,
) {
    let (namespace, group) = (product.title(), product.as_str());
    let named = |kind: &str, id: &str| format!("{namespace}::{kind}::\"{}\"", EntityId::new(id).escaped());
    for (instance, inner) in keys.iter().filter(|(_, inner)| !inner.is_empty()) {
        let keys_inside: Vec<String> =
            inner.iter().map(|key| named(container, &instance.qualify(&key.to_string()))).collect();
        let mut inside = format!("resource in [{}]", keys_inside.join(", "));
        let mut condition =
            format!("resource is {namespace}::{container} || resource is {namespace}::{item}");
        let mut id = format!("portcullis:{what}-filter");
        if instance.is_default() {
            for other in keys.keys().filter(|other| !other.is_default()) {
                let _ = write!(inside, " || resource in {}", named("Instance", other.as_str()));
            }
        } else {
            condition = format!("({condition}) && resource in {}", named("Instance", instance.as_str()));
            let _ = write!(id, "-{instance}");
        }
        let _ = writeln!(
            text,
            "@id(\"{id}\")\n@advice(\"this server is limited to some {what}\")\n\
             forbid (principal, action in Mcp::Action::\"{group}\", resource)\n\
             when {{ {condition} }}\n\
             unless {{ {inside} }};"
        );
    }
}

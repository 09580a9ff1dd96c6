//! The forbids that come from settings and hold over every policy.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::fmt::Write as _;

use cedar_policy::EntityId;
use cedar_policy::Schema;

use crate::ids::InstanceName;
use crate::policy::EngineSettings;
use crate::policy::Product;
use crate::policy::source::PolicyFile;

/// What the file of these policies is called.
pub(super) const FILE: &str = "settings";

/// What a caller is told when writes are off.
pub(super) const WRITES_OFF: &str = "writes are off; set READ_ONLY_MODE=false";

/// The policies of the settings, as one more file.
pub(super) fn policies(settings: &EngineSettings, schema: &Schema) -> PolicyFile {
    let mut text = String::new();
    if settings.read_only {
        let _ = writeln!(
            text,
            "@id(\"portcullis:read-only\")\n@advice(\"{WRITES_OFF}\")\n\
             forbid (principal, action in Mcp::Action::\"write\", resource);"
        );
    }
    read_only_sites(&mut text, settings);
    boundary(&mut text, "projects", Product::Jira, ["Project", "Issue"], &settings.projects);
    boundary(&mut text, "spaces", Product::Confluence, ["Space", "Page"], &settings.spaces);
    internal_only(&mut text, settings);
    offered(&mut text, settings, schema);
    PolicyFile::built_in(FILE, text)
}

/// Forbids writing to one product, or to one of its sites.
fn read_only_sites(text: &mut String, settings: &EngineSettings) {
    for (product, site) in &settings.read_only_sites {
        let (title, group, name) = (product.title(), product.as_str(), site.as_str());
        let (id, advice, place) = if site.is_default() {
            let variable = group.to_uppercase();
            let advice = format!("writes to {title} are off; set {variable}_READ_ONLY_MODE=false");
            (format!("read-only-{group}"), advice, "resource".to_owned())
        } else {
            let instance = EntityId::new(name).escaped();
            (
                format!("read-only-{group}-{name}"),
                format!("writes to the {title} `{name}` are off"),
                format!("resource in {title}::Instance::\"{instance}\""),
            )
        };
        let _ = writeln!(
            text,
            "@id(\"portcullis:{id}\")\n@advice(\"{advice}\")\n\
             forbid (principal, action in Mcp::Action::\"{group}:write\", {place});"
        );
    }
}

/// Forbids comments that customers see. The project is told by its key, so it holds in every instance.
fn internal_only(text: &mut String, settings: &EngineSettings) {
    for key in &settings.internal_only {
        let key = EntityId::new(key.as_str()).escaped();
        let _ = writeln!(
            text,
            "@id(\"portcullis:internal-only-{key}\")\n\
             @advice(\"comments in {key} stay internal, as its administrator has set; leave `public` out\")\n\
             forbid (principal, action == Mcp::Action::\"jira_add_comment\", resource)\n\
             when {{ resource.project.key == \"{key}\" }}\n\
             when {{ context.input has public && context.input.public }};"
        );
    }
}

/// Forbids what `ENABLED_TOOLS` and `TOOLSETS` leave out, by name and without a condition: tools that are on are decided
/// as if there were no such policy. Seeing an object is no tool, so what tools find is shown all the same.
fn offered(text: &mut String, settings: &EngineSettings, schema: &Schema) {
    let groups: BTreeSet<&str> = schema.action_groups().map(|uid| uid.id().unescaped()).collect();
    let actions: BTreeSet<&str> = schema.actions().map(|uid| uid.id().unescaped()).collect();
    let tools = actions.difference(&groups).filter(|name| !name.ends_with(":view_item"));
    let toolsets = groups.iter().filter_map(|name| name.strip_prefix("toolset:"));
    if let Some(enabled) = &settings.enabled_tools {
        let off = tools.copied().filter(|name| !enabled.contains(*name)).map(str::to_owned);
        off_policy(text, "enabled-tools", "this tool is not among ENABLED_TOOLS", &off.collect::<Vec<_>>());
    }
    if let Some(on) = &settings.toolsets {
        let off = toolsets.filter(|name| !on.contains(*name)).map(|name| format!("toolset:{name}"));
        off_policy(text, "toolsets", "this tool is in none of the TOOLSETS", &off.collect::<Vec<_>>());
    }
}

fn off_policy(text: &mut String, id: &str, advice: &str, actions: &[String]) {
    if actions.is_empty() {
        return;
    }
    let actions: Vec<String> = actions.iter().map(|name| format!("Mcp::Action::\"{name}\"")).collect();
    let _ = writeln!(
        text,
        "@id(\"portcullis:{id}\")\n@advice(\"{advice}\")\n\
         forbid (principal, action in [{}], resource);",
        actions.join(", ")
    );
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

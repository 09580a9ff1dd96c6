//! The forbids that come from settings and hold over every policy.

use std::fmt::Display;
use std::fmt::Write as _;

use cedar_policy::EntityId;

use crate::policy::EngineSettings;
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
    if !settings.projects.is_empty() {
        text.push_str(&boundary("projects", "jira", ["Jira::Project", "Jira::Issue"], &settings.projects));
    }
    if !settings.spaces.is_empty() {
        text.push_str(&boundary(
            "spaces",
            "confluence",
            ["Confluence::Space", "Confluence::Page"],
            &settings.spaces,
        ));
    }
    PolicyFile::built_in("settings", text)
}

/// Forbids everything on resources of these two kinds that is not in one of the given containers.
fn boundary(what: &str, group: &str, [container, item]: [&str; 2], keys: &[impl Display]) -> String {
    let inside: Vec<String> = keys
        .iter()
        .map(|key| format!("{container}::\"{}\"", EntityId::new(key.to_string()).escaped()))
        .collect();
    format!(
        "@id(\"portcullis:{what}-filter\")\n@advice(\"this server is limited to some {what}\")\n\
         forbid (principal, action in Mcp::Action::\"{group}\", resource)\n\
         when {{ resource is {container} || resource is {item} }}\n\
         unless {{ resource in [{}] }};\n",
        inside.join(", ")
    )
}

//! The policies in force, as text: those of the profile or directory, and those made from settings.

use serde::Serialize;

use cedar_policy_formatter::Config;
use cedar_policy_formatter::policies_str_to_pretty;

use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::ToolFacts;
use crate::policy::engine::hash;
use crate::policy::engine::hash_policies;
use crate::policy::engine::load_policies;
use crate::policy::engine::schema;
use crate::policy::generated;
use crate::policy::schema::schema_text;

/// The policies in force.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The files, in the order they are read; the last is made from settings, if they say anything.
    pub files: Vec<ShownFile>,
    /// The ids of the policies that are only tried.
    pub shadow: Vec<String>,
    /// The hash of the set that is in force.
    pub policy_hash: String,
    /// The hash of the schema.
    pub schema_hash: String,
}

/// One file of policies.
#[derive(Debug, Clone, Serialize)]
pub struct ShownFile {
    /// Its name; `settings` for what is made from settings.
    pub file: String,
    /// The ids of its policies.
    pub policies: Vec<String>,
    /// Its text as Cedar formats it.
    pub text: String,
}

/// Reads and checks the policies as a server with these settings does, and formats them.
///
/// # Errors
/// Those of [`crate::policy::Engine::load`].
pub fn in_force(settings: &EngineSettings, tools: &[ToolFacts]) -> Result<Shown, PolicyError> {
    let text = schema_text(tools);
    let schema = schema(tools, &text)?;
    let loaded = load_policies(settings, &schema)?;
    let mut files = settings.source.read()?;
    files.push(generated::policies(settings, &schema));
    files.retain(|file| !file.text.trim().is_empty());
    let layout = Config { line_width: 100, indent_width: 2 };
    let shown = files.into_iter().map(|file| ShownFile {
        policies: loaded
            .together()
            .iter()
            .filter(|policy| policy.file == file.name)
            .map(|policy| policy.id.clone())
            .collect(),
        text: policies_str_to_pretty(&file.text, &layout).unwrap_or(file.text),
        file: file.name,
    });
    let shadow = loaded.shadow.iter().map(|policy| policy.id.clone()).collect();
    Ok(Shown {
        shadow,
        files: shown.collect(),
        policy_hash: hash_policies(&loaded.enforced),
        schema_hash: hash([text.as_bytes()]),
    })
}

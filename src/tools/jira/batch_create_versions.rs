//! Create several versions.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::create_version::day;
use crate::atlassian::jira::NewVersion;
use crate::audit::Permit;
use crate::ids::ProjectKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_batch_create_versions`.
#[derive(Debug)]
pub(crate) struct BatchCreateVersions;

/// Arguments of `jira_batch_create_versions`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
    /// JSON list of objects with name and, if wanted, startDate, releaseDate, description; 50 at most.
    versions: String,
}

const MOST: usize = 50;

fn read(text: &str) -> Result<Vec<NewVersion>, ToolError> {
    let wrong = |problem: String| ToolError::Arguments(format!("`versions`{problem}"));
    let entries: Vec<Map<String, Value>> = serde_json::from_str(text)
        .map_err(|_| wrong(" must be a JSON list of objects such as {\"name\": \"1.0\"}".into()))?;
    if entries.is_empty() || entries.len() > MOST {
        return Err(wrong(format!(" has {} entries; give 1 to {MOST}", entries.len())));
    }
    let numbered = entries.into_iter().enumerate();
    let read = numbered.map(|(number, entry)| {
        version(entry).map_err(|problem| wrong(format!(", entry {}: {problem}", number + 1)))
    });
    read.collect()
}

fn version(mut entry: Map<String, Value>) -> Result<NewVersion, String> {
    let mut text = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| entry.remove(*name)).filter(|value| !value.is_null());
        match found {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{}` must be a text", names[0])),
        }
    };
    let name = text(["name", "name"])?.filter(|name| !name.trim().is_empty()).ok_or("`name` is missing")?;
    let version = NewVersion {
        name,
        start_date: text(["startDate", "start_date"])?,
        release_date: text(["releaseDate", "release_date"])?,
        description: text(["description", "description"])?,
    };
    for (argument, given) in [("startDate", &version.start_date), ("releaseDate", &version.release_date)] {
        day(argument, given.as_deref()).map_err(|error| error.to_string())?;
    }
    match entry.keys().next() {
        Some(unknown) => Err(format!("`{unknown}` is nothing that a version has")),
        None => Ok(version),
    }
}

impl Tool for BatchCreateVersions {
    const SPEC: Spec = Spec {
        name: "jira_batch_create_versions",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "Create several versions (releases) in a Jira project.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project],
        long_text: &["versions"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Project(args.project_key.clone())]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        read(&args.versions).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let versions = read(&args.versions)?;
        let mut created: Vec<Value> = Vec::with_capacity(versions.len());
        for version in &versions {
            match jira.create_version(permit, &args.project_key, version).await {
                Ok(stored) => created.push(json!({"success": true, "version": stored})),
                Err(error) if created.is_empty() => return Err(error.into()),
                Err(error) => {
                    let done =
                        format!("the first {} of {} versions were created", created.len(), versions.len());
                    return Err(ToolError::Partial { done, error: Box::new(error.into()) });
                }
            }
        }
        Ok(Output::Object { actual: None, value: created.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_whole_or_refused_by_number() {
        let read_back = read(r#"[{"name": "1.0", "releaseDate": "2024-02-01"}, {"name": "2.0"}]"#).unwrap();
        assert_eq!(read_back[0].release_date.as_deref(), Some("2024-02-01"));
        let table = [
            ("{}", "`versions` must be a JSON list"),
            ("[]", "`versions` has 0 entries"),
            (r#"[{"name": "1"}, {}]"#, "`versions`, entry 2: `name` is missing"),
            (r#"[{"name": "1", "startDate": "soon"}]"#, "`versions`, entry 1: `startDate` must be a day"),
            (r#"[{"name": "1", "sequence": 3}]"#, "`versions`, entry 1: `sequence` is nothing"),
        ];
        for (given, wanted) in table {
            let problem = read(given).unwrap_err().to_string();
            assert!(problem.starts_with(wanted), "{problem}");
        }
    }
}

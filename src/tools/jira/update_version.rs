//! Change a version.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::create_version::day;
use crate::audit::Permit;
use crate::ids::VersionId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_update_version`.
#[derive(Debug)]
pub(crate) struct UpdateVersion;

/// Arguments of `jira_update_version`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    version_id: VersionId,
    name: Option<String>,
    /// Day like 2024-02-01.
    start_date: Option<String>,
    /// Day like 2024-02-01.
    release_date: Option<String>,
    #[schemars(length(min = 0))]
    description: Option<String>,
    archived: Option<bool>,
    released: Option<bool>,
}

fn changes(args: &Args) -> Map<String, Value> {
    let texts = [
        ("name", &args.name),
        ("startDate", &args.start_date),
        ("releaseDate", &args.release_date),
        ("description", &args.description),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into())));
    let flags = [("archived", args.archived), ("released", args.released)];
    let flags = flags.into_iter().filter_map(|(name, flag)| Some((name.to_owned(), flag?.into())));
    texts.chain(flags).collect()
}

impl Tool for UpdateVersion {
    const SPEC: Spec = Spec {
        name: "jira_update_version",
        product: Product::Jira,
        toolset: "jira_projects",
        core: false,
        description: "Change a version of a Jira project: rename it, set its days, release or archive it. Ids: jira_get_project_versions.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::Version(args.version_id.clone()))]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        day("start_date", args.start_date.as_deref())?;
        day("release_date", args.release_date.as_deref())?;
        if changes(args).is_empty() {
            return Err(ToolError::Arguments(
                "nothing to change: give at least one argument besides `version_id`".to_owned(),
            ));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let value = jira.update_version(permit, &args.version_id, changes(&args)).await?;
        Ok(Output::Object { actual: None, value })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty_clears_and_what_is_left_out_stays() {
        let taken = |given: Value| {
            let Value::Object(given) = given else { panic!("an object") };
            let decoded = crate::tools::find("jira_update_version").unwrap().decode(given);
            let arguments = decoded.map_err(|error| error.to_string())?.arguments().clone();
            let args: Args = serde_json::from_value(Value::Object(arguments)).unwrap();
            Ok::<_, String>(Value::Object(changes(&args)))
        };
        let table = [
            (json!({"description": ""}), json!({"description": ""})),
            (json!({"name": "", "description": null, "released": true}), json!({"released": true})),
        ];
        for (mut given, wanted) in table {
            given["version_id"] = "10200".into();
            assert_eq!(taken(given.clone()), Ok(wanted), "{given}");
        }
        let nothing = taken(json!({"version_id": "10200", "name": ""})).unwrap_err();
        assert!(nothing.contains("nothing to change"), "{nothing}");
    }
}

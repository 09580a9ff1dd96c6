//! Link two issues.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::given;
use super::written::visibility;
use crate::atlassian::jira::NewComment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_create_issue_link`.
#[derive(Debug)]
pub(crate) struct CreateIssueLink;

/// Arguments of `jira_create_issue_link`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Name, id or words, such as Blocks or "is blocked by", which turns the two round.
    link_type: String,
    inward_issue_key: IssueKey,
    outward_issue_key: IssueKey,
    /// A comment to add, in Markdown.
    comment: Option<String>,
    /// Who may see it: {"type": "group", "value": "ops"}.
    comment_visibility: Option<String>,
}

impl Tool for CreateIssueLink {
    const SPEC: Spec = Spec {
        name: "jira_create_issue_link",
        product: Product::Jira,
        toolset: "jira_links",
        core: false,
        description: "Link two Jira issues: the inward one \"blocks\" (outward wording) the outward one. Types: jira_get_link_types. For pages elsewhere: jira_create_remote_issue_link.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &["comment"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![
            Target::Issue(args.inward_issue_key.clone(), None),
            Target::Issue(args.outward_issue_key.clone(), None),
        ]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let wrong = |text: &str| Err(ToolError::Arguments(text.to_owned()));
        if args.link_type.trim().is_empty() {
            return wrong("`link_type` is empty; jira_get_link_types lists them");
        }
        if args.inward_issue_key == args.outward_issue_key {
            return wrong("`inward_issue_key` and `outward_issue_key` are the same issue");
        }
        if args.comment_visibility.is_some() && args.comment.is_none() {
            return wrong("`comment_visibility` is for a `comment`, and there is none");
        }
        visibility("comment_visibility", args.comment_visibility.as_deref()).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let inward = context.found.present_key(args.inward_issue_key);
        let outward = context.found.present_key(args.outward_issue_key);
        let visibility = visibility("comment_visibility", args.comment_visibility.as_deref())?;
        let comment = args.comment.as_deref().map(|comment| given::text_of_version_2(&jira, comment));
        let notes = comment.as_ref().map(|comment| comment.notes.clone()).unwrap_or_default();
        let comment = comment.map(|body| NewComment { body: body.value, visibility, internal: true });
        let kinds = jira.kinds_of_links(permit).await?;
        let (kind, is_turned) = choose(&kinds, args.link_type.trim())?;
        let (inward, outward) = if is_turned { (outward, inward) } else { (inward, outward) };
        let word = |name: &str| kind.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, words) = (word("name"), word("outward"));
        jira.link(permit, name, (&inward, &outward), comment.as_ref()).await?;
        let mut value = json!({
            "success": true,
            "message": format!("Issues {inward} and {outward} are linked."),
            "link_type": name,
            "inward_issue": inward.as_str(),
            "outward_issue": outward.as_str(),
            "reads": format!("{inward} {words} {outward}"),
        });
        if let (Value::Object(value), false) = (&mut value, notes.is_empty()) {
            value.insert("notes".into(), json!(notes));
        }
        Ok(Output::Object { actual: None, value })
    }
}

/// The type of that name, of that id, or with these words for one of its directions, and whether the words are those of
/// the other direction: "OPS-1 is blocked by OPS-2" is the link "OPS-2 blocks OPS-1".
fn choose<'t>(kinds: &'t [Value], wanted: &str) -> Result<(&'t Value, bool), ToolError> {
    let text =
        |kind: &Value, key: &str| kind.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let wanted_words = wanted.to_lowercase();
    let found = ["name", "id", "outward", "inward"]
        .iter()
        .find_map(|key| Some((kinds.iter().find(|kind| text(kind, key) == wanted_words)?, *key == "inward")));
    found.ok_or_else(|| {
        let names: Vec<&str> = kinds.iter().filter_map(|kind| kind.get("name")?.as_str()).collect();
        let shown: String = wanted.chars().take(60).flat_map(char::escape_debug).collect();
        ToolError::Arguments(format!("no link type `{shown}`; there are {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let table = [
            (json!({}), None),
            (json!({"link_type": " "}), Some("`link_type` is empty")),
            (json!({"outward_issue_key": "OPS-1"}), Some("`inward_issue_key` and `outward_issue_key` are")),
            (
                json!({"comment_visibility": r#"{"type": "role", "value": "x"}"#}),
                Some("`comment_visibility` is for"),
            ),
        ];
        for (changed, wanted) in table {
            let mut given =
                json!({"link_type": "Blocks", "inward_issue_key": "OPS-1", "outward_issue_key": "OPS-2"});
            given.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
            let args: Args = serde_json::from_value(given.clone()).unwrap();
            let problem = CreateIssueLink::check(&args).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{given}");
        }
    }
    #[test]
    fn a_type_is_known_by_name_by_id_and_by_its_words() {
        let kinds = [
            json!({"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}),
            json!({"id": "10003", "name": "Relates", "inward": "relates to", "outward": "relates to"}),
        ];
        for (wanted, name, turned) in [
            ("BLOCKS", "Blocks", false),
            ("10003", "Relates", false),
            ("Is Blocked By", "Blocks", true),
            ("relates to", "Relates", false),
        ] {
            let (kind, is_turned) = choose(&kinds, wanted).unwrap();
            assert_eq!((&kind["name"], is_turned), (&json!(name), turned), "{wanted}");
        }
        let problem = choose(&kinds, "Clones").unwrap_err().to_string();
        assert_eq!(problem, "no link type `Clones`; there are Blocks, Relates");
    }
}

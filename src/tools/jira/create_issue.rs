//! Create an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::given;
use super::given::Given;
use super::issue_type;
use super::written::Shown;
use super::written::Written;
use crate::atlassian::Deployment;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::Screen;
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

/// The tool `jira_create_issue`.
#[derive(Debug)]
pub(crate) struct CreateIssue;

/// Arguments of `jira_create_issue`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
    summary: String,
    /// Its name, such as Task, Bug, Epic.
    issue_type: String,
    /// Account id, user name, e-mail or full name.
    assignee: Option<String>,
    /// In Markdown.
    description: Option<String>,
    /// Names, comma separated.
    components: Option<String>,
    /// More fields by name or id: {"priority": "High", "parent": "OPS-1", "Story Points": 3}.
    additional_fields: Option<String>,
}

impl Args {
    /// Refuses fields that the arguments say as well.
    fn check_once(&self, fields: &Map<String, Value>) -> Result<(), ToolError> {
        let optional = [
            ("description", self.description.is_some()),
            ("assignee", self.assignee.is_some()),
            ("components", self.components.is_some()),
        ];
        let mut said = vec![("summary", "summary"), ("issue_type", "issuetype")];
        said.extend(optional.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| (*name, *name)));
        given::check_once("additional_fields", fields, &said)
    }
}

impl Tool for CreateIssue {
    const SPEC: Spec = Spec {
        name: "jira_create_issue",
        product: Product::Jira,
        toolset: "jira_issues",
        core: true,
        description: "Create one Jira issue, also a subtask (with parent) or an epic. Returns the issue as Jira stored \
                      it. For many at once use jira_batch_create_issues.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Issue, ResourceKind::Instance(Product::Jira)],
        long_text: &["description", "additional_fields", "summary"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let mut targets = vec![Target::Project(args.project_key.clone())];
        if let Ok(fields) = given::object("additional_fields", args.additional_fields.as_deref()) {
            targets.extend(given::named(&fields));
        }
        targets
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let fields = given::object("additional_fields", args.additional_fields.as_deref())?;
        for (argument, text) in [("summary", &args.summary), ("issue_type", &args.issue_type)] {
            if text.trim().is_empty() {
                return Err(ToolError::Arguments(format!("`{argument}` is empty")));
            }
        }
        args.check_once(&fields)?;
        given::check("additional_fields", &fields)
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let mut fields = given::object("additional_fields", args.additional_fields.as_deref())?;
        let color = ["epic_color", "epic_colour"].iter().find_map(|name| fields.remove(*name));
        let new = NewIssue {
            summary: args.summary,
            issue_type: args.issue_type,
            assignee: args.assignee,
            description: args.description,
            components: given::components(args.components.as_deref()),
            fields,
        };
        let given = new.given(&jira, permit, &args.project_key).await?;
        let painted = match color {
            Some(color) => Some(painted(&jira, permit, color).await?),
            None => None,
        };
        let key = match jira.create(permit, &args.project_key, &given.edit).await {
            Ok(key) => key,
            Err(refused) => {
                let kind = given.edit.fields.get("issuetype").and_then(|kind| kind.get("name")?.as_str());
                let screen = Screen::Create(&args.project_key, kind.unwrap_or_default());
                return Err(jira.explained(permit, screen, refused).await.into());
            }
        };
        if let Some(painted) = painted {
            jira.update(permit, &key, &painted.edit).await.map_err(|error| ToolError::Partial {
                done: format!("issue {key} was created, without the colour of the epic"),
                error: Box::new(error.into()),
            })?;
        }
        let written = Written { notes: given.notes, shown: Shown::System, ..Written::default() };
        Ok(written.shown(&jira, permit, &key, format!("Issue {key} was created.")).await)
    }
}

/// The colour is on no screen that issues are created with, so it is a change of its own. Where there is no such field,
/// that is said before anything is created.
async fn painted(jira: &Jira<'_>, permit: &Permit<Write>, color: Value) -> Result<Given, ToolError> {
    let mut given = Given::default();
    let mut fields = Map::new();
    fields.insert("epic_color".into(), color);
    given.set_all(jira, permit, fields).await?;
    Ok(given)
}

/// An issue to create, as a caller describes it.
#[derive(Debug, Default)]
pub(super) struct NewIssue {
    pub(super) summary: String,
    pub(super) issue_type: String,
    pub(super) assignee: Option<String>,
    pub(super) description: Option<String>,
    pub(super) components: Option<Value>,
    /// All others, by name or id.
    pub(super) fields: Map<String, Value>,
}

impl NewIssue {
    /// The fields as Jira takes them, but for the project.
    pub(super) async fn given(
        self,
        jira: &Jira<'_>,
        permit: &Permit<Write>,
        project: &ProjectKey,
    ) -> Result<Given, ToolError> {
        let mut given = Given::default();
        let mut fields = self.fields;
        given.set("summary", self.summary.trim().into());
        given.set("issuetype", issue_type::meant(jira, permit, project, &self.issue_type).await?);
        if let Some(description) = self.description.filter(|text| !text.trim().is_empty()) {
            given.set_text(jira, "description", &description);
        }
        if let Some(components) = self.components {
            given.set("components", components);
        }
        if let Some(assignee) = self.assignee.filter(|name| !name.trim().is_empty()) {
            fields.insert("assignee".into(), assignee.into());
        }
        given.set_all(jira, permit, fields).await?;
        // Data Center takes no epic without a name of its own.
        if jira.deployment() == Deployment::DataCenter && issue_type::is_epic(&self.issue_type) {
            let catalogue = jira.catalogue(permit).await?;
            let field = catalogue.epic_name().filter(|field| !given.edit.fields.contains_key(field.id));
            if let Some(field) = field {
                given.set(field.id, self.summary.trim().into());
            }
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args(extra: &Value) -> Args {
        let mut given = json!({"project_key": "OPS", "summary": "s", "issue_type": "Task"});
        for (name, value) in extra.as_object().unwrap() {
            given[name] = value.clone();
        }
        serde_json::from_value(given).unwrap()
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_asked() {
        let table = [
            (json!({}), None),
            (json!({"summary": " "}), Some("`summary` is empty")),
            (json!({"additional_fields": "x"}), Some("`additional_fields` must be a JSON object")),
            (
                json!({"assignee": "ann", "additional_fields": r#"{"assignee": "bob"}"#}),
                Some("`additional_fields` has `assignee`, and `assignee` says the same"),
            ),
            (json!({"additional_fields": r#"{"assignee": "bob"}"#}), None),
            (
                json!({"additional_fields": r#"{"issuetype": "Bug"}"#}),
                Some("`additional_fields` has `issuetype`, and `issue_type` says"),
            ),
            (
                json!({"additional_fields": r#"{"project": "SECRET"}"#}),
                Some("`additional_fields` has `project`"),
            ),
        ];
        for (given, wanted) in table {
            let problem = CreateIssue::check(&args(&given)).err().map(|error| error.to_string());
            assert_eq!(problem.is_some(), wanted.is_some(), "{given}");
            assert!(problem.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{given}");
        }
    }

    #[test]
    fn the_parent_is_decided_on_as_well() {
        let given = args(&json!({"additional_fields": r#"{"parent": "SECRET-1", "labels": ["x"]}"#}));
        let named: Vec<String> = CreateIssue::targets(&given).iter().map(Target::named).collect();
        assert_eq!(named, ["project OPS", "issue SECRET-1"]);
    }
}

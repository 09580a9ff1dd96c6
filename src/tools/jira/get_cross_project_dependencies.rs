//! Links that leave a project.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::Fields;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::lookup;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_cross_project_dependencies`.
#[derive(Debug)]
pub(crate) struct GetCrossProjectDependencies;

/// Arguments of `jira_get_cross_project_dependencies`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
    /// How many issues to look at, the last updated first.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 1, max = 500))]
    max_issues: u64,
}

fn two_hundred() -> u64 {
    200
}

/// The links of an issue to other projects; each is shown to who may view the issue at its other end.
fn links(issue: &Value, project: &ProjectKey) -> Vec<Item> {
    let source = issue.get("key").and_then(Value::as_str).unwrap_or_default();
    let links = issue.pointer("/fields/issuelinks").and_then(Value::as_array).into_iter().flatten();
    let shown = links.filter_map(|link| {
        let ends = [("outwardIssue", "outward"), ("inwardIssue", "inward")];
        let (other, direction) =
            ends.iter().find_map(|(name, direction)| Some((link.get(*name)?, *direction)))?;
        let key = IssueKey::parse(other.get("key")?.as_str()?).ok()?;
        let place = key.project();
        let value = json!({
            "link_type": link.pointer("/type/name"), "project": place.as_str(),
            "source": source, "target": key.as_str(), "direction": direction,
        });
        let target = Resource::Issue { key, project: Some(place.clone()) };
        let resources = lookup::issue_place(issue).map(|source| vec![source, target]).unwrap_or_default();
        (place != *project).then_some(Item { resources, value })
    });
    shown.collect()
}

/// An issue that was looked at, which is counted where it may be viewed.
fn scanned(issue: &Value) -> Item {
    Item { resources: lookup::issue_place(issue).into_iter().collect(), value: Value::Null }
}

/// By project, then by type of link.
fn grouped(found: Vec<Value>, envelope: &mut Map<String, Value>) {
    let mut projects = Map::new();
    let (scanned, links): (Vec<Value>, Vec<Value>) = found.into_iter().partition(Value::is_null);
    envelope.insert("total_issues_scanned".into(), scanned.len().into());
    envelope.insert("total_cross_project_links".into(), links.len().into());
    for mut link in links {
        let Value::Object(fields) = &mut link else { continue };
        let mut text = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) => text,
            _ => "unknown".to_owned(),
        };
        let (project, kind) = (text("project"), text("link_type"));
        let group = projects.entry(project).or_insert_with(|| json!({"total_links": 0, "by_link_type": {}}));
        if let Some(total) = group.get_mut("total_links") {
            *total = (total.as_u64().unwrap_or(0) + 1).into();
        }
        if let Some(Value::Object(kinds)) = group.get_mut("by_link_type")
            && let Value::Array(listed) = kinds.entry(kind).or_insert_with(|| json!([]))
        {
            listed.push(link);
        }
    }
    envelope.insert("by_project".into(), Value::Object(projects));
}

impl Tool for GetCrossProjectDependencies {
    const SPEC: Spec = Spec {
        name: "jira_get_cross_project_dependencies",
        product: Product::Jira,
        toolset: "jira_project_analysis",
        core: false,
        description: "Show the links from issues of a Jira project to issues of other projects, grouped by project and type of link.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Project(args.project_key.clone())]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let jql = format!("project = {} ORDER BY updated DESC", query::quoted(args.project_key.as_str()));
        let fields = Fields::parse("summary,status,issuetype,issuelinks,parent");
        let asked = (jql.as_str(), &context.sight(Product::Jira));
        let (issues, complete) =
            jira.search_all_of(permit, &args.project_key, asked, &fields, args.max_issues).await?;
        let links = issues.iter().flat_map(|issue| links(issue, &args.project_key));
        let items = issues.iter().map(scanned).chain(links).collect();
        let mut envelope = Map::new();
        envelope.insert("project_key".into(), args.project_key.as_str().into());
        envelope.insert("complete".into(), complete.into());
        Ok(Output::Derived { items, envelope, derive: grouped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_leave_the_project_are_grouped() {
        let issue = json!({"key": "OPS-1", "fields": {"issuelinks": [
            {"type": {"name": "Blocks"}, "outwardIssue": {"key": "DEV-7"}},
            {"type": {"name": "Blocks"}, "inwardIssue": {"key": "OPS-2"}},
            {"type": {"name": "Relates"}, "inwardIssue": {"key": "DEV-8"}},
        ]}});
        let items = links(&issue, &ProjectKey::parse("OPS").unwrap());
        assert_eq!(
            items.iter().flat_map(|item| &item.resources).map(Resource::id).collect::<Vec<_>>(),
            ["OPS-1", "DEV-7", "OPS-1", "DEV-8"]
        );
        let mut shown = Map::new();
        let found = std::iter::once(scanned(&issue)).chain(items);
        grouped(found.map(|item| item.value).collect(), &mut shown);
        assert_eq!(shown["total_issues_scanned"], 1);
        assert_eq!(shown["total_cross_project_links"], 2);
        assert_eq!(shown["by_project"]["DEV"]["total_links"], 2);
        let blocked = json!([{"source": "OPS-1", "target": "DEV-7", "direction": "outward"}]);
        assert_eq!(shown["by_project"]["DEV"]["by_link_type"]["Blocks"], blocked);
    }
}

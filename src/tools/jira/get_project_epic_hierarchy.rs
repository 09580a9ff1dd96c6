//! The epics of a project by what is above them.

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

/// The tool `jira_get_project_epic_hierarchy`.
#[derive(Debug)]
pub(crate) struct GetProjectEpicHierarchy;

/// Arguments of `jira_get_project_epic_hierarchy`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    project_key: ProjectKey,
    /// How many epics to look at, the last updated first.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 1, max = 500))]
    max_epics: u64,
}

fn two_hundred() -> u64 {
    200
}

/// What is above an epic: its parent, or what one of its links calls so.
fn parent<'issue>(epic: &'issue Value, phrases: &[String]) -> Option<&'issue Value> {
    let has_key = |issue: &&Value| issue.get("key").and_then(Value::as_str).is_some();
    if let Some(parent) = epic.pointer("/fields/parent").filter(has_key) {
        return Some(parent);
    }
    let links = epic.pointer("/fields/issuelinks").and_then(Value::as_array)?;
    links.iter().find_map(|link| {
        [("inwardIssue", "inward"), ("outwardIssue", "outward")].iter().find_map(|(end, direction)| {
            let says = |name: &str| {
                let text = link.get("type")?.get(name)?.as_str()?.trim().to_lowercase();
                Some(phrases.contains(&text))
            };
            let is_child = says(direction) == Some(true) || says("name") == Some(true);
            link.get(*end).filter(has_key).filter(|_| is_child)
        })
    })
}

/// An epic with what is above it, which is shown to who may view both; to others it stands alone.
fn items(epic: &Value, phrases: &[String]) -> Option<Vec<Item>> {
    let issue = |value: &Value| {
        let key = IssueKey::parse(value.get("key")?.as_str()?).ok()?;
        let project = Some(key.project());
        Some(Resource::Issue { key, project })
    };
    let own = issue(epic)?;
    let shown = json!({
        "key": epic.get("key"), "summary": epic.pointer("/fields/summary"),
        "status": epic.pointer("/fields/status/name"),
    });
    let above = parent(epic, phrases).and_then(|parent| {
        let resource = issue(parent)?;
        let Resource::Issue { key, .. } = &resource else { return None };
        let project = key.project();
        let value = json!({
            "of": epic.get("key"),
            "key": key.as_str(), "summary": parent.pointer("/fields/summary"), "project": project.as_str(),
        });
        Some(Item { resources: vec![own.clone(), resource], value })
    });
    let epic = Item { resources: vec![own.clone()], value: shown };
    Some(std::iter::once(epic).chain(above).collect())
}

/// By what is above them, in the order of keys; those with nothing above come last.
fn grouped(items: Vec<Value>, envelope: &mut Map<String, Value>) {
    let (parents, epics): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| item.get("of").is_some());
    envelope.insert("total_epics".into(), epics.len().into());
    let mut groups: Vec<(Option<Value>, Vec<Value>)> = Vec::new();
    for epic in epics {
        let above = parents.iter().find(|parent| parent.get("of") == epic.get("key")).cloned();
        let above = above.map(|mut parent| {
            if let Value::Object(parent) = &mut parent {
                parent.shift_remove("of");
            }
            parent
        });
        let key = |parent: &Option<Value>| parent.as_ref().and_then(|parent| parent.get("key").cloned());
        match groups.iter_mut().find(|(parent, _)| key(parent) == key(&above)) {
            Some((_, epics)) => epics.push(epic),
            None => groups.push((above, vec![epic])),
        }
    }
    groups.sort_by_key(|(parent, _)| {
        let key = parent.as_ref().and_then(|parent| parent.get("key")?.as_str().map(str::to_owned));
        (key.is_none(), key)
    });
    let groups = groups.into_iter().map(|(parent, epics)| match parent {
        Some(parent) => json!({"parent": parent, "epics": epics}),
        None => json!({"parent": null, "group_name": "Unlinked", "epics": epics}),
    });
    envelope.insert("groups".into(), groups.collect());
}

impl Tool for GetProjectEpicHierarchy {
    const SPEC: Spec = Spec {
        name: "jira_get_project_epic_hierarchy",
        product: Product::Jira,
        toolset: "jira_project_analysis",
        core: false,
        description: "Show the epics of a Jira project by the issue above them: their parent, or what a link names as such. For what is in an epic use jira_search.",
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
        let project = query::quoted(args.project_key.as_str());
        let jql = format!("project = {project} AND issuetype = Epic ORDER BY updated DESC");
        let fields = Fields::parse("summary,status,issuetype,issuelinks,parent");
        let asked = (jql.as_str(), &context.sight(Product::Jira));
        let (epics, complete) =
            jira.search_all_of(permit, &args.project_key, asked, &fields, args.max_epics).await?;
        let items = epics.iter().filter_map(|epic| items(epic, &context.options.child_phrases)).flatten();
        let mut envelope = Map::new();
        envelope.insert("project_key".into(), args.project_key.as_str().into());
        envelope.insert("complete".into(), complete.into());
        Ok(Output::Derived { items: items.collect(), envelope, derive: grouped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Options;

    #[test]
    fn epics_stand_below_their_parents() {
        let epic = |key: &str, fields: Value| {
            let mut epic = json!({"key": key, "fields": fields});
            epic["fields"]["summary"] = format!("about {key}").into();
            epic
        };
        let link = |direction: &str, end: &str, phrase: &str| json!([{"type": {"name": "Hierarchy", direction: phrase}, end: {"key": "TOP-2", "fields": {"summary": "two"}}}]);
        let phrases = Options::child_phrases(&["child:is part of".to_owned()]).unwrap();
        let epics = [
            epic("OPS-1", json!({})),
            epic("OPS-2", json!({"parent": {"key": "TOP-1", "fields": {"summary": "one"}}})),
            epic("OPS-3", json!({"issuelinks": link("inward", "inwardIssue", "Is Child Of")})),
            epic("OPS-4", json!({"issuelinks": link("outward", "outwardIssue", "is part of")})),
            epic("OPS-5", json!({"issuelinks": link("outward", "outwardIssue", "is parent of")})),
        ];
        let items: Vec<Item> =
            epics.iter().filter_map(|epic| super::items(epic, &phrases)).flatten().collect();
        // Who may not see TOP-1 sees OPS-2 without it.
        let seen = |hidden: &str| {
            let visible = |item: &&Item| item.resources.iter().all(|resource| resource.id() != hidden);
            let mut shown = Map::new();
            grouped(items.iter().filter(visible).map(|item| item.value.clone()).collect(), &mut shown);
            shown["groups"]
                .as_array()
                .unwrap()
                .iter()
                .map(|group| {
                    let keys: Vec<_> = group["epics"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|epic| epic["key"].as_str().unwrap())
                        .collect();
                    format!("{}: {}", group["parent"]["key"].as_str().unwrap_or("none"), keys.join(" "))
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(""), ["TOP-1: OPS-2", "TOP-2: OPS-3 OPS-4", "none: OPS-1 OPS-5"]);
        assert_eq!(seen("TOP-1"), ["TOP-2: OPS-3 OPS-4", "none: OPS-1 OPS-2 OPS-5"]);
    }
}

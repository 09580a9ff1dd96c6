//! The functions of JQL.

use serde_json::Map;
use serde_json::Value;

use super::issue_fields::Field;
use super::jql;
use crate::sim::data;
use crate::sim::world::Project;
use crate::sim::world::User;
use crate::sim::world::World;

/// The versions of projects that are out, or not.
fn versions(
    (world, user): (&World, &User),
    function: &str,
    arguments: &[String],
    released: bool,
) -> Result<Vec<Option<String>>, String> {
    let missing = |project: &String| {
        format!("Could not resolve the project '{project}' provided to function '{function}'.")
    };
    let projects = arguments.iter().map(|text| Project::find(user, text).ok_or_else(|| missing(text)));
    let ids: Vec<u64> = projects.map(|project| Ok(project?.id)).collect::<Result<_, String>>()?;
    let is_meant = |version: &&Map<String, Value>| {
        let of = version.get("projectId").and_then(Value::as_u64);
        version.get("released").is_some_and(|is| *is == released) && of.is_some_and(|of| ids.contains(&of))
    };
    let names = world.versions.iter().filter(is_meant).filter_map(|version| version.get("name")?.as_str());
    Ok(names.map(|name| Some(name.to_owned())).collect())
}

/// The issues that have a link with one.
fn linked((world, user): (&World, &User), function: &str, text: &str) -> Result<Vec<Option<String>>, String> {
    let issue = world.issue(user, text);
    let issue =
        issue.ok_or_else(|| format!("Issue '{text}' could not be found in function '{function}'."))?;
    let others = world.links.iter().filter_map(|link| match (&link.from, &link.to) {
        (from, to) if *from == issue.key => Some(to),
        (from, to) if *to == issue.key => Some(from),
        _ => None,
    });
    Ok(others.map(|key| Some(key.clone())).collect())
}

/// What an app adds: the issues that have a link with any that another query finds.
fn linked_of((world, user): (&World, &User), query: &str) -> Result<Vec<Option<String>>, String> {
    let invalid = |mistakes: Vec<String>| format!("Query '{query}' is not valid: {}", mistakes.join(" "));
    let found = jql::search(world, user, query).map_err(invalid)?;
    let others: Result<Vec<_>, String> =
        found.iter().map(|issue| linked((world, user), "linkedIssuesOf", &issue.key)).collect();
    Ok(others?.concat())
}

/// What a function stands for; `None` in the list is empty.
pub(super) fn value_of(
    (world, user): (&World, &User),
    field: Field,
    name: &str,
    function: &str,
    arguments: &[String],
) -> Result<Vec<Option<String>>, String> {
    let sprints = |state: &str| {
        let sprints = world.sprints.iter().filter(|sprint| sprint.state == state);
        Ok(sprints.map(|sprint| Some(sprint.id.to_string())).collect())
    };
    let account = matches!(field, Field::Assignee | Field::Reporter);
    match (function.to_ascii_lowercase().as_str(), arguments) {
        ("currentuser", []) if account => Ok(vec![Some(user.name.to_owned())]),
        ("membersof", [group]) if account => {
            let members = data::USERS.iter().filter(|user| user.is_in(group));
            Ok(members.map(|user| Some(user.name.to_owned())).collect())
        }
        ("opensprints", []) if field == Field::Sprint => sprints("active"),
        ("closedsprints", []) if field == Field::Sprint => sprints("closed"),
        ("futuresprints", []) if field == Field::Sprint => sprints("future"),
        ("releasedversions", _) if field == Field::Version => {
            versions((world, user), function, arguments, true)
        }
        ("unreleasedversions", _) if field == Field::Version => {
            versions((world, user), function, arguments, false)
        }
        ("linkedissues", [issue, ..]) if matches!(field, Field::Key | Field::Parent | Field::Epic) => {
            linked((world, user), function, issue)
        }
        ("linkedissuesof", [query]) if matches!(field, Field::Key | Field::Parent | Field::Epic) => {
            linked_of((world, user), query)
        }
        (
            "currentuser" | "membersof" | "opensprints" | "closedsprints" | "futuresprints"
            | "releasedversions" | "unreleasedversions" | "linkedissues" | "linkedissuesof",
            _,
        ) => Err(format!("The function '{function}' is not supported by the field '{name}'.")),
        _ => Err(format!("Unable to find JQL function '{function}({})'.", arguments.join(", "))),
    }
}

//! Reading what is not an issue: accounts, fields, projects, versions, link types.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::data;
use super::super::world::Project;
use super::super::world::User;
use super::super::world::World;
use super::fields;
use super::issue;
use super::page;
use super::refusal;
use super::render;

pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        ["myself"] => Ok(Answer::json(&with_groups(call, call.user))),
        ["serverInfo"] => Ok(Answer::json(&server_info(call))),
        ["field"] => Ok(Answer::json(&fields::FIELDS.iter().map(|field| self::field(call, field)).collect())),
        ["field", id, "context", rest @ ..] if call.is_cloud() => context(call, id, rest),
        ["user"] => {
            let name = ["accountId", "username", "key"].into_iter().find_map(|name| call.parameter(name));
            let missing =
                || refusal(404, "The user does not exist or you do not have permission to view it.");
            Ok(Answer::json(&with_groups(call, name.and_then(User::named).ok_or_else(missing)?)))
        }
        ["user", "search" | "picker"] | ["user", "assignable" | "permission" | "viewissue", "search"] => {
            Ok(users(world, call))
        }
        ["issueLinkType"] => {
            let kinds: Vec<Value> =
                data::LINK_KINDS.iter().map(|kind| render::link_type(call, kind)).collect();
            Ok(Answer::json(&json!({"issueLinkTypes": kinds})))
        }
        ["status"] => {
            Ok(Answer::json(&data::STATUSES.iter().map(|item| render::status(call, item)).collect()))
        }
        ["priority"] => {
            Ok(Answer::json(&data::PRIORITIES.iter().map(|item| render::priority(call, item)).collect()))
        }
        ["resolution"] => {
            let resolutions = data::RESOLUTIONS.iter().map(|item| render::resolution(call, item));
            Ok(Answer::json(&resolutions.collect()))
        }
        ["issuetype"] => {
            Ok(Answer::json(&data::TYPES.iter().map(|item| render::issue_type(call, item)).collect()))
        }
        ["project"] => Ok(Answer::json(&browsable(call).map(|item| render::project(call, item)).collect())),
        ["project", "search"] if call.is_cloud() => Ok(search_projects(call)),
        ["projects", "picker"] => Ok(picker(call)),
        ["project", key, rest @ ..] => project(world, call, key, rest),
        ["version", id] => {
            let own = |version: &&Value| version.get("id").and_then(Value::as_str) == Some(id);
            let all: Vec<Value> =
                browsable(call).flat_map(|project| render::versions(world, call, project)).collect();
            let missing = || refusal(404, &format!("Could not find version for id '{id}'"));
            Ok(Answer::json(all.iter().find(own).ok_or_else(missing)?))
        }
        _ => Err(super::not_found()),
    }
}

fn with_groups(call: &Call, user: &User) -> Value {
    let mut shown = render::user(call, user);
    let expands = call.parameter("expand").is_some_and(|expand| expand.contains("groups"));
    let address = |name: &str| format!("{}/rest/api/2/group?groupname={name}", call.base);
    let groups = user.groups.iter().filter(|_| expands);
    let items: Vec<Value> = groups.map(|name| json!({"name": name, "self": address(name)})).collect();
    render::extend(
        &mut shown,
        json!({"locale": "en_US", "groups": {"size": user.groups.len(), "items": items},
            "applicationRoles": {"size": 1, "items": []}, "expand": "groups,applicationRoles"}),
    );
    shown
}

fn server_info(call: &Call) -> Value {
    let (version, numbers, kind) =
        if call.is_cloud() { ("1001.0.0", [1001, 0, 0], "Cloud") } else { ("10.3.0", [10, 3, 0], "Server") };
    json!({"baseUrl": call.base, "version": version, "versionNumbers": numbers, "deploymentType": kind,
        "buildNumber": 10_030_000, "serverTitle": "Sample Jira"})
}

fn field(call: &Call, field: &fields::Field) -> Value {
    let custom = field.0.starts_with("customfield_");
    let clause = field.0.strip_prefix("customfield_").map(|id| format!("cf[{id}]"));
    let names = [clause.unwrap_or_else(|| field.0.to_owned()), field.1.to_owned()];
    let mut shown = json!({"id": field.0, "name": field.1, "custom": custom, "orderable": true, "navigable": field.4,
        "searchable": true, "clauseNames": names, "schema": fields::schema(field)});
    if call.is_cloud() {
        render::extend(&mut shown, json!({"key": field.0}));
    }
    shown
}

fn context(call: &Call, id: &str, rest: &[&str]) -> Reply {
    let values: Vec<Value> = match rest {
        [] if id == data::TEAM => vec![json!({"id": "10400", "name": "Default", "description": "",
            "isGlobalContext": true, "isAnyIssueType": true})],
        ["10400", "option"] if id == data::TEAM => {
            let option = |team: &super::super::world::Named| json!({"id": team.id, "value": team.name, "disabled": false});
            data::TEAMS.iter().map(option).collect()
        }
        _ => return Err(refusal(404, "The custom field was not found.")),
    };
    Ok(paged(call, &values))
}

/// `startAt`, `maxResults`, `total`, `isLast`, `values`.
pub(crate) fn paged(call: &Call, values: &[Value]) -> Answer {
    let (start, limit, some) = page(call, values, 50);
    let last = start + some.len() >= values.len();
    Answer::json(&json!({"maxResults": limit, "startAt": start, "total": values.len(), "isLast": last,
        "values": some}))
}

fn users(world: &World, call: &Call) -> Answer {
    let wanted = ["query", "username", "accountId"].into_iter().find_map(|name| call.parameter(name));
    let wanted = wanted.unwrap_or_default().to_lowercase();
    let all = wanted == ".";
    let project = call.parameter("project").or_else(|| {
        call.parameter("issueKey").and_then(|key| world.issue(call.user, key)).map(|issue| issue.project.key)
    });
    let found: Vec<&User> = data::USERS
        .iter()
        .filter(|user| {
            let texts = [user.name.to_owned(), user.display.to_lowercase(), user.email()];
            all || user.account_id == wanted || texts.iter().any(|text| text.contains(&wanted))
        })
        .filter(|user| project.is_none_or(|key| Project::find(user, key).is_some()))
        .collect();
    let (_, _, some) = page(call, &found, 1000);
    Answer::json(&some.iter().map(|user| render::user(call, user)).collect())
}

pub(crate) fn browsable(call: &Call) -> impl Iterator<Item = &'static Project> {
    let user = call.user;
    data::PROJECTS.iter().filter(move |project| user.may_browse(project))
}

fn matching(call: &Call) -> impl Iterator<Item = &'static Project> {
    let wanted = call.parameter("query").unwrap_or_default().to_lowercase();
    browsable(call).filter(move |project| {
        project.key.to_lowercase().contains(&wanted) || project.name.to_lowercase().contains(&wanted)
    })
}

fn search_projects(call: &Call) -> Answer {
    let keys: Vec<&str> =
        call.query.iter().filter(|(name, _)| name == "keys").map(|(_, key)| key.as_str()).collect();
    let found = matching(call).filter(|project| keys.is_empty() || keys.contains(&project.key));
    let values: Vec<Value> = found.map(|project| render::project(call, project)).collect();
    paged(call, &values)
}

fn picker(call: &Call) -> Answer {
    let found: Vec<Value> = matching(call)
        .map(|project| {
            json!({"id": project.id.to_string(), "key": project.key, "name": project.name,
            "html": project.name})
        })
        .collect();
    let (_, _, some) = page(call, &found, 50);
    let header = format!("Showing {} of {} matching projects", some.len(), found.len());
    Answer::json(&json!({"projects": some, "header": header}))
}

fn project(world: &World, call: &Call, key: &str, rest: &[&str]) -> Reply {
    let missing = || refusal(404, &format!("No project could be found with key '{key}'."));
    let project = Project::find(call.user, key).ok_or_else(missing)?;
    let versions = render::versions(world, call, project);
    let components: Vec<Value> =
        project.components.iter().map(|name| render::component(call, project, name)).collect();
    match rest {
        [] => {
            let types: Vec<Value> =
                issue::types_of(project).map(|kind| render::issue_type(call, kind)).collect();
            let lead = User::named(project.lead).map(|user| render::user(call, user));
            let mut shown = render::project(call, project);
            render::extend(
                &mut shown,
                json!({"description": "", "lead": lead, "components": components, "issueTypes": types,
                    "versions": versions, "roles": {}, "assigneeType": "UNASSIGNED"}),
            );
            Ok(Answer::json(&shown))
        }
        ["versions"] => Ok(Answer::json(&Value::from(versions))),
        ["version"] => Ok(paged(call, &versions)),
        ["components"] => Ok(Answer::json(&Value::from(components))),
        ["statuses"] => {
            let statuses: Vec<Value> = data::STATUSES.iter().map(|item| render::status(call, item)).collect();
            let with_statuses = |kind| {
                let mut shown = render::issue_type(call, kind);
                render::extend(&mut shown, json!({"statuses": statuses}));
                shown
            };
            Ok(Answer::json(&issue::types_of(project).map(with_statuses).collect()))
        }
        _ => Err(super::not_found()),
    }
}

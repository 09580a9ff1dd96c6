//! What policies name of issues: asked for beside what a caller wants, read from every answer, and taken out again.

use serde_json::Map;
use serde_json::Value;

use super::Fields;
use crate::atlassian::Instance;
use crate::audit::Warrant;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Body;
use crate::net::Credential;
use crate::net::Reply;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Attribute;
use crate::policy::Known;
use crate::policy::Needs;
use crate::policy::Observed;
use crate::policy::Resource;
use crate::policy::ResourceKind;

/// Sends a request on a warrant. Where policies name attributes, they are asked for with the same request, noted on the
/// warrant, and removed from the answer where the request did not want them.
pub async fn ask<W: Warrant>(
    instance: &Instance,
    warrant: &W,
    credential: &Credential,
    mut request: Request,
) -> Result<Reply, UpstreamError> {
    let needs = warrant.needs().of(ResourceKind::Issue);
    if needs.is_empty() {
        return instance.upstream.execute(warrant, credential, request).await;
    }
    let added = widen(&mut request, needs);
    let mut reply = instance.upstream.execute(warrant, credential, request).await?;
    warrant.observe(observed(&reply.body, needs));
    take_out(&mut reply.body, &added);
    Ok(reply)
}

/// The field of an issue that says what an attribute is.
fn field(attribute: Attribute) -> Option<&'static str> {
    Some(match attribute {
        Attribute::IssueType => "issuetype",
        Attribute::Status => "status",
        Attribute::SecurityLevel => "security",
        Attribute::IssueLabels => "labels",
        Attribute::Category | Attribute::PageLabels | Attribute::Restricted | Attribute::Ancestors => {
            return None;
        }
    })
}

/// What an answer about a project says of its category. Only the project itself says that there is none: where it comes
/// along with an issue, it may be shortened.
pub fn category(key: &ProjectKey, project: &Value) -> Observed {
    let mut found = Observed::default();
    let is_it = project.get("key").and_then(Value::as_str) == Some(key.as_str());
    let known = match project.get("projectCategory") {
        None | Some(Value::Null) => Some(Known::Absent),
        Some(category) => {
            category.get("name").and_then(Value::as_str).map(|name| Known::Text(name.to_owned()))
        }
    };
    if let Some(known) = known.filter(|_| is_it) {
        found.note(&Resource::Project(key.clone()), Attribute::Category, known);
    }
    found
}

/// Asks for the fields of these attributes where a request says which it wants; gives those it did not want.
fn widen(request: &mut Request, needs: Needs) -> Vec<&'static str> {
    let missing = |fields: &Fields| -> Vec<&'static str> {
        needs.iter().filter_map(field).filter(|field| !fields.wants(field)).collect()
    };
    let with = |fields: Fields, missing: &[&str]| missing.iter().fold(fields, |fields, one| fields.with(one));
    if let Body::Json(Value::Object(body)) = &mut request.body {
        // Of all that is sent, a search alone has a list there.
        let Some(Value::Array(names)) = body.get("fields") else { return Vec::new() };
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        let fields = Fields::parse(&names.join(","));
        let missing = missing(&fields);
        body.insert("fields".into(), with(fields, &missing).names().into());
        return missing;
    }
    let Some((_, names)) = request.query.iter_mut().find(|(name, _)| *name == "fields") else {
        return Vec::new();
    };
    let fields = Fields::parse(names);
    let missing = missing(&fields);
    *names = with(fields, &missing).to_query();
    missing
}

/// The issues that an answer is about: itself, or a list.
const LISTS: [&str; 2] = ["issues", "values"];

fn take_out(answer: &mut Value, fields: &[&str]) {
    if fields.is_empty() {
        return;
    }
    let mut of = |issue: &mut Value| {
        if let Some(Value::Object(own)) = issue.get_mut("fields") {
            own.retain(|name, _| !fields.contains(&name.as_str()));
        }
    };
    of(answer);
    for list in LISTS {
        answer.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(&mut of);
    }
}

/// What an answer says of issues. Only where Jira itself puts an issue, never in a value that somebody else wrote.
fn observed(answer: &Value, needs: Needs) -> Observed {
    let mut found = Observed::default();
    let listed = LISTS.iter().filter_map(|list| answer.get(*list)?.as_array()).flatten();
    for issue in std::iter::once(answer).chain(listed) {
        of_issue(issue, needs, &mut found);
    }
    // The ends of a link come with some of their fields.
    of_link(answer, needs, &mut found);
    found
}

fn of_issue(issue: &Value, needs: Needs, found: &mut Observed) {
    let Some(Value::Object(fields)) = issue.get("fields") else { return };
    if let Some(parent) = fields.get("parent") {
        of_one(parent, needs, found);
    }
    for subtask in fields.get("subtasks").and_then(Value::as_array).into_iter().flatten() {
        of_one(subtask, needs, found);
    }
    for link in fields.get("issuelinks").and_then(Value::as_array).into_iter().flatten() {
        of_link(link, needs, found);
    }
    // Last, as the issue itself knows best.
    of_one(issue, needs, found);
}

fn of_link(link: &Value, needs: Needs, found: &mut Observed) {
    for end in ["inwardIssue", "outwardIssue"] {
        if let Some(issue) = link.get(end) {
            of_one(issue, needs, found);
        }
    }
}

fn of_one(issue: &Value, needs: Needs, found: &mut Observed) {
    let key = issue.get("key").and_then(Value::as_str).and_then(|key| IssueKey::parse(key).ok());
    let (Some(key), Some(Value::Object(fields))) = (key, issue.get("fields")) else { return };
    let resource = Resource::Issue { project: Some(key.project()), key };
    for attribute in needs.iter() {
        if let Some(known) = known(attribute, fields) {
            found.note(&resource, attribute, known);
        }
    }
}

/// What the fields say of an attribute. A field that is not there says nothing.
fn known(attribute: Attribute, fields: &Map<String, Value>) -> Option<Known> {
    let value = fields.get(field(attribute)?)?;
    Some(match attribute {
        Attribute::IssueLabels => {
            let labels = value.as_array()?.iter().map(|label| label.as_str().map(str::to_owned));
            Known::Texts(labels.collect::<Option<_>>()?)
        }
        Attribute::SecurityLevel if value.is_null() => Known::Absent,
        _ => Known::Text(value.get("name")?.as_str()?.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::net::Path;

    fn needs(attributes: &[Attribute]) -> Needs {
        attributes.iter().fold(Needs::default(), |needs, one| needs.with(*one))
    }

    fn all() -> Needs {
        needs(&Attribute::ALL).of(ResourceKind::Issue)
    }

    #[test]
    fn a_project_says_itself_which_category_it_has() {
        let key = ProjectKey::parse("OPS").unwrap();
        let resource = Resource::Project(key.clone());
        let table = [
            (
                json!({"key": "OPS", "projectCategory": {"name": "Internal"}}),
                Some(Known::Text("Internal".into())),
            ),
            (json!({"key": "OPS"}), Some(Known::Absent)),
            (json!({"key": "OPS", "projectCategory": null}), Some(Known::Absent)),
            (json!({"key": "OPS", "projectCategory": {"id": "1"}}), None),
            (json!({"key": "OPS", "projectCategory": "Internal"}), None),
            (json!({"key": "OLD"}), None),
            (json!({}), None),
        ];
        for (answer, known) in table {
            let said = category(&key, &answer);
            let said = said.of(&resource).and_then(|known| known.get(&Attribute::Category));
            assert_eq!(said, known.as_ref(), "{answer}");
        }
    }

    #[test]
    fn fields_are_asked_for_beside_those_that_are_wanted() {
        let table: [(&str, &str, &[&str]); 5] = [
            ("summary", "summary,status,labels", &["status", "labels"]),
            ("status", "status,labels", &["labels"]),
            ("*all", "*all", &[]),
            ("*all,-labels", "*all", &["labels"]),
            ("-comment", "-comment", &[]),
        ];
        for (given, asked, added) in table {
            let needs = needs(&[Attribute::Status, Attribute::IssueLabels]);
            let mut request = Request::get(Path::of(["rest"])).with("fields", given);
            assert_eq!(widen(&mut request, needs), added, "{given}");
            assert_eq!(request.query, [("fields", asked.to_owned())], "{given}");
            let names: Vec<&str> = given.split(',').collect();
            let mut search = Request::post(Path::of(["rest"]), json!({"jql": "", "fields": names}));
            assert_eq!(widen(&mut search, needs), added, "{given}");
            let Body::Json(body) = search.body else { panic!("no body") };
            let names: Vec<&str> = asked.split(',').collect();
            assert_eq!(body["fields"], json!(names), "{given}");
        }
        let mut created = Request::post(Path::of(["rest"]), json!({"fields": {"summary": "s"}}));
        assert_eq!(widen(&mut created, all()), [""; 0]);
    }

    #[test]
    fn an_answer_says_what_it_says_and_no_more() {
        let issue = |key: &str, fields: Value| json!({"key": key, "fields": fields});
        let of = |answer: &Value, key: &str| {
            let key = IssueKey::parse(key).unwrap();
            let resource = Resource::Issue { project: Some(key.project()), key };
            let observed = observed(answer, all());
            observed.of(&resource).map(|known| json!(known.values().collect::<Vec<_>>())).unwrap_or_default()
        };
        let whole = json!({
            "issuetype": {"name": "Bug"}, "status": {"name": "Done"}, "security": null, "labels": ["b", "a"],
            "parent": issue("OPS-2", json!({"status": {"name": "Open"}, "issuetype": {"name": "Epic"}})),
            "subtasks": [issue("OPS-3", json!({"status": {"name": "Open"}}))],
            "issuelinks": [{"inwardIssue": issue("OPS-4", json!({"status": {"name": "Open"}}))}],
            "customfield_1": issue("OPS-5", json!({"labels": ["public"]})),
            "description": {"key": "OPS-6", "fields": {"labels": ["public"]}},
        });
        let expected = json!(["Bug", "Done", null, ["a", "b"]]);
        assert_eq!(of(&issue("OPS-1", whole.clone()), "OPS-1"), expected);
        for list in LISTS {
            assert_eq!(of(&json!({ list: [issue("OPS-1", whole.clone())] }), "OPS-1"), expected);
        }
        let answer = issue("OPS-1", whole);
        assert_eq!(of(&answer, "OPS-2"), json!(["Epic", "Open"]));
        assert_eq!((of(&answer, "OPS-3"), of(&answer, "OPS-4")), (json!(["Open"]), json!(["Open"])));
        assert_eq!((of(&answer, "OPS-5"), of(&answer, "OPS-6")), (Value::Null, Value::Null));
        let link = json!({"outwardIssue": issue("OPS-4", json!({"status": {"name": "Open"}}))});
        assert_eq!(of(&link, "OPS-4"), json!(["Open"]));
        let odd = json!({"issuetype": "Bug", "status": null, "labels": ["a", 1], "security": {"id": "1"}});
        assert_eq!(of(&issue("OPS-1", odd), "OPS-1"), Value::Null);
    }

    #[test]
    fn what_was_not_wanted_is_taken_out_again() {
        let issue = json!({"key": "OPS-1", "fields": {"summary": "s", "status": {"name": "Done"}}});
        let mut answer =
            json!({"issues": [issue.clone()], "values": [issue.clone()], "other": issue.clone()});
        take_out(&mut answer, &["status"]);
        let bare = json!({"key": "OPS-1", "fields": {"summary": "s"}});
        assert_eq!(
            answer,
            json!({"issues": [bare.clone()], "values": [bare.clone()], "other": issue.clone()})
        );
        let mut one = issue;
        take_out(&mut one, &["status"]);
        assert_eq!(one, bare);
    }
}

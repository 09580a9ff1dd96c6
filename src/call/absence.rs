//! What it is that Atlassian says does not exist: the object of the call, or something else that the call names.
//!
//! Of the object itself its words are never passed on: absent and hidden are one answer. Of a type of link, a field or a
//! person they are, with the tool that lists those there are.

use crate::lookup::Target;
use crate::net::UpstreamError;
use crate::policy::Part;
use crate::policy::Product;

/// Words for what is not the object of a call, the longer ones first, and what to do.
const OTHERS: [(&str, &str); 12] = [
    ("link type", "jira_get_link_types lists those there are"),
    ("issue type", "jira_get_project_issue_types lists those of a project"),
    ("request type", "jira_get_request_types lists those of a service desk"),
    ("custom field", "jira_search_fields finds fields by name"),
    ("field", "jira_search_fields finds fields by name"),
    ("queue", "jira_get_service_desk_queues lists those of a service desk"),
    ("comment", COMMENTS),
    ("user", "give an account id, a user name or an e-mail address of somebody who is there"),
    ("group", "give the name of a group that is there"),
    ("transition", "jira_get_transitions lists those that an issue offers"),
    ("component", "jira_get_project_components lists those of a project"),
    ("version", "jira_get_project_versions lists those of a project"),
];

/// Where the comments of either product are.
const COMMENTS: &str = "jira_get_issue and confluence_get_comments give comments with their ids";

/// What to do, for the product that was asked.
fn remedy_of(error: &UpstreamError, remedy: &'static str) -> &'static str {
    match error {
        UpstreamError::Status { product: Product::Jira, .. } if remedy == COMMENTS => {
            "jira_get_issue gives comments with their ids"
        }
        UpstreamError::Status { product: Product::Confluence, .. } if remedy == COMMENTS => {
            "confluence_get_comments gives comments with their ids"
        }
        _ => remedy,
    }
}

/// What Atlassian said, where it is about something else than the targets.
pub(super) fn of_something_else(error: &UpstreamError, targets: &[Target]) -> Option<String> {
    let told: Vec<Absent> = error.messages().iter().map(|text| absent(text, targets)).collect();
    if told.is_empty() || told.contains(&Absent::Target) {
        return None;
    }
    let remedy = told.iter().find_map(|absent| match absent {
        Absent::Known(remedy) => Some(*remedy),
        Absent::Target | Absent::Unknown => None,
    });
    Some(match remedy {
        Some(remedy) => format!("{error}; {}", remedy_of(error, remedy)),
        None => {
            let named: Vec<String> = targets.iter().map(Target::named).collect();
            format!(
                "{}, or something else that the call names, does not exist or is not visible to you: {}",
                named.join(" or "),
                error.said()
            )
        }
    })
}

/// What a text says is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// A target of the call.
    Target,
    /// Something else, and what to do about it.
    Known(&'static str),
    /// Something that is none of these.
    Unknown,
}

fn absent(text: &str, targets: &[Target]) -> Absent {
    let text = text.to_lowercase();
    // "Not Found" is what a status says already.
    let is_target = text.trim_end_matches('.') == "not found"
        || targets.iter().flat_map(words).any(|own| text.contains(own));
    // Who may not see a page is told of a "user"; of an "issue type" nobody is told who may not see an issue.
    let known = OTHERS.iter().find(|(word, _)| text.contains(word) && (word.contains(' ') || !is_target));
    match known {
        Some((_, remedy)) => Absent::Known(remedy),
        None if is_target => Absent::Target,
        None => Absent::Unknown,
    }
}

/// The words by which Atlassian calls a target when it is not there.
fn words(target: &Target) -> &'static [&'static str] {
    match target {
        Target::Instance(_) => &[],
        Target::Issue(..) | Target::WithSubtasks(_) => &["issue", "request"],
        Target::InFields(_) => &["issue", "sprint"],
        Target::Project(_) => &["project"],
        Target::Part(part) => match part {
            Part::Issue(_) => &["issue"],
            Part::Board(_) => &["board"],
            Part::Sprint(_) => &["sprint", "board"],
            Part::ServiceDesk(_) => &["service desk", "project"],
            Part::Version(_) => &["version"],
            Part::Link(_) => &["issue link", "link with id", "issue"],
            Part::Comment(_) => &["comment", "content"],
            Part::Attachment(_) => &["attachment", "content"],
            Part::Template(_) => &["template", "content"],
        },
        Target::Space(_) | Target::SpaceNamed(_) => &["space"],
        Target::Page(..) | Target::PageTitled(..) => &["page", "content", "space", "entity"],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::IssueKey;
    use crate::ids::ProjectKey;

    #[test]
    fn the_object_is_one_answer_and_anything_else_is_told_with_a_remedy() {
        let issue = Target::Issue(IssueKey::parse("OPS-1").unwrap(), None);
        let project = Target::Project(ProjectKey::parse("OPS").unwrap());
        let table = [
            (&issue, json!(["Issue Does Not Exist"]), None),
            (&issue, json!(["Issue does not exist or you do not have permission to see it."]), None),
            (&project, json!(["No project could be found with key 'OPS'."]), None),
            (&issue, json!(["The user may not see this issue."]), None),
            (&issue, json!([]), None),
            (
                &issue,
                json!(["No issue link type with name 'X' found."]),
                Some("Jira answered 404: No issue link type with name 'X' found; jira_get_link_types lists"),
            ),
            (
                &project,
                json!(["The issue type does not exist."]),
                Some("Jira answered 404: The issue type does not exist; jira_get_project_issue_types lists"),
            ),
            (&issue, json!(["Can not find a comment for the id: 7."]), Some("jira_get_issue gives comments")),
            (
                &issue,
                json!(["The thing is gone."]),
                Some("issue OPS-1, or something else that the call names"),
            ),
            (&issue, json!(["Not Found"]), None),
        ];
        for (target, messages, wanted) in table {
            let body = json!({"errorMessages": messages}).to_string();
            let error = UpstreamError::from_answer(Product::Jira, 404, None, body.as_bytes());
            let says = of_something_else(&error, std::slice::from_ref(target));
            assert_eq!(says.is_some(), wanted.is_some(), "{messages}: {says:?}");
            assert!(says.clone().unwrap_or_default().contains(wanted.unwrap_or_default()), "{says:?}");
        }
    }
}

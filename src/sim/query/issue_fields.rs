//! The fields that JQL knows, which operators each takes, and what an issue has in them.

use jiff::Timestamp;

use super::Operator;
use crate::sim::data;
use crate::sim::world::Issue;
use crate::sim::world::User;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Project,
    Key,
    Status,
    Category,
    Type,
    Priority,
    Resolution,
    Assignee,
    Reporter,
    Labels,
    Level,
    Component,
    Version,
    Sprint,
    Parent,
    Epic,
    Team,
    Summary,
    Description,
    Comment,
    Text,
    Created,
    Updated,
    Resolved,
    Due,
    Points,
}

/// Lower-case names and what they mean.
const NAMES: [(&str, Field); 45] = [
    ("project", Field::Project),
    ("key", Field::Key),
    ("issuekey", Field::Key),
    ("issue", Field::Key),
    ("id", Field::Key),
    ("status", Field::Status),
    ("statuscategory", Field::Category),
    ("issuetype", Field::Type),
    ("type", Field::Type),
    ("priority", Field::Priority),
    ("resolution", Field::Resolution),
    ("assignee", Field::Assignee),
    ("reporter", Field::Reporter),
    ("creator", Field::Reporter),
    ("labels", Field::Labels),
    ("level", Field::Level),
    ("component", Field::Component),
    ("components", Field::Component),
    ("fixversion", Field::Version),
    ("sprint", Field::Sprint),
    ("cf[10020]", Field::Sprint),
    ("customfield_10020", Field::Sprint),
    ("parent", Field::Parent),
    ("epic link", Field::Epic),
    ("cf[10010]", Field::Epic),
    ("customfield_10010", Field::Epic),
    ("team", Field::Team),
    ("cf[10030]", Field::Team),
    ("customfield_10030", Field::Team),
    ("summary", Field::Summary),
    ("description", Field::Description),
    ("comment", Field::Comment),
    ("text", Field::Text),
    ("created", Field::Created),
    ("createddate", Field::Created),
    ("updated", Field::Updated),
    ("updateddate", Field::Updated),
    ("resolved", Field::Resolved),
    ("resolutiondate", Field::Resolved),
    ("due", Field::Due),
    ("duedate", Field::Due),
    ("story points", Field::Points),
    ("cf[10016]", Field::Points),
    ("customfield_10016", Field::Points),
    ("rank", Field::Key),
];

impl Field {
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let lower = name.to_ascii_lowercase();
        NAMES
            .iter()
            .find(|(known, _)| *known == lower)
            .map(|(_, field)| *field)
            .ok_or_else(|| format!("Field '{name}' does not exist or you do not have permission to view it."))
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Summary | Self::Description | Self::Comment | Self::Text)
    }

    pub(crate) fn is_date(self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::Resolved | Self::Due)
    }

    pub(crate) fn takes(self, operator: Operator) -> bool {
        if self.is_text() {
            let emptiness = matches!(operator, Operator::Is | Operator::IsNot);
            return operator.is_text() || (emptiness && matches!(self, Self::Summary | Self::Description));
        }
        if operator.is_text() {
            return matches!(self, Self::Component | Self::Version);
        }
        operator.is_equality() || self.is_date() || matches!(self, Self::Key | Self::Priority | Self::Points)
    }
}

/// The values a field has for equality; none is empty.
pub(crate) fn values(field: Field, issue: &Issue) -> Vec<String> {
    let one = |text: Option<&str>| text.map(str::to_owned).into_iter().collect();
    match field {
        Field::Project => one(Some(issue.project.key)),
        Field::Key => one(Some(&issue.key)),
        Field::Status => one(Some(issue.status.name)),
        Field::Category => one(Some(issue.status.category.name)),
        Field::Type => one(Some(issue.kind.name)),
        Field::Priority => one(Some(issue.priority.name)),
        Field::Resolution => {
            one(issue.resolved.map(|_| issue.resolution.map_or("Done", |resolution| resolution.name)))
        }
        Field::Assignee => one(issue.assignee.map(|user| user.name)),
        Field::Reporter => one(Some(issue.reporter.name)),
        Field::Labels => issue.labels.clone(),
        Field::Level => one(issue.security.as_deref()),
        Field::Component => issue.components.iter().map(|name| (*name).to_owned()).collect(),
        Field::Version => one(issue.version.as_deref()),
        Field::Sprint => issue.sprint.map(|id| id.to_string()).into_iter().collect(),
        Field::Parent => one(issue.parent.as_deref().or(issue.epic.as_deref())),
        Field::Epic => one(issue.epic.as_deref()),
        Field::Team => one(issue.team),
        Field::Summary => one(Some(&issue.summary)),
        Field::Description => one(issue.description.as_ref().map(|text| text.wiki.as_str())),
        Field::Comment | Field::Text => Vec::new(),
        Field::Points => issue.points.map(|points| points.to_string()).into_iter().collect(),
        Field::Created | Field::Updated | Field::Resolved | Field::Due => {
            moment_of(field, issue).map(|when| when.to_string()).into_iter().collect()
        }
    }
}

pub(crate) fn texts<'a>(field: Field, issue: &'a Issue, user: &User) -> Vec<&'a str> {
    let description = issue.description.as_ref().map(|text| text.wiki.as_str());
    let comments = issue.comments.iter().filter(|comment| comment.is_visible_to(user));
    let comments = comments.map(|comment| comment.body.wiki.as_str());
    match field {
        Field::Summary => vec![issue.summary.as_str()],
        Field::Description => description.into_iter().collect(),
        Field::Comment => comments.collect(),
        Field::Text => std::iter::once(issue.summary.as_str()).chain(description).chain(comments).collect(),
        Field::Component => issue.components.clone(),
        Field::Version => issue.version.as_deref().into_iter().collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn moment_of(field: Field, issue: &Issue) -> Option<Timestamp> {
    match field {
        Field::Created => Some(issue.created),
        Field::Updated => Some(issue.updated),
        Field::Resolved => issue.resolved,
        Field::Due => issue.due?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp()),
        _ => None,
    }
}

pub(crate) fn number_of(field: Field, issue: &Issue) -> Option<f64> {
    match field {
        Field::Points => issue.points,
        Field::Priority => priority_rank(issue.priority.name).map(|rank| -rank),
        Field::Key => Some(key_rank(issue)),
        _ => None,
    }
}

pub(crate) fn priority_rank(name: &str) -> Option<f64> {
    data::PRIORITIES.iter().find(|item| item.name.eq_ignore_ascii_case(name))?.id.parse().ok()
}

/// Issues of one project in the order of their numbers, projects apart.
pub(crate) fn key_rank(issue: &Issue) -> f64 {
    let rank = issue.project.id % 1_000 * 100_000 + issue.number % 100_000;
    u32::try_from(rank).map_or(0.0, f64::from)
}

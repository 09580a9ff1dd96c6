//! The dates of an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueQuery;
use crate::atlassian::times;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use jiff::Timestamp;

/// The tool `jira_get_issue_dates`.
#[derive(Debug)]
pub(crate) struct GetIssueDates;

/// Arguments of `jira_get_issue_dates`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Each change of status with its times.
    #[serde(default = "yes")]
    include_status_changes: bool,
    /// The time in each status, summed up.
    #[serde(default = "yes")]
    include_status_summary: bool,
}

fn yes() -> bool {
    true
}

/// A time in the form of these results; a day stays one: it has no hour and no zone.
pub(super) fn moment(text: &str) -> String {
    if text.len() == 10 { text.to_owned() } else { times::iso(text) }
}

/// A stay in a status, from when it was entered; the last one has no end.
pub(super) struct Stay {
    pub(super) status: String,
    pub(super) entered: Timestamp,
    pub(super) left: Option<Timestamp>,
    now: Timestamp,
    /// Who moved it there.
    pub(super) by: Option<String>,
}

impl Stay {
    fn minutes(&self) -> i64 {
        let seconds = self.left.unwrap_or(self.now).as_second() - self.entered.as_second();
        seconds.max(0) / 60
    }

    fn shown(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("status".into(), self.status.as_str().into());
        shown.insert("entered_at".into(), times::iso(&self.entered.to_string()).into());
        if let Some(left) = self.left {
            shown.insert("exited_at".into(), times::iso(&left.to_string()).into());
        }
        shown.insert("duration_minutes".into(), self.minutes().into());
        shown.insert("duration_formatted".into(), formatted(self.minutes()).into());
        if let Some(by) = &self.by {
            shown.insert("transitioned_by".into(), by.as_str().into());
        }
        Value::Object(shown)
    }
}

/// `3d 0h 0m`, in days of 24 hours.
pub(super) fn formatted(minutes: i64) -> String {
    let (days, hours, minutes) = (minutes / 1440, minutes % 1440 / 60, minutes % 60);
    if days > 0 { format!("{days}d {hours}h {minutes}m") } else { format!("{hours}h {minutes}m") }
}

/// The stays of an issue in its statuses, the oldest first.
pub(super) fn stays(issue: &Value, now: Timestamp) -> Vec<Stay> {
    let histories = issue.pointer("/changelog/histories").and_then(Value::as_array).into_iter().flatten();
    let mut changes: Vec<(Timestamp, String, String, Option<String>)> = Vec::new();
    for history in histories {
        let Some(at) = history.get("created").and_then(Value::as_str).and_then(times::parse) else {
            continue;
        };
        let by = history.pointer("/author/displayName").and_then(Value::as_str).map(str::to_owned);
        for item in history.get("items").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            if text("field") == "status" {
                changes.push((at, text("fromString"), text("toString"), by.clone()));
            }
        }
    }
    changes.sort_by_key(|(at, ..)| *at);
    let created = issue.pointer("/fields/created").and_then(Value::as_str).and_then(times::parse);
    let current = issue.pointer("/fields/status/name").and_then(Value::as_str).unwrap_or_default();
    let first = changes.first().map_or(current, |(_, from, ..)| from.as_str()).to_owned();
    let mut stays = Vec::with_capacity(changes.len() + 1);
    if let Some(entered) = created {
        stays.push(Stay { status: first, entered, left: None, now, by: None });
    }
    for (at, _, to, by) in changes {
        if let Some(before) = stays.last_mut() {
            before.left = Some(at);
        }
        stays.push(Stay { status: to, entered: at, left: None, now, by });
    }
    stays
}

/// The time in each status, the longest first.
fn summary(stays: &[Stay]) -> Vec<Value> {
    let mut totals: Vec<(&str, i64, u64)> = Vec::new();
    for stay in stays {
        match totals.iter_mut().find(|(status, ..)| *status == stay.status) {
            Some((_, minutes, visits)) => {
                *minutes += stay.minutes();
                *visits += 1;
            }
            None => totals.push((&stay.status, stay.minutes(), 1)),
        }
    }
    totals.sort_by_key(|(_, minutes, _)| std::cmp::Reverse(*minutes));
    let show = |(status, minutes, visits): (&str, i64, u64)| {
        json!({
            "status": status,
            "total_duration_minutes": minutes,
            "total_duration_formatted": formatted(minutes),
            "visit_count": visits,
        })
    };
    totals.into_iter().map(show).collect()
}

/// Whether Jira gave a part of the history alone.
pub(super) fn is_cut(issue: &Value) -> bool {
    let total = issue.pointer("/changelog/total").and_then(Value::as_u64).unwrap_or(0);
    let here = issue.pointer("/changelog/histories").and_then(Value::as_array).map_or(0, Vec::len);
    total > here as u64
}

impl Args {
    fn query(&self) -> IssueQuery {
        let history = self.include_status_changes || self.include_status_summary;
        IssueQuery {
            fields: Fields::parse("status,created,updated,duedate,resolutiondate"),
            expand: if history { vec!["changelog".to_owned()] } else { Vec::new() },
            properties: None,
            update_history: true,
        }
    }
}

impl Tool for GetIssueDates {
    const SPEC: Spec = Spec {
        name: "jira_get_issue_dates",
        product: Product::Jira,
        toolset: "jira_metrics",
        core: false,
        description: "Show when a Jira issue was created, updated, due and resolved, and how long it was in each status.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), Some(args.query()))]
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let brought = context.found.take_issue(&args.issue_key);
        let mut query = args.query();
        query.update_history = query.update_history && context.visits;
        let key = context.found.present_key(args.issue_key);
        let issue = match brought {
            Some(issue) => issue,
            None => jira.issue(permit, &key, &query).await?,
        };
        let text = |pointer: &str| issue.pointer(pointer).and_then(Value::as_str);
        let mut shown = Map::new();
        shown.insert("issue_key".into(), issue.get("key").cloned().unwrap_or_default());
        for (pointer, name) in [
            ("/fields/created", "created"),
            ("/fields/updated", "updated"),
            ("/fields/duedate", "due_date"),
            ("/fields/resolutiondate", "resolution_date"),
        ] {
            if let Some(time) = text(pointer) {
                shown.insert(name.into(), moment(time).into());
            }
        }
        if let Some(status) = text("/fields/status/name") {
            shown.insert("current_status".into(), status.into());
        }
        if args.include_status_changes || args.include_status_summary {
            let stays = stays(&issue, Timestamp::now());
            if args.include_status_changes {
                shown.insert("status_changes".into(), stays.iter().map(Stay::shown).collect());
            }
            if args.include_status_summary {
                shown.insert("status_summary".into(), summary(&stays).into());
            }
            if is_cut(&issue) {
                shown.insert("complete".into(), false.into());
            }
        }
        Ok(Output::Object { actual: lookup::issue_place(&issue), value: Value::Object(shown) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_follow_the_history() {
        let change = |at: &str, from: &str, to: &str| json!({"created": at, "author": {"displayName": "Ann"}, "items": [{"field": "status", "fromString": from, "toString": to}]});
        let issue = json!({
            "key": "OPS-1",
            "fields": {"created": "2024-01-01T10:00:00.000+0000", "status": {"name": "To Do"}},
            "changelog": {"total": 3, "histories": [
                change("2024-01-02T12:00:00.000+0000", "Doing", "To Do"),
                change("2024-01-01T12:00:00.000+0000", "To Do", "Doing"),
            ]},
        });
        let now = "2024-01-02T13:30:00Z".parse().unwrap();
        let stays = stays(&issue, now);
        let told: Vec<_> = stays.iter().map(|stay| (stay.status.as_str(), stay.minutes())).collect();
        assert_eq!(told, [("To Do", 120), ("Doing", 1440), ("To Do", 90)]);
        assert_eq!(stays[1].shown()["exited_at"], "2024-01-02T12:00:00+00:00");
        let summed = summary(&stays);
        assert_eq!((&summed[1]["status"], &summed[1]["visit_count"]), (&json!("To Do"), &json!(2)));
        assert!(is_cut(&issue));
        assert_eq!((formatted(4320), formatted(125)), ("3d 0h 0m".to_owned(), "2h 5m".to_owned()));
        assert_eq!(moment("2024-12-31"), "2024-12-31");
    }
}

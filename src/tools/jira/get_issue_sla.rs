//! How long an issue took.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::get_issue_dates::Stay;
use super::get_issue_dates::formatted;
use super::get_issue_dates::is_cut;
use super::get_issue_dates::moment;
use super::get_issue_dates::stays;
use crate::atlassian::WorkingHours;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueQuery;
use crate::atlassian::query;
use crate::atlassian::times;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::SlaMetric;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::add;

/// The tool `jira_get_issue_sla`.
#[derive(Debug)]
pub(crate) struct GetIssueSla;

/// Arguments of `jira_get_issue_sla`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Comma separated: `cycle_time`, `lead_time`, `time_in_status`, `due_date_compliance`, `resolution_time`,
    /// `first_response_time`. Without it the operator's choice.
    metrics: Option<String>,
    /// Count working hours alone; without it the operator's choice.
    working_hours_only: Option<bool>,
    /// Add the dates that it was worked out from.
    #[serde(default)]
    include_raw_dates: bool,
}

impl Args {
    fn metrics(&self) -> Result<Option<Vec<SlaMetric>>, ToolError> {
        let Some(text) = self.metrics.as_deref().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let metric = |name: &String| {
            let problem = || format!("`metrics` has `{name}`; there are {}", SlaMetric::names());
            SlaMetric::parse(name).ok_or_else(|| ToolError::Arguments(problem()))
        };
        query::listed(text).iter().map(metric).collect::<Result<_, _>>().map(Some)
    }
}

fn asked() -> IssueQuery {
    IssueQuery {
        fields: Fields::parse("status,created,updated,duedate,resolutiondate"),
        expand: vec!["changelog".to_owned()],
        properties: None,
        update_history: true,
    }
}

/// What the figures are worked out from.
struct History<'a> {
    issue: &'a Value,
    stays: Vec<Stay>,
    created: Option<Timestamp>,
    resolved: Option<Timestamp>,
    now: Timestamp,
    /// The hours that count; all of them without.
    hours: Option<&'a WorkingHours>,
}

impl<'a> History<'a> {
    fn of(issue: &'a Value, now: Timestamp, hours: Option<&'a WorkingHours>) -> Self {
        let time = |name: &str| {
            issue.pointer(&format!("/fields/{name}")).and_then(Value::as_str).and_then(times::parse)
        };
        let (created, resolved) = (time("created"), time("resolutiondate"));
        Self { issue, stays: stays(issue, now), created, resolved, now, hours }
    }

    fn minutes(&self, from: Timestamp, to: Timestamp) -> i64 {
        match self.hours {
            Some(hours) => hours.minutes(from, to),
            None => (to.as_second() - from.as_second()).max(0) / 60,
        }
    }

    fn measured(&self, from: Timestamp, to: Timestamp) -> Value {
        let minutes = self.minutes(from, to);
        json!({"calculated": true, "value_minutes": minutes, "formatted": formatted(minutes)})
    }

    fn figure(&self, metric: SlaMetric, working: &[String]) -> Value {
        match metric {
            SlaMetric::CycleTime => match (self.created, self.resolved) {
                (Some(created), Some(resolved)) => self.measured(created, resolved),
                (None, _) => not("the issue has no date of creation"),
                (_, None) => not(UNRESOLVED),
            },
            SlaMetric::LeadTime => {
                let minutes = self
                    .created
                    .map_or(0, |created| self.minutes(created, self.resolved.unwrap_or(self.now)));
                json!({"value_minutes": minutes, "formatted": formatted(minutes), "is_resolved": self.resolved.is_some()})
            }
            SlaMetric::TimeInStatus => self.time_in_status(),
            SlaMetric::DueDateCompliance => self.due_date(),
            SlaMetric::ResolutionTime => {
                let started = self.stays.iter().find(|stay| working.contains(&stay.status.to_lowercase()));
                match (self.resolved, started) {
                    (None, _) => not(UNRESOLVED),
                    (_, None) => not("the issue was never in a status of the category In Progress"),
                    (Some(resolved), Some(started)) => self.measured(started.entered, resolved),
                }
            }
            SlaMetric::FirstResponseTime => match (self.created, self.stays.get(1)) {
                (Some(created), Some(second)) => {
                    let mut shown = self.measured(created, second.entered);
                    add(&mut shown, "response_type", "transition");
                    shown
                }
                _ => not("the status was never changed"),
            },
        }
    }

    fn time_in_status(&self) -> Value {
        let mut totals: Vec<(&str, i64, u64)> = Vec::new();
        for stay in &self.stays {
            let minutes = self.minutes(stay.entered, stay.left.unwrap_or(self.now));
            match totals.iter_mut().find(|(status, ..)| *status == stay.status) {
                Some((_, total, visits)) => {
                    *total += minutes;
                    *visits += 1;
                }
                None => totals.push((&stay.status, minutes, 1)),
            }
        }
        totals.sort_by_key(|(_, minutes, _)| std::cmp::Reverse(*minutes));
        let sum: i64 = totals.iter().map(|(_, minutes, _)| minutes).sum();
        let shown = |(status, minutes, visits): (&str, i64, u64)| {
            // Two decimals are more than anybody reads.
            let hundredths = if sum > 0 { (minutes * 20_000 + sum) / (2 * sum) } else { 0 };
            let hundredths = u16::try_from(hundredths).unwrap_or(u16::MAX);
            json!({
                "status": status, "value_minutes": minutes, "formatted": formatted(minutes),
                "percentage": f64::from(hundredths) / 100.0, "visit_count": visits,
            })
        };
        json!({"statuses": totals.into_iter().map(shown).collect::<Vec<_>>(), "total_minutes": sum})
    }

    /// A day is over with its last second, by the clock of the operator's hours.
    fn due_date(&self) -> Value {
        let due = self.issue.pointer("/fields/duedate").and_then(Value::as_str);
        let due = due.and_then(|text| text.get(..10)?.parse::<jiff::civil::Date>().ok());
        let (Some(due), Some(resolved)) = (due, self.resolved) else {
            return json!({"status": if due.is_none() { "no_due_date" } else { "not_resolved" }});
        };
        let zone = self.hours.map_or(jiff::tz::TimeZone::UTC, |hours| hours.zone().clone());
        let Ok(end) = due.at(23, 59, 59, 0).to_zoned(zone) else { return json!({"status": "no_due_date"}) };
        let margin = (end.timestamp().as_second() - resolved.as_second()) / 60;
        let (status, word) = if end.timestamp() >= resolved { ("met", "early") } else { ("missed", "late") };
        json!({
            "status": status, "margin_minutes": margin,
            "formatted_margin": format!("{} {word}", formatted(margin.abs())),
        })
    }

    fn raw(&self) -> Value {
        let date =
            |name: &str| self.issue.pointer(&format!("/fields/{name}")).and_then(Value::as_str).map(moment);
        let change = |stay: &Stay| {
            let mut shown =
                json!({"status": stay.status, "entered_at": times::iso(&stay.entered.to_string())});
            if let Some(left) = stay.left {
                add(&mut shown, "exited_at", times::iso(&left.to_string()));
            }
            if let Some(by) = &stay.by {
                add(&mut shown, "transitioned_by", by.as_str());
            }
            shown
        };
        json!({
            "created": date("created"), "updated": date("updated"), "due_date": date("duedate"),
            "resolution_date": date("resolutiondate"),
            "current_status": self.issue.pointer("/fields/status/name"),
            "status_changes": self.stays.iter().map(change).collect::<Vec<_>>(),
        })
    }
}

const UNRESOLVED: &str = "the issue is not resolved";

fn not(reason: &str) -> Value {
    json!({"calculated": false, "reason": reason})
}

impl Tool for GetIssueSla {
    const SPEC: Spec = Spec {
        name: "jira_get_issue_sla",
        product: Product::Jira,
        toolset: "jira_metrics",
        core: false,
        description: "Work out how long a Jira issue took, by the calendar or in working hours: to be resolved, in each status, to the first response, against its due date. For the dates use jira_get_issue_dates.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), Some(asked()))]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        args.metrics().map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let metrics = args.metrics()?.unwrap_or_else(|| context.options.sla_metrics.clone());
        let brought = context.found.take_issue(&args.issue_key);
        let query = IssueQuery { update_history: context.visits, ..asked() };
        let key = context.found.present_key(args.issue_key);
        let issue = match brought {
            Some(issue) => issue,
            None => jira.issue(permit, &key, &query).await?,
        };
        let only = args.working_hours_only.unwrap_or(context.options.working_hours_only);
        let hours = only.then_some(&context.options.working_hours);
        let history = History::of(&issue, Timestamp::now(), hours);
        let working = if history.resolved.is_some() && metrics.contains(&SlaMetric::ResolutionTime) {
            jira.statuses_in_progress(permit).await?
        } else {
            Vec::new()
        };
        let figures: Map<String, Value> = SlaMetric::ALL
            .into_iter()
            .filter(|metric| metrics.contains(metric))
            .map(|metric| (metric.as_str().to_owned(), history.figure(metric, &working)))
            .collect();
        let mut shown = json!({"issue_key": issue.get("key"), "metrics": figures});
        if args.include_raw_dates {
            add(&mut shown, "raw_dates", history.raw());
        }
        if is_cut(&issue) {
            add(&mut shown, "complete", false);
        }
        Ok(Output::Object { actual: None, value: shown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue() -> Value {
        let change = |at: &str, from: &str, to: &str| json!({"created": at, "items": [{"field": "status", "fromString": from, "toString": to}]});
        json!({"key": "OPS-1", "fields": {
            "created": "2024-01-05T10:00:00.000+0000", "resolutiondate": "2024-01-08T10:00:00.000+0000",
            "duedate": "2024-01-08", "status": {"name": "Done"},
        }, "changelog": {"histories": [
            change("2024-01-05T12:00:00.000+0000", "To Do", "In Progress"),
            change("2024-01-08T10:00:00.000+0000", "In Progress", "Done"),
        ]}})
    }

    fn figures(hours: Option<&WorkingHours>) -> Vec<Value> {
        let issue = issue();
        let history = History::of(&issue, "2024-01-08T12:00:00Z".parse().unwrap(), hours);
        SlaMetric::ALL.map(|metric| history.figure(metric, &["in progress".to_owned()])).to_vec()
    }

    #[test]
    fn an_issue_is_measured_by_the_calendar() {
        let [cycle, lead, statuses, due, resolution, response] = &figures(None)[..] else {
            panic!("six figures")
        };
        assert_eq!((&cycle["value_minutes"], &cycle["formatted"]), (&json!(4320), &json!("3d 0h 0m")));
        assert_eq!((&lead["value_minutes"], &lead["is_resolved"]), (&json!(4320), &json!(true)));
        assert_eq!(statuses["total_minutes"], 4440);
        assert_eq!(statuses["statuses"][0]["status"], "In Progress");
        assert_eq!(statuses["statuses"][0]["percentage"], 94.59);
        assert_eq!((&due["status"], &due["formatted_margin"]), (&json!("met"), &json!("13h 59m early")));
        assert_eq!(resolution["value_minutes"], 4200);
        assert_eq!(
            (&response["value_minutes"], &response["response_type"]),
            (&json!(120), &json!("transition"))
        );
    }

    #[test]
    fn nights_and_weekends_are_left_out_on_request() {
        let days: Vec<String> = (1..=5).map(|day| day.to_string()).collect();
        let hours = WorkingHours::parse("09:00", "17:00", &days, "UTC").unwrap();
        let figures = figures(Some(&hours));
        // Seven hours of Friday and one of Monday.
        assert_eq!(figures[0]["value_minutes"], 480);
        assert_eq!(figures[4]["value_minutes"], 360);
    }

    #[test]
    fn what_cannot_be_measured_says_why() {
        let mut issue = issue();
        issue["fields"]["resolutiondate"] = Value::Null;
        let history = History::of(&issue, "2024-01-08T12:00:00Z".parse().unwrap(), None);
        assert_eq!(history.figure(SlaMetric::CycleTime, &[]), not(UNRESOLVED));
        assert_eq!(history.figure(SlaMetric::DueDateCompliance, &[])["status"], "not_resolved");
        let args: Args =
            serde_json::from_value(json!({"issue_key": "OPS-1", "metrics": "cycle_time, speed"})).unwrap();
        let problem = args.metrics().unwrap_err().to_string();
        assert!(problem.starts_with("`metrics` has `speed`; there are cycle_time, lead_time"), "{problem}");
    }
}

//! What happened in a period, counted: who did what where, what was denied and by which policies, what was never used.
//!
//! The same rows make the same report, whenever it is made.

mod chart;
mod html;
mod json;
mod limited;
mod markdown;
mod page;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::limited::Limited;
use super::Filter;
use super::Row;
use super::resource::places;
use super::shown;

/// How many lines a table has at most; the rest is counted together.
const MOST_LINES: usize = 2_000;

/// How many events are listed, the latest.
const MOST_EVENTS: usize = 200;

/// How a call ended, as far as a report tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Ok,
    Denied,
    Failed,
    Open,
}

impl Ending {
    const ALL: [(Self, &str); 4] = [
        (Self::Ok, "ok"),
        (Self::Denied, "denied"),
        (Self::Failed, "failed"),
        (Self::Open, "no known outcome"),
    ];

    fn of(row: &Row) -> Self {
        match row.outcome() {
            Some("ok") => Self::Ok,
            Some("denied") => Self::Denied,
            Some("unknown" | "abandoned") | None => Self::Open,
            Some(_) => Self::Failed,
        }
    }
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// A page that needs nothing else, for a browser or a printer.
    Html,
    /// Markdown with tables.
    Markdown,
    /// JSON, for a program.
    Json,
}

/// A policy that the report says whether it was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPolicy {
    /// Its id.
    pub id: String,
    /// `permit` or `forbid`.
    pub effect: String,
    /// The file it is in.
    pub file: String,
    /// Whether it is only tried.
    pub shadow: bool,
}

/// Counts rows.
#[derive(Debug, Default)]
pub struct Report {
    period: Option<(Timestamp, Timestamp)>,
    endings: BTreeMap<Ending, u64>,
    /// Of the questions whose credential it is, which are no calls.
    identified: BTreeMap<Ending, u64>,
    days: BTreeMap<Date, BTreeMap<Ending, u64>>,
    /// By caller and place.
    work: Limited<(String, String), Work>,
    /// By policy (none where no policy permitted it) and reason.
    denials: Limited<(String, String), Denials>,
    limits: Limited<String, LimitUses>,
    tried: Limited<String, Tried>,
    /// By address and reason.
    refusals: Limited<(String, String), Refusals>,
    events: std::collections::VecDeque<[String; 4]>,
    events_left_out: u64,
    decided: BTreeSet<String>,
}

/// What somebody did somewhere.
#[derive(Debug, Default)]
struct Work {
    reads: u64,
    writes: u64,
    denied: u64,
    failed: u64,
    tools: BTreeMap<String, u64>,
    last: Timestamp,
}

/// What a policy denied.
#[derive(Debug, Default)]
struct Denials {
    calls: u64,
    callers: BTreeSet<String>,
    tools: BTreeMap<String, u64>,
}

/// How a limit was used.
#[derive(Debug, Default)]
struct LimitUses {
    most: u64,
    of: u64,
    refused: BTreeMap<String, u64>,
}

/// What a policy that is only tried would have decided.
#[derive(Debug, Default)]
struct Tried {
    permits: u64,
    denials: u64,
    /// Calls that would have been decided otherwise.
    otherwise: u64,
}

/// What was refused before there was a call.
#[derive(Debug, Default)]
struct Refusals {
    requests: u64,
    last: Timestamp,
}

impl Report {
    /// Counts a row.
    pub fn add(&mut self, row: &Row) {
        let time = row.time();
        let (first, last) = self.period.unwrap_or((time, time));
        self.period = Some((first.min(time), last.max(time)));
        if row.call().is_some() {
            self.add_call(row);
        } else if row.is_refusal() {
            self.add_refusal(row);
        } else {
            self.add_event(row);
        }
    }

    /// The report, with the filter that its rows passed and the policies of which is to be said whether they were used.
    pub fn finish(&self, filter: &Filter, policies: Option<&[KnownPolicy]>, format: ReportFormat) -> String {
        let page = page::of(self, filter, policies);
        match format {
            ReportFormat::Html => html::page(&page),
            ReportFormat::Markdown => markdown::page(&page),
            ReportFormat::Json => json::page(&page),
        }
    }

    fn add_call(&mut self, row: &Row) {
        let ending = Ending::of(row);
        if row.is_identification() {
            *self.identified.entry(ending).or_default() += 1;
            return;
        }
        *self.endings.entry(ending).or_default() += 1;
        let day = row.time().to_zoned(TimeZone::UTC).date();
        *self.days.entry(day).or_default().entry(ending).or_default() += 1;
        let mut places = places(row.resources());
        if places.is_empty() {
            places.push("-".to_owned());
        }
        for place in places {
            self.work.at((who(row), place)).add(row, ending);
        }
        self.add_decision(row, ending);
        // What moved meanwhile is an event of a call, and nothing that may be overlooked.
        if row.records().any(|record| record.fields.stage == "event") {
            self.add_event(row);
        }
    }

    fn add_decision(&mut self, row: &Row, ending: Ending) {
        let Some(decision) = row.decision() else { return };
        self.decided.extend(decision.policies.iter().cloned());
        if ending == Ending::Denied {
            let reason = decision.reason.clone().unwrap_or_default();
            let none = vec!["-".to_owned()];
            let policies = if decision.policies.is_empty() { &none } else { &decision.policies };
            for policy in policies {
                let denials = self.denials.at((policy.clone(), reason.clone()));
                denials.calls += 1;
                denials.callers.insert(who(row));
                count(&mut denials.tools, row.tool());
                if reason == "limit" {
                    *self.limits.at(policy.clone()).refused.entry(who(row)).or_default() += 1;
                }
            }
        }
        for limit in &decision.limits {
            let uses = self.limits.at(limit.policy.clone());
            uses.most = uses.most.max(limit.used);
            uses.of = limit.of;
        }
        if let Some(shadow) = &decision.shadow {
            self.decided.extend(shadow.policies.iter().cloned());
            for policy in &shadow.policies {
                let tried = self.tried.at(policy.clone());
                *(if shadow.effect == "deny" { &mut tried.denials } else { &mut tried.permits }) += 1;
                tried.otherwise += u64::from(shadow.effect != decision.effect);
            }
        }
    }

    fn add_refusal(&mut self, row: &Row) {
        let fields = &row.last().fields;
        let address = fields.address.clone().unwrap_or_else(|| "-".to_owned());
        let reason = match (&fields.reason, &fields.tool) {
            (Some(reason), _) => reason.clone(),
            (None, Some(tool)) => format!("unknown tool {tool}"),
            (None, None) => "-".to_owned(),
        };
        let refusals = self.refusals.at((address, reason));
        refusals.requests += fields.count.unwrap_or(1);
        refusals.last = refusals.last.max(row.time());
    }

    fn add_event(&mut self, row: &Row) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
            self.events_left_out += 1;
        }
        let [_, code, who, what, _, _, _, _, details] = shown::cells(row);
        self.events.push_back([moment(row.time()), format!("{code} {what}"), who, details]);
    }
}

impl Work {
    fn add(&mut self, row: &Row, ending: Ending) {
        let writes = row.latest(|fields| fields.access.as_deref()) == Some("write");
        let counted = match ending {
            Ending::Denied => &mut self.denied,
            Ending::Failed => &mut self.failed,
            Ending::Ok | Ending::Open if writes => &mut self.writes,
            Ending::Ok | Ending::Open => &mut self.reads,
        };
        *counted += 1;
        count(&mut self.tools, row.tool());
        self.last = self.last.max(row.time());
    }
}

fn who(row: &Row) -> String {
    row.who().unwrap_or_else(|| "-".to_owned())
}

fn count(counts: &mut BTreeMap<String, u64>, name: Option<&str>) {
    if let Some(name) = name {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
}

/// A moment as a report has it, in UTC.
fn moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

//! What a report says, before it is HTML or Markdown.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::Denials;
use super::Ending;
use super::KnownPolicy;
use super::LimitUses;
use super::Refusals;
use super::Report;
use super::Work;
use super::moment;
use crate::audit::read::Filter;

/// How many bars a chart has at most before they stand for more time.
const MOST_BARS: usize = 62;

/// How many tools a line names.
const MOST_TOOLS: usize = 3;

/// A report.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) title: String,
    /// What it was made with, by name.
    pub(super) filters: Vec<(&'static str, String)>,
    pub(super) sections: Vec<Section>,
}

/// A part of a report.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) title: String,
    /// What has to be known to read it.
    pub(super) note: String,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    Table(Table),
    Chart(Chart),
}

/// A table. Columns of numbers stand to the right.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Text(&'static str),
    Number(&'static str),
}

impl Column {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Text(title) | Self::Number(title) => title,
        }
    }
}

/// Bars over time, each of parts in the order of [`Ending::ALL`].
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) bars: Vec<(String, [u64; 4])>,
}

impl Chart {
    pub(super) fn highest(&self) -> u64 {
        self.bars.iter().map(|(_, parts)| parts.iter().sum()).max().unwrap_or_default()
    }
}

pub(super) fn of(report: &Report, filter: &Filter, policies: Option<&[KnownPolicy]>) -> Page {
    let title = match report.period {
        Some((first, last)) => format!("Audit report, {} to {} (UTC)", moment(first), moment(last)),
        None => "Audit report: nothing was recorded".to_owned(),
    };
    let filters = filter.described();
    let mut sections =
        vec![made_with(&filters), calls(report), over_time(report), work(report), denials(report)];
    sections.extend(policies.map(|policies| unused(report, policies)));
    sections.extend([limits(report), tried(report), identified(report), refusals(report), events(report)]);
    Page { title, filters, sections }
}

/// What is left out must be said, or a report of one person reads as one of all.
fn made_with(filters: &[(&'static str, String)]) -> Section {
    let note = if filters.is_empty() {
        "No filter was set: everything that the log has is counted."
    } else {
        "Only what all of these take is counted."
    };
    let rows = filters.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect();
    table("Filters", note, &[Column::Text("Filter"), Column::Text("Takes")], rows)
}

fn table(title: &str, note: &str, columns: &[Column], rows: Vec<Vec<String>>) -> Section {
    let body = Body::Table(Table { columns: columns.to_vec(), rows });
    Section { title: title.to_owned(), note: note.to_owned(), body }
}

fn calls(report: &Report) -> Section {
    let rows = by_ending(&report.endings);
    table("Calls", "How calls of tools ended.", &[Column::Text("Ended"), Column::Number("Calls")], rows)
}

fn identified(report: &Report) -> Section {
    let note = "How often Atlassian was asked whose credential a caller brought. That is no call, and in no \
                other number here.";
    let columns = [Column::Text("Ended"), Column::Number("Questions")];
    table("Credentials asked for", note, &columns, by_ending(&report.identified))
}

fn by_ending(endings: &BTreeMap<Ending, u64>) -> Vec<Vec<String>> {
    let of = |ending: &Ending| endings.get(ending).copied().unwrap_or_default();
    let mut rows: Vec<Vec<String>> =
        Ending::ALL.iter().map(|(ending, word)| vec![(*word).to_owned(), of(ending).to_string()]).collect();
    rows.push(vec!["all".to_owned(), endings.values().sum::<u64>().to_string()]);
    rows
}

/// The time that a bar stands for.
struct Unit {
    name: &'static str,
    /// The first day of the unit that a day is in.
    begin: fn(Date) -> Date,
    /// The first day of the unit after the one that begins with a day.
    next: fn(Date) -> Date,
}

const DAY: Unit = Unit { name: "day", begin: |day| day, next: |day| day.saturating_add(1.day()) };
const WEEK: Unit = Unit { name: "week", begin: monday, next: |day| day.saturating_add(7.days()) };
const MONTH: Unit =
    Unit { name: "month", begin: Date::first_of_month, next: |day| day.saturating_add(1.month()) };
const UNITS: [Unit; 3] = [DAY, WEEK, MONTH];

/// Days, or weeks or months where there are too many.
fn over_time(report: &Report) -> Section {
    let fits = |unit: &&Unit| bars(report, unit).len() <= MOST_BARS;
    let unit = UNITS.iter().find(fits).unwrap_or(&MONTH);
    let bars = bars(report, unit);
    Section {
        title: format!("Calls per {}", unit.name),
        note: "By how they ended, in UTC.".to_owned(),
        body: Body::Chart(Chart { bars }),
    }
}

/// The Monday of a day's week.
fn monday(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}

/// The bars from the first to the last, also those of nothing; only those of something where that would be too many
/// however long one stands for.
fn bars(report: &Report, Unit { begin, next, .. }: &Unit) -> Vec<(String, [u64; 4])> {
    let mut counts: BTreeMap<Date, [u64; 4]> = BTreeMap::new();
    let days = || report.days.keys();
    if let (Some(first), Some(last)) = (days().next(), days().next_back()) {
        let all =
            std::iter::successors(Some(begin(*first)), |day| Some(next(*day)).filter(|next| next > day));
        counts.extend(all.take_while(|day| day <= last).take(10 * MOST_BARS).map(|day| (day, [0; 4])));
    }
    for (day, endings) in &report.days {
        let parts = counts.entry(begin(*day)).or_default();
        for (part, (ending, _)) in parts.iter_mut().zip(Ending::ALL) {
            *part += endings.get(&ending).copied().unwrap_or_default();
        }
    }
    counts.into_iter().map(|(day, parts)| (day.to_string(), parts)).collect()
}

fn work(report: &Report) -> Section {
    let line = |who: &str, place: &str, work: &Work| {
        let counts = [work.reads, work.writes, work.denied, work.failed].map(|count| count.to_string());
        [vec![who.to_owned(), place.to_owned()], counts.to_vec(), vec![most(&work.tools), moment(work.last)]]
            .concat()
    };
    let mut rows: Vec<Vec<String>> =
        report.work.each().map(|((who, place), work)| line(who, place, work)).collect();
    rows.extend(report.work.others().map(|work| line("others", "others", work)));
    table(
        "Who did what where",
        "A call on several projects or spaces stands in each of them.",
        &[
            Column::Text("Who"),
            Column::Text("Project or space"),
            Column::Number("Reads"),
            Column::Number("Writes"),
            Column::Number("Denied"),
            Column::Number("Failed"),
            Column::Text("Most used tools"),
            Column::Text("Last call"),
        ],
        rows,
    )
}

fn denials(report: &Report) -> Section {
    let line = |policy: &str, reason: &str, denials: &Denials| {
        let (calls, callers) = (denials.calls.to_string(), denials.callers.len().to_string());
        vec![policy.to_owned(), reason.to_owned(), calls, callers, most(&denials.tools)]
    };
    let mut rows: Vec<Vec<String>> =
        report.denials.each().map(|((policy, reason), denials)| line(policy, reason, denials)).collect();
    rows.extend(report.denials.others().map(|denials| line("others", "", denials)));
    table(
        "Denials by policy",
        "Where no policy is named, none permitted the call.",
        &[
            Column::Text("Policy"),
            Column::Text("Reason"),
            Column::Number("Calls"),
            Column::Number("Callers"),
            Column::Text("Most used tools"),
        ],
        rows,
    )
}

fn unused(report: &Report, policies: &[KnownPolicy]) -> Section {
    let unused = policies.iter().filter(|policy| !report.decided.contains(&policy.id)).map(|policy| {
        let mode = if policy.shadow { "only tried" } else { "in force" };
        vec![policy.id.clone(), policy.effect.clone(), mode.to_owned(), policy.file.clone()]
    });
    let rows: Vec<Vec<String>> = unused.collect();
    let note = format!(
        "{} of {} policies decided no call in the period. What a policy only filters out of results is not in the log.",
        rows.len(),
        policies.len()
    );
    let columns =
        [Column::Text("Policy"), Column::Text("Effect"), Column::Text("Mode"), Column::Text("File")];
    table("Unused permissions", &note, &columns, rows)
}

fn limits(report: &Report) -> Section {
    let line = |policy: &str, uses: &LimitUses| {
        let of = |count: u64| if uses.of == 0 { "-".to_owned() } else { count.to_string() };
        let refused = uses.refused.values().sum::<u64>().to_string();
        vec![policy.to_owned(), of(uses.of), of(uses.most), refused, most(&uses.refused)]
    };
    let mut rows: Vec<Vec<String>> = report.limits.each().map(|(policy, uses)| line(policy, uses)).collect();
    rows.extend(report.limits.others().map(|uses| line("others", uses)));
    table(
        "Limits",
        "How far limits were used by one caller, and whose calls were denied because one was used up.",
        &[
            Column::Text("Policy"),
            Column::Number("Limit"),
            Column::Number("Most used"),
            Column::Number("Denied"),
            Column::Text("Callers denied most"),
        ],
        rows,
    )
}

fn tried(report: &Report) -> Section {
    let rows = report.tried.each().map(|(policy, tried)| {
        let counts = [tried.permits, tried.denials, tried.otherwise].map(|count| count.to_string());
        [vec![policy.clone()], counts.to_vec()].concat()
    });
    table(
        "Policies that are only tried",
        "What they would have decided, and how often that is not what was decided.",
        &[
            Column::Text("Policy"),
            Column::Number("Would permit"),
            Column::Number("Would deny"),
            Column::Number("Otherwise"),
        ],
        rows.collect(),
    )
}

fn refusals(report: &Report) -> Section {
    let line = |address: &str, reason: &str, refusals: &Refusals| {
        vec![address.to_owned(), reason.to_owned(), refusals.requests.to_string(), moment(refusals.last)]
    };
    let mut rows: Vec<Vec<String>> =
        report.refusals.each().map(|((address, reason), refusals)| line(address, reason, refusals)).collect();
    rows.extend(report.refusals.others().map(|refusals| line("others", "", refusals)));
    table(
        "Refusals by address",
        "Requests that were refused before there was a call.",
        &[Column::Text("Address"), Column::Text("Reason"), Column::Number("Requests"), Column::Text("Last")],
        rows,
    )
}

fn events(report: &Report) -> Section {
    let rows = report.events.iter().map(|event| event.to_vec()).collect();
    let note = match report.events_left_out {
        0 => "Starts, stops, changes of policies and what else is no call.".to_owned(),
        count => format!("The latest; {count} more came before."),
    };
    let columns = [Column::Text("Time"), Column::Text("What"), Column::Text("Who"), Column::Text("Details")];
    table("Events", &note, &columns, rows)
}

/// The names with the highest counts; of equal ones, the first in the alphabet.
fn most(counts: &BTreeMap<String, u64>) -> String {
    let mut named: Vec<(&String, &u64)> = counts.iter().collect();
    named.sort_by(|one, other| other.1.cmp(one.1).then_with(|| one.0.cmp(other.0)));
    let shown = named.iter().take(MOST_TOOLS).map(|(name, count)| format!("{name} ({count})"));
    let more = named.len().saturating_sub(MOST_TOOLS);
    let more = (more > 0).then(|| format!("{more} more"));
    shown.chain(more).collect::<Vec<_>>().join(", ")
}

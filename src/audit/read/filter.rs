//! Which rows are wanted.

use super::Moment;
use super::REFUSED;
use super::Row;
use super::resource::Named;

/// Which rows are wanted: those that each of these takes. An empty list takes all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Not before this.
    pub since: Option<Moment>,
    /// Before this.
    pub until: Option<Moment>,
    /// Who called: `ann`, `service:backup`.
    pub principals: Vec<String>,
    /// Tools.
    pub tools: Vec<String>,
    /// Keys of projects and spaces; `site/KEY` of one that is not on the default site.
    pub projects: Vec<String>,
    /// `permit` or `deny`.
    pub decision: Option<String>,
    /// Codes; a call has those of all its records.
    pub codes: Vec<String>,
    /// Ids of calls, or of decisions.
    pub calls: Vec<String>,
    /// Words for how a call ended, or [`REFUSED`].
    pub outcomes: Vec<String>,
}

impl Filter {
    /// Whether a row is wanted.
    pub fn takes(&self, row: &Row) -> bool {
        self.in_time(row)
            && any(&self.calls, |id| {
                row.call() == Some(id) || row.decision().is_some_and(|decision| decision.id == *id)
            })
            && any(&self.codes, |code| row.records().any(|record| record.fields.code == code))
            && any(&self.tools, |tool| row.tool() == Some(tool))
            && any(&self.outcomes, |outcome| {
                row.outcome() == Some(outcome) || (outcome == REFUSED && row.is_refusal())
            })
            && self
                .decision
                .as_ref()
                .is_none_or(|effect| row.decision().is_some_and(|it| it.effect == *effect))
            && (self.principals.is_empty() || row.who().is_some_and(|who| self.principals.contains(&who)))
            && any(&self.projects, |project| {
                row.resources().iter().any(|name| Named::read(name).is_some_and(|it| it.is_within(project)))
            })
    }

    /// What it takes, by name, for whoever reads what came of it.
    pub fn described(&self) -> Vec<(&'static str, String)> {
        let moment = |moment: Moment| moment.time().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        let one_of = |words: &[String]| (!words.is_empty()).then(|| words.join(", "));
        let told = [
            ("since", self.since.map(moment)),
            ("until", self.until.map(moment)),
            ("principal", one_of(&self.principals)),
            ("tool", one_of(&self.tools)),
            ("project", one_of(&self.projects)),
            ("decision", self.decision.clone()),
            ("code", one_of(&self.codes)),
            ("call", one_of(&self.calls)),
            ("outcome", one_of(&self.outcomes)),
        ];
        told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn in_time(&self, row: &Row) -> bool {
        let time = row.time();
        self.since.is_none_or(|since| time >= since.time())
            && self.until.is_none_or(|until| time < until.time())
    }
}

fn any(wanted: &[String], is: impl Fn(&str) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| is(one))
}

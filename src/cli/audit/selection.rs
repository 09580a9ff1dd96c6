//! Which part of which log a command reads.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;

use crate::audit::Code;
use crate::audit::Ending;
use crate::audit::read::Filter;
use crate::audit::read::Moment;
use crate::audit::read::REFUSED;
use crate::audit::read::ReadError;
use crate::audit::read::Records;
use crate::audit::read::Row;
use crate::audit::read::Rows;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::load;
use crate::cli::output;
use crate::policy::ToolFacts;
use crate::tools;

/// What records name where it was only asked whose credential it is.
const IDENTIFY: &str = "identify";

/// The log, and filters. A filter that is given again takes one or the other; different filters take what all of them do.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Files of a log, or their directory; without one, the log of the configuration.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// From when on: `2026-11-29T05:40:00Z`, `2026-11-29` (in UTC), or a span before now such as `2h`, `7d`.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until when, likewise.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Who called: the id of a user, `service:NAME`, or `named:NAME` where only the name is known by which a user came.
    #[arg(long, value_name = "ID")]
    principal: Vec<String>,
    /// A tool.
    #[arg(long)]
    tool: Vec<String>,
    /// The key of a project or space; what lies in it is in it. `SITE/KEY` says of which site as well.
    #[arg(long, value_name = "KEY")]
    project: Vec<String>,
    /// What was decided.
    #[arg(long, value_parser = ["permit", "deny"])]
    decision: Option<String>,
    /// A code, such as `PC1004`: see `portcullis audit events`.
    #[arg(long, value_parser = codes(), hide_possible_values = true)]
    code: Vec<String>,
    /// The id of a call, or of a decision.
    #[arg(long, value_name = "ID")]
    call: Vec<String>,
    /// How calls ended; `refused` takes requests that were refused before they were calls.
    #[arg(long, value_name = "WORD", value_parser = outcomes())]
    outcome: Vec<String>,
}

/// A code that there is not would find nothing, and nothing found reads as nothing happened.
fn codes() -> PossibleValuesParser {
    PossibleValuesParser::new(Code::ALL.iter().map(|code| code.as_str()))
}

fn outcomes() -> PossibleValuesParser {
    PossibleValuesParser::new(Ending::ALL.iter().map(|ending| ending.as_str()).chain([REFUSED]))
}

impl Selection {
    /// The files and directories.
    pub(super) fn paths(&self, cli: &Cli) -> Result<Vec<PathBuf>, Failure> {
        paths(&self.paths, cli)
    }

    /// The filters.
    pub(super) fn filter(&self) -> Result<Filter, Failure> {
        // A log may be older than the tools of today, so such a name is looked for all the same.
        for unknown in self.tool.iter().filter(|name| *name != IDENTIFY && tools::find(name).is_none()) {
            output::complain(&format!("warning: {}", ToolFacts::unknown(unknown, &tools::facts())));
        }
        let now = Timestamp::now();
        let moment = |text: &Option<String>| {
            text.as_ref().map(|text| Moment::parse(text, now)).transpose().map_err(Failure::usage)
        };
        Ok(Filter {
            since: moment(&self.since)?,
            until: moment(&self.until)?,
            principals: self.principal.clone(),
            tools: self.tool.clone(),
            projects: self.project.clone(),
            decision: self.decision.clone(),
            codes: self.code.clone(),
            calls: self.call.clone(),
            outcomes: self.outcome.clone(),
        })
    }

    /// Whether it names calls.
    pub(super) fn names_calls(&self) -> bool {
        !self.call.is_empty()
    }

    /// Hands on every call and every other record that is wanted; stops where `take` says that it wants no more.
    pub(super) fn each(
        &self,
        cli: &Cli,
        take: impl FnMut(Row) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.each_of(cli, &self.filter()?, take)
    }

    /// The same with a filter that [`Self::filter`] gave before.
    pub(super) fn each_of(
        &self,
        cli: &Cli,
        filter: &Filter,
        take: impl FnMut(Row) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        each(&mut Rows::of_calls(records(&self.paths(cli)?)?), filter, take)
    }
}

/// Hands on the rows that a filter takes, and says what has to be said of the files.
pub(super) fn each(
    rows: &mut Rows,
    filter: &Filter,
    mut take: impl FnMut(Row) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    for row in rows.by_ref() {
        let row = row.map_err(unreadable)?;
        if filter.takes(&row) && !take(row)? {
            return Ok(());
        }
    }
    for note in rows.notes() {
        output::complain(note);
    }
    Ok(())
}

/// What was named, or the log of the configuration.
pub(super) fn paths(named: &[PathBuf], cli: &Cli) -> Result<Vec<PathBuf>, Failure> {
    if named.is_empty() { Ok(vec![load(cli)?.settings.audit.directory]) } else { Ok(named.to_vec()) }
}

pub(super) fn records(paths: &[PathBuf]) -> Result<Records, Failure> {
    Records::of(paths).map_err(unreadable)
}

pub(super) fn unreadable(error: ReadError) -> Failure {
    Failure::unreadable(error)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        selection: Selection,
    }

    #[test]
    fn a_word_that_there_is_not_is_refused_with_the_nearest_and_all_of_them() {
        let refused =
            |option: &str, word: &str| Line::try_parse_from(["show", option, word]).unwrap_err().to_string();
        for (option, word, nearest, another) in [
            ("--outcome", "dennied", "'denied'", "upstream_unreachable"),
            ("--outcome", "zzz", "", "abandoned"),
            ("--code", "PC104", "'PC1004'", "PC2003"),
            ("--code", "pc1004", "'PC1004'", "PC0018"),
            ("--decision", "denied", "'deny'", "permit"),
        ] {
            let told = refused(option, word);
            assert!(told.contains(&format!("invalid value '{word}' for '{option}")), "{told}");
            assert!(told.contains("possible values:") && told.contains(another), "{told}");
            // What is near nothing has no nearest one.
            assert_eq!(!nearest.is_empty(), told.contains("a similar value exists"), "{told}");
            assert!(told.contains(nearest), "{told}");
        }
        for ending in Ending::ALL.iter().map(|ending| ending.as_str()).chain(["refused"]) {
            assert!(Line::try_parse_from(["show", "--outcome", ending]).is_ok(), "{ending}");
        }
        for code in Code::ALL {
            assert!(Line::try_parse_from(["show", "--code", code.as_str()]).is_ok(), "{code:?}");
        }
    }
}

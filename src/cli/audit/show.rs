//! `portcullis audit show`: the log as a table, or its records as they are.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::selection;
use super::selection::Selection;
use crate::audit::read;
use crate::audit::read::COLUMNS;
use crate::audit::read::Filter;
use crate::audit::read::Row;
use crate::audit::read::Rows;
use crate::audit::read::Table;
use crate::audit::read::Tail;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::output;
use crate::cli::output::Lines;

/// How many rows a table is laid out for.
const SAMPLE: usize = 500;

/// How often it is looked for new records.
const PAUSE: Duration = Duration::from_millis(200);

/// Arguments of `portcullis audit show`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Show each record as a row of its own; without it, all records of one call are one row.
    #[arg(long)]
    records: bool,
    /// Print the records themselves, one JSON object on each line.
    #[arg(long)]
    json: bool,
    /// Go on with what is added, also in new files, until the command is ended.
    #[arg(long)]
    follow: bool,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let (paths, filter) = (arguments.selection.paths(cli)?, arguments.selection.filter()?);
    let records = selection::records(&paths)?;
    let mut rows = if arguments.records { Rows::of_records(records) } else { Rows::of_calls(records) };
    let mut printer = Printer::new(arguments);
    if arguments.follow {
        return follow(paths, rows, &filter, printer);
    }
    selection::each(&mut rows, &filter, |row| printer.take(&row))?;
    printer.finish()
}

/// What there is, and then what comes.
fn follow(paths: Vec<PathBuf>, mut rows: Rows, filter: &Filter, mut printer: Printer) -> Result<(), Failure> {
    printer.lay_out()?;
    while let Some(row) = rows.next_whole() {
        let row = row.map_err(selection::unreadable)?;
        if filter.takes(&row) && !printer.take(&row)? {
            return Ok(());
        }
    }
    let (records, mut folder) = rows.into_parts();
    let mut tail = Tail::new(paths, records.positions());
    while printer.lines.flush()? {
        for record in tail.poll().map_err(selection::unreadable)? {
            let row = match &mut folder {
                Some(folder) => folder.push(record),
                None => Some(Row::alone(record)),
            };
            if let Some(row) = row.filter(|row| filter.takes(row)) {
                printer.take(&row)?;
            }
        }
        for note in tail.take_notes() {
            output::complain(&note);
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Prints rows, as JSON or as a table that is laid out for the first of them.
struct Printer {
    lines: Lines,
    json: bool,
    /// Whether the decision is told below each row.
    decisions: bool,
    table: Option<Table<9>>,
    waiting: Vec<([String; 9], Option<String>)>,
}

impl Printer {
    fn new(arguments: &Arguments) -> Self {
        let decisions = arguments.selection.names_calls();
        Self { lines: Lines::new(), json: arguments.json, decisions, table: None, waiting: Vec::new() }
    }

    /// Prints a row. False if nobody reads any more.
    fn take(&mut self, row: &Row) -> Result<bool, Failure> {
        if self.json {
            for record in row.records() {
                self.lines.say(&record.line)?;
            }
            return Ok(self.lines.is_read());
        }
        let cells = read::cells(row);
        let decided = self.decisions.then(|| read::decided(row)).flatten();
        match &self.table {
            Some(table) => {
                self.lines.say(&table.line(&cells))?;
                self.tell(decided)?;
            }
            None => self.waiting.push((cells, decided)),
        }
        if self.waiting.len() >= SAMPLE {
            self.lay_out()?;
        }
        Ok(self.lines.is_read())
    }

    /// Says what was decided, below the row of the call.
    fn tell(&mut self, decided: Option<String>) -> Result<(), Failure> {
        decided.map_or(Ok(()), |decided| self.lines.say(&format!("  {decided}")))
    }

    fn finish(mut self) -> Result<(), Failure> {
        if self.table.is_none() {
            self.lay_out()?;
        }
        self.lines.flush().map(drop)
    }

    /// Lays the table out for the rows that wait, and prints them.
    fn lay_out(&mut self) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        let table = Table::for_rows(COLUMNS, self.waiting.iter().map(|(cells, _)| cells));
        self.lines.say(&table.head())?;
        for (cells, decided) in std::mem::take(&mut self.waiting) {
            self.lines.say(&table.line(&cells))?;
            self.tell(decided)?;
        }
        self.table = Some(table);
        Ok(())
    }
}

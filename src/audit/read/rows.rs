//! Records put together: all that belong to one call are one row.

use std::collections::BTreeMap;
use std::collections::HashMap;

use jiff::Timestamp;

use super::ReadError;
use super::Record;
use super::Records;
use super::record::fields::Decision;
use super::record::fields::Fields;

/// How many calls may be under way at once. The one that began first is then taken as it is: a log that was made up must
/// not fill the memory.
const MOST_CALLS: usize = 10_000;

/// How many records of one call are put together.
const MOST_RECORDS: usize = 100;

/// The records of one call, or one record that belongs to none. There is at least one.
#[derive(Debug, Clone)]
pub struct Row {
    earlier: Vec<Record>,
    last: Record,
    /// Whether what else is known of the call was left out.
    single: bool,
}

impl Row {
    /// One record as a row of its own, whatever else there is of its call.
    pub fn alone(record: Record) -> Self {
        Self { earlier: Vec::new(), last: record, single: true }
    }

    fn together(mut records: Vec<Record>) -> Option<Self> {
        let last = records.pop()?;
        Some(Self { earlier: records, last, single: false })
    }

    /// Whether it is one record of a call and not all that there is of it: how the call ended is then said elsewhere.
    pub fn is_single(&self) -> bool {
        self.single
    }

    /// Its records, in their order.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.earlier.iter().chain([&self.last])
    }

    /// The last of its records: of a call that has ended, the outcome.
    pub fn last(&self) -> &Record {
        &self.last
    }

    /// The latest that its records say of something.
    pub fn latest<'r, T>(&'r self, said: impl Fn(&'r Fields) -> Option<T>) -> Option<T> {
        std::iter::once(&self.last).chain(self.earlier.iter().rev()).find_map(|record| said(&record.fields))
    }

    /// When the last of its records was made.
    pub fn time(&self) -> Timestamp {
        self.last.fields.time
    }

    /// When the first of its records was made.
    pub fn began(&self) -> Timestamp {
        self.earlier.first().unwrap_or(&self.last).fields.time
    }

    /// The call, if it is one.
    pub fn call(&self) -> Option<&str> {
        self.last.fields.call.as_deref()
    }

    /// Whether it is a request that was refused before it was a call, or more of them.
    pub fn is_refusal(&self) -> bool {
        self.last.fields.stage == "refusal"
    }

    /// Whether it only says whose a credential is.
    pub fn is_identification(&self) -> bool {
        self.tool() == Some("identify")
    }

    /// Who it was: a user by its id, a service as `service:NAME`, else the name by which the caller came as `named:NAME`, or
    /// the user of the operating system.
    pub fn who(&self) -> Option<String> {
        let principal = self.latest(|fields| fields.principal.as_ref()).map(|who| match who.kind.as_str() {
            "user" => who.id.clone(),
            kind => format!("{kind}:{}", who.id),
        });
        let named =
            || self.latest(|fields| fields.named.as_ref()).map(|named| format!("named:{}", named.name));
        principal.or_else(named).or_else(|| self.latest(|fields| fields.os_user.clone()))
    }

    /// The tool.
    pub fn tool(&self) -> Option<&str> {
        self.latest(|fields| fields.tool.as_deref())
    }

    /// What it is on, and what that lies in.
    pub fn resources(&self) -> &[String] {
        self.latest(|fields| (!fields.resources.is_empty()).then_some(fields.resources.as_slice()))
            .unwrap_or_default()
    }

    /// What was decided.
    pub fn decision(&self) -> Option<&Decision> {
        self.latest(|fields| fields.decision.as_ref())
    }

    /// How it ended: a word for calls, nothing for the others and for calls that have no outcome.
    pub fn outcome(&self) -> Option<&str> {
        self.latest(|fields| fields.outcome.as_deref())
    }
}

/// Puts the records of calls together, as they come.
#[derive(Debug, Default)]
pub struct Folder {
    calls: HashMap<String, Open>,
    /// The calls by the number of their first record.
    order: BTreeMap<u64, String>,
    begun: u64,
}

/// A call that has no outcome yet.
#[derive(Debug)]
struct Open {
    number: u64,
    records: Vec<Record>,
}

impl Folder {
    /// Takes a record; gives the row that it makes whole.
    pub fn push(&mut self, record: Record) -> Option<Row> {
        let Some(call) = record.fields.call.clone() else { return Some(Row::alone(record)) };
        let ends = record.fields.stage == "outcome";
        let number = self.begun;
        let open = self.calls.entry(call.clone()).or_insert_with(|| Open { number, records: Vec::new() });
        if open.records.is_empty() {
            self.order.insert(number, call.clone());
            self.begun += 1;
        }
        open.records.push(record);
        if ends || open.records.len() >= MOST_RECORDS {
            return self.close(&call);
        }
        (self.calls.len() > MOST_CALLS).then(|| self.first()).flatten()
    }

    /// The calls that have no outcome, in the order they began in.
    pub fn rest(&mut self) -> Vec<Row> {
        std::iter::from_fn(|| self.first()).collect()
    }

    fn first(&mut self) -> Option<Row> {
        let call = self.order.first_key_value().map(|(_, call)| call.clone())?;
        self.close(&call)
    }

    fn close(&mut self, call: &str) -> Option<Row> {
        let open = self.calls.remove(call)?;
        self.order.remove(&open.number);
        Row::together(open.records)
    }
}

/// The rows of a log.
#[derive(Debug)]
pub struct Rows {
    records: Records,
    /// Nothing where each record is a row.
    folder: Option<Folder>,
    rest: std::vec::IntoIter<Row>,
}

impl Rows {
    /// Calls, and records that belong to none. Calls without an outcome come last.
    pub fn of_calls(records: Records) -> Self {
        Self { records, folder: Some(Folder::default()), rest: Vec::new().into_iter() }
    }

    /// Each record as a row of its own.
    pub fn of_records(records: Records) -> Self {
        Self { records, folder: None, rest: Vec::new().into_iter() }
    }

    /// The records, read as far as rows were taken, and the calls that are not whole.
    pub fn into_parts(self) -> (Records, Option<Folder>) {
        (self.records, self.folder)
    }

    /// What [`Records::notes`] says.
    pub fn notes(&self) -> &[String] {
        self.records.notes()
    }

    /// The next row that is whole.
    pub fn next_whole(&mut self) -> Option<Result<Row, ReadError>> {
        for record in self.records.by_ref() {
            let row = match (record, &mut self.folder) {
                (Err(error), _) => return Some(Err(error)),
                (Ok(record), None) => Some(Row::alone(record)),
                (Ok(record), Some(folder)) => folder.push(record),
            };
            if let Some(row) = row {
                return Some(Ok(row));
            }
        }
        None
    }
}

impl Iterator for Rows {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.next_whole() {
            return Some(row);
        }
        if let Some(folder) = self.folder.take() {
            self.rest = { folder }.rest().into_iter();
        }
        self.rest.next().map(Ok)
    }
}

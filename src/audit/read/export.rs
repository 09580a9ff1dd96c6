//! Rows in the forms that others take: OCSF, ECS, CEF and CSV. One line each, for a call as well.

mod cef;
mod csv;
mod ecs;
mod ocsf;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use serde_json::Map;
use serde_json::Value;

use super::Row;
use super::plain::is_hostile;
use crate::audit::Code;

/// A form that rows are exported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Events of OCSF 1.6.0, as JSON Lines.
    Ocsf,
    /// Documents of the Elastic Common Schema, as JSON Lines.
    Ecs,
    /// The Common Event Format of `ArcSight`.
    Cef,
    /// Comma-separated values (RFC 4180), for people with spreadsheets.
    Csv,
}

impl Format {
    /// All of them, by name.
    pub const ALL: &[(&str, Self)] =
        &[("ocsf", Self::Ocsf), ("ecs", Self::Ecs), ("cef", Self::Cef), ("csv", Self::Csv)];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// The line above all others, if it has one.
    pub fn head(self) -> Option<String> {
        (self == Self::Csv).then(csv::head)
    }

    /// The line of a row.
    pub fn line(self, row: &Row) -> String {
        match self {
            Self::Ocsf => json_line(&ocsf::event(row)),
            Self::Ecs => json_line(&ecs::document(row)),
            Self::Cef => cef::line(row),
            Self::Csv => csv::line(row),
        }
    }
}

/// Whether what was asked for was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Success,
    Failure,
    /// It has no outcome, or one that says that nobody knows.
    Unknown,
}

impl Status {
    fn of(row: &Row) -> Self {
        match (row.outcome(), row.last().fields.stage.as_str()) {
            (Some("ok"), _) => Self::Success,
            (Some("unknown" | "abandoned"), _) => Self::Unknown,
            (Some(_), _) | (None, "refusal") => Self::Failure,
            (None, _) if row.call().is_some() => Self::Unknown,
            (None, _) => Self::Success,
        }
    }
}

/// How much somebody should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Informational,
    Low,
    Medium,
    High,
}

impl Severity {
    fn of(row: &Row) -> Self {
        let has = |code: Code| row.records().any(|record| record.fields.code == code.as_str());
        match (row.outcome(), Status::of(row)) {
            _ if has(Code::Misplaced) => Self::High,
            (Some("panic" | "audit_failed"), _) => Self::High,
            (Some("denied"), _) | (None, Status::Failure) => Self::Medium,
            _ if has(Code::PoliciesRefused) || has(Code::Frozen) || has(Code::TlsRelaxed) => Self::Medium,
            (_, Status::Failure | Status::Unknown) => Self::Low,
            (_, Status::Success) => Self::Informational,
        }
    }
}

/// What is done to what a call is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    Create,
    Read,
    Update,
    Delete,
}

impl Activity {
    /// As the name of the tool says. What only reads is known; of the rest, it is a help for whoever looks for something.
    fn of(row: &Row) -> Option<Self> {
        if row.latest(|fields| fields.access.as_deref())? == "read" {
            return Some(Self::Read);
        }
        let verb = row.tool()?.split('_').find_map(|word| match word {
            "add" | "create" | "upload" | "copy" | "clone" => Some(Self::Create),
            "delete" | "remove" => Some(Self::Delete),
            _ => None,
        });
        Some(verb.unwrap_or(Self::Update))
    }
}

/// `permit` or `deny`; what was refused before there was a decision is denied as well.
fn effect(row: &Row) -> Option<&str> {
    let refused = row.is_refusal();
    row.decision().map(|decision| decision.effect.as_str()).or(refused.then_some("deny"))
}

/// Why something did not go well.
fn detail(row: &Row) -> Option<String> {
    let denied = row.decision().and_then(|decision| decision.reason.clone());
    let fields = &row.last().fields;
    denied
        .or_else(|| fields.error.clone())
        .or_else(|| fields.reason.clone())
        .or_else(|| fields.status.map(|status| format!("HTTP status {status}")))
}

/// What a row says, without what has a place of its own in the other form.
fn rest(row: &Row, placed: &[&str]) -> Map<String, Value> {
    let mut rest = Map::new();
    for record in row.records() {
        rest.extend(record.besides());
    }
    rest.retain(|name, _| !placed.contains(&name.as_str()));
    rest
}

/// Adds what is there.
fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

/// JSON on one line for every reader: outside of strings it has no such character.
fn json_line(map: &Map<String, Value>) -> String {
    let json = serde_json::to_string(map).unwrap_or_default();
    if !json.contains(is_hostile) {
        return json;
    }
    let mut line = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_hostile(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
    }
    line
}

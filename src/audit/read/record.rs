//! One record: its line as it is, and the fields that are needed.

pub(super) mod fields;

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

use self::fields::Fields;
use super::ReadError;
use super::error::shown;
use super::plain;
use crate::audit::FORMAT;

/// What every record begins with, and an event does not say besides.
const HEAD: [&str; 7] = ["v", "seq", "prev", "time", "stage", "code", "instance"];

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// The number of the line, from 1.
    pub line: u64,
}

/// One record.
#[derive(Debug, Clone)]
pub struct Record {
    /// The line without its end: also what this program does not know is in it.
    pub line: String,
    /// Where it stands.
    pub place: Place,
    /// What this program knows of it.
    pub fields: Fields,
}

impl Record {
    /// A record from a line without its end.
    pub(super) fn parse(line: String, place: Place) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let no_record = |error: serde_json::Error| ReadError::NoRecord {
            path: shown(&place.file),
            line: place.line,
            cause: plain(&error.to_string()).into_owned(),
        };
        let fields = serde_json::from_str::<Fields>(&line);
        let version = match &fields {
            Ok(fields) => fields.v,
            // A later version may have other fields, and that is then what has to be said.
            Err(_) => serde_json::from_str::<Version>(&line).map_or(FORMAT, |version| version.v),
        };
        if version != FORMAT {
            return Err(ReadError::OtherVersion { path: shown(&place.file), line: place.line, version });
        }
        let fields = fields.map_err(no_record)?;
        Ok(Self { line, place, fields })
    }

    /// The whole record, with what this program does not know.
    pub fn whole(&self) -> Map<String, Value> {
        // It was read before, and nobody can change it.
        serde_json::from_str(&self.line).unwrap_or_default()
    }

    /// What an event says besides what every record begins with.
    pub fn besides(&self) -> Map<String, Value> {
        let mut whole = self.whole();
        whole.retain(|name, value| !HEAD.contains(&name.as_str()) && !value.is_null());
        whole
    }
}

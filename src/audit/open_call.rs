//! Calls that have an intent and no outcome yet.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use super::Code;
use super::Ending;
use super::record::head;
use super::record::inside;

/// What the end of a call says of it, as its intent has it.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct OpenCall {
    pub(super) call: String,
    /// Everything else, as it stands in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    product: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal: Option<Value>,
}

/// How many open calls a first record tells all of; of the others it has the id alone.
const MOST: usize = 1000;

impl OpenCall {
    /// From the line of an intent.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// The calls of these intents, each without the braces and what chains it, for the first record of a next file.
    pub(super) fn records<'b>(intents: impl Iterator<Item = &'b String>) -> Vec<Value> {
        let calls = intents.filter_map(|inside| Self::read(format!("{{{inside}}}").as_bytes()));
        let whole = |(place, call): (usize, Self)| if place < MOST { call } else { call.without_facts() };
        calls.enumerate().map(whole).filter_map(|call| serde_json::to_value(call).ok()).collect()
    }

    /// The record of an end that nobody knows.
    pub(super) fn unknown(&self, instance: &str) -> String {
        let mut record = head("outcome", Code::Unknown, instance);
        if let Ok(Value::Object(facts)) = serde_json::to_value(self) {
            record.extend(Map::from_iter(facts));
        }
        record.insert("outcome".into(), Ending::Unknown.as_str().into());
        inside(&record)
    }

    fn without_facts(self) -> Self {
        Self { call: self.call, tool: None, product: None, at: None, access: None, principal: None }
    }
}

//! The arguments of a call as its record has them: what can be read back from there, and what has to be given.

use serde_json::Map;
use serde_json::Value;

use crate::audit::HmacKey;
use crate::policy::InputField;
use crate::policy::InputKind;
use crate::policy::InputValue;

/// Texts in clear that are longer are cut in records.
const LONGEST_IN_CLEAR: usize = 1_000;

/// The arguments of a recorded call.
#[derive(Debug, Default)]
pub(super) struct RecordedInputs {
    arguments: Map<String, Value>,
    lengths: Map<String, Value>,
    /// The names of those in clear; nothing where all are.
    clear: Option<Vec<String>>,
    /// The key of the texts.
    key_id: Option<String>,
}

impl RecordedInputs {
    /// Reads the fields of a record; nothing if it has no arguments.
    pub(super) fn of(record: &Map<String, Value>) -> Option<Self> {
        let object = |field: &str| record.get(field).and_then(Value::as_object).cloned();
        let names = record.get("clear").and_then(Value::as_array).into_iter().flatten();
        let names = names.filter_map(Value::as_str).map(str::to_owned).collect();
        let all = record.get("level").and_then(Value::as_str) == Some("arguments");
        Some(Self {
            arguments: object("arguments")?,
            lengths: object("lengths").unwrap_or_default(),
            clear: (!all).then_some(names),
            key_id: record.get("key_id").and_then(Value::as_str).map(str::to_owned),
        })
    }

    /// Whether the call had this argument.
    pub(super) fn has(&self, argument: &str) -> bool {
        self.arguments.contains_key(argument)
    }

    /// What the record says of an argument as policies see it.
    pub(super) fn known(&self, field: &InputField) -> Option<InputValue> {
        let value = self.arguments.get(&field.name)?;
        match field.kind {
            InputKind::Number => value.as_i64().map(InputValue::Number),
            InputKind::Flag => value.as_bool().map(InputValue::Flag),
            InputKind::Length => self.lengths.get(&field.name)?.as_i64().map(InputValue::Number),
            InputKind::Text => self.text(&field.name).map(InputValue::Text),
        }
    }

    /// A text that stands in clear, and whole.
    fn text(&self, argument: &str) -> Option<String> {
        let text = self.arguments.get(argument)?.as_str()?;
        let is_whole = text.chars().count() <= LONGEST_IN_CLEAR;
        (self.is_clear(argument) && is_whole).then(|| text.to_owned())
    }

    fn is_clear(&self, argument: &str) -> bool {
        self.clear.as_ref().is_none_or(|names| names.iter().any(|name| name == argument))
    }

    /// Refuses a value that is not the one of the call.
    pub(super) fn check(&self, argument: &str, value: &str, key: &HmacKey) -> Result<(), String> {
        let recorded = self.arguments.get(argument);
        let Some(recorded) = recorded else {
            return Err(format!("the call had no argument `{argument}`, as far as the log says"));
        };
        let other = || Err(format!("`{argument}` was something else, as the log says"));
        // A text that has parts is told whole beside them.
        let told = recorded.get("text").unwrap_or(recorded);
        let Value::String(told) = told else {
            let is_it = serde_json::from_str::<Value>(value).is_ok_and(|given| given == *told);
            return if is_it { Ok(()) } else { other() };
        };
        if self.is_clear(argument) {
            let begins = told.strip_suffix('…').is_some_and(|start| value.starts_with(start));
            return if told == value || begins { Ok(()) } else { other() };
        }
        let written_with = self.key_id.as_deref().unwrap_or_default();
        if written_with != key.id() {
            return Err(format!("the log was written with the key {written_with}, and this is {}", key.id()));
        }
        if *told == key.digest(value) {
            return Ok(());
        }
        Err(format!("`{argument}` was something else: its hash in the log is another"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> HmacKey {
        HmacKey::from_secret("0123456789abcdef0123456789abcdef")
    }

    fn inputs(record: &Value) -> RecordedInputs {
        RecordedInputs::of(record.as_object().unwrap()).unwrap()
    }

    fn known(inputs: &RecordedInputs, name: &str, kind: InputKind) -> Option<InputValue> {
        inputs.known(&InputField { name: name.to_owned(), kind, required: false })
    }

    #[test]
    fn numbers_flags_and_lengths_need_not_be_given() {
        let digest = key().digest("hmac:x");
        let new = inputs(&json!({
            "level": "metadata", "clear": ["summary"], "key_id": key().id(), "lengths": {"body": 12},
            "arguments": {"limit": 5, "internal": true, "body": digest, "jql": digest, "summary": "hmac:x"},
        }));
        assert_eq!(known(&new, "limit", InputKind::Number), Some(InputValue::Number(5)));
        assert_eq!(known(&new, "internal", InputKind::Flag), Some(InputValue::Flag(true)));
        assert_eq!(known(&new, "body", InputKind::Length), Some(InputValue::Number(12)));
        assert_eq!(known(&new, "jql", InputKind::Text), None);
        assert_eq!(known(&new, "summary", InputKind::Text), Some(InputValue::Text("hmac:x".into())));
        assert_eq!(known(&new, "absent", InputKind::Text), None);
        let all =
            inputs(&json!({"level": "arguments", "arguments": {"jql": "a", "long": "é".repeat(1_001)}}));
        assert_eq!(known(&all, "jql", InputKind::Text), Some(InputValue::Text("a".into())));
        assert_eq!(known(&all, "long", InputKind::Text), None);
    }

    #[test]
    fn a_given_value_is_the_one_of_the_call() {
        let other = HmacKey::from_secret("another key of the right length..");
        let parts = json!({"text": key().digest("a,b"), "parts": [key().digest("a"), key().digest("b")]});
        let new = inputs(&json!({
            "level": "metadata", "clear": ["summary"], "key_id": key().id(),
            "arguments": {"jql": key().digest("a"), "labels": parts, "limit": 5, "summary": "begins…"},
        }));
        for (name, value) in [("jql", "a"), ("labels", "a,b"), ("limit", "5"), ("summary", "begins so")] {
            assert_eq!(new.check(name, value, &key()), Ok(()), "{name}");
            let lie = new.check(name, "lie", &key()).unwrap_err();
            assert!(lie.contains("was something else"), "{lie}");
        }
        assert!(new.check("jql", "a", &other).unwrap_err().contains("written with the key"));
        assert!(new.check("nothing", "a", &key()).unwrap_err().contains("had no argument"));
    }
}

//! Values of arguments as they stand in records: numbers and flags in clear, texts as keyed hashes.
//!
//! Lists and objects are told member by member, so that a value inside can be looked for. Below the arguments, which
//! are the tool's, the keys of objects are the caller's and hashed as well. A text that is JSON or a list with commas
//! is told whole and in its parts: clients send lists and objects either way.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::HmacKey;

/// The most values one record tells; of what is beyond, the number is told.
const MOST_VALUES: usize = 500;

/// The longest text in clear, in characters.
pub(super) const LONGEST_IN_CLEAR: usize = 1_000;

/// The most characters in clear in one record.
const MOST_IN_CLEAR: usize = 20_000;

/// The longest text, in bytes, of which what stands between commas is told: what is longer is prose.
const LONGEST_LIST: usize = 4_000;

/// Tells the arguments of one record.
pub(super) struct Values<'a> {
    key: &'a HmacKey,
    /// How many more values are told.
    members: usize,
    /// How many more characters are told in clear.
    characters: usize,
}

impl<'a> Values<'a> {
    pub(super) fn new(key: &'a HmacKey) -> Self {
        Self { key, members: MOST_VALUES, characters: MOST_IN_CLEAR }
    }

    /// An argument as hashes.
    pub(super) fn hashed(&mut self, value: &Value) -> Value {
        let Value::String(text) = value else { return self.member(value) };
        let whole = self.member(value);
        match parts(text) {
            Some(parts) => json!({"text": whole, "parts": self.member(&parts)}),
            None => whole,
        }
    }

    /// An argument in clear, cut.
    pub(super) fn clear(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.shown(text).into(),
            Value::Array(items) => self.list(items, Self::clear),
            Value::Object(object) => self.object(object, Self::shown, Self::clear),
            _ => self.counted(value),
        }
    }

    /// Whether no more values are told.
    pub(super) fn is_full(&self) -> bool {
        self.members == 0
    }

    /// The name of an argument that the tool does not have.
    pub(super) fn unknown_name(&mut self, name: &str) -> String {
        self.members = self.members.saturating_sub(1);
        self.key.digest(name)
    }

    fn member(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                self.members = self.members.saturating_sub(1);
                self.key.digest(text).into()
            }
            Value::Array(items) => self.list(items, Self::member),
            Value::Object(object) => {
                self.object(object, |values, name| values.key.digest(name), Self::member)
            }
            _ => self.counted(value),
        }
    }

    fn counted(&mut self, value: &Value) -> Value {
        self.members = self.members.saturating_sub(1);
        value.clone()
    }

    fn shown(&mut self, text: &str) -> String {
        self.members = self.members.saturating_sub(1);
        let most = LONGEST_IN_CLEAR.min(self.characters);
        let cut = cut(text, most);
        self.characters = self.characters.saturating_sub(cut.chars().count());
        cut
    }

    fn list(&mut self, items: &[Value], tell: fn(&mut Self, &Value) -> Value) -> Value {
        let mut told = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if self.members == 0 {
                told.push(json!({"more": items.len() - index}));
                break;
            }
            told.push(tell(self, item));
        }
        Value::Array(told)
    }

    fn object(
        &mut self,
        object: &Map<String, Value>,
        name: fn(&mut Self, &str) -> String,
        tell: fn(&mut Self, &Value) -> Value,
    ) -> Value {
        let mut told = Map::new();
        for (index, (key, value)) in object.iter().enumerate() {
            if self.members == 0 {
                told.insert("more".into(), (object.len() - index).into());
                break;
            }
            let key = name(self, key);
            let value = tell(self, value);
            told.insert(key, value);
        }
        Value::Object(told)
    }
}

/// A text cut to so many characters, with a mark.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What a text holds that clients may as well send as a list or an object.
fn parts(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with(['[', '{']) {
        return serde_json::from_str(text).ok();
    }
    (text.contains(',') && text.len() <= LONGEST_LIST)
        .then(|| text.split(',').map(str::trim).map(Value::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> HmacKey {
        HmacKey::from_secret("0123456789abcdef0123456789abcdef")
    }

    fn hashed(value: &Value) -> Value {
        Values::new(&key()).hashed(value)
    }

    #[test]
    fn texts_are_hashes_and_numbers_and_flags_stand_in_clear() {
        let digest = |text: &str| key().digest(text);
        let table = [
            (json!("a"), json!(digest("a"))),
            (json!("5"), json!(digest("5"))),
            (json!(5), json!(5)),
            (json!(true), json!(true)),
            (json!(null), json!(null)),
            (json!(["a", 1]), json!([digest("a"), 1])),
            (json!({"k": {"l": "a"}}), json!({digest("k"): {digest("l"): digest("a")}})),
            (json!("a, b"), json!({"text": digest("a, b"), "parts": [digest("a"), digest("b")]})),
            (
                json!(r#"{"k": ["a", 2]}"#),
                json!({"text": digest(r#"{"k": ["a", 2]}"#), "parts": {digest("k"): [digest("a"), 2]}}),
            ),
            (json!("{broken"), json!(digest("{broken"))),
        ];
        for (value, wanted) in table {
            assert_eq!(hashed(&value), wanted, "{value}");
        }
        let prose = "a, ".repeat(LONGEST_LIST);
        assert_eq!(hashed(&json!(prose)), json!(digest(&prose)));
    }

    #[test]
    fn a_record_tells_no_more_than_its_bounds() {
        let many: Value = (0..10_000).map(|number| json!({"k": number.to_string()})).collect();
        let told = hashed(&many);
        let last = told.as_array().unwrap().last().unwrap();
        assert_eq!(told.as_array().unwrap().len(), MOST_VALUES + 1);
        assert_eq!(last, &json!({"more": 10_000 - MOST_VALUES}));
        let long: Value = (0..100).map(|_| Value::from("é".repeat(5_000))).collect();
        let clear = Values::new(&key()).clear(&long).to_string();
        assert!(clear.chars().count() < MOST_IN_CLEAR + 1_000, "{}", clear.chars().count());
        let deep = (0..120).fold(json!("a"), |inner, _| json!([inner]));
        assert!(hashed(&deep).to_string().contains(&key().digest("a")));
    }

    #[test]
    fn in_clear_a_text_is_cut_with_a_mark() {
        let key = key();
        let mut told = Values::new(&key);
        assert_eq!(told.clear(&json!({"k": "a", "n": [1, null]})), json!({"k": "a", "n": [1, null]}));
        let long = told.clear(&json!("é".repeat(LONGEST_IN_CLEAR + 1)));
        assert_eq!(long, json!(format!("{}…", "é".repeat(LONGEST_IN_CLEAR))));
    }
}

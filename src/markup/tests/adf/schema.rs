//! Atlassian's own schema, where `PORTCULLIS_ADF_SCHEMA` names its directory or file: what is written is valid, and what
//! the schema allows is not lost.

use std::path::PathBuf;

use jsonschema::Validator;
use proptest::collection::vec;
use proptest::prelude::ProptestConfig;
use proptest::prelude::any;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::choices::Choices;
use super::model::blocks;
use super::parsed;
use super::rendered;
use super::same::check_same;

/// The schema, from where the variable says or `scripts/test` puts it.
#[expect(clippy::disallowed_methods, reason = "where the schema was put is no part of the configuration")]
fn schema() -> Value {
    let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/adf-schema").into();
    let mut path = PathBuf::from(std::env::var_os("PORTCULLIS_ADF_SCHEMA").unwrap_or(usual));
    if path.is_dir() {
        path.push("full.json");
    }
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/oracle/schema", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        max_shrink_iters: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

/// What the schema has against the document, as the failure of a test.
fn check_valid(validator: &Validator, document: &Value) -> Result<(), TestCaseError> {
    if validator.is_valid(document) {
        return Ok(());
    }
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    Err(TestCaseError::fail(format!("{errors:?}\nof {document}")))
}

#[test]
fn everything_rendered_is_valid() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let tested = runner(10_000).run(&vec(any::<u8>(), 0..600), |bytes| {
        check_valid(&validator, &rendered(&blocks(&mut Choices::new(&bytes), 0)))
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn everything_valid_comes_back() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let tested = runner(5_000).run(&vec(any::<u8>(), 0..300), |bytes| {
        let document = Generator::new(&schema, &bytes, false).document();
        check_valid(&validator, &document)?;
        check_same(&rendered(&parsed(&document)), &document)
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn everything_unknown_comes_back() {
    let schema = schema();
    let tested = runner(5_000).run(&vec(any::<u8>(), 0..300), |bytes| {
        let document = Generator::new(&schema, &bytes, true).document();
        check_same(&rendered(&parsed(&document)), &document)
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

/// Writes documents that the schema allows, and with `unknown` nodes, marks and attributes that it does not know.
struct Generator<'schema> {
    definitions: &'schema Value,
    choices: Choices<'schema>,
    unknown: bool,
}

impl<'schema> Generator<'schema> {
    fn new(schema: &'schema Value, bytes: &'schema [u8], unknown: bool) -> Self {
        Self { definitions: &schema["definitions"], choices: Choices::new(bytes), unknown }
    }

    fn document(&mut self) -> Value {
        self.value(&self.definitions["doc_node"], "doc")
    }

    fn value(&mut self, rule: &Value, name: &str) -> Value {
        if let Some(found) = rule.get("$ref").and_then(Value::as_str) {
            let definition = &self.definitions[found.rsplit('/').next().unwrap()];
            return self.value(definition, name);
        }
        if let Some(rules) = rule.get("anyOf").and_then(Value::as_array) {
            let rule = self.choices.one(rules).clone();
            return self.value(&rule, name);
        }
        if let Some(rules) = rule.get("allOf").and_then(Value::as_array) {
            let rule = self.merged(rules);
            return self.value(&rule, name);
        }
        if let Some(words) = rule.get("enum").and_then(Value::as_array) {
            return self.choices.one(words).clone();
        }
        match rule.get("type").and_then(Value::as_str) {
            Some("object") => self.object(rule, name),
            Some("array") => self.array(rule, name),
            Some("string") => self.string(rule),
            Some("number") => self.number(rule),
            Some("boolean") => Value::from(self.choices.once_in(2)),
            _ => self.anything(),
        }
    }

    /// A node and what is said of it in this place.
    fn merged(&self, rules: &[Value]) -> Value {
        let mut merged = json!({ "type": "object", "properties": {}, "required": [] });
        for rule in rules {
            let rule = match rule.get("$ref").and_then(Value::as_str) {
                Some(found) => &self.definitions[found.rsplit('/').next().unwrap()],
                None => rule,
            };
            let rule = match rule.get("allOf").and_then(Value::as_array) {
                Some(rules) => self.merged(rules),
                None => rule.clone(),
            };
            let is_closed = merged["closed"] == true;
            merged["closed"] =
                Value::from(is_closed || rule["additionalProperties"] == false || rule["closed"] == true);
            for (name, value) in rule["properties"].as_object().unwrap() {
                if is_closed && merged["properties"].get(name).is_none() {
                    continue;
                }
                merged["properties"][name] = value.clone();
            }
            for name in rule.get("required").and_then(Value::as_array).into_iter().flatten() {
                merged["required"].as_array_mut().unwrap().push(name.clone());
            }
        }
        merged
    }

    fn object(&mut self, rule: &Value, name: &str) -> Value {
        let mut map = Map::new();
        let empty = Map::new();
        let needed: Vec<&str> = rule
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (name, rule) in rule.get("properties").and_then(Value::as_object).unwrap_or(&empty) {
            if needed.contains(&name.as_str()) || self.choices.once_in(2) {
                map.insert(name.clone(), self.value(rule, name));
            }
        }
        if self.unknown && matches!(name, "attrs" | "content" | "doc") && self.choices.once_in(8) {
            map.insert("x-key".to_owned(), self.anything());
        }
        if map.get("type").is_some_and(|kind| kind == "date") && self.choices.once_in(2) {
            map["attrs"]["timestamp"] = json!("1704067200000");
        }
        Value::Object(map)
    }

    fn array(&mut self, rule: &Value, name: &str) -> Value {
        let number = |name: &str| {
            rule.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
        };
        let (least, most) = (number("minItems").unwrap_or(0), number("maxItems").unwrap_or(usize::MAX));
        let count = (least + self.choices.below(4)).min(most);
        let mut values = Vec::new();
        match &rule["items"] {
            Value::Array(rules) => {
                for rule in rules.iter().take(count.max(1)) {
                    values.push(self.value(rule, name));
                }
            }
            rule => {
                for _ in 0..count {
                    values.push(self.value(rule, name));
                }
                if self.unknown && matches!(name, "content" | "marks") && self.choices.once_in(6) {
                    let at = self.choices.below(values.len() + 1);
                    let value = if name == "content" { self.unknown_node() } else { self.unknown_mark() };
                    values.insert(at, value);
                }
            }
        }
        Value::Array(values)
    }

    fn unknown_node(&mut self) -> Value {
        let attributes = self.anything();
        let content = match self.choices.below(5) {
            0 => return json!({ "type": "x-leaf", "attrs": { "x": attributes } }),
            1 => return json!({ "type": "x-odd", "content": attributes, "text": 5 }),
            2 => self.value(
                &json!({ "type": "array", "minItems": 1, "items": { "$ref": "/inline_node" } }),
                "content",
            ),
            3 => self.value(
                &json!({ "type": "array", "items": { "anyOf": [
                { "$ref": "/listItem_node" }, { "$ref": "/table_cell_node" }, { "$ref": "/table_row_node" },
                { "$ref": "/media_node" }, { "$ref": "/layoutColumn_node" }, { "$ref": "/nestedExpand_node" },
                { "$ref": "/caption_node" }, { "$ref": "/taskItem_node" },
            ] } }),
                "content",
            ),
            _ => self.value(&json!({ "type": "array", "items": { "$ref": "/block_content" } }), "content"),
        };
        json!({ "type": "x-node", "attrs": { "x": attributes }, "content": content })
    }

    fn unknown_mark(&mut self) -> Value {
        let kind = *self.choices.one(&["x-mark", "x-other"]);
        let value = self.anything();
        if self.choices.once_in(2) {
            json!({ "type": kind, "attrs": { "x": value } })
        } else {
            json!({ "type": kind })
        }
    }

    fn string(&mut self, rule: &Value) -> Value {
        if let Some(pattern) = rule.get("pattern").and_then(Value::as_str) {
            let list: &[&str] = if pattern.contains("neutral") {
                &["neutral", "green", "#FF5630"]
            } else if pattern.contains("{8}") {
                &["#ff5630", "#FF563088"]
            } else {
                &["#ff5630", "#FF5630"]
            };
            return json!(self.choices.one(list));
        }
        let text = self.choices.text();
        if text.is_empty() && rule.get("minLength").is_some() { json!("x") } else { Value::from(text) }
    }

    fn number(&mut self, rule: &Value) -> Value {
        let least = rule.get("minimum").and_then(Value::as_u64).unwrap_or(0);
        let most = rule.get("maximum").and_then(Value::as_u64).unwrap_or(1000);
        match self.choices.below(6) {
            0 => json!(least),
            1 => json!(most),
            2 => json!(f64::from(u32::try_from(least).unwrap()) + 0.25),
            3 => json!(f64::from(u32::try_from(most).unwrap())),
            other => json!((least + other as u64 - 2).min(most)),
        }
    }

    fn anything(&mut self) -> Value {
        match self.choices.below(6) {
            0 => json!(1),
            1 => json!(null),
            2 => json!({}),
            3 => json!({ "k": [1, { "n": null }] }),
            4 => json!([true, 0.5]),
            _ => Value::from(self.choices.text()),
        }
    }
}

//! What was once written is written again as it was, with nodes, marks and attributes that nobody knows among it.

use proptest::collection::vec;
use proptest::prelude::ProptestConfig;
use proptest::prelude::any;
use proptest::prop_assert_eq;
use proptest::proptest;
use serde_json::Value;
use serde_json::json;

use super::super::adf_to_markdown;
use super::super::markdown_to_adf;
use super::choices::Choices;
use super::model::blocks;
use super::parsed;
use super::rendered;
use super::same::check_same;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_comes_back(bytes in vec(any::<u8>(), 0..400)) {
        let document = rendered(&blocks(&mut Choices::new(&bytes), 0));
        check_same(&rendered(&parsed(&document)), &document)?;
    }

    #[test]
    fn what_is_written_comes_back_from_markdown(
        bytes in vec(any::<u8>(), 0..400),
        unknown in vec(any::<u8>(), 0..100),
    ) {
        let mut document = rendered(&blocks(&mut Choices::new(&bytes), 0));
        add_unknown(&mut document, &mut Choices::new(&unknown));
        let document = rendered(&parsed(&document));
        let markdown = adf_to_markdown(&document);
        prop_assert_eq!(markdown_to_adf(&markdown), document, "{}", markdown);
    }

    #[test]
    fn what_nobody_knows_comes_back(bytes in vec(any::<u8>(), 0..400), unknown in vec(any::<u8>(), 0..100)) {
        let mut document = rendered(&blocks(&mut Choices::new(&bytes), 0));
        add_unknown(&mut document, &mut Choices::new(&unknown));
        check_same(&rendered(&parsed(&document)), &document)?;
    }
}

/// Adds unknown things here and there.
fn add_unknown(node: &mut Value, choices: &mut Choices<'_>) {
    if choices.is_over() {
        return;
    }
    match choices.below(24) {
        1 if node["attrs"].is_object() => node["attrs"]["x-new"] = anything(choices),
        2 => node["x-new"] = anything(choices),
        3 => match node.get_mut("marks").and_then(Value::as_array_mut) {
            Some(marks) => marks.push(json!({ "type": "x-mark", "attrs": { "x": anything(choices) } })),
            None => node["marks"] = json!([{ "type": "x-mark" }]),
        },
        _ => {}
    }
    for child in node.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
        add_unknown(child, choices);
    }
    // Two images or columns more would not be what the schema allows.
    let is_counted = matches!(node["type"].as_str(), Some("mediaSingle" | "layoutSection"));
    if let Some(content) = node.get_mut("content").and_then(Value::as_array_mut).filter(|_| !is_counted) {
        match choices.below(24) {
            1 => content.push(json!({ "type": "x-leaf", "attrs": { "x": anything(choices) } })),
            2 => content.insert(0, json!({ "type": "x-leaf" })),
            3 => {
                let held = content.clone();
                content.push(json!({ "type": "x-node", "content": held }));
            }
            _ => {}
        }
    }
}

fn anything(choices: &mut Choices<'_>) -> Value {
    choices.one(&[json!(null), json!({}), json!([1, { "n": null }]), json!("text"), json!(0.5)]).clone()
}

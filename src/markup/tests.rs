//! Tests of whole conversions: tables of examples and properties.

mod adf;
mod cost;
mod deep;
mod markdown;
mod normal_form;
mod round_trip;
mod storage;
mod storage_forms;
mod storage_round_trip;
mod storage_safety;
mod storage_section;
mod wiki;
mod written;

/// The Markdown of the recorded calls, with every common construct.
const SAMPLE: &str = "# Title\n\nSome **bold**, *it*, `code`, ~~gone~~ [link](https://ex.com) and \
![img](https://ex.com/i.png).\n\n- one\n  - two\n\n1. first\n2. second\n\n- [ ] todo\n- [x] done\n\n> quote\n\n\
```python\nprint(1)\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n---\n\nPing @ann PROJ-9 done.";

use serde_json::Value;

use super::Detail;

fn markdown_to_markdown(markdown: &str) -> String {
    super::settle(super::Format::Markdown, markdown).unwrap().value
}

fn markdown_to_wiki(markdown: &str) -> String {
    super::markdown_to_wiki(markdown).value
}

fn markdown_to_adf(markdown: &str) -> Value {
    super::markdown_to_adf(markdown).value
}

fn markdown_to_storage(markdown: &str) -> String {
    super::markdown_to_storage(markdown).value
}

fn wiki_to_markdown(wiki: &str) -> String {
    super::wiki_to_markdown(wiki, Detail::All).value
}

fn adf_to_markdown(adf: &Value) -> String {
    super::adf_to_markdown(adf, Detail::All).value
}

fn storage_to_markdown(storage: &str) -> String {
    super::storage_to_markdown(storage, Detail::All).value
}

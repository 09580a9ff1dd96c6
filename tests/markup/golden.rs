//! Tables of what each construct is in each format, after the documentation of the formats.

use std::fmt::Write;
use std::path::Path;

use portcullis::markup::Format;
use portcullis::markup::convert;
use portcullis::markup::settle;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

/// One construct. A format is read as `markdown`, and `markdown` is written as it, both ways or one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// In its normal form.
    markdown: String,
    /// Markdown that means the same.
    from_markdown: Option<String>,
    wiki: Option<String>,
    from_wiki: Option<String>,
    to_wiki: Option<String>,
    storage: Option<String>,
    from_storage: Option<String>,
    to_storage: Option<String>,
    adf: Option<String>,
    from_adf: Option<String>,
    to_adf: Option<String>,
    /// What is said of the conversion from Markdown, by format.
    #[serde(default)]
    notes: Notes,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Notes {
    wiki: Vec<String>,
    storage: Vec<String>,
    adf: Vec<String>,
}

/// What differs, as text for the failure.
#[derive(Default)]
struct Differences(String);

impl Differences {
    fn compare(&mut self, what: &str, wanted: &str, found: &str) {
        if wanted != found {
            let _ = write!(self.0, "{what}\n  wanted {wanted:?}\n  found  {found:?}\n");
        }
    }
}

impl Case {
    fn check(&self, file: &str, differences: &mut Differences) {
        let what = |how: &str| format!("{file}: {}: {how}", self.name);
        let own = settle(Format::Markdown, &self.markdown).unwrap().value;
        differences.compare(&what("is not the normal form"), &self.markdown, &own);
        if let Some(given) = &self.from_markdown {
            let found = settle(Format::Markdown, given).unwrap().value;
            differences.compare(&what("other Markdown"), &self.markdown, &found);
        }
        for (format, both, from, to, notes) in [
            (Format::Wiki, &self.wiki, &self.from_wiki, &self.to_wiki, &self.notes.wiki),
            (Format::Storage, &self.storage, &self.from_storage, &self.to_storage, &self.notes.storage),
            (Format::Adf, &self.adf, &self.from_adf, &self.to_adf, &self.notes.adf),
        ] {
            for given in both.iter().chain(from) {
                let found = convert(format, Format::Markdown, &document(format, given)).unwrap().value;
                differences.compare(&what(&format!("from {}", format.as_str())), &self.markdown, &found);
            }
            if let Some(wanted) = both.as_ref().or(to.as_ref()) {
                let written = convert(Format::Markdown, format, &self.markdown).unwrap();
                let wanted = canonical(format, &document(format, wanted));
                let found = canonical(format, &written.value);
                differences.compare(&what(&format!("to {}", format.as_str())), &wanted, &found);
                let said: Vec<_> = written.notes.into_iter().map(|note| note.what).collect();
                let what = what(&format!("notes to {}", format.as_str()));
                differences.compare(&what, &format!("{notes:?}"), &format!("{said:?}"));
            }
        }
    }

    /// In how many directions the case is checked.
    fn directions(&self) -> usize {
        let count = |both: &Option<String>, one: &Option<String>, other: &Option<String>| {
            2 * usize::from(both.is_some()) + usize::from(one.is_some()) + usize::from(other.is_some())
        };
        count(&self.wiki, &self.from_wiki, &self.to_wiki)
            + count(&self.storage, &self.from_storage, &self.to_storage)
            + count(&self.adf, &self.from_adf, &self.to_adf)
            + usize::from(self.from_markdown.is_some())
    }
}

/// The tables have the content of ADF's document alone.
fn document(format: Format, given: &str) -> String {
    match format {
        Format::Adf => {
            let content: Value =
                serde_json::from_str(given).unwrap_or_else(|error| panic!("{error}: {given}"));
            json!({ "type": "doc", "version": 1, "content": content }).to_string()
        }
        _ => given.trim_start_matches('\n').to_owned(),
    }
}

/// ADF without what its editor writes though it says nothing.
fn canonical(format: Format, text: &str) -> String {
    match format {
        Format::Adf => super::plain::plain(&serde_json::from_str(text).unwrap()).to_string(),
        _ => text.to_owned(),
    }
}

#[test]
fn every_construct_is_what_the_tables_say() {
    let mut differences = Differences::default();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/markup/golden");
    let mut directions = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let table: Table = toml::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = path.file_name().unwrap().to_string_lossy();
        for case in &table.case {
            case.check(&file, &mut differences);
            directions += case.directions();
        }
    }
    assert!(differences.0.is_empty(), "{}", differences.0);
    assert!(directions >= 300, "{directions} directions are too few");
}

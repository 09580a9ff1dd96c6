//! What we make of the corpus, beside what Atlassian's converters make of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

use portcullis::markup::Format;
use portcullis::markup::convert;
use serde_json::Value;

use super::plain::plain;
use super::reasons::Case;
use super::reasons::REASONS;
use super::reasons::reasons;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn lines(file: &str) -> Vec<Value> {
    let path = root().join("tests/oracle").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn expected(file: &str) -> BTreeMap<String, Value> {
    lines(file).into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect()
}

/// How one set came out.
struct Agreement {
    /// Of each construct: how many are the same, the same but for what has a reason, and all.
    constructs: BTreeMap<String, (usize, usize, usize)>,
    /// The cases that differ, by what explains them: all the reasons together.
    explained: BTreeMap<&'static str, Vec<String>>,
    /// Those that nothing explains, in full.
    unexplained: Vec<String>,
}

impl Agreement {
    fn of(set: &str, format: Format) -> Self {
        let theirs = expected(&format!("expected/{set}.jsonl"));
        let mut agreement =
            Self { constructs: BTreeMap::new(), explained: BTreeMap::new(), unexplained: Vec::new() };
        for case in lines(&format!("corpus/{set}.jsonl")) {
            let (id, input) = (case["id"].as_str().unwrap(), case["input"].as_str().unwrap());
            let row = &theirs[id];
            // What their converter cannot do at all is no measure.
            let Some(theirs) = row.get("adf").filter(|_| row.get("gaveUp").is_none()) else { continue };
            let ours = convert(format, Format::Adf, input).unwrap();
            let ours =
                plain(&serde_json::from_str(&ours.value).unwrap_or_else(|error| panic!("{id}: {error}")));
            let case = Case { id, input, ours: &ours, theirs: &plain(theirs) };
            agreement.add(set, &case);
        }
        agreement
    }

    fn add(&mut self, set: &str, case: &Case<'_>) {
        let construct = case.id.split('/').nth(1).unwrap();
        let count = self.constructs.entry(construct.to_owned()).or_default();
        count.2 += 1;
        if case.ours == case.theirs {
            count.0 += 1;
            return;
        }
        let reasons = reasons(case);
        if reasons.is_empty() {
            let Case { id, input, ours, theirs } = case;
            self.unexplained.push(format!("{id}\n  {input:?}\n  ours   {ours}\n  theirs {theirs}\n"));
        } else {
            count.1 += 1;
        }
        for reason in reasons {
            self.explained.entry(reason).or_default().push(case.id.trim_start_matches(set)[1..].to_owned());
        }
    }

    fn totals(&self) -> (usize, usize, usize) {
        let add = |sum: (usize, usize, usize), one: &(usize, usize, usize)| {
            (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2)
        };
        self.constructs.values().fold((0, 0, 0), add)
    }

    /// The part of `docs/MARKUP.md` that lists what differs.
    fn section(&self, title: &str) -> String {
        let (same, explained, all) = self.totals();
        // In tenths.
        let percent = |count: usize| format!("{}.{}", 100 * count / all, 1000 * count / all % 10);
        let mut text = format!(
            "### {title}\n\n{same} of {all} documents are the same ({} %), {explained} differ for the reasons below \
             ({} %).\n\n| construct | same | differ | | construct | same | differ |\n\
             |---|---:|---:|---|---|---:|---:|\n",
            percent(same),
            percent(explained)
        );
        let rows: Vec<_> = self.constructs.iter().collect();
        let half = rows.len().div_ceil(2);
        for index in 0..half {
            let cell = |at: usize| match rows.get(at) {
                Some((name, (same, _, all))) => format!("{name} | {same} | {}", all - same),
                None => " | | ".to_owned(),
            };
            writeln!(text, "| {} | | {} |", cell(index), cell(half + index)).unwrap();
        }
        for reason in REASONS {
            let Some(ids) = self.explained.get(reason.name) else { continue };
            writeln!(
                text,
                "\n**{}** ({}): {}\n\n<details><summary>cases</summary>\n\n{}\n\n</details>",
                reason.name,
                ids.len(),
                reason.why,
                listed(ids)
            )
            .unwrap();
        }
        text
    }
}

/// Cases by construct and nesting: `bq: alone 1, 2; list 3.`
fn listed(ids: &[String]) -> String {
    let mut places: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for id in ids {
        let parts: Vec<&str> = id.split('/').collect();
        places.entry((parts[0], parts[1])).or_default().push(parts[2]);
    }
    let places: Vec<String> = places
        .into_iter()
        .map(|((construct, nesting), numbers)| format!("`{construct}/{nesting}` {}", numbers.join(", ")))
        .collect();
    let mut text = String::new();
    let mut width = 0;
    for (index, place) in places.iter().enumerate() {
        if width + place.len() > 110 {
            text.push('\n');
            width = 0;
        } else if index > 0 {
            text.push(' ');
        }
        width += place.len() + 2;
        text.push_str(place);
        text.push_str(if index + 1 == places.len() { "." } else { ";" });
    }
    text
}

fn documented() -> PathBuf {
    root().join("docs/MARKUP-AGREEMENT.md")
}

/// Every document of the corpus is the same as theirs, or differs for a reason that is listed, and the list is this one.
///
/// With `PORTCULLIS_WRITE` set it is written instead of compared.
#[test]
fn we_agree_with_atlassians_converters_but_for_what_is_listed() {
    let wiki = Agreement::of("wiki", Format::Wiki);
    let markdown = Agreement::of("markdown", Format::Markdown);
    let unexplained: Vec<&String> = wiki.unexplained.iter().chain(&markdown.unexplained).collect();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle.txt");
    std::fs::write(&file, unexplained.iter().map(|text| text.as_str()).collect::<String>()).unwrap();
    for (set, agreement) in [("wiki", &wiki), ("markdown", &markdown)] {
        let (same, explained, all) = agreement.totals();
        println!("{set}: {same} of {all} the same, {explained} explained");
        for (construct, (same, explained, all)) in &agreement.constructs {
            println!("{set:<9} {construct:<24} {same:>4} the same, {explained:>4} explained, of {all:>4}");
        }
    }
    assert!(unexplained.is_empty(), "{} differ for no reason, see {}", unexplained.len(), file.display());
    let unused: Vec<_> = REASONS
        .iter()
        .filter(|reason| {
            !wiki.explained.contains_key(reason.name) && !markdown.explained.contains_key(reason.name)
        })
        .map(|reason| reason.name)
        .collect();
    assert!(unused.is_empty(), "reasons for nothing: {unused:?}");

    let text = format!(
        "{}\n{}\n{}",
        include_str!("agreement.md"),
        wiki.section("Wiki markup to ADF"),
        markdown.section("Markdown to ADF")
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "it says what this run is for, and is no part of the configuration"
    )]
    let is_written = std::env::var_os("PORTCULLIS_WRITE").is_some();
    if is_written {
        std::fs::write(documented(), &text).unwrap();
    }
    let written = std::fs::read_to_string(documented()).unwrap_or_default();
    assert!(
        written == text,
        "{} is not what was found: run this with PORTCULLIS_WRITE=1",
        documented().display()
    );
}

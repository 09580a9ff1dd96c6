//! Why we differ from Atlassian's converters, each reason with what takes the difference out.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::plain::joined;

/// One document of the corpus that came out otherwise.
pub(crate) struct Case<'a> {
    pub(crate) id: &'a str,
    pub(crate) input: &'a str,
    pub(crate) ours: &'a Value,
    pub(crate) theirs: &'a Value,
}

/// Why documents differ.
pub(crate) struct Reason {
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
    check: Check,
}

enum Check {
    /// Takes the difference out of a document, ours or theirs.
    Undo(fn(&mut Map<String, Value>)),
    /// Tells from the case alone that this is why.
    Told(fn(&Case<'_>) -> bool),
    /// Cases that were looked at one by one, by the beginning of their name.
    Listed(&'static [&'static str]),
}

use Check::Listed;
use Check::Told;
use Check::Undo;

/// The reasons, in the order in which they are tried.
pub(crate) const REASONS: &[Reason] = &[
    Reason {
        name: "space at the edges of lines",
        why: "CommonMark: there is none, and two spaces at the end are part of the break. They leave it in the text.",
        check: Undo(without_edges),
    },
    Reason {
        name: "bare addresses are links",
        why: "GitHub's Markdown links them, and so does what people see; theirs are plain text, and `_` and `*` in them \
              are marks. Of wiki markup they link only up to the first letter outside ASCII.",
        check: Undo(without_bare_links),
    },
    Reason {
        name: "titles of links",
        why: "ADF has a place for them; they drop them.",
        check: Undo(without_titles),
    },
    Reason {
        name: "addresses as they were written",
        why: "They percent-encode what is not ASCII; we keep it, so that it reads the same when it comes back.",
        check: Undo(decoded_addresses),
    },
    Reason {
        name: "task lists",
        why: "ADF's own task lists, with the state; they write `[ ]` into a list of bullets.",
        check: Undo(bullets_for_tasks),
    },
    Reason {
        name: "language of code",
        why: "The language that was named. They know it as a bare word only (`{code:rust}`, not `{code:language=rust}`), \
              take what they do not know for Java, and take all that follows the ticks of a fence for its name.",
        check: Undo(without_languages),
    },
    Reason {
        name: "account ids",
        why: "The identifier of an account is what follows `accountid:`. They keep the prefix unless Jira tells them \
              otherwise, and with it nobody is mentioned. A name that was written beside it stays.",
        check: Undo(without_account_prefix),
    },
    Reason {
        name: "no capitals",
        why: "A heading where none can stand is strong text, with the letters it had. They write it in capitals.",
        check: Undo(in_small_letters),
    },
    Reason {
        name: "their text is lost",
        why: "Words of the input are missing in theirs: what ADF does not allow in a place takes everything around it \
              along, `*\\*x\\**` swallows what follows, pipes are counted wrongly. Ours has all of theirs, and more.",
        check: Told(theirs_lost_words),
    },
    Reason {
        name: "macros",
        why: "`{info}`, `{note}`, `{tip}`, `{warning}`, `{expand}`, `{status}` and `{toc}` are what they say: panels, an \
              expand, a status, extensions. They leave them as text, braces included.",
        check: Told(has_macros),
    },
    Reason {
        name: "tags",
        why: "The tags, comments and alerts of our Markdown (`<u>`, `<sub>`, `<br>`, `<details>`, `[!NOTE]`, see \
              `MARKUP.md`) are what they say. HTML that is no such tag is text for both, each of its lines by itself in ours.",
        check: Listed(&[
            "markdown/html/",
            "markdown/html-block/",
            "markdown/quote/alone/12",
            "markdown/table/alone/9",
        ]),
    },
    Reason {
        name: "tables as GitHub has them",
        why: "Rows are as long as the first one, a line below a table belongs to it, a pipe ends a cell in code, too, and \
              a first row without text is no row of headings.",
        check: Listed(&["markdown/table/", "markdown/table-aligned/", "markdown/code/table/"]),
    },
    Reason {
        name: "marks as CommonMark has them",
        why: "Theirs are gone behind code or the end of an inner one (`**a `b` c**`, `*a *b* c*`). One tilde on either side \
              strikes out, as on GitHub, and a line break in marks is a line break.",
        check: Listed(&[
            "markdown/combined/",
            "markdown/strike/",
            "markdown/escape/",
            "markdown/hard-break-spaces/",
        ]),
    },
    Reason {
        name: "images of the web only",
        why: "ADF shows images of the web and files that Jira knows; of a relative or embedded address only the text is \
              left, with a note. Images in links and marks stay in them, and their text is plain. Theirs falls apart.",
        check: Listed(&["markdown/image/", "markdown/image-title/", "wiki/image/", "wiki/image-external/"]),
    },
    Reason {
        name: "tasks in other places",
        why: "Tasks in tasks are nested task lists, numbered tasks are tasks.",
        check: Listed(&["markdown/list-task/"]),
    },
    Reason {
        name: "addresses that run scripts",
        why: "The text of such a link, and the address as text.",
        check: Listed(&["markdown/link/alone/8", "markdown/link/list/2", "wiki/link-alias/alone/9"]),
    },
    Reason {
        name: "links without text",
        why: "The address stands for it. They leave nothing.",
        check: Listed(&["markdown/link/paragraph/3"]),
    },
    Reason {
        name: "rule in a quote",
        why: "The quote stays, empty, with a note. They leave nothing.",
        check: Listed(&["markdown/rule/quote/"]),
    },
    Reason {
        name: "escapes",
        why: "A backslash protects a sign wherever it stands. They read `*\\*x\\**` twice, and end a cell or a link's text at \
              an escaped bar; a backslash at the end of a line makes their text end in a line feed.",
        check: Listed(&[
            "wiki/escape/",
            "wiki/link-alias/alone/10",
            "wiki/link-alias/table/3",
            "wiki/link-alias/panel/2",
            "wiki/table/alone/8",
        ]),
    },
    Reason {
        name: "odd links of wiki markup",
        why: "`(x)` in an address is no cross mark, `[||smart-link]` no card to nowhere, `[text|]` no link to nowhere.",
        check: Listed(&["wiki/link-url/", "wiki/smart-link/", "wiki/link-alias/"]),
    },
    Reason {
        name: "rules and paragraphs behind blocks",
        why: "A rule below a rule is one; the first line behind a quote is part of its paragraph; a row of headings without \
              text is a row.",
        check: Listed(&["wiki/rule/", "wiki/bq/", "wiki/document/", "wiki/table-column/"]),
    },
];

/// The reasons that together explain the case, as few as there can be; none if nothing does.
pub(crate) fn reasons(case: &Case<'_>) -> Vec<&'static str> {
    let undone: Vec<_> = REASONS
        .iter()
        .filter_map(|reason| if let Undo(undo) = reason.check { Some((reason.name, undo)) } else { None })
        .collect();
    for size in 1..=3 {
        for chosen in combinations(undone.len(), size) {
            let (mut ours, mut theirs) = (case.ours.clone(), case.theirs.clone());
            for at in &chosen {
                ours = changed(&ours, undone[*at].1);
                theirs = changed(&theirs, undone[*at].1);
            }
            if ours == theirs {
                return chosen.into_iter().map(|at| undone[at].0).collect();
            }
        }
    }
    REASONS
        .iter()
        .filter(|reason| match reason.check {
            Undo(_) => false,
            Told(told) => told(case),
            Listed(cases) => cases.iter().any(|start| case.id.starts_with(start)),
        })
        .map(|reason| reason.name)
        .take(1)
        .collect()
}

fn combinations(count: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for last in 0..count {
        for mut start in combinations(last, size - 1) {
            start.push(last);
            all.push(start);
        }
    }
    all
}

/// The document with every node changed, the innermost first.
fn changed(node: &Value, change: fn(&mut Map<String, Value>)) -> Value {
    let Value::Object(node) = node else { return node.clone() };
    let mut node = node.clone();
    if let Some(Value::Array(nodes)) = node.get("content") {
        let nodes = nodes.iter().map(|node| changed(node, change)).collect();
        node.insert("content".to_owned(), joined(nodes));
    }
    change(&mut node);
    if let Some(Value::Array(nodes)) = node.get("content") {
        let nodes = joined(nodes.clone());
        node.insert("content".to_owned(), nodes);
    }
    Value::Object(node)
}

fn kind(node: &Map<String, Value>) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn text(node: &Map<String, Value>) -> Option<&str> {
    (kind(node) == "text").then(|| node.get("text").and_then(Value::as_str)).flatten()
}

fn set_text(node: &mut Map<String, Value>, text: String) {
    node.insert("text".to_owned(), text.into());
}

fn without_edges(node: &mut Map<String, Value>) {
    let Some(Value::Array(nodes)) = node.get_mut("content") else { return };
    let breaks: Vec<bool> = nodes.iter().map(|node| node["type"] == "hardBreak").collect();
    let is_break = |at: Option<usize>| at.and_then(|at| breaks.get(at)) == Some(&true);
    for (at, node) in nodes.iter_mut().enumerate() {
        let Some(text) = node["text"].as_str() else { continue };
        let text = if is_break(at.checked_sub(1)) { text.trim_start() } else { text };
        let text = if is_break(Some(at + 1)) { text.trim_end() } else { text };
        node["text"] = text.to_owned().into();
    }
    nodes.retain(|node| node["text"] != "");
}

fn without_bare_links(node: &mut Map<String, Value>) {
    let Some(shown) = text(node).map(str::to_owned) else { return };
    let is_bare = |mark: &Value| {
        let href = mark["attrs"]["href"].as_str().unwrap_or_default();
        mark["type"] == "link"
            && (href.trim_end_matches('/') == shown.trim_end_matches('/')
                || ["http://", "https://", "mailto:"]
                    .iter()
                    .any(|scheme| href.strip_prefix(scheme) == Some(&shown)))
    };
    without_marks(node, is_bare);
}

fn without_marks(node: &mut Map<String, Value>, is_left_out: impl Fn(&Value) -> bool) {
    let Some(Value::Array(marks)) = node.get_mut("marks") else { return };
    marks.retain(|mark| !is_left_out(mark));
    if marks.is_empty() {
        node.remove("marks");
    }
}

fn without_titles(node: &mut Map<String, Value>) {
    let Some(Value::Array(marks)) = node.get_mut("marks") else { return };
    for mark in marks.iter_mut().filter(|mark| mark["type"] == "link") {
        mark.get_mut("attrs").and_then(Value::as_object_mut).map(|attrs| attrs.remove("title"));
    }
}

fn decoded_addresses(node: &mut Map<String, Value>) {
    let decode = |address: &mut Value| {
        if let Some(text) = address.as_str() {
            let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
            *address = text.into();
        }
    };
    if let Some(Value::Array(marks)) = node.get_mut("marks") {
        marks.iter_mut().filter_map(|mark| mark.get_mut("attrs")?.get_mut("href")).for_each(decode);
    }
    if let Some(url) = node.get_mut("attrs").and_then(|attrs| attrs.get_mut("url")) {
        decode(url);
    }
}

fn bullets_for_tasks(node: &mut Map<String, Value>) {
    let state = node.get("attrs").and_then(|attrs| attrs.get("state")).cloned();
    match kind(node) {
        "taskList" => {
            node.insert("type".to_owned(), "bulletList".into());
        }
        "taskItem" => {
            let mark = if state == Some("DONE".into()) { "[x] " } else { "[ ] " };
            let mut content = vec![json!({ "type": "text", "text": mark })];
            content.extend(node.get("content").and_then(Value::as_array).cloned().unwrap_or_default());
            let paragraph = json!({ "type": "paragraph", "content": joined(content) });
            *node = json!({ "type": "listItem", "content": [paragraph] }).as_object().unwrap().clone();
        }
        "text" => {
            let text = text(node).unwrap_or_default().replace("[X] ", "[x] ");
            set_text(node, text);
        }
        _ => {}
    }
}

fn without_languages(node: &mut Map<String, Value>) {
    if kind(node) == "codeBlock" {
        node.remove("attrs");
    }
}

fn without_account_prefix(node: &mut Map<String, Value>) {
    if kind(node) == "mention"
        && let Some(attributes) = node.get_mut("attrs").and_then(Value::as_object_mut)
    {
        attributes.remove("text");
        let Some(id) = attributes.get_mut("id") else { return };
        let plain = id.as_str().unwrap_or_default();
        let plain =
            plain.strip_prefix("accountid:").or(plain.strip_prefix("accountId:")).unwrap_or(plain).to_owned();
        *id = plain.into();
    }
}

fn in_small_letters(node: &mut Map<String, Value>) {
    if let Some(text) = text(node).map(str::to_lowercase) {
        set_text(node, text);
    }
}

fn words(node: &Value, found: &mut Vec<String>) {
    let mut text = String::new();
    shown(node, &mut text);
    let letters = |letter: char| !letter.is_alphanumeric();
    found.extend(text.split(letters).filter(|word| !word.is_empty()).map(str::to_owned));
}

fn shown(node: &Value, text: &mut String) {
    for name in ["text", "url", "alt", "href", "id"] {
        for place in [&node[name], &node["attrs"][name]] {
            if let Some(found) = place.as_str() {
                text.push_str(found);
                text.push(' ');
            }
        }
    }
    for mark in node["marks"].as_array().into_iter().flatten() {
        shown(mark, text);
    }
    for child in node["content"].as_array().into_iter().flatten() {
        shown(child, text);
    }
}

fn theirs_lost_words(case: &Case<'_>) -> bool {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    words(case.ours, &mut ours);
    words(case.theirs, &mut theirs);
    for word in &theirs {
        match ours.iter().position(|other| other == word) {
            Some(at) => {
                ours.remove(at);
            }
            None => return false,
        }
    }
    ours.iter().any(|word| case.input.contains(word.as_str()))
}

fn has_macros(case: &Case<'_>) -> bool {
    let names = ["info", "note", "tip", "warning", "expand", "status", "toc", "loremipsum"];
    names.iter().any(|name| case.input.contains(&format!("{{{name}")))
}

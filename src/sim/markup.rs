//! Just enough conversion to play Jira: wiki markup to ADF for version 3 reads, ADF to wiki for version 2 reads.
//!
//! Deliberately apart from the real converters of the crate: what stands in for Atlassian must not share their
//! mistakes.

use serde_json::Value;
use serde_json::json;

use super::world::Text;

const NODES: [&str; 34] = [
    "blockquote",
    "bulletList",
    "caption",
    "codeBlock",
    "date",
    "decisionItem",
    "decisionList",
    "emoji",
    "expand",
    "hardBreak",
    "heading",
    "inlineCard",
    "blockCard",
    "listItem",
    "media",
    "mediaGroup",
    "mediaInline",
    "mediaSingle",
    "mention",
    "nestedExpand",
    "orderedList",
    "panel",
    "paragraph",
    "placeholder",
    "rule",
    "status",
    "table",
    "tableCell",
    "tableHeader",
    "tableRow",
    "taskItem",
    "taskList",
    "text",
    "embedCard",
];
const MARKS: [&str; 12] = [
    "alignment",
    "backgroundColor",
    "border",
    "code",
    "em",
    "indentation",
    "link",
    "strike",
    "strong",
    "subsup",
    "textColor",
    "underline",
];
const DEEPEST: usize = 40;

impl Text {
    pub(crate) fn from_wiki(text: &str) -> Self {
        Self { wiki: text.to_owned(), adf: None }
    }

    /// Reads a document; `None` where Jira refuses it.
    pub(crate) fn from_adf(document: &Value) -> Option<Self> {
        let valid = document.get("type").and_then(Value::as_str) == Some("doc")
            && document.get("version").and_then(Value::as_u64) == Some(1)
            && children(document).is_some_and(|nodes| nodes.iter().all(|node| is_node(node, 0)));
        valid.then(|| Self { wiki: wiki(document), adf: Some(document.clone()) })
    }

    /// The text as this version of the interface has it.
    pub(crate) fn rendered(&self, version_3: bool) -> Value {
        if !version_3 {
            return Value::from(self.wiki.as_str());
        }
        self.adf.clone().unwrap_or_else(|| adf(&self.wiki))
    }

    /// HTML as `renderedFields` has it.
    pub(crate) fn html(&self) -> String {
        let paragraphs = self.wiki.split("\n\n").map(|part| {
            let escaped = part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            match escaped.strip_prefix("h2. ") {
                Some(title) => format!("<h2>{title}</h2>"),
                None => format!("<p>{}</p>", escaped.replace('\n', "<br/>")),
            }
        });
        paragraphs.collect::<Vec<_>>().join("\n")
    }
}

fn children(node: &Value) -> Option<&Vec<Value>> {
    node.get("content").and_then(Value::as_array)
}

fn is_node(node: &Value, depth: usize) -> bool {
    let Some(kind) = node.get("type").and_then(Value::as_str) else { return false };
    if !NODES.contains(&kind) || depth > DEEPEST {
        return false;
    }
    let marks = node.get("marks").and_then(Value::as_array);
    let known_marks = marks
        .into_iter()
        .flatten()
        .all(|mark| mark.get("type").and_then(Value::as_str).is_some_and(|kind| MARKS.contains(&kind)));
    let text =
        kind != "text" || node.get("text").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let content = node.get("content").is_none_or(Value::is_array);
    let below = children(node).is_none_or(|nodes| nodes.iter().all(|node| is_node(node, depth + 1)));
    known_marks && text && content && below
}

// ---- wiki to ADF

fn adf(wiki: &str) -> Value {
    let mut content = Vec::new();
    let mut lines = wiki.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if let Some(language) = line.strip_prefix("{code") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "{code}").collect();
            let mut node =
                json!({"type": "codeBlock", "attrs": {}, "content": [text(&code.join("\n"), &[])]});
            if let Some(name) = language.strip_prefix(':').and_then(|rest| rest.strip_suffix('}'))
                && let Some(attributes) = node.get_mut("attrs")
            {
                *attributes = json!({"language": name});
            }
            content.push(node);
            continue;
        }
        if let Some((level, title)) = heading(line) {
            content.push(json!({"type": "heading", "attrs": {"level": level}, "content": inline(title)}));
            continue;
        }
        let mut block = vec![line];
        let kind = list_kind(line);
        while let Some(next) = lines.next_if(|next| !next.trim().is_empty() && list_kind(next) == kind) {
            block.push(next);
        }
        content.push(match kind {
            Some('*') => list("bulletList", &block),
            Some('#') => list("orderedList", &block),
            Some(_) => table(&block),
            None => json!({"type": "paragraph", "content": inline(&block.join("\n"))}),
        });
    }
    json!({"version": 1, "type": "doc", "content": content})
}

fn heading(line: &str) -> Option<(u32, &str)> {
    let rest = line.strip_prefix('h')?;
    let (level, title) = rest.split_once(". ")?;
    Some((level.parse().ok().filter(|level| (1..=6).contains(level))?, title))
}

fn list_kind(line: &str) -> Option<char> {
    let first = line.chars().next()?;
    let marker = line.split(' ').next().unwrap_or_default();
    let is_list =
        matches!(first, '*' | '#') && marker.chars().all(|c| matches!(c, '*' | '#')) && marker != line;
    (is_list || first == '|').then_some(first)
}

fn list(kind: &str, lines: &[&str]) -> Value {
    let mut items: Vec<Value> = Vec::new();
    for line in lines {
        let (marker, rest) = line.split_once(' ').unwrap_or(("", line));
        let item = json!({"type": "listItem", "content": [{"type": "paragraph", "content": inline(rest)}]});
        let parent = items.last_mut().filter(|_| marker.len() > 1);
        let Some(below) = parent.and_then(|last| last.get_mut("content")).and_then(Value::as_array_mut)
        else {
            items.push(item);
            continue;
        };
        let nested = below.last_mut().filter(|node| node.get("type").and_then(Value::as_str) == Some(kind));
        match nested.and_then(|node| node.get_mut("content")).and_then(Value::as_array_mut) {
            Some(list) => list.push(item),
            None => below.push(json!({"type": kind, "content": [item]})),
        }
    }
    json!({"type": kind, "content": items})
}

fn table(lines: &[&str]) -> Value {
    let rows = lines.iter().map(|line| {
        let (kind, separator) =
            if line.starts_with("||") { ("tableHeader", "||") } else { ("tableCell", "|") };
        let cells = line.trim().trim_matches('|').split(separator);
        let cells = cells
            .map(|cell| json!({"type": kind, "content": [{"type": "paragraph", "content": inline(cell)}]}));
        json!({"type": "tableRow", "content": cells.collect::<Vec<_>>()})
    });
    json!({"type": "table", "content": rows.collect::<Vec<_>>()})
}

fn text(text: &str, marks: &[Value]) -> Value {
    let mut node = json!({"type": "text", "text": text});
    if let (false, Some(fields)) = (marks.is_empty(), node.as_object_mut()) {
        fields.insert("marks".to_owned(), Value::from(marks.to_vec()));
    }
    node
}

/// Bold, italic, code, links, mentions and line breaks; anything else stays text.
fn inline(source: &str) -> Vec<Value> {
    const PAIRS: [(&str, &str, &str); 3] = [("{{", "}}", "code"), ("*", "*", "strong"), ("_", "_", "em")];
    let mut nodes = Vec::new();
    let mut plain = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let after_word = plain.chars().last().is_some_and(char::is_alphanumeric);
        let pair = PAIRS.iter().filter(|_| !after_word).find_map(|(open, close, mark)| {
            let (inner, after) = rest.strip_prefix(open)?.split_once(close)?;
            let solid = !inner.is_empty() && inner.trim() == inner && !inner.contains('\n');
            solid.then(|| (text(inner, &[json!({"type": mark})]), after))
        });
        let found = pair
            .or_else(|| bracket(rest))
            .or_else(|| rest.strip_prefix('\n').map(|after| (json!({"type": "hardBreak"}), after)));
        let Some((node, after)) = found else {
            plain.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        if !plain.is_empty() {
            nodes.push(text(&std::mem::take(&mut plain), &[]));
        }
        nodes.push(node);
        rest = after;
    }
    if !plain.is_empty() {
        nodes.push(text(&plain, &[]));
    }
    nodes
}

fn bracket(rest: &str) -> Option<(Value, &str)> {
    let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
    if let Some(name) = inner.strip_prefix('~') {
        let user = super::world::User::named(name)?;
        let attributes = json!({"id": user.account_id, "text": format!("@{}", user.display)});
        return Some((json!({"type": "mention", "attrs": attributes}), after));
    }
    let (title, address) = inner.split_once('|')?;
    Some((text(title, &[json!({"type": "link", "attrs": {"href": address}})]), after))
}

// ---- ADF to wiki

fn wiki(document: &Value) -> String {
    let mut out = String::new();
    for node in children(document).into_iter().flatten() {
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        out.push_str(block(node, "").trim_end());
    }
    out
}

fn block(node: &Value, marker: &str) -> String {
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    let nodes = || children(node).into_iter().flatten();
    let inner = || nodes().map(|node| block(node, marker)).collect::<String>();
    let attribute = |name: &str| node.pointer(&format!("/attrs/{name}"));
    match kind {
        "text" => marked(node),
        "hardBreak" => "\n".to_owned(),
        "mention" | "emoji" | "status" => {
            attribute("text").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        "media" => {
            let name = attribute("url").or_else(|| attribute("id")).and_then(Value::as_str);
            format!("!{}!", name.unwrap_or_default())
        }
        "inlineCard" => format!("[{}]", attribute("url").and_then(Value::as_str).unwrap_or_default()),
        "heading" => format!("h{}. {}\n", attribute("level").and_then(Value::as_u64).unwrap_or(1), inner()),
        "codeBlock" => match attribute("language").and_then(Value::as_str) {
            Some(language) => format!("{{code:{language}}}\n{}\n{{code}}\n", inner()),
            None => format!("{{code}}\n{}\n{{code}}\n", inner()),
        },
        "bulletList" => nodes().map(|item| block(item, &format!("{marker}*"))).collect(),
        "orderedList" => nodes().map(|item| block(item, &format!("{marker}#"))).collect(),
        "listItem" => format!("{marker} {}\n", inner().trim_end()),
        "blockquote" => format!("{{quote}}{}{{quote}}\n", inner().trim_end()),
        "panel" => format!("{{panel}}{}{{panel}}\n", inner().trim_end()),
        "rule" => "----\n".to_owned(),
        "tableRow" => {
            let header = nodes().any(|cell| cell.get("type").and_then(Value::as_str) == Some("tableHeader"));
            let bar = if header { "||" } else { "|" };
            let cells: Vec<String> = nodes().map(|cell| block(cell, "").trim_end().to_owned()).collect();
            format!("{bar}{}{bar}\n", cells.join(bar))
        }
        "paragraph" => format!("{}\n", inner()),
        _ => inner(),
    }
}

fn marked(node: &Value) -> String {
    let mut out = node.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    for mark in node.get("marks").and_then(Value::as_array).into_iter().flatten() {
        out = match mark.get("type").and_then(Value::as_str).unwrap_or_default() {
            "strong" => format!("*{out}*"),
            "em" => format!("_{out}_"),
            "code" => format!("{{{{{out}}}}}"),
            "strike" => format!("-{out}-"),
            "link" => {
                let address = mark.pointer("/attrs/href").and_then(Value::as_str).unwrap_or_default();
                format!("[{out}|{address}]")
            }
            _ => out,
        };
    }
    out
}

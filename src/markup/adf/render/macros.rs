//! Macros of Confluence and of wiki markup, which Jira Cloud does not have.

use super::super::super::document::Block;
use super::super::super::document::Body;
use super::super::super::document::Code;
use super::super::super::document::Inline;
use super::super::super::document::Macro;
use super::super::super::document::flat;
use super::super::schema::Place;
use super::super::words;
use super::Node;
use super::Writer;

/// Macros that show nothing that would be missed.
const SILENT: [&str; 2] = ["toc", "anchor"];

impl Writer<'_> {
    pub(super) fn macro_block(&mut self, nodes: &mut Vec<Node>, call: &Macro, place: Place, depth: usize) {
        let name = call.name.as_str();
        if let Some(status) = status(call) {
            return self.paragraph(nodes, &[status], None, place);
        }
        if SILENT.contains(&name) {
            return self.notes.add(format!("the macro {name} was left out"));
        }
        match &call.body {
            Body::Text(text) => {
                if !is_code(name) {
                    self.notes.add(format!("the macro {name} became a code block"));
                }
                let language =
                    parameter(call, "language").or_else(|| parameter(call, "")).unwrap_or_default();
                let title = parameter(call, "title").unwrap_or_default();
                let code =
                    Code { language: language.to_owned(), title: title.to_owned(), text: text.clone() };
                self.code(nodes, &code, None, place);
            }
            Body::Blocks(blocks) => self.macro_body(nodes, call, blocks, place, depth),
            Body::None => {
                let piece = self.called(call);
                self.paragraph(nodes, &[piece], None, place);
            }
        }
    }

    fn macro_body(
        &mut self,
        nodes: &mut Vec<Node>,
        call: &Macro,
        blocks: &[Block],
        place: Place,
        depth: usize,
    ) {
        let title = parameter(call, "title").unwrap_or_default();
        match call.name.as_str() {
            "expand" => {
                let title = if title.is_empty() { parameter(call, "").unwrap_or_default() } else { title };
                self.expand(nodes, (title, blocks), None, place, depth);
            }
            name @ ("info" | "note" | "tip" | "warning" | "panel") => {
                self.panel(nodes, (words::look(name), title, blocks), None, place, depth);
            }
            name => {
                self.notes.add(format!("the macro {name} became what it holds"));
                self.title(nodes, title, place);
                self.add_all(nodes, blocks, place, depth + 1);
            }
        }
    }

    /// A macro in running text.
    pub(super) fn macro_pieces(&mut self, call: &Macro) -> Vec<Inline> {
        let name = call.name.as_str();
        if let Some(status) = status(call) {
            return vec![status];
        }
        if SILENT.contains(&name) {
            self.notes.add(format!("the macro {name} was left out"));
            return Vec::new();
        }
        match &call.body {
            Body::None => vec![self.called(call)],
            Body::Text(text) => {
                self.notes.add(format!("the macro {name} became code"));
                vec![Inline::Code(text.clone())]
            }
            Body::Blocks(blocks) => {
                self.notes.add(format!("the macro {name} became what it holds"));
                flat(blocks, self.notes)
            }
        }
    }

    /// A macro without a body: the key of an issue, or the call as code.
    fn called(&mut self, call: &Macro) -> Inline {
        let name = call.name.as_str();
        if let Some(key) =
            parameter(call, "key").filter(|key| matches!(name, "jira" | "jiraissues") && !key.is_empty())
        {
            self.notes.add(format!("the macro {name} became the key of the issue"));
            return Inline::Text(key.to_owned());
        }
        self.notes.add(format!("the macro {name} became code"));
        let mut text = format!("{{{name}");
        for (index, (name, value)) in call.parameters.iter().enumerate() {
            text.push(if index == 0 { ':' } else { '|' });
            text.push_str(name);
            text.push_str(if name.is_empty() { "" } else { "=" });
            text.push_str(value);
        }
        text.push('}');
        Inline::Code(text)
    }
}

fn is_code(name: &str) -> bool {
    matches!(name, "code" | "noformat")
}

fn status(call: &Macro) -> Option<Inline> {
    let text = parameter(call, "title").filter(|text| call.name == "status" && !text.is_empty())?;
    let color = parameter(call, "colour").or_else(|| parameter(call, "color")).unwrap_or_default();
    let color = match color.to_ascii_lowercase() {
        color if color.is_empty() || color == "grey" || color == "gray" => "neutral".to_owned(),
        color => color,
    };
    Some(Inline::Status { text: text.to_owned(), color })
}

fn parameter<'a>(call: &'a Macro, name: &str) -> Option<&'a str> {
    call.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

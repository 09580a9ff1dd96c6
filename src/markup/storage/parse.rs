//! Storage format into the document.

use super::super::document::{Block, Cell, Inline, Item, List, Table, push, push_all};
use super::tree::{Element, Node, read};

/// The name of the code blocks that hold what has no Markdown form.
const VERBATIM: &str = "storage";

/// Parses a body. One that is not well-formed is kept whole, as a code block.
pub(in super::super) fn parse(storage: &str) -> Vec<Block> {
    let storage = storage.replace("\r\n", "\n");
    match read(&storage) {
        Ok(nodes) => Parser { source: &storage }.blocks(&nodes),
        Err(_) => vec![Block::Code { info: VERBATIM.to_owned(), text: storage }],
    }
}

struct Parser<'a> {
    source: &'a str,
}

/// Blocks that are done, and the running text that is not yet a paragraph.
#[derive(Default)]
struct Flow {
    blocks: Vec<Block>,
    line: Vec<Inline>,
}

impl Flow {
    fn close(&mut self) {
        let line = std::mem::take(&mut self.line);
        let is_blank = line.iter().all(|piece| matches!(piece, Inline::Text(text) if text.trim().is_empty()));
        if !is_blank {
            self.blocks.push(Block::Paragraph(line));
        }
    }

    fn push(&mut self, block: Block) {
        self.close();
        self.blocks.push(block);
    }
}

impl Parser<'_> {
    fn blocks(&self, nodes: &[Node]) -> Vec<Block> {
        let mut flow = Flow::default();
        self.flow(&mut flow, nodes);
        flow.close();
        flow.blocks
    }

    fn flow(&self, flow: &mut Flow, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(text) => push(&mut flow.line, Inline::Text(collapsed(text))),
                Node::Element(element) => self.element(flow, element),
            }
        }
    }

    fn element(&self, flow: &mut Flow, element: &Element) {
        let children = element.children.as_slice();
        match element.name.as_str() {
            "p" | "div" | "section" | "article" | "header" | "footer" | "figure" | "center" | "details"
            | "summary" | "ac:layout" | "ac:layout-section" | "ac:layout-cell" | "ac:rich-text-body" => {
                flow.close();
                self.flow(flow, children);
                flow.close();
            }
            name @ ("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                let level = name.as_bytes().get(1).map_or(1, |digit| digit - b'0');
                flow.push(Block::Heading { level, content: self.inlines(children) });
            }
            "ul" => flow.push(self.list(element, None)),
            "ol" => {
                let start = element.attribute("start").parse().unwrap_or(1);
                flow.push(self.list(element, Some(start)));
            }
            "ac:task-list" => flow.push(self.tasks(element)),
            "blockquote" => flow.push(Block::Quote(self.blocks(children))),
            "pre" => flow.push(Block::Code { info: String::new(), text: element.text() }),
            "hr" => flow.push(Block::Rule),
            "table" => flow.push(self.table(element)),
            "ac:structured-macro" | "ac:macro" => self.macro_block(flow, element),
            "ac:adf-extension" => flow.push(self.verbatim(element)),
            _ => match self.inline(element) {
                Some(pieces) => push_all(&mut flow.line, pieces),
                None if element.name.contains(':') => flow.push(self.verbatim(element)),
                // An element nobody knows is transparent, as in a browser.
                None => self.flow(flow, children),
            },
        }
    }

    fn macro_block(&self, flow: &mut Flow, element: &Element) {
        match element.attribute("ac:name") {
            "code" | "noformat" => {
                let body = element.element("ac:plain-text-body").map(Element::text).unwrap_or_default();
                flow.push(Block::Code { info: parameter(element, "language"), text: body });
            }
            name @ ("info" | "note" | "tip" | "warning" | "panel" | "expand") => {
                let title = Some(parameter(element, "title")).filter(|title| !title.is_empty());
                let title = Inline::Text(title.unwrap_or_else(|| name.to_owned()));
                let mut blocks = vec![Block::Paragraph(vec![Inline::Strong(vec![title])])];
                if let Some(body) = element.element("ac:rich-text-body") {
                    blocks.extend(self.blocks(&body.children));
                }
                flow.push(Block::Quote(blocks));
            }
            _ => flow.push(self.verbatim(element)),
        }
    }

    fn verbatim(&self, element: &Element) -> Block {
        Block::Code { info: VERBATIM.to_owned(), text: self.source_of(element).to_owned() }
    }

    fn source_of(&self, element: &Element) -> &str {
        self.source.get(element.source.clone()).unwrap_or_default()
    }

    fn list(&self, element: &Element, start: Option<u64>) -> Block {
        let mut items: Vec<Item> = Vec::new();
        for child in element.elements() {
            match (child.name.as_str(), items.last_mut()) {
                ("li", _) => items.push(Item { done: None, blocks: self.blocks(&child.children) }),
                // Old pages nest a list beside the item it belongs to.
                (_, Some(item)) => {
                    let mut flow = Flow { blocks: std::mem::take(&mut item.blocks), line: Vec::new() };
                    self.element(&mut flow, child);
                    flow.close();
                    item.blocks = flow.blocks;
                }
                (_, None) => {
                    let mut flow = Flow::default();
                    self.element(&mut flow, child);
                    flow.close();
                    items.push(Item { done: None, blocks: flow.blocks });
                }
            }
        }
        Block::List(List { start, items })
    }

    fn tasks(&self, element: &Element) -> Block {
        let mut items: Vec<Item> = Vec::new();
        for child in element.elements() {
            if child.name == "ac:task" {
                let done =
                    child.element("ac:task-status").is_some_and(|status| status.text().trim() == "complete");
                let body = child.element("ac:task-body").map(|body| self.blocks(&body.children));
                items.push(Item { done: Some(done), blocks: body.unwrap_or_default() });
            } else if child.name == "ac:task-list" {
                let inner = self.tasks(child);
                match items.last_mut() {
                    Some(item) => item.blocks.push(inner),
                    None => items.push(Item { done: None, blocks: vec![inner] }),
                }
            }
        }
        Block::List(List { start: None, items })
    }

    fn table(&self, element: &Element) -> Block {
        let mut rows = Vec::new();
        for child in element.elements() {
            match child.name.as_str() {
                "tr" => rows.push(self.row(child)),
                "thead" | "tbody" | "tfoot" => {
                    rows.extend(child.elements().filter(|row| row.name == "tr").map(|row| self.row(row)));
                }
                _ => {}
            }
        }
        Block::Table(Table { rows })
    }

    fn row(&self, row: &Element) -> Vec<Cell> {
        let cells = row.elements().filter(|cell| matches!(cell.name.as_str(), "td" | "th"));
        cells.map(|cell| Cell { header: cell.name == "th", blocks: self.blocks(&cell.children) }).collect()
    }

    fn inlines(&self, nodes: &[Node]) -> Vec<Inline> {
        let mut content = Vec::new();
        for node in nodes {
            match node {
                Node::Text(text) => push(&mut content, Inline::Text(collapsed(text))),
                Node::Element(element) => match self.inline(element) {
                    Some(pieces) => push_all(&mut content, pieces),
                    None if element.name.contains(':') => {
                        push(&mut content, Inline::Code(self.source_of(element).to_owned()));
                    }
                    None => push_all(&mut content, self.inlines(&element.children)),
                },
            }
        }
        content
    }

    /// An element of running text; `None` for blocks and for what is unknown.
    fn inline(&self, element: &Element) -> Option<Vec<Inline>> {
        let children = element.children.as_slice();
        Some(vec![match element.name.as_str() {
            "strong" | "b" => Inline::Strong(self.inlines(children)),
            "em" | "i" => Inline::Emphasis(self.inlines(children)),
            "del" | "s" | "strike" => Inline::Strike(self.inlines(children)),
            "code" | "tt" | "kbd" | "samp" => Inline::Code(element.text()),
            "br" => Inline::Break,
            "a" if !element.attribute("href").is_empty() => {
                let url = element.attribute("href").to_owned();
                Inline::Link { url, content: self.inlines(children) }
            }
            "img" => Inline::Image {
                url: element.attribute("src").to_owned(),
                alt: element.attribute("alt").to_owned(),
            },
            "time" => {
                let shown = element.text();
                Inline::Text(if shown.is_empty() { element.attribute("datetime").to_owned() } else { shown })
            }
            "ac:image" => image(element)?,
            "ac:link" => self.link(element)?,
            "ac:emoticon" => Inline::Text(emoticon(element)),
            "sup" => {
                let mut content = vec![Inline::Text("^".to_owned())];
                push_all(&mut content, self.inlines(children));
                push(&mut content, Inline::Text("^".to_owned()));
                return Some(content);
            }
            "u"
            | "span"
            | "sub"
            | "small"
            | "big"
            | "font"
            | "cite"
            | "ac:inline-comment-marker"
            | "ac:placeholder"
            | "a" => return Some(self.inlines(children)),
            _ => return None,
        }])
    }

    fn link(&self, element: &Element) -> Option<Inline> {
        let anchor = element.attribute("ac:anchor");
        let target = element.elements().find(|target| target.name.starts_with("ri:"));
        let (url, name) = match target {
            None if !anchor.is_empty() => (format!("#{anchor}"), anchor.to_owned()),
            None => return None,
            Some(target) => match target.name.as_str() {
                "ri:user" => return user(target),
                "ri:page" => {
                    let title = target.attribute("ri:content-title");
                    (format!("page:{}/{title}", target.attribute("ri:space-key")), title.to_owned())
                }
                // A file of another page has no address that would lead back to it.
                "ri:attachment" if target.children.is_empty() => {
                    let name = target.attribute("ri:filename");
                    (format!("attachment:{name}"), name.to_owned())
                }
                "ri:url" => {
                    (target.attribute("ri:value").to_owned(), target.attribute("ri:value").to_owned())
                }
                _ => return None,
            },
        };
        let body = element
            .elements()
            .find(|body| matches!(body.name.as_str(), "ac:link-body" | "ac:plain-text-link-body"));
        let content = body.map(|body| self.inlines(&body.children)).filter(|content| !content.is_empty());
        Some(Inline::Link { url, content: content.unwrap_or_else(|| vec![Inline::Text(name)]) })
    }
}

fn user(target: &Element) -> Option<Inline> {
    let account = target.attribute("ri:account-id");
    let key = target.attribute("ri:userkey");
    let id = match (account, key, target.attribute("ri:username")) {
        ("", "", "") => return None,
        ("", "", name) => name.to_owned(),
        ("", key, _) => format!("userkey:{key}"),
        (account, _, _) => format!("accountid:{account}"),
    };
    Some(Inline::Mention { id, name: None })
}

fn image(element: &Element) -> Option<Inline> {
    let target = element.elements().find(|target| target.name.starts_with("ri:"))?;
    let url = match target.name.as_str() {
        "ri:url" => target.attribute("ri:value"),
        "ri:attachment" if target.children.is_empty() => target.attribute("ri:filename"),
        _ => return None,
    };
    Some(Inline::Image { url: url.to_owned(), alt: element.attribute("ac:alt").to_owned() })
}

fn emoticon(element: &Element) -> String {
    let fallback = element.attribute("ac:emoji-fallback");
    if fallback.is_empty() { format!(":{}:", element.attribute("ac:name")) } else { fallback.to_owned() }
}

fn parameter(element: &Element, name: &str) -> String {
    let is_wanted = |inner: &&Element| inner.name == "ac:parameter" && inner.attribute("ac:name") == name;
    element.elements().find(is_wanted).map(Element::text).unwrap_or_default()
}

/// White space as XHTML shows it: every run is one space.
fn collapsed(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_space = matches!(letter, ' ' | '\t' | '\n' | '\r');
        match (is_space, shown.ends_with(' ')) {
            (true, true) => {}
            (true, false) => shown.push(' '),
            (false, _) => shown.push(letter),
        }
    }
    shown
}

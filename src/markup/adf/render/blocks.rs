//! Blocks.

use serde_json::Map;
use serde_json::Value;

use super::super::super::document::Block;
use super::super::super::document::Code;
use super::super::super::document::Column;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::super::document::Look;
use super::super::super::document::Mark;
use super::super::super::document::Panel;
use super::super::super::document::flat;
use super::super::super::document::is_script;
use super::super::schema::Place;
use super::super::schema::allowed;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::DEEPEST;
use super::Draft;
use super::Node;
use super::Writer;
use super::foreign::readable;

impl Writer<'_> {
    pub(super) fn blocks(&mut self, blocks: &[Block], place: Place, depth: usize) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(blocks.len());
        self.add_all(&mut nodes, blocks, place, depth);
        nodes
    }

    /// The blocks of a node that cannot be empty.
    pub(super) fn filled(&mut self, blocks: &[Block], place: Place, depth: usize) -> Vec<Node> {
        let mut nodes = self.blocks(blocks, place, depth);
        if nodes.is_empty() {
            nodes.push(Node::empty_paragraph());
        }
        nodes
    }

    pub(super) fn add_all(&mut self, nodes: &mut Vec<Node>, blocks: &[Block], place: Place, depth: usize) {
        for block in blocks {
            self.add(nodes, block, place, depth);
        }
    }

    pub(super) fn add(&mut self, nodes: &mut Vec<Node>, block: &Block, place: Place, depth: usize) {
        if depth > DEEPEST {
            self.notes.add("blocks that are nested too deep became their text");
            self.paragraph(nodes, &[Inline::Text(readable(block))], None, place);
            return;
        }
        let (block, extra) = block.parts();
        let besides = self.besides(extra);
        if place == Place::BlockTask
            && !matches!(block, Block::Paragraph(_) | Block::Line(_) | Block::Source { .. })
        {
            let content = flat(std::slice::from_ref(block), self.notes);
            self.paragraph(nodes, &content, None, place);
            return;
        }
        match block {
            Block::Heading { level, content } => self.heading(nodes, *level, content, besides, place),
            Block::Paragraph(content) | Block::Line(content) => {
                self.paragraph(nodes, content, besides, place);
            }
            Block::List(list) => self.list(nodes, list, besides, place, depth),
            Block::Code(code) => self.code(nodes, code, besides, place),
            Block::Quote(blocks) => self.quote(nodes, blocks, besides, place, depth),
            Block::Panel(Panel { look, title, blocks }) => {
                self.panel(nodes, (*look, title, blocks), besides, place, depth);
            }
            Block::Expand { title, blocks } => self.expand(nodes, (title, blocks), besides, place, depth),
            Block::Table(_) if !allowed("table", place) => {
                let content = flat(std::slice::from_ref(block), self.notes);
                self.paragraph(nodes, &content, None, place);
            }
            Block::Table(table) => self.table(nodes, table, besides, place, depth),
            Block::Columns(columns) => self.columns(nodes, columns, besides, place, depth),
            Block::Rule if allowed("rule", place) => {
                nodes.push(self.node(Draft::new("rule", Words::none(), besides), place));
            }
            Block::Rule => self.notes.add("a rule was left out where no rule can stand"),
            Block::Picture { image, caption } => self.picture(nodes, image, caption, besides, place),
            Block::Card { url, embed } => self.card(nodes, url, *embed, besides, place),
            Block::Macro(call) => self.macro_block(nodes, call, place, depth),
            Block::Container { name, extra, blocks } => {
                self.container(nodes, (name, extra, blocks), place, depth);
            }
            Block::Source { format, text } => self.source(nodes, *format, text, place),
            Block::With { .. } => self.add(nodes, block, place, depth + 1),
        }
    }

    /// What ADF says besides; what other formats say is left out.
    pub(super) fn besides<'extra>(&mut self, extra: Option<&'extra Extra>) -> Option<&'extra Values> {
        if let Some(extra) = extra.filter(|extra| extra.format != Format::Adf) {
            let format = extra.format.as_str();
            self.notes.add(format!("what the {format} format says besides was left out"));
        }
        words::of(extra)
    }

    /// A title where the schema has no place for one: a paragraph of strong text.
    pub(super) fn title(&mut self, nodes: &mut Vec<Node>, title: &str, place: Place) {
        if !title.is_empty() {
            let text = vec![Inline::Text(title.to_owned())];
            self.paragraph(nodes, &[Inline::Marked(Mark::Strong, text)], None, place);
        }
    }

    fn heading(
        &mut self,
        nodes: &mut Vec<Node>,
        level: u8,
        content: &[Inline],
        besides: Option<&Values>,
        place: Place,
    ) {
        self.notes.at(content);
        if allowed("heading", place) {
            let draft = Draft::new("heading", words::heading(level), besides);
            let content = self.inlines(content, Place::Inline);
            nodes.push(self.node(draft.holding(content), place));
        } else {
            self.notes.add("a heading became strong text where no heading can stand");
            self.paragraph(nodes, &[Inline::Marked(Mark::Strong, content.to_vec())], None, place);
        }
    }

    pub(super) fn paragraph(
        &mut self,
        nodes: &mut Vec<Node>,
        content: &[Inline],
        besides: Option<&Values>,
        place: Place,
    ) {
        if besides.is_none() && place != Place::BlockTask && self.pictures(nodes, content, place) {
            return;
        }
        let content = self.inlines(content, Place::Inline);
        nodes.push(self.node(Draft::new("paragraph", Words::none(), besides).holding(content), place));
    }

    pub(super) fn code(
        &mut self,
        nodes: &mut Vec<Node>,
        code: &Code,
        besides: Option<&Values>,
        place: Place,
    ) {
        if !code.title.is_empty() {
            self.notes.add("the title of a code block became a paragraph before it");
            self.title(nodes, &code.title, place);
        }
        let mut content = Vec::new();
        if !code.text.is_empty() {
            content.push(Node::text(&code.text, Vec::new()));
        }
        let draft = Draft::new("codeBlock", words::code(&code.language), besides);
        nodes.push(self.node(draft.holding(content), place));
    }

    fn quote(
        &mut self,
        nodes: &mut Vec<Node>,
        blocks: &[Block],
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) {
        if !allowed("blockquote", place) {
            self.notes.add("a quote became its blocks where no quote can stand");
            return self.add_all(nodes, blocks, place, depth + 1);
        }
        let content = self.filled(blocks, Place::Quote, depth + 1);
        nodes.push(self.node(Draft::new("blockquote", Words::none(), besides).holding(content), place));
    }

    pub(super) fn panel(
        &mut self,
        nodes: &mut Vec<Node>,
        (look, title, blocks): (Look, &str, &[Block]),
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) {
        if !title.is_empty() {
            self.notes.add("the title of a panel became its first paragraph");
        }
        if !allowed("panel", place) {
            self.notes.add("a panel became its blocks where no panel can stand");
            self.title(nodes, title, place);
            return self.add_all(nodes, blocks, place, depth + 1);
        }
        let mut content = Vec::with_capacity(blocks.len());
        self.title(&mut content, title, Place::Panel);
        self.add_all(&mut content, blocks, Place::Panel, depth + 1);
        if content.is_empty() {
            content.push(Node::empty_paragraph());
        }
        nodes.push(self.node(Draft::new("panel", words::panel(look), besides).holding(content), place));
    }

    pub(super) fn expand(
        &mut self,
        nodes: &mut Vec<Node>,
        (title, blocks): (&str, &[Block]),
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) {
        let is_nested =
            besides.and_then(|values| values.get("type")).is_some_and(|kind| kind == "nestedExpand");
        let kinds = if is_nested { ["nestedExpand", "expand"] } else { ["expand", "nestedExpand"] };
        let Some(kind) = kinds.into_iter().find(|kind| allowed(kind, place)) else {
            self.notes.add("an expand became its title and blocks where no expand can stand");
            self.title(nodes, title, place);
            return self.add_all(nodes, blocks, place, depth + 1);
        };
        let inside = if kind == "expand" { Place::Expand } else { Place::NestedExpand };
        let content = self.filled(blocks, inside, depth + 1);
        nodes.push(self.node(Draft::new(kind, words::expand(title), besides).holding(content), place));
    }

    fn columns(
        &mut self,
        nodes: &mut Vec<Node>,
        columns: &[Column],
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) {
        if !allowed("layoutSection", place) || place == Place::Document && columns.len() < 2 {
            self.notes.add("columns became their blocks where no columns can stand");
            for column in columns {
                self.add_all(nodes, &column.blocks, place, depth + 1);
            }
            return;
        }
        if place != Place::Document || columns.len() <= 3 {
            nodes.push(self.section(columns, true, besides, place, depth));
            return;
        }
        self.notes.add("more than three columns became several rows of columns");
        let mut rest = columns;
        for left in (1..=columns.len().div_ceil(3)).rev() {
            let Some((some, others)) = rest.split_at_checked(rest.len().div_ceil(left)) else { break };
            nodes.push(self.section(some, false, besides, place, depth));
            rest = others;
        }
    }

    fn section(
        &mut self,
        columns: &[Column],
        with_widths: bool,
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) -> Node {
        let mut content = Vec::with_capacity(columns.len());
        for column in columns {
            let width = if with_widths { column.width.as_str() } else { "" };
            let besides = self.besides(column.extra.as_ref());
            let draft = Draft::new("layoutColumn", words::column(width, columns.len()), besides);
            let blocks = self.filled(&column.blocks, Place::Column, depth + 2);
            content.push(self.node(draft.holding(blocks), Place::Section));
        }
        self.node(Draft::new("layoutSection", Words::none(), besides).holding(content), place)
    }

    fn card(
        &mut self,
        nodes: &mut Vec<Node>,
        url: &str,
        embed: bool,
        besides: Option<&Values>,
        place: Place,
    ) {
        let kind = if embed { "embedCard" } else { "blockCard" };
        if allowed(kind, place) && !is_script(url) {
            return nodes.push(self.node(Draft::new(kind, words::card(url, embed), besides), place));
        }
        if embed && allowed("blockCard", place) {
            self.notes.add("an embedded page became a card where no page can stand");
            return self.card(nodes, url, false, None, place);
        }
        self.notes.add("a card became a link in a paragraph where no card can stand");
        self.paragraph(nodes, &[Inline::Card(url.to_owned())], None, place);
    }
}

/// Attributes and marks of one mark more.
pub(super) fn marked(mark: Value) -> Values {
    let mut values = Map::new();
    values.insert("marks".to_owned(), Value::Array(vec![mark]));
    values
}

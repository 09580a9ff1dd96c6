//! Nodes that are blocks.

use serde_json::Value;

use super::super::super::document::Block;
use super::super::super::document::Code;
use super::super::super::document::Column;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::super::document::MAX_DEPTH;
use super::super::super::document::Panel;
use super::super::super::document::is_script;
use super::super::schema;
use super::super::schema::Place;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::Reader;
use super::besides;
use super::besides_of_kind;
use super::children;
use super::extra;
use super::kind;
use super::text;

impl Reader<'_> {
    /// The blocks; running text between them becomes paragraphs.
    pub(super) fn blocks(&mut self, nodes: &[Value], place: Place, depth: usize) -> Vec<Block> {
        let mut blocks = Vec::with_capacity(nodes.len());
        let mut rest = nodes;
        while let Some((node, after)) = rest.split_first() {
            let length = rest.iter().take_while(|node| schema::is_inline(kind(node))).count();
            if let (1.., Some((line, after))) = (length, rest.split_at_checked(length)) {
                blocks.push(Block::Paragraph(self.inlines(line)));
                rest = after;
                continue;
            }
            rest = after;
            blocks.push(if depth >= MAX_DEPTH { self.source(node) } else { self.block(node, place, depth) });
        }
        blocks
    }

    fn block(&mut self, node: &Value, place: Place, depth: usize) -> Block {
        if let Some(block) = node.as_object().and_then(|map| self.known(map, place, depth)) {
            return block;
        }
        match node.as_object().and_then(|map| self.container(map, depth)) {
            Some(block) => block,
            None => self.source(node),
        }
    }

    /// A node that the model has words for.
    fn known(&mut self, map: &Values, place: Place, depth: usize) -> Option<Block> {
        let kind = map.get("type")?.as_str()?;
        let content = children(map)?;
        Some(match kind {
            "paragraph" => {
                let extra = extra(besides(map, &Words::none())?);
                Block::Paragraph(self.inlines(content)).with(extra)
            }
            "heading" => {
                let level =
                    super::attribute(map, "level")?.as_u64().filter(|level| (1..=6).contains(level))?;
                let level = u8::try_from(level).ok()?;
                let extra = extra(besides(map, &words::heading(level))?);
                Block::Heading { level, content: self.inlines(content) }.with(extra)
            }
            "bulletList" | "orderedList" => self.list(map, depth)?,
            "taskList" => self.tasks(map, depth)?,
            "decisionList" => self.decisions(map)?,
            "codeBlock" => code(map, content)?,
            "blockquote" => {
                let extra = extra(besides(map, &Words::none())?);
                Block::Quote(self.blocks(content, Place::Quote, depth + 1)).with(extra)
            }
            "panel" => {
                let look = words::look(text(map, "panelType"));
                let extra = extra(besides(map, &words::panel(look))?);
                let blocks = self.blocks(content, Place::Panel, depth + 1);
                Block::Panel(Panel { look, title: String::new(), blocks }).with(extra)
            }
            "expand" | "nestedExpand" => self.expand(map, place, depth)?,
            "rule" if content.is_empty() => Block::Rule.with(extra(besides(map, &Words::none())?)),
            "table" => self.table(map, depth)?,
            "mediaSingle" => self.single(map)?,
            "mediaGroup" => group(map)?,
            "layoutSection" => self.columns(map, depth)?,
            "blockCard" | "embedCard" if content.is_empty() => card(map, kind == "embedCard")?,
            _ => return None,
        })
    }

    fn expand(&mut self, map: &Values, place: Place, depth: usize) -> Option<Block> {
        let title = text(map, "title");
        let words = words::expand(title);
        let nested = matches!(place, Place::Expand | Place::Cell);
        let is_nested = map.get("type").and_then(Value::as_str) == Some("nestedExpand");
        let extra = if is_nested && !nested {
            extra(besides_of_kind(map, &words, "nestedExpand")?)
        } else {
            extra(besides(map, &words)?)
        };
        let inside = if is_nested { Place::NestedExpand } else { Place::Expand };
        let blocks = self.blocks(children(map)?, inside, depth + 1);
        Some(Block::Expand { title: title.to_owned(), blocks }.with(extra))
    }

    fn columns(&mut self, map: &Values, depth: usize) -> Option<Block> {
        let nodes = children(map)?;
        let section = extra(besides(map, &Words::none())?);
        let mut columns = Vec::with_capacity(nodes.len());
        for node in nodes {
            let map = node.as_object().filter(|_| kind(node) == "layoutColumn")?;
            let width = super::attribute(map, "width").filter(|width| width.is_number());
            let width = width.map(ToString::to_string).unwrap_or_default();
            let extra = extra(besides(map, &words::column(&width, nodes.len()))?);
            let blocks = self.blocks(children(map)?, Place::Column, depth + 1);
            columns.push(Column { width, blocks, extra });
        }
        (!columns.is_empty()).then(|| Block::Columns(columns).with(section))
    }

    /// A node that holds blocks.
    fn container(&mut self, map: &Values, depth: usize) -> Option<Block> {
        let name = map.get("type")?.as_str().filter(|name| !name.is_empty())?;
        let (inside, content) = holds_blocks(map)?;
        let extra = Extra { format: Format::Adf, values: besides(map, &Words::none())? };
        let blocks = self.blocks(content, inside, depth + 1);
        Some(Block::Container { name: name.to_owned(), extra, blocks })
    }
}

/// What a node holds if it is nothing but blocks, and what may stand there.
pub(super) fn holds_blocks(map: &Values) -> Option<(Place, &[Value])> {
    let name = map.get("type")?.as_str()?;
    let content = children(map).filter(|content| !content.is_empty())?;
    let is_block = |node: &Value| !kind(node).is_empty() && !schema::is_inline(kind(node));
    let inside = match schema::node(name).map(|node| node.holds) {
        Some(Place::Inline | Place::Caption | Place::Leaf | Place::Code) => return None,
        // Their nodes are not blocks on their own.
        Some(Place::List | Place::Tasks | Place::Decisions | Place::Table | Place::MediaSingle) => {
            return None;
        }
        Some(Place::MediaGroup | Place::Section) => return None,
        Some(inside) => inside,
        None => Place::Unknown,
    };
    content.iter().all(is_block).then_some((inside, content))
}

/// The blocks of an item, cell or row of a kind that the schema does not know.
pub(super) fn unknown_kind(map: &Values) -> Option<(&str, &[Value])> {
    let name = map.get("type")?.as_str().filter(|name| !name.is_empty() && schema::node(name).is_none())?;
    holds_blocks(map).map(|(_, content)| (name, content))
}

fn code(map: &Values, content: &[Value]) -> Option<Block> {
    let language = text(map, "language");
    let extra = extra(besides(map, &words::code(language))?);
    let mut text = String::new();
    for node in content {
        let map = node.as_object().filter(|_| kind(node) == "text")?;
        let is_plain = map.iter().all(|(name, value)| match name.as_str() {
            "type" | "text" => true,
            "marks" => value.as_array().is_some_and(Vec::is_empty),
            _ => false,
        });
        text.push_str(map.get("text")?.as_str().filter(|_| is_plain)?);
    }
    let code = Code { language: language.to_owned(), title: String::new(), text };
    Some(Block::Code(code).with(extra))
}

fn card(map: &Values, embed: bool) -> Option<Block> {
    let url = Some(text(map, "url")).filter(|url| !url.is_empty() && !is_script(url))?;
    let extra = extra(besides(map, &words::card(url, embed))?);
    Some(Block::Card { url: url.to_owned(), embed }.with(extra))
}

/// Files side by side: each is a picture with what its node says.
fn group(map: &Values) -> Option<Block> {
    let extra = Extra { format: Format::Adf, values: besides(map, &Words::none())? };
    let mut blocks = Vec::new();
    for node in children(map)? {
        match node.as_object().filter(|_| kind(node) == "media").and_then(super::media::picture) {
            Some(picture) => blocks.push(picture),
            None if schema::allowed(kind(node), Place::MediaGroup) && super::is_shallow(node) => {
                blocks.push(Block::Source { format: Format::Adf, text: node.to_string() });
            }
            None => return None,
        }
    }
    (!blocks.is_empty()).then(|| Block::Container { name: "mediaGroup".to_owned(), extra, blocks })
}

/// Turns a paragraph into text that stands in its item alone, which every list of one paragraph an item shows.
pub(super) fn as_line(block: &mut Block) {
    match block {
        Block::Paragraph(content) => *block = Block::Line(std::mem::take::<Vec<Inline>>(content)),
        Block::With { block, .. } => as_line(block),
        _ => {}
    }
}

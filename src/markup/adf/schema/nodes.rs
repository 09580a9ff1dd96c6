//! Which nodes there are, where each may stand and what it holds.

use super::attributes as known;
use super::attributes::Attribute;

/// Where a node stands: in the content of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Place {
    Document,
    Quote,
    Item,
    Panel,
    Expand,
    NestedExpand,
    /// A `bodiedExtension`.
    Body,
    Cell,
    Column,
    /// A `bodiedSyncBlock`.
    Sync,
    BlockTask,
    /// A list of bullets or numbers.
    List,
    Tasks,
    Decisions,
    Table,
    Row,
    Section,
    MediaSingle,
    MediaGroup,
    Code,
    Inline,
    Caption,
    /// The node holds nothing.
    Leaf,
    /// Inside a node that the schema does not know everything may stand.
    Unknown,
}

impl Place {
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// One kind of node.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Node {
    pub(in super::super) kind: &'static str,
    stands: u32,
    /// Each set of attributes that the node can have; none if it has no attributes.
    pub(super) attributes: &'static [&'static [Attribute]],
    pub(in super::super) needs_attributes: bool,
    pub(in super::super) holds: Place,
    /// How many nodes it holds at least.
    pub(super) least: usize,
    pub(in super::super) needs_content: bool,
}

/// The node of that kind, if the schema knows it.
pub(in super::super) fn node(kind: &str) -> Option<&'static Node> {
    NODES.iter().find(|node| node.kind == kind)
}

/// Whether a node of that kind may stand there; one that the schema does not know may stand everywhere.
pub(in super::super) fn allowed(kind: &str, place: Place) -> bool {
    place == Place::Unknown || node(kind).is_none_or(|node| node.stands & place.bit() != 0)
}

/// Whether nodes of that kind stand in running text.
pub(in super::super) fn is_inline(kind: &str) -> bool {
    node(kind).is_some_and(|node| node.stands & (TEXT | Place::Caption.bit()) != 0)
}

impl Node {
    /// Whether it can have attributes at all.
    pub(in super::super) fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    const fn new(kind: &'static str, stands: u32) -> Self {
        Self {
            kind,
            stands,
            attributes: &[known::LOCAL],
            needs_attributes: false,
            holds: Place::Leaf,
            least: 0,
            needs_content: false,
        }
    }

    const fn with(mut self, attributes: &'static [&'static [Attribute]]) -> Self {
        self.attributes = attributes;
        self
    }

    const fn needing(mut self, attributes: &'static [&'static [Attribute]]) -> Self {
        self.attributes = attributes;
        self.needs_attributes = true;
        self
    }

    /// Holds nodes, and may do without.
    const fn holding(mut self, place: Place) -> Self {
        self.holds = place;
        self
    }

    /// Holds so many nodes at least, and always says so.
    const fn filled(mut self, place: Place, least: usize) -> Self {
        self.holds = place;
        self.least = least;
        self.needs_content = true;
        self
    }
}

const fn places(list: &[Place]) -> u32 {
    let mut bits = 0;
    let mut rest = list;
    while let [first, others @ ..] = rest {
        bits |= first.bit();
        rest = others;
    }
    bits
}

const BLOCKS: u32 = places(&[
    Place::Document,
    Place::Quote,
    Place::Item,
    Place::Panel,
    Place::Expand,
    Place::NestedExpand,
    Place::Body,
    Place::Cell,
    Place::Column,
    Place::Sync,
]);
const DOCUMENT: u32 = Place::Document.bit();
const QUOTE: u32 = Place::Quote.bit();
const ITEM: u32 = Place::Item.bit();
const PANEL: u32 = Place::Panel.bit();
const NESTED: u32 = Place::NestedExpand.bit();
const COLUMN: u32 = Place::Column.bit();
const SYNC: u32 = Place::Sync.bit();
const BLOCK_TASK: u32 = Place::BlockTask.bit();
const TEXT: u32 = Place::Inline.bit();
const RUNNING: u32 = TEXT | Place::Caption.bit();

static NODES: [Node; 43] = [
    Node::new("text", RUNNING | Place::Code.bit()).with(&[]),
    Node::new("paragraph", BLOCKS | BLOCK_TASK).holding(Place::Inline),
    Node::new("hardBreak", RUNNING).with(&[known::HARD_BREAK]),
    Node::new("listItem", Place::List.bit()).filled(Place::Item, 1),
    Node::new("bulletList", BLOCKS).filled(Place::List, 1),
    Node::new("tableCell", Place::Row.bit()).with(&[known::CELL]).filled(Place::Cell, 1),
    Node::new("tableHeader", Place::Row.bit()).with(&[known::CELL]).filled(Place::Cell, 1),
    Node::new("tableRow", Place::Table.bit()).filled(Place::Row, 0),
    Node::new("table", BLOCKS & !(QUOTE | ITEM | PANEL | NESTED | Place::Cell.bit()))
        .with(&[known::TABLE])
        .filled(Place::Table, 1),
    Node::new("heading", BLOCKS & !(QUOTE | ITEM)).needing(&[known::HEADING]).holding(Place::Inline),
    Node::new("orderedList", BLOCKS).with(&[known::ORDERED_LIST]).filled(Place::List, 1),
    Node::new("codeBlock", BLOCKS).with(&[known::CODE_BLOCK]).holding(Place::Code),
    Node::new("taskList", BLOCKS & !QUOTE | Place::Tasks.bit())
        .needing(&[known::NEEDED_LOCAL])
        .filled(Place::Tasks, 1),
    Node::new("taskItem", Place::Tasks.bit()).needing(&[known::TASK]).holding(Place::Inline),
    Node::new("blockTaskItem", Place::Tasks.bit()).needing(&[known::TASK]).filled(Place::BlockTask, 1),
    Node::new("decisionList", BLOCKS & !(QUOTE | ITEM))
        .needing(&[known::NEEDED_LOCAL])
        .filled(Place::Decisions, 1),
    Node::new("decisionItem", Place::Decisions.bit()).needing(&[known::DECISION]).holding(Place::Inline),
    Node::new("blockquote", BLOCKS & !(QUOTE | ITEM | PANEL)).filled(Place::Quote, 1),
    Node::new("panel", BLOCKS & !(QUOTE | ITEM | PANEL)).needing(&[known::PANEL]).filled(Place::Panel, 1),
    Node::new("expand", DOCUMENT | COLUMN | SYNC).with(&[known::EXPAND]).filled(Place::Expand, 1),
    Node::new("nestedExpand", places(&[Place::Expand, Place::Cell]))
        .needing(&[known::EXPAND])
        .filled(Place::NestedExpand, 1),
    Node::new("rule", BLOCKS & !(QUOTE | ITEM)),
    Node::new("mediaSingle", BLOCKS)
        .with(&[known::MEDIA_SINGLE_PERCENT, known::MEDIA_SINGLE_PIXELS])
        .filled(Place::MediaSingle, 1),
    Node::new("mediaGroup", BLOCKS & !ITEM).with(&[]).filled(Place::MediaGroup, 1),
    Node::new("media", places(&[Place::MediaSingle, Place::MediaGroup]))
        .needing(&[known::MEDIA_FILE, known::MEDIA_EXTERNAL]),
    Node::new("caption", Place::MediaSingle.bit()).holding(Place::Caption),
    Node::new("mediaInline", TEXT).needing(&[known::MEDIA_INLINE]),
    Node::new("layoutSection", DOCUMENT | SYNC).filled(Place::Section, 0),
    Node::new("layoutColumn", Place::Section.bit()).needing(&[known::COLUMN]).filled(Place::Column, 1),
    Node::new("blockCard", BLOCKS & !(QUOTE | ITEM | NESTED)).needing(&[
        known::DATASOURCE_CARD,
        known::URL_CARD,
        known::DATA_CARD,
    ]),
    Node::new("embedCard", BLOCKS & !(QUOTE | ITEM | PANEL | NESTED)).needing(&[known::EMBED_CARD]),
    Node::new("inlineCard", RUNNING).needing(&[known::URL_CARD, known::DATA_CARD]),
    Node::new("extension", BLOCKS & !SYNC | BLOCK_TASK).needing(&[known::EXTENSION]),
    Node::new("inlineExtension", TEXT).needing(&[known::INLINE_EXTENSION]),
    Node::new("bodiedExtension", DOCUMENT | COLUMN).needing(&[known::EXTENSION]).filled(Place::Body, 1),
    Node::new("syncBlock", DOCUMENT).needing(&[known::SYNC_BLOCK]),
    Node::new("bodiedSyncBlock", DOCUMENT).needing(&[known::SYNC_BLOCK]).filled(Place::Sync, 1),
    Node::new("mention", RUNNING).needing(&[known::MENTION]),
    Node::new("emoji", RUNNING).needing(&[known::EMOJI]),
    Node::new("date", RUNNING).needing(&[known::DATE]),
    Node::new("status", RUNNING).needing(&[known::STATUS]),
    Node::new("placeholder", RUNNING).needing(&[known::PLACEHOLDER]),
    Node::new("doc", 0).with(&[]).filled(Place::Document, 0),
];

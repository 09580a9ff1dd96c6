//! The document that every format is parsed into and rendered from.

mod flat;
mod notes;
mod text;

use serde_json::Map;
use serde_json::Value;

pub(super) use flat::flat;
pub(super) use flat::task_mark;
pub use notes::Note;
pub(super) use notes::Notes;
pub(super) use text::is_script;
pub(super) use text::is_text;
pub(super) use text::plain;
pub(super) use text::push;
pub(super) use text::push_all;
pub(super) use text::tidy;
pub(super) use text::trim;
pub(super) use text::with_mentions;

/// How deep blocks and inlines may nest; a parser keeps the text of what is deeper and drops its structure.
pub(super) const MAX_DEPTH: usize = 64;

/// The formats that documents come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// `CommonMark` with GitHub's tables, tasks and strikethrough, and the additions of `docs/MARKUP.md`.
    Markdown,
    /// The wiki markup of Jira.
    Wiki,
    /// Atlassian Document Format.
    Adf,
    /// The storage format of Confluence.
    Storage,
}

impl Format {
    /// The name, as arguments and Markdown have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Wiki => "wiki",
            Self::Adf => "adf",
            Self::Storage => "storage",
        }
    }

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Markdown, Self::Wiki, Self::Adf, Self::Storage].into_iter().find(|one| one.as_str() == name)
    }
}

/// What a format says of a node that the model has no word for: ADF's other `attrs` and block `marks`, storage's other
/// attributes, wiki markup's other parameters. Only a renderer of the same format uses it, all of it, so that a
/// document which is read and written back is the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) format: Format,
    /// In the order of the source; storage and wiki markup have strings only.
    pub(super) values: Map<String, Value>,
}

/// One block of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Heading {
        level: u8,
        content: Vec<Inline>,
    },
    Paragraph(Vec<Inline>),
    /// Text that stands in an item, a cell or a body without a paragraph of its own; storage and tight lists tell the
    /// two apart, for all others it is a paragraph.
    Line(Vec<Inline>),
    List(List),
    Code(Code),
    Quote(Vec<Block>),
    Panel(Panel),
    Expand {
        title: String,
        blocks: Vec<Block>,
    },
    Table(Table),
    /// Columns side by side.
    Columns(Vec<Column>),
    Rule,
    /// An image that is a block of its own.
    Picture {
        image: Image,
        caption: Vec<Inline>,
    },
    /// A smart link that is a block of its own; `embed` shows the page itself.
    Card {
        url: String,
        embed: bool,
    },
    Macro(Macro),
    /// A node that holds blocks and means nothing outside of its format, such as storage's `div` and ADF's
    /// `bodiedExtension`.
    Container {
        name: String,
        extra: Extra,
        blocks: Vec<Block>,
    },
    /// A node in its own format, as it was written: what the model cannot say.
    Source {
        format: Format,
        text: String,
    },
    /// A block with what its format says of it besides. Never around [`Block::Container`], [`Block::Source`] or
    /// another one of these.
    With {
        extra: Extra,
        block: Box<Block>,
    },
}

/// A list; `start` is the first number of an ordered one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(super) start: Option<u64>,
    /// ADF's list of decisions, which is a list of bullets everywhere else.
    pub(super) decisions: bool,
    pub(super) items: Vec<Item>,
}

/// One item of a list; `done` is set for tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) done: Option<bool>,
    pub(super) blocks: Vec<Block>,
    pub(super) extra: Option<Extra>,
}

/// Code that is shown as it stands. `language` is in the words of the source; empty is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) language: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// A box around blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Panel {
    pub(super) look: Look,
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

/// How a panel looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Info,
    Note,
    Tip,
    Success,
    Warning,
    Error,
    /// Colours of its own, which are in the extra, or none.
    Plain,
}

/// A table of rows, which may differ in length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
}

/// One row of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    pub(super) extra: Option<Extra>,
}

/// One cell of a table; a span of 0 or 1 is one row or column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) header: bool,
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) blocks: Vec<Block>,
    pub(super) extra: Option<Extra>,
}

/// One of several columns; the width is a percentage, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) width: String,
    pub(super) blocks: Vec<Block>,
    pub(super) extra: Option<Extra>,
}

/// An image. The address is a URL; a bare name, which is a file attached to the same page or issue; or `media:` and
/// the id of a file of Cloud. Sizes are as they were written; empty is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) url: String,
    pub(super) alt: String,
    pub(super) title: String,
    pub(super) width: String,
    pub(super) height: String,
}

/// A macro of Confluence or of wiki markup that the model has no word for, with the parameters in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Macro {
    pub(super) name: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) body: Body,
}

/// What a macro holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Text(String),
    Blocks(Vec<Block>),
}

/// One piece of running text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inline {
    Text(String),
    Code(String),
    Marked(Mark, Vec<Inline>),
    Link {
        url: String,
        title: String,
        content: Vec<Inline>,
    },
    /// A smart link, which Atlassian shows by the title of the page.
    Card(String),
    Image(Image),
    /// `id` as wiki markup has it: a user name, `accountid:` and the id, or `userkey:` and the key.
    Mention {
        id: String,
        name: Option<String>,
    },
    /// The short name with its colons, and the character; either may be empty.
    Emoji {
        name: String,
        text: String,
    },
    /// A day as `2026-01-31`.
    Date(String),
    /// A status lozenge; the colour is ADF's word: neutral, purple, blue, red, yellow, green.
    Status {
        text: String,
        color: String,
    },
    /// A place to link to.
    Anchor(String),
    Macro(Macro),
    Break,
    /// A node or mark that holds text and means nothing outside of its format, such as ADF's `annotation`.
    Container {
        name: String,
        extra: Extra,
        content: Vec<Inline>,
    },
    /// A node in its own format, as it was written.
    Source {
        format: Format,
        text: String,
    },
    /// A piece with what its format says of it besides. Never around text or another one of these.
    With {
        extra: Extra,
        piece: Box<Inline>,
    },
}

/// How a piece of text is marked. The order is that of ADF's schema, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    Emphasis,
    Strong,
    Strike,
    Subscript,
    Superscript,
    Underline,
    /// `#rrggbb` in lower case, or a word of the source.
    Color(String),
    Background(String),
    Citation,
}

impl Extra {
    /// Nothing if there is nothing.
    pub(super) fn new(format: Format, values: Map<String, Value>) -> Option<Self> {
        (!values.is_empty()).then_some(Self { format, values })
    }

    /// The values, if they are of this format.
    pub(super) fn of(&self, format: Format) -> Option<&Map<String, Value>> {
        (self.format == format).then_some(&self.values)
    }

    /// That the text of a cell stands at this side, as storage says it.
    pub(super) fn aligned(side: &str) -> Self {
        let style = Value::from(format!("text-align: {side};"));
        Self { format: Format::Storage, values: Map::from_iter([("style".to_owned(), style)]) }
    }

    /// The side at which the text of a cell stands, if that is all there is.
    pub(super) fn side(&self) -> Option<&'static str> {
        ["left", "center", "right"].into_iter().find(|side| *self == Self::aligned(side))
    }
}

impl Block {
    /// A paragraph of plain text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Inline::Text(text.into())])
    }

    /// The block with what its format says of it besides.
    pub(super) fn with(self, extra: Option<Extra>) -> Self {
        match extra {
            Some(extra) => Self::With { extra, block: Box::new(self) },
            None => self,
        }
    }

    /// The block itself, and what its format says of it besides.
    pub(super) fn parts(&self) -> (&Self, Option<&Extra>) {
        match self {
            Self::With { extra, block } => (block, Some(extra)),
            block => (block, None),
        }
    }
}

impl Inline {
    /// The piece with what its format says of it besides.
    pub(super) fn with(self, extra: Option<Extra>) -> Self {
        match extra {
            Some(extra) => Self::With { extra, piece: Box::new(self) },
            None => self,
        }
    }

    /// The pieces inside this one, if it has any.
    #[cfg(test)]
    pub(super) fn children(&self) -> &[Inline] {
        match self {
            Self::Marked(_, content) | Self::Link { content, .. } | Self::Container { content, .. } => {
                content
            }
            Self::With { piece, .. } => piece.children(),
            _ => &[],
        }
    }
}

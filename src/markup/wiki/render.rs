//! The document as wiki markup.

use super::super::document::{Block, Inline, Item, List, Table, flat, plain, simple, task_mark, tidy, trim};
use super::escape::{Place, Within, address, alt, code, text};

/// The languages that Jira highlights; any other name would show an error above the code.
const LANGUAGES: [&str; 32] = [
    "actionscript",
    "ada",
    "applescript",
    "bash",
    "c",
    "c#",
    "c++",
    "cpp",
    "css",
    "erlang",
    "go",
    "groovy",
    "haskell",
    "html",
    "java",
    "javascript",
    "js",
    "json",
    "lua",
    "none",
    "nyan",
    "objc",
    "perl",
    "php",
    "python",
    "r",
    "ruby",
    "scala",
    "sh",
    "sql",
    "swift",
    "xml",
];

/// Renders the document, without a final line break.
pub(in super::super) fn render(blocks: &[Block]) -> String {
    let mut writer = Writer::default();
    writer.blocks(blocks, Outer::Page);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outer {
    Page,
    Quote,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block], outer: Outer) {
        let mut is_first = true;
        for block in blocks {
            let start = self.out.len();
            if !is_first {
                self.out.push_str("\n\n");
            }
            let written = self.out.len();
            self.block(block, outer);
            if self.out.len() == written {
                self.out.truncate(start);
            } else {
                is_first = false;
            }
        }
    }

    fn block(&mut self, block: &Block, outer: Outer) {
        match block {
            Block::Heading { level, content } => {
                self.out.extend(["h", &level.clamp(&1, &6).to_string(), ". "]);
                self.line(content, Place { within: Within::Line, ..Place::default() });
            }
            Block::Paragraph(content) => self.line(content, Place { line_start: true, ..Place::default() }),
            Block::List(list) => self.list(list, ""),
            Block::Code { info, text } => self.code_block(info, text),
            // The macro for quotes has one tag for both ends and cannot nest.
            Block::Quote(inner) if outer == Outer::Quote => self.blocks(inner, outer),
            Block::Quote(inner) => self.quote(inner),
            Block::Table(table) => self.table(table),
            Block::Rule => self.out.push_str("----"),
        }
    }

    fn quote(&mut self, inner: &[Block]) {
        match inner {
            [Block::Paragraph(content)] if !content.contains(&Inline::Break) => {
                self.out.push_str("bq. ");
                self.line(content, Place { within: Within::Line, ..Place::default() });
            }
            _ => {
                self.out.push_str("{quote}\n");
                self.blocks(inner, Outer::Quote);
                self.out.push_str("\n{quote}");
            }
        }
    }

    fn list(&mut self, list: &List, outer: &str) {
        let marks = format!("{outer}{}", if list.start.is_some() { '#' } else { '*' });
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            self.out.extend([&marks, " ", task_mark(item.done)]);
            self.item(item, &marks);
        }
    }

    fn item(&mut self, item: &Item, marks: &str) {
        let mut follows_text = false;
        for (index, block) in simple(item.blocks.clone()).iter().enumerate() {
            match block {
                Block::List(list) => {
                    self.out.push('\n');
                    self.list(list, marks);
                }
                Block::Paragraph(content) if index == 0 => {
                    self.line(content, Place { within: Within::Line, ..Place::default() });
                }
                Block::Paragraph(content) => {
                    self.out.push_str(if follows_text { "\n\\\\ " } else { "\n" });
                    self.line(content, Place { within: Within::Line, line_start: true, ..Place::default() });
                }
                other => {
                    self.out.push('\n');
                    self.block(other, Outer::Page);
                }
            }
            follows_text = matches!(block, Block::Paragraph(_));
        }
    }

    fn code_block(&mut self, info: &str, text: &str) {
        let name = info.split_whitespace().next().unwrap_or_default();
        let name: String =
            name.chars().filter(|letter| letter.is_ascii_graphic() && !"{}|=,".contains(*letter)).collect();
        let language = alias(&name.to_ascii_lowercase()).to_owned();
        let is_fenced_in = text.contains("{code");
        let (open, tag) = match language.as_str() {
            "" if text.contains("{noformat}") && !is_fenced_in => ("{code:none}".to_owned(), "{code}"),
            "" => ("{noformat}".to_owned(), "{noformat}"),
            _ if is_fenced_in => ("{noformat}".to_owned(), "{noformat}"),
            known if LANGUAGES.contains(&known) => (format!("{{code:{known}}}"), "{code}"),
            _ => (format!("{{code:none|title={name}}}"), "{code}"),
        };
        // No escape exists inside the macro.
        let text = text.replace(tag, &tag.replace('{', "{ "));
        self.out.extend([open.as_str(), "\n", &text, "\n", tag]);
    }

    fn table(&mut self, table: &Table) {
        for (index, row) in table.rows.iter().filter(|row| !row.is_empty()).enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            for cell in row {
                self.out.push_str(if cell.header { "||" } else { "|" });
                let start = self.out.len();
                self.line(&flat(&cell.blocks), Place { within: Within::Line, ..Place::default() });
                if self.out.len() == start {
                    self.out.push(' ');
                }
            }
            let ends_in_header = row.last().is_some_and(|cell| cell.header);
            self.out.push_str(if ends_in_header { "||" } else { "|" });
        }
    }

    fn line(&mut self, content: &[Inline], place: Place) {
        self.inlines(&trim(tidy(content)), place);
    }

    fn inlines(&mut self, content: &[Inline], place: Place) {
        let mut place = place;
        let end = place.followed;
        for (index, piece) in content.iter().enumerate() {
            let next = content.get(index + 1);
            place.followed = end || next.is_some();
            self.inline(piece, next, place);
            place.line_start = matches!(piece, Inline::Break) && place.within == Within::Paragraph;
        }
    }

    fn inline(&mut self, piece: &Inline, next: Option<&Inline>, place: Place) {
        match piece {
            Inline::Text(part) => text(&mut self.out, part, place),
            Inline::Code(part) => code(&mut self.out, part),
            Inline::Strong(inner) => self.marked('*', inner, next, place),
            Inline::Emphasis(inner) => self.marked('_', inner, next, place),
            Inline::Strike(inner) => self.marked('-', inner, next, place),
            Inline::Link { url, content } => self.link(url, content, next, place),
            Inline::Image { url, alt: description } => {
                self.out.push('!');
                address(&mut self.out, url);
                if !description.is_empty() {
                    self.out.push_str("|alt=");
                    alt(&mut self.out, description);
                }
                self.out.push('!');
            }
            Inline::Mention { id, .. } => self.out.extend(["[~", id, "]"]),
            Inline::Break if place.within != Within::Paragraph || self.out.ends_with('\n') => {
                self.out.push_str("\\\\ ");
            }
            Inline::Break => self.out.push('\n'),
        }
    }

    fn link(&mut self, url: &str, content: &[Inline], next: Option<&Inline>, place: Place) {
        if place.within == Within::Link {
            return self.inlines(content, place);
        }
        if plain(content) == url.trim_start_matches("mailto:") && stands_alone(url, &self.out, next) {
            self.out.push_str(url);
            return;
        }
        let mut target = String::new();
        address(&mut target, url);
        self.out.push('[');
        if plain(content) != target {
            let inside = Place { within: Within::Link, followed: true, line_start: false };
            self.inlines(&trim(content.to_vec()), inside);
            self.out.push('|');
        }
        self.out.push_str(&target);
        self.out.push(']');
    }

    /// Writes marked text; beside a letter or another mark the mark stands in braces.
    fn marked(&mut self, mark: char, inner: &[Inline], next: Option<&Inline>, place: Place) {
        let before = self.out.chars().next_back().filter(|_| !place.line_start);
        let joins = |letter: char| letter.is_alphanumeric() || letter == mark || letter == '}';
        let is_joined = before.is_some_and(joins) || next.and_then(first_letter).is_some_and(joins);
        let mark = if is_joined { format!("{{{mark}}}") } else { mark.to_string() };
        self.out.push_str(&mark);
        let within = if place.within == Within::Link { Within::Link } else { Within::Line };
        self.inlines(inner, Place { within, line_start: false, followed: true });
        self.out.push_str(&mark);
    }
}

/// Whether Jira would link a bare address here, all of it and nothing more.
fn stands_alone(url: &str, out: &str, next: Option<&Inline>) -> bool {
    let is_known = ["https://", "http://", "ftp://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
    let is_plain = url.chars().all(|letter| !letter.is_whitespace() && !"[]{}|!\\\"<>".contains(letter));
    let starts = out.chars().next_back().is_none_or(|letter| letter.is_whitespace() || letter == '(');
    let ends = match next {
        None | Some(Inline::Break) => true,
        Some(Inline::Text(text)) => text.starts_with(char::is_whitespace),
        Some(_) => false,
    };
    is_known
        && is_plain
        && starts
        && ends
        && url.ends_with(|letter: char| letter.is_alphanumeric() || letter == '/')
}

fn first_letter(piece: &Inline) -> Option<char> {
    match piece {
        Inline::Text(text) => text.chars().next(),
        Inline::Strong(_) => Some('*'),
        Inline::Emphasis(_) => Some('_'),
        Inline::Strike(_) => Some('-'),
        // Nothing is known about how Jira joins these to a mark, so they count as a letter.
        Inline::Code(_) => Some('}'),
        Inline::Link { .. } | Inline::Mention { .. } | Inline::Image { .. } | Inline::Break => None,
    }
}

fn alias(language: &str) -> &str {
    match language {
        "py" | "python3" => "python",
        "shell" | "zsh" | "console" => "bash",
        "cs" | "csharp" => "c#",
        "golang" => "go",
        "jsx" | "node" => "javascript",
        "objective-c" => "objc",
        "rb" => "ruby",
        "text" | "txt" | "plain" | "plaintext" => "",
        other => other,
    }
}

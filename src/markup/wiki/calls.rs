//! Macros with something between their tags.

use super::super::document::Block;
use super::super::document::Body;
use super::super::document::Code;
use super::super::document::Look;
use super::super::document::Macro;
use super::super::document::Panel;
use super::Reading;
use super::finder::Finder;
use super::finder::Wanted;
use super::finder::is_of_name;
use super::inlines::opaque_length;
use super::parameters::Parameters;
use super::parse::Level;
use super::parse::blocks;
use super::steps;

/// How far the end of an opening tag is looked for.
const LONGEST: usize = 1024;

/// Macros that stand in a line; the running text reads them.
const INLINE: [&str; 11] = [
    "color",
    "status",
    "anchor",
    "toc",
    "children",
    "jira",
    "jiraissues",
    "include",
    "attachments",
    "gallery",
    "loremipsum",
];

/// Macros that the editor knows. All others stay text there.
const OF_EDITOR: [&str; 10] =
    ["adf", "code", "expand", "info", "noformat", "note", "panel", "quote", "tip", "warning"];

/// A macro, from its opening tag to its closing one. All but `start` are places in the text, not in the line.
pub(super) struct Call<'a> {
    name: &'a str,
    parameters: &'a str,
    /// In the line.
    pub(super) start: usize,
    body: usize,
    close: usize,
    /// Behind the closing tag.
    pub(super) after: usize,
}

/// The first macro in a line that starts at `line_at` of the page.
pub(super) fn next_call<'a>(
    line: &'a str,
    line_at: usize,
    page: &mut Finder<'_>,
    reading: Reading,
) -> Option<Call<'a>> {
    let mut at = 0;
    while let Some(offset) = line.get(at..)?.find(['{', '\\']) {
        let start = at + offset;
        let rest = line.get(start..)?;
        if rest.starts_with('\\') {
            let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
            at = start + 1 + escaped;
            continue;
        }
        if let Some(length) = opaque_length(rest, line_at + start, page) {
            at = start + length;
            continue;
        }
        if let Some(found) = call(rest, start, line_at, page, reading) {
            return Some(found);
        }
        at = start + 1;
    }
    None
}

/// The macro whose opening tag begins here.
pub(super) fn call<'a>(
    rest: &'a str,
    start: usize,
    line_at: usize,
    page: &mut Finder<'_>,
    reading: Reading,
) -> Option<Call<'a>> {
    let inside = rest.strip_prefix('{')?;
    let name_end = inside.bytes().position(|byte| !is_of_name(byte))?;
    steps::add(name_end);
    let (name, rest) = inside.split_at_checked(name_end)?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.starts_with([':', '}']);
    if !is_name || INLINE.contains(&name) || reading == Reading::Editor && !OF_EDITOR.contains(&name) {
        return None;
    }
    let at = line_at + start + 1;
    let end = page.find(Wanted::Brace, at)?.checked_sub(at).filter(|end| *end < LONGEST)?;
    let parameters = inside.get(name_end..end)?.strip_prefix(':').unwrap_or_default();
    let body = line_at + start + end + 2;
    match page.tag(name, body) {
        Some(close) => Some(Call { name, parameters, start, body, close, after: close + name.len() + 2 }),
        // The editor takes an opening tag alone for a macro with nothing in it.
        None if reading == Reading::Editor => {
            Some(Call { name, parameters, start, body, close: body, after: body })
        }
        None => None,
    }
}

impl Call<'_> {
    /// The macro as a block.
    pub(super) fn block(&self, page: &str, level: Level) -> Block {
        let body = page.get(self.body..self.close).unwrap_or_default();
        let mut parameters = Parameters::read(self.parameters, '|');
        let inner = || blocks(body, level.deeper());
        let look = match self.name {
            "code" | "noformat" => return code(self.name, parameters, body, level.reading),
            "quote" => return Block::Quote(inner()),
            "expand" => {
                let title = parameters.take("title").or(parameters.take("")).unwrap_or_default();
                return Block::Expand { title, blocks: inner() }.with(parameters.extra());
            }
            "panel" => Look::Plain,
            "info" => Look::Info,
            "note" => Look::Note,
            "tip" => Look::Tip,
            "warning" => Look::Warning,
            name => {
                let parameters = parameters.into_pairs();
                let body = Body::Text(body.to_owned());
                return Block::Macro(Macro { name: name.to_owned(), parameters, body });
            }
        };
        let title = parameters.take("title").unwrap_or_default();
        Block::Panel(Panel { look, title, blocks: inner() }).with(parameters.extra())
    }
}

fn code(name: &str, mut parameters: Parameters, body: &str, reading: Reading) -> Block {
    let language = match name {
        "noformat" => String::new(),
        _ => parameters.take("").or(parameters.take("language")).unwrap_or_default(),
    };
    let title = parameters.take("title").unwrap_or_default();
    let body = match reading {
        Reading::Editor => body.trim(),
        Reading::Jira => {
            let body = body.strip_prefix('\n').unwrap_or(body);
            body.strip_suffix('\n').unwrap_or(body)
        }
    };
    let (language, title) = match language.as_str() {
        // Jira takes code for Java where nothing is said.
        "" if name == "code" => ("java".to_owned(), title),
        // A language that Jira cannot highlight stands in the title.
        "none" if reading == Reading::Jira && is_word(&title) => (title, String::new()),
        _ => (language, title),
    };
    Block::Code(Code { language, title, text: body.to_owned() }).with(parameters.extra())
}

fn is_word(title: &str) -> bool {
    !title.is_empty()
        && title
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+#-_".contains(&byte))
}

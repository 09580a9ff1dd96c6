//! Tells wiki markup where Markdown was asked for.

use super::super::document::Block;
use super::super::document::Inline;
use super::super::document::Notes;
use super::super::document::plain;

/// What Markdown has for each of them.
const MARKS: [(&str, &str); 6] = [
    ("h2.", "`## Title`"),
    ("||", "`| a | b |` and `|---|---|` below it"),
    ("{code}", "three backticks"),
    ("{noformat}", "three backticks"),
    ("{quote}", "`> text`"),
    ("{panel}", "`> [!INFO]`"),
];

/// Says so where text looks like wiki markup: it was taken for what it says, and people see its marks.
pub(in super::super) fn tell(blocks: &[Block], notes: &mut Notes) {
    for block in blocks {
        match block.parts().0 {
            Block::Paragraph(content) | Block::Line(content) => tell_of(content, notes),
            Block::Heading { content, .. } => notes.at(content),
            Block::Quote(inner) => tell(inner, notes),
            Block::List(list) => list.items.iter().for_each(|item| tell(&item.blocks, notes)),
            _ => {}
        }
    }
}

fn tell_of(content: &[Inline], notes: &mut Notes) {
    for line in content.split(|piece| *piece == Inline::Break) {
        if let [Inline::Text(start), ..] = line
            && let Some((mark, markdown)) = found(start.trim(), || plain(line))
        {
            notes.add(format!(
                "`{mark}` looks like wiki markup; it was taken as Markdown and shows as it was written: Markdown has \
                 {markdown}"
            ));
        }
    }
}

/// The mark that a line begins with, and what Markdown has for it.
fn found(start: &str, line: impl FnOnce() -> String) -> Option<(&'static str, &'static str)> {
    let begins = |mark: &str| match mark {
        "h2." => {
            let level =
                start.strip_prefix('h').and_then(|rest| rest.split_once(". ")).map(|(level, _)| level);
            level.is_some_and(|level| matches!(level, "1" | "2" | "3" | "4" | "5" | "6"))
        }
        "||" => start.starts_with("||"),
        tag => start.strip_prefix(tag.trim_end_matches('}')).is_some_and(|rest| rest.starts_with(['}', ':'])),
    };
    let (mark, markdown) = MARKS.into_iter().find(|(mark, _)| begins(mark))?;
    (mark != "||" || line().trim_end().ends_with("||")).then_some((mark, markdown))
}

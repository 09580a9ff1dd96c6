//! Running text: dashes, citations, and what headings become where none can stand.

use super::super::super::adf;
use super::super::super::document::Block;
use super::super::super::document::Inline;
use super::super::super::document::Look;
use super::super::super::document::Mark;

/// Text outside of marks with dashes for hyphens, and everything else as the editor has it.
pub(super) fn dashed(content: Vec<Inline>) -> Vec<Inline> {
    let content = known(content);
    let is_space = |piece: Option<&Inline>| piece.is_none_or(|piece| *piece == Inline::Break);
    let mut written = Vec::with_capacity(content.len());
    for (index, piece) in content.iter().enumerate() {
        let before = is_space(index.checked_sub(1).and_then(|index| content.get(index)));
        let after = is_space(content.get(index + 1));
        written.push(match piece {
            Inline::Text(text) => Inline::Text(with_dashes(text, before, after)),
            other => other.clone(),
        });
    }
    written
}

fn with_dashes(text: &str, before: bool, after: bool) -> String {
    let mut parts: Vec<&str> = text.split(' ').collect();
    let last = parts.len() - 1;
    for (index, part) in parts.iter_mut().enumerate() {
        let stands_alone = (index > 0 || before) && (index < last || after);
        *part = match *part {
            "--" if stands_alone => "–",
            "---" if stands_alone => "—",
            other => other,
        };
    }
    parts.join(" ")
}

/// A title as a paragraph.
pub(super) fn title(title: String) -> Block {
    Block::Paragraph(vec![Inline::Marked(Mark::Strong, vec![Inline::Text(title)])])
}

/// Text as the editor has it, but for its dashes.
pub(super) fn known(content: Vec<Inline>) -> Vec<Inline> {
    content.into_iter().map(piece).collect()
}

fn piece(piece: Inline) -> Inline {
    match piece {
        Inline::Marked(Mark::Citation, inner) => {
            let mut content = vec![Inline::Text("— ".to_owned())];
            content.extend(known(inner));
            Inline::Marked(Mark::Emphasis, content)
        }
        Inline::Marked(Mark::Color(color), inner) => {
            let color = adf::hex(&color).unwrap_or_else(|| "#000000".to_owned());
            Inline::Marked(Mark::Color(color), known(inner))
        }
        Inline::Marked(mark, inner) => Inline::Marked(mark, known(inner)),
        // A user name is no account, but it is all there is.
        Inline::Mention { id, name: _ } if !id.starts_with("accountid:") => {
            Inline::Mention { id: format!("accountid:{id}"), name: None }
        }
        other => other,
    }
}

/// A heading as text: strong, and the deeper ones in grey.
pub(super) fn headed(level: u8, content: Vec<Inline>) -> Vec<Inline> {
    let within = |mark: Mark, content: Vec<Inline>| vec![Inline::Marked(mark, content)];
    let grey = Mark::Color("#97a0af".to_owned());
    match level {
        2 => within(Mark::Emphasis, within(Mark::Strong, content)),
        4 => within(Mark::Strong, within(grey, content)),
        5 => within(Mark::Emphasis, within(grey, content)),
        6 => within(grey, content),
        _ => within(Mark::Strong, content),
    }
}

/// The text of a header cell is strong.
pub(super) fn strengthen(block: &mut Block) {
    if let Block::Paragraph(content) | Block::Line(content) = block {
        let inner = std::mem::take(content);
        *content = inner.into_iter().map(|piece| Inline::Marked(Mark::Strong, vec![piece])).collect();
    }
}

/// The panel whose colour is nearest.
pub(super) fn look(color: &str) -> Look {
    const LOOKS: [(&str, Look); 5] = [
        ("#deebff", Look::Info),
        ("#eae6ff", Look::Note),
        ("#e3fcef", Look::Success),
        ("#fffae6", Look::Warning),
        ("#ffebe6", Look::Error),
    ];
    let Some(wanted) = adf::hex(color).as_deref().and_then(channels) else { return Look::Info };
    let distance = |color: &str| {
        let channels = channels(color).unwrap_or_default();
        wanted.iter().zip(channels).map(|(one, other)| (one - other).pow(2)).sum::<i32>()
    };
    LOOKS.iter().min_by_key(|(color, _)| distance(color)).map_or(Look::Info, |(_, look)| *look)
}

fn channels(color: &str) -> Option<[i32; 3]> {
    let digits = color.strip_prefix('#')?;
    let channel = |at: usize| digits.get(at..at + 2).and_then(|digits| i32::from_str_radix(digits, 16).ok());
    Some([channel(0)?, channel(2)?, channel(4)?])
}

//! Running text: joined, tidied and read as plain text.

use super::Inline;

/// White space that is not shown at an edge.
const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

/// Appends a piece, joined to the one before where they are of one kind.
pub(in super::super) fn push(content: &mut Vec<Inline>, piece: Inline) {
    match (content.last_mut(), piece) {
        (_, Inline::Text(text)) if text.is_empty() => {}
        (Some(Inline::Text(before)), Inline::Text(text))
        | (Some(Inline::Code(before)), Inline::Code(text)) => {
            before.push_str(&text);
        }
        (Some(Inline::Marked(before, content)), Inline::Marked(mark, inner)) if *before == mark => {
            push_all(content, inner);
        }
        (
            Some(Inline::Link { url: before, title: before_title, content }),
            Inline::Link { url, title, content: inner },
        ) if *before == url && *before_title == title => push_all(content, inner),
        (_, piece) => content.push(piece),
    }
}

/// Appends every piece as [`push`] does.
pub(in super::super) fn push_all(content: &mut Vec<Inline>, pieces: Vec<Inline>) {
    for piece in pieces {
        push(content, piece);
    }
}

/// Joins neighbours of one kind, drops empty marks and moves white space from the edges of marks outside:
/// no markup language has `** bold **`.
pub(in super::super) fn tidy(content: &[Inline]) -> Vec<Inline> {
    let mut tidied = Vec::with_capacity(content.len());
    for piece in content {
        let (mark, inner) = match piece {
            Inline::Marked(mark, inner) => (mark, inner),
            Inline::Link { url, title, content } => {
                let (url, title) = (url.clone(), title.clone());
                let mut content = tidy(content);
                let leading = take_space(&mut content, Edge::Start);
                let trailing = take_space(&mut content, Edge::End);
                push_all(&mut tidied, leading);
                push(&mut tidied, Inline::Link { url, title, content });
                push_all(&mut tidied, trailing);
                continue;
            }
            Inline::With { extra, piece } => {
                for inner in tidy(std::slice::from_ref(piece)) {
                    match inner {
                        Inline::Text(_) | Inline::Break => push(&mut tidied, inner),
                        inner => tidied.push(inner.with(Some(extra.clone()))),
                    }
                }
                continue;
            }
            Inline::Container { name, extra, content } => {
                let (name, extra) = (name.clone(), extra.clone());
                tidied.push(Inline::Container { name, extra, content: tidy(content) });
                continue;
            }
            other => {
                push(&mut tidied, other.clone());
                continue;
            }
        };
        let mut inner = tidy(inner);
        let leading = take_space(&mut inner, Edge::Start);
        let trailing = take_space(&mut inner, Edge::End);
        push_all(&mut tidied, leading);
        if !inner.is_empty() {
            push(&mut tidied, Inline::Marked(mark.clone(), inner));
        }
        push_all(&mut tidied, trailing);
    }
    without_space_at_breaks(tidied)
}

/// White space beside a break is not seen.
fn without_space_at_breaks(mut content: Vec<Inline>) -> Vec<Inline> {
    if !content.contains(&Inline::Break) {
        return content;
    }
    let breaks: Vec<bool> = content.iter().map(|piece| *piece == Inline::Break).collect();
    for (index, piece) in content.iter_mut().enumerate() {
        let Inline::Text(text) = piece else { continue };
        let beside = |at: Option<usize>| at.and_then(|at| breaks.get(at)).is_some_and(|is_break| *is_break);
        if beside(index.checked_sub(1)) {
            *text = text.trim_start_matches(SPACES).to_owned();
        }
        if beside(Some(index + 1)) {
            text.truncate(text.trim_end_matches(SPACES).len());
        }
    }
    content.retain(|piece| !matches!(piece, Inline::Text(text) if text.is_empty()));
    content
}

/// Removes white space and breaks from both ends.
pub(in super::super) fn trim(mut content: Vec<Inline>) -> Vec<Inline> {
    take_space(&mut content, Edge::Start);
    take_space(&mut content, Edge::End);
    content
}

/// The text of some content, without any markup.
pub(in super::super) fn plain(content: &[Inline]) -> String {
    let mut text = String::new();
    add_plain(&mut text, content);
    text
}

fn add_plain(text: &mut String, content: &[Inline]) {
    for piece in content {
        match piece {
            Inline::Text(part) | Inline::Code(part) | Inline::Card(part) | Inline::Date(part) => {
                text.push_str(part);
            }
            Inline::Image(image) => text.push_str(&image.alt),
            Inline::Status { text: part, .. } => text.push_str(part),
            Inline::Emoji { name, text: shown } => {
                text.push_str(if shown.is_empty() { name } else { shown });
            }
            Inline::Mention { id, name } => text.push_str(name.as_ref().unwrap_or(id)),
            Inline::Break => text.push(' '),
            Inline::Anchor(_) | Inline::Macro(_) | Inline::Source { .. } => {}
            Inline::With { piece, .. } => add_plain(text, std::slice::from_ref(piece)),
            Inline::Marked(_, content) | Inline::Link { content, .. } | Inline::Container { content, .. } => {
                add_plain(text, content);
            }
        }
    }
}

/// Whether the content is this text and nothing else.
pub(in super::super) fn is_text(content: &[Inline], text: &str) -> bool {
    matches!(content, [Inline::Text(found)] if found == text)
}

/// Whether following the address would run a script instead of opening a page.
pub(in super::super) fn is_script(url: &str) -> bool {
    let scheme: String =
        url.chars().filter(|letter| !letter.is_whitespace() && !letter.is_control()).take(11).collect();
    let scheme = scheme.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:"].iter().any(|prefix| scheme.starts_with(prefix))
}

/// Splits `[~user]` out of plain text.
pub(in super::super) fn with_mentions(text: &str) -> Vec<Inline> {
    let mut content = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[~") {
        push(&mut content, Inline::Text(before.to_owned()));
        rest = after;
        let end = after.find(|letter: char| matches!(letter, '[' | ']' | '|') || letter.is_control());
        match end.and_then(|end| after.split_at_checked(end)) {
            Some((id, tail)) if tail.starts_with(']') && !id.trim().is_empty() => {
                content.push(Inline::Mention { id: id.to_owned(), name: None });
                rest = tail.strip_prefix(']').unwrap_or(tail);
            }
            _ => push(&mut content, Inline::Text("[~".to_owned())),
        }
    }
    push(&mut content, Inline::Text(rest.to_owned()));
    content
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

fn take_space(content: &mut Vec<Inline>, edge: Edge) -> Vec<Inline> {
    let mut taken = Vec::new();
    // At the start, pieces are removed together: one by one, each would move all that follow.
    let mut removed = 0;
    loop {
        let at = if edge == Edge::Start { removed } else { content.len().saturating_sub(1) };
        let Some(piece) = content.get_mut(at) else { break };
        match piece {
            Inline::Break => taken.push(Inline::Break),
            Inline::Text(text) => {
                // A space that does not break is there to be seen.
                let kept = if edge == Edge::Start {
                    text.trim_start_matches(SPACES)
                } else {
                    text.trim_end_matches(SPACES)
                };
                let outside = if edge == Edge::Start {
                    text.get(..text.len() - kept.len())
                } else {
                    text.get(kept.len()..)
                };
                taken.push(Inline::Text(outside.unwrap_or_default().to_owned()));
                if !kept.is_empty() {
                    *text = kept.to_owned();
                    break;
                }
            }
            _ => break,
        }
        match edge {
            Edge::Start => removed += 1,
            Edge::End => drop(content.pop()),
        }
    }
    content.drain(..removed);
    if edge == Edge::End {
        taken.reverse();
    }
    taken
}

//! Running text.

mod marks;

use serde_json::Value;

use super::super::super::document::Block;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::is_script;
use super::super::super::document::push_all;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::Reader;
use super::attributes;
use super::besides;
use super::children;
use super::extra;
use super::kind;
use super::media::shown;
use super::text;

impl Reader<'_> {
    pub(super) fn inlines(&mut self, nodes: &[Value]) -> Vec<Inline> {
        let mut content = Vec::with_capacity(nodes.len());
        let mut pieces = Vec::new();
        for node in nodes {
            if let Some(piece) = marks::Piece::new(node) {
                pieces.push(piece);
                continue;
            }
            push_all(&mut content, marks::nested(&mut pieces));
            pieces.clear();
            let piece = node.as_object().and_then(leaf).unwrap_or_else(|| self.inline_source(node));
            content.push(piece);
        }
        push_all(&mut content, marks::nested(&mut pieces));
        content
    }

    fn inline_source(&mut self, node: &Value) -> Inline {
        match self.source(node) {
            Block::Source { format, text } => Inline::Source { format, text },
            _ => Inline::Text(super::readable(node)),
        }
    }
}

/// A node that holds nothing and that the model has words for.
fn leaf(map: &Values) -> Option<Inline> {
    if !children(map)?.is_empty() {
        return None;
    }
    Some(match map.get("type")?.as_str()? {
        "hardBreak" => Inline::Break.with(extra(besides(map, &Words::none())?)),
        "mention" => mention(map)?,
        "emoji" => {
            let name = Some(text(map, "shortName")).filter(|name| !name.is_empty())?.to_owned();
            let text = text(map, "text").to_owned();
            let extra = extra(besides(map, &words::emoji(&name, &text))?);
            Inline::Emoji { name, text }.with(extra)
        }
        "date" => {
            let day = words::day(text(map, "timestamp"))?;
            let extra = extra(besides(map, &words::date(&day, attributes(map))?)?);
            Inline::Date(day).with(extra)
        }
        "status" => {
            let (text, color) = (text(map, "text").to_owned(), text(map, "color").to_owned());
            let extra = extra(besides(map, &words::status(&text, &color))?);
            if text.is_empty() || color.is_empty() {
                return None;
            }
            Inline::Status { text, color }.with(extra)
        }
        "inlineCard" => {
            let url = Some(text(map, "url")).filter(|url| !url.is_empty() && !is_script(url))?;
            let extra = extra(besides(map, &words::card(url, false))?);
            Inline::Card(url.to_owned()).with(extra)
        }
        "mediaInline" => media_inline(map)?,
        _ => return None,
    })
}

fn mention(map: &Values) -> Option<Inline> {
    let id = Some(text(map, "id")).filter(|id| !id.is_empty())?;
    let name = Some(text(map, "text")).filter(|name| !name.is_empty()).map(words::mention_name);
    let extra = extra(besides(map, &words::mention(id, name.as_deref(), attributes(map)))?);
    Some(Inline::Mention { id: format!("accountid:{id}"), name }.with(extra))
}

fn media_inline(map: &Values) -> Option<Inline> {
    let id = Some(text(map, "id")).filter(|id| !id.is_empty())?;
    let image = Image {
        url: format!("media:{id}"),
        alt: text(map, "alt").to_owned(),
        title: String::new(),
        width: shown(map, "width"),
        height: shown(map, "height"),
    };
    let extra = extra(besides(map, &words::inline(id, &image))?);
    Some(Inline::Image(image).with(extra))
}

//! Images that are blocks.

use serde_json::Value;

use super::super::super::document::Block;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::Reader;
use super::attribute;
use super::besides;
use super::children;
use super::kind;
use super::text;

impl Reader<'_> {
    pub(super) fn single(&mut self, map: &Values) -> Option<Block> {
        let (media, caption) = match children(map)? {
            [media] => (media, None),
            [media, caption] if kind(caption) == "caption" => (media, Some(caption.as_object()?)),
            _ => return None,
        };
        let (mut image, media) = media.as_object().filter(|_| kind(media) == "media").and_then(media_of)?;
        if text(map, "widthType") == "pixel" {
            image.width = shown(map, "width");
        }
        let mut values = besides(map, &words::single(&image.width))?;
        if !media.is_empty() {
            values.insert("media".to_owned(), Value::Object(media));
        }
        let mut content = Vec::new();
        if let Some(caption) = caption {
            content = self.inlines(children(caption)?);
            let caption = besides(caption, &Words::none())?;
            if content.is_empty() || !caption.is_empty() {
                values.insert("caption".to_owned(), Value::Object(caption));
            }
        }
        Some(Block::Picture { image, caption: content }.with(Extra::new(Format::Adf, values)))
    }
}

/// A file of a group.
pub(super) fn picture(map: &Values) -> Option<Block> {
    let (image, media) = media_of(map)?;
    let mut values = Values::new();
    if !media.is_empty() {
        values.insert("media".to_owned(), Value::Object(media));
    }
    Some(Block::Picture { image, caption: Vec::new() }.with(Extra::new(Format::Adf, values)))
}

/// A number that is not negative, as it was written.
pub(super) fn shown(map: &Values, name: &str) -> String {
    let number = attribute(map, name).filter(|value| value.as_f64().is_some_and(|number| number >= 0.0));
    number.map(ToString::to_string).unwrap_or_default()
}

/// Whether the address is one of the web, and not the name of a file.
pub(in super::super) fn is_web(url: &str) -> bool {
    let scheme = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    scheme.starts_with("https://") || scheme.starts_with("http://")
}

/// The image of a `media`, and what the node says besides.
fn media_of(map: &Values) -> Option<(Image, Values)> {
    if !children(map)?.is_empty() {
        return None;
    }
    let mut image = Image { alt: text(map, "alt").to_owned(), ..Image::default() };
    let words = if text(map, "type") == "external" {
        text(map, "url").clone_into(&mut image.url);
        is_web(&image.url).then(|| words::external(&image))?
    } else {
        let id = Some(text(map, "id")).filter(|id| !id.is_empty())?;
        image.url = format!("media:{id}");
        words::file(id, &image)
    };
    let besides = besides(map, &words)?;
    Some((image, besides))
}

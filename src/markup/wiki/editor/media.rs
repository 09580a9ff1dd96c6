//! Files and images, which ADF knows as blocks only.

use serde_json::Map;
use serde_json::Number;
use serde_json::json;

use super::super::super::document::Block;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::Notes;

/// The size of an image whose size nobody said.
const USUAL: (u64, u64) = (200, 183);

/// A paragraph, split around what is a block to ADF. Empty parts are left out.
pub(super) fn paragraphs(content: Vec<Inline>, notes: &mut Notes) -> Vec<Block> {
    let mut parts = Vec::new();
    let mut current = Vec::new();
    for piece in content {
        match block(&piece, notes) {
            Some(block) => {
                push_text(&mut parts, &mut current);
                parts.push(block);
            }
            None if matches!(piece, Inline::Anchor(_)) => {
                notes.add("a place to link to was left out");
            }
            None => current.push(piece),
        }
    }
    push_text(&mut parts, &mut current);
    parts
}

fn push_text(parts: &mut Vec<Block>, current: &mut Vec<Inline>) {
    let content = std::mem::take(current);
    let is_nothing = |piece: &Inline| matches!(piece, Inline::Text(text) if text.trim().is_empty());
    if !content.iter().all(is_nothing) {
        parts.push(Block::Paragraph(content));
    }
}

/// The block that a piece of text is, alone or inside of marks and links.
fn block(piece: &Inline, notes: &mut Notes) -> Option<Block> {
    match piece {
        Inline::Image(image) => Some(picture(image.clone())),
        Inline::With { piece, .. } => match piece.as_ref() {
            Inline::Image(image) => Some(picture(image.clone())),
            _ => None,
        },
        Inline::Marked(_, inner) => match inner.as_slice() {
            [inner] => block(inner, notes),
            _ => None,
        },
        Inline::Link { url, title, content } => match (title.as_str(), url.strip_prefix("attachment:")) {
            ("smart-card" | "block-link", _) => Some(card(url.clone(), false)),
            ("smart-embed", _) => Some(card(url.clone(), true)),
            (_, Some(name)) => {
                if !matches!(content.as_slice(), [Inline::Text(text)] if text == name) {
                    notes.add("the text of a link to a file was left out: ADF shows the file");
                }
                Some(group(name))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A file among others. ADF wants the identifier of the file in Atlassian's media service, which only Jira knows;
/// the editor takes the name where it is not told.
fn group(name: &str) -> Block {
    let image = Image { url: format!("media:{name}"), ..Image::default() };
    let blocks = vec![Block::Picture { image, caption: Vec::new() }];
    let extra = Extra { format: Format::Adf, values: Map::new() };
    Block::Container { name: "mediaGroup".to_owned(), extra, blocks }
}

/// A smart link that is a block; one that shows its page is as wide as the text.
pub(super) fn card(url: String, embed: bool) -> Block {
    let mut besides = Map::new();
    if embed {
        besides.insert("attrs".to_owned(), json!({ "width": 100 }));
    }
    Block::Card { url, embed }.with(Extra::new(Format::Adf, besides))
}

/// An image with the size that the editor gives it.
pub(super) fn picture(image: Image) -> Block {
    let number =
        |text: &str| serde_json::from_str(text).ok().filter(|number: &Number| number.as_f64() > Some(0.0));
    let mut besides = Map::new();
    if let Some(percent) = image.width.strip_suffix('%').and_then(number) {
        besides.insert("attrs".to_owned(), json!({ "width": percent }));
    } else {
        let width = number(&image.width).unwrap_or_else(|| USUAL.0.into());
        let height = number(&image.height).unwrap_or_else(|| USUAL.1.into());
        besides.insert("media".to_owned(), json!({ "attrs": { "width": width, "height": height } }));
    }
    let is_web = image.url.contains("://");
    let url = if is_web { image.url } else { format!("media:{}", image.url) };
    let image = Image { url, width: String::new(), height: String::new(), ..image };
    Block::Picture { image, caption: Vec::new() }.with(Extra::new(Format::Adf, besides))
}

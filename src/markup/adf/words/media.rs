//! The words of images.

use super::super::super::document::Image;
use super::Words;
use super::number;

/// The box of an image that is a block: how wide it is shown.
pub(in super::super) fn single(width: &str) -> Words {
    let words = Words::none().by_default("layout", "center");
    match number(width) {
        Some(width) => words.saying("width", width).saying("widthType", "pixel"),
        None => words,
    }
}

/// An image of the web.
pub(in super::super) fn external(image: &Image) -> Words {
    let words = Words::none().saying("type", "external").saying("url", image.url.as_str());
    sized(described(words, image), image)
}

/// A file of Cloud's media.
pub(in super::super) fn file(id: &str, image: &Image) -> Words {
    let words = Words::none().saying("id", id).usually("type", "file").usually("collection", "");
    sized(described(words, image), image)
}

/// A file of Cloud's media in running text.
pub(in super::super) fn inline(id: &str, image: &Image) -> Words {
    let words = Words::none().saying("id", id).usually("type", "image").usually("collection", "");
    let words = described(words, image);
    let words = match number(&image.width) {
        Some(width) => words.saying("width", width),
        None => words,
    };
    match number(&image.height) {
        Some(height) => words.saying("height", height),
        None => words,
    }
}

fn described(words: Words, image: &Image) -> Words {
    let alt = if image.alt.is_empty() { &image.title } else { &image.alt };
    if alt.is_empty() { words } else { words.saying("alt", alt.as_str()) }
}

/// An image has a height only where another format gave it one; then both are its own size.
fn sized(words: Words, image: &Image) -> Words {
    let size = (number(&image.width), number(&image.height));
    let (Some(width), Some(height)) = size else { return words };
    words.usually("width", width).usually("height", height)
}

//! Images that are blocks.

use serde_json::Value;
use serde_json::json;

use super::super::super::document::Block;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::is_script;
use super::super::parse::is_web;
use super::super::schema::Place;
use super::super::schema::allowed;
use super::super::words;
use super::super::words::Values;
use super::super::words::Words;
use super::Draft;
use super::Node;
use super::Writer;
use super::blocks::marked;

impl Writer<'_> {
    /// An image with its caption.
    pub(super) fn picture(
        &mut self,
        nodes: &mut Vec<Node>,
        image: &Image,
        caption: &[Inline],
        besides: Option<&Values>,
        place: Place,
    ) {
        let inner = |name| besides.and_then(|values| values.get(name)).and_then(Value::as_object);
        let media =
            allowed("mediaSingle", place).then(|| self.media(image, inner("media"), Place::MediaSingle));
        let Some(media) = media.flatten() else {
            self.paragraph_of(nodes, &[Inline::Image(image.clone())], place);
            if !caption.is_empty() {
                self.paragraph_of(nodes, caption, place);
            }
            return;
        };
        let mut content = vec![media];
        if !caption.is_empty() || inner("caption").is_some() {
            let caption = self.inlines(caption, Place::Caption);
            let draft = Draft::new("caption", Words::none(), inner("caption")).holding(caption);
            content.push(self.node(draft, Place::MediaSingle));
        }
        let draft = Draft::new("mediaSingle", words::single(&image.width), besides);
        nodes.push(self.node(draft.holding(content), place));
    }

    /// A paragraph of its own, whatever is in it.
    fn paragraph_of(&mut self, nodes: &mut Vec<Node>, content: &[Inline], place: Place) {
        let content = self.inlines(content, Place::Inline);
        nodes.push(self.node(Draft::new("paragraph", Words::none(), None).holding(content), place));
    }

    /// The file or the image of the web; `None` for one that ADF has no name for.
    fn media(&mut self, image: &Image, besides: Option<&Values>, place: Place) -> Option<Node> {
        let words = match words::media_id(image) {
            Some(id) => words::file(id, image),
            None if is_web(&image.url) => words::external(image),
            None => return None,
        };
        Some(self.node(Draft::new("media", words, besides), place))
    }

    /// Images of the web are blocks: a paragraph is split around them. `false` if there are none.
    pub(super) fn pictures(&mut self, nodes: &mut Vec<Node>, content: &[Inline], place: Place) -> bool {
        if !allowed("mediaSingle", place) || !content.iter().any(is_picture) {
            return false;
        }
        for part in content.chunk_by(|one, next| !is_picture(one) && !is_picture(next)) {
            if self.lone_picture(nodes, part, place) {
                if content.len() > 1 {
                    self.notes.add("an image in running text became a block of its own");
                }
            } else if !part.iter().all(is_blank) {
                self.paragraph_of(nodes, part, place);
            }
        }
        true
    }

    fn lone_picture(&mut self, nodes: &mut Vec<Node>, content: &[Inline], place: Place) -> bool {
        match content {
            [Inline::Image(image)] if is_web(&image.url) => self.picture(nodes, image, &[], None, place),
            [Inline::Link { url, title, content }] if !is_script(url) => {
                let [Inline::Image(image)] = content.as_slice() else { return false };
                if !is_web(&image.url) {
                    return false;
                }
                let attributes = words::link(url, title).alone();
                let link = json!({ "type": "link", "attrs": attributes });
                self.picture(nodes, image, &[], Some(&marked(link)), place);
            }
            _ => return false,
        }
        true
    }

    /// Files side by side; what else is among them comes after.
    pub(super) fn group(
        &mut self,
        nodes: &mut Vec<Node>,
        blocks: &[Block],
        besides: Option<&Values>,
        place: Place,
        depth: usize,
    ) {
        if !allowed("mediaGroup", place) {
            return self.add_all(nodes, blocks, place, depth + 1);
        }
        let (mut group, mut others) = (Vec::new(), Vec::new());
        for block in blocks {
            match self.file_of_group(block) {
                Some(media) => group.push(media),
                None => self.add(&mut others, block, place, depth + 1),
            }
        }
        if !group.is_empty() {
            nodes.push(self.node(Draft::new("mediaGroup", Words::none(), besides).holding(group), place));
        }
        nodes.append(&mut others);
    }

    fn file_of_group(&mut self, block: &Block) -> Option<Node> {
        let (block, extra) = block.parts();
        match block {
            Block::Picture { image, caption } if caption.is_empty() => {
                let besides = self.besides(extra).and_then(|values| values.get("media"));
                self.media(image, besides.and_then(Value::as_object), Place::MediaGroup)
            }
            Block::Source { format: Format::Adf, text } => {
                super::foreign::node_of(text, Place::MediaGroup).map(Node::Foreign)
            }
            _ => None,
        }
    }
}

/// An image of the web, or a link that is nothing but one.
fn is_picture(piece: &Inline) -> bool {
    match piece {
        Inline::Image(image) => is_web(&image.url),
        Inline::Link { url, content, .. } if !is_script(url) => {
            matches!(content.as_slice(), [Inline::Image(image)] if is_web(&image.url))
        }
        _ => false,
    }
}

fn is_blank(piece: &Inline) -> bool {
    match piece {
        Inline::Break => true,
        Inline::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

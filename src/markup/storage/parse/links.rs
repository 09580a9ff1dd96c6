//! Links, mentions and images.

use super::super::super::document::Block;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::address::Target;
use super::super::address::is_line;
use super::super::address::is_web;
use super::super::tree::Child;
use super::super::tree::Element;
use super::super::tree::Node;
use super::super::tree::children;
use super::Parser;
use super::Place;
use super::Values;
use super::attributes;
use super::inlines::Line;
use super::set;

/// Attributes of an image that the model has fields for.
const IMAGE: [&str; 4] = ["ac:alt", "ac:title", "ac:width", "ac:height"];

/// What an `ac:link` or an `ac:image` refers to.
struct Reference<'t, 'a> {
    target: Option<Element<'t, 'a>>,
    /// `ac:link-body`, `ac:plain-text-link-body` or `ac:caption`.
    body: Option<Element<'t, 'a>>,
    /// What the element and its target say besides.
    values: Values,
}

impl Parser<'_> {
    /// An `a`, which is a link, a smart link or a place.
    pub(super) fn anchor_element(&self, line: &mut Line, element: &Element<'_, '_>, place: Place) {
        let url = element.attribute("href");
        if let Some(card) = card(element, "inline").filter(|_| !place.in_link) {
            return line.piece(Inline::Card(url.to_owned()).with(Extra::new(Format::Storage, card)));
        }
        let title = element.attribute("title");
        let title = if is_line(title) && !title.starts_with("smart-") { title } else { "" };
        let is_known = !url.is_empty() && is_line(url) && !is_taken(url) && !place.in_link;
        if !is_known || is_same_link(line, url, title) {
            return self.inline_container(line, element, place);
        }
        let mut values = attributes(element, if title.is_empty() { &["href"] } else { &["href", "title"] });
        if Target::parse(url).is_some() {
            set(&mut values, "#tag", "a");
        }
        let content = self.inside(line, element, Place { in_link: true, ..place });
        let (url, title) = (url.to_owned(), title.to_owned());
        self.wrapped(line, element, values, content, |content| Inline::Link { url, title, content });
    }

    /// An `ac:link`: to a page, a file, a place on the page, or a user.
    pub(super) fn reference(&self, line: &mut Line, element: &Element<'_, '_>, place: Place) {
        if let Some(mention) = mention(element) {
            return line.piece(mention);
        }
        if self.page_link(line, element, place).is_none() {
            line.piece(self.inline_source(element));
        }
    }

    fn page_link(&self, line: &mut Line, element: &Element<'_, '_>, place: Place) -> Option<()> {
        let mut reference = reference(element, &["ac:link-body", "ac:plain-text-link-body"])?;
        let target = self.target(element, &mut reference)?;
        let url = target.url().filter(|url| !place.in_link && !is_same_link(line, url, ""))?;
        let title = String::new();
        let Some(body) = reference.body else {
            let content = vec![Inline::Text(target.text().trim().to_owned())];
            let link = Inline::Link { url, title, content };
            line.piece(link.with(Extra::new(Format::Storage, reference.values)));
            return Some(());
        };
        let is_rich = body.tag.name == "ac:link-body";
        if body.tag.is_block || (!is_rich && body.only_text().is_none()) || blank(&body) {
            return None;
        }
        let content = self.inside(line, &body, Place { in_link: true, ..place });
        if super::inlines::is_unseen(&content) {
            return None;
        }
        let is_usual = match content.as_slice() {
            [Inline::Text(text)] => !is_rich && text.trim() != target.text().trim(),
            _ => is_rich,
        };
        let mut values = reference.values;
        if !is_usual {
            set(&mut values, "#body", if is_rich { "rich" } else { "plain" });
        }
        self.wrapped(line, element, values, content, |content| Inline::Link { url, title, content });
        Some(())
    }

    fn target(&self, element: &Element<'_, '_>, reference: &mut Reference<'_, '_>) -> Option<Target> {
        let anchor = element.attribute("ac:anchor");
        let Some(target) = reference.target else {
            reference.values.shift_remove("ac:anchor");
            return Some(Target::Anchor(anchor.to_owned()));
        };
        match target.tag.name {
            "ri:page" if target.inner.is_empty() => {
                let (space, title) = (target.attribute("ri:space-key"), target.attribute("ri:content-title"));
                forget(&mut reference.values, &["ri:space-key", "ri:content-title", "ac:anchor"]);
                let page = [space, title, anchor].map(str::to_owned);
                let [space, title, anchor] = page;
                Some(Target::Page { space, title, anchor })
            }
            "ri:attachment" => {
                self.owner(&target, &mut reference.values)?;
                forget(&mut reference.values, &["ri:filename"]);
                Some(Target::Attachment(target.attribute("ri:filename").to_owned()))
            }
            _ => None,
        }
    }

    /// The page that a file belongs to, if it is not this one, stays as it was written.
    fn owner(&self, target: &Element<'_, '_>, values: &mut Values) -> Option<()> {
        match target.only_elements()?.as_slice() {
            [] => Some(()),
            [owner] => {
                set(values, "#owner", self.source_of(owner));
                Some(())
            }
            _ => None,
        }
    }

    /// An image with what storage says of it besides, and its caption.
    pub(super) fn image(
        &self,
        element: &Element<'_, '_>,
        place: Place,
    ) -> Option<(Inline, Option<Vec<Inline>>)> {
        if element.tag.name == "img" {
            return Some((web_image(element)?, None));
        }
        let mut reference = reference(element, &["ac:caption"])?;
        let target = reference.target?;
        let (url, usual) = match target.tag.name {
            "ri:url" if target.inner.is_empty() => (target.attribute("ri:value"), true),
            "ri:attachment" => (target.attribute("ri:filename"), false),
            _ => return None,
        };
        let [alt, title, width, height] = IMAGE.map(|name| element.attribute(name).to_owned());
        let values = &mut reference.values;
        if !usual {
            self.owner(&target, values)?;
        }
        forget(values, &["ri:value", "ri:filename"]);
        forget(values, &IMAGE);
        if is_web(url) != usual || url.starts_with("media:") {
            set(values, "#tag", target.tag.name);
        }
        let caption = match reference.body {
            Some(caption) => Some(self.caption(&caption, values, place)?),
            None => None,
        };
        let image = Image { url: url.to_owned(), alt, title, width, height };
        let image = is_sound(&image).then_some(image)?;
        Some((Inline::Image(image).with(Extra::new(Format::Storage, reference.values)), caption))
    }

    fn caption(&self, caption: &Element<'_, '_>, values: &mut Values, place: Place) -> Option<Vec<Inline>> {
        if !caption.tag.is_block {
            set(values, "#caption", "bare");
            return self.line_of(caption, place);
        }
        match caption.only_elements()?.as_slice() {
            [paragraph] if paragraph.tag.name == "p" && paragraph.tag.attributes.is_empty() => {
                self.line_of(paragraph, place)
            }
            _ => None,
        }
    }

    /// What is a block where it stands alone: an image or a smart link.
    pub(super) fn lone_piece(&self, element: &Element<'_, '_>, place: Place) -> Option<Block> {
        if element.tag.is_live {
            return None;
        }
        if element.tag.name == "a" {
            let is_embed = element.attribute("data-card-appearance") == "embed";
            let values = card(element, if is_embed { "embed" } else { "block" })?;
            let url = element.attribute("href").to_owned();
            return Some(Block::Card { url, embed: is_embed }.with(Extra::new(Format::Storage, values)));
        }
        if element.tag.name != "ac:image" {
            return None;
        }
        let (image, caption) = self.image(element, place)?;
        let (image, extra) = match image {
            Inline::With { piece, extra } => (*piece, Some(extra)),
            image => (image, None),
        };
        let Inline::Image(image) = image else { return None };
        Some(Block::Picture { image, caption: caption.unwrap_or_default() }.with(extra))
    }
}

fn reference<'t, 'a>(element: &Element<'t, 'a>, bodies: &[&str]) -> Option<Reference<'t, 'a>> {
    if inner_is_live(element.inner) {
        return None;
    }
    let elements = element.only_elements()?;
    let (target, body) = match elements.as_slice() {
        [] => (None, None),
        [one] if bodies.contains(&one.tag.name) => (None, Some(*one)),
        [target] => (Some(*target), None),
        [target, body] if bodies.contains(&body.tag.name) => (Some(*target), Some(*body)),
        _ => return None,
    };
    let mut values = attributes(element, &[]);
    let is_clean = !values.keys().any(|key| key.starts_with("ri:"))
        && body.is_none_or(|body| body.tag.attributes.is_empty());
    if let Some(target) = target {
        let own = attributes(&target, &[]);
        if !target.tag.name.starts_with("ri:") || !own.keys().all(|key| key.starts_with("ri:")) {
            return None;
        }
        values.extend(own);
    }
    is_clean.then_some(Reference { target, body, values })
}

fn inner_is_live(nodes: &[Node<'_>]) -> bool {
    children(nodes).any(|(_, child)| matches!(child, Child::Element(element) if element.tag.is_live))
}

fn mention(element: &Element<'_, '_>) -> Option<Inline> {
    let mut reference = reference(element, &[])?;
    let target = reference.target.filter(|target| target.tag.name == "ri:user" && target.inner.is_empty())?;
    let kinds = [("ri:account-id", "accountid:"), ("ri:userkey", "userkey:"), ("ri:username", "")];
    let (key, prefix) = kinds.into_iter().find(|(key, _)| target.find(key).is_some())?;
    let user = target.attribute(key);
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control() || "[]()|<>".contains(letter);
    let is_name = !prefix.is_empty() || !user.contains(':');
    let is_known = is_name && !user.is_empty() && !user.contains(is_odd);
    reference.values.shift_remove(key);
    let mention = Inline::Mention { id: format!("{prefix}{user}"), name: None };
    is_known.then(|| mention.with(Extra::new(Format::Storage, reference.values)))
}

/// What is said besides of a smart link of this appearance, if the element is one.
fn card(element: &Element<'_, '_>, appearance: &str) -> Option<Values> {
    let url = element.attribute("href");
    let is_card = element.attribute("data-card-appearance") == appearance
        && element.only_text() == Some(url)
        && !url.is_empty()
        && !url.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    is_card.then(|| attributes(element, &["href", "data-card-appearance"]))
}

fn web_image(element: &Element<'_, '_>) -> Option<Inline> {
    let names = ["src", "alt", "title", "width", "height"];
    let [url, alt, title, width, height] = names.map(|name| element.attribute(name).to_owned());
    let image = Image { url, alt, title, width, height };
    if !element.inner.is_empty() || !is_sound(&image) {
        return None;
    }
    let mut values = attributes(element, &[]);
    forget(&mut values, &names);
    set(&mut values, "#tag", "img");
    Some(Inline::Image(image).with(Extra::new(Format::Storage, values)))
}

fn is_sound(image: &Image) -> bool {
    let fields = [&image.url, &image.alt, &image.title, &image.width, &image.height];
    !image.url.is_empty() && fields.into_iter().all(|field| is_line(field))
}

/// Drops what the model has a field for. What is set and empty stays, because an empty field means that it is not set.
fn forget(values: &mut Values, names: &[&str]) {
    for name in names {
        if values.get(*name).is_some_and(|value| value != "") {
            values.shift_remove(*name);
        }
    }
}

/// Addresses that mean something else in Markdown.
fn is_taken(url: &str) -> bool {
    ["accountid:", "userkey:", "media:", "~"].iter().any(|prefix| url.starts_with(prefix))
}

/// Whether the link right before leads to the same place, so that the two would become one.
fn is_same_link(line: &Line, url: &str, title: &str) -> bool {
    matches!(line.content.last(), Some(Inline::Link { url: before, title: before_title, .. })
        if before == url && before_title == title)
}

fn blank(body: &Element<'_, '_>) -> bool {
    body.only_text().is_some_and(|text| text.trim().is_empty())
}

//! Links, mentions and images.

use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::is_script;
use super::super::super::document::plain;
use super::super::address::Target;
use super::super::address::is_web;
use super::Said;
use super::Writer;
use super::get;
use super::inlines::Edges;
use super::only_text;

impl Writer<'_> {
    pub(super) fn link(
        &mut self,
        (url, title): (&str, &str),
        content: &[Inline],
        said: Said<'_>,
        edges: Edges<'_>,
    ) {
        if is_script(url) {
            self.notes.add("a link that runs a script became text");
            self.inside(content, edges);
            return self.text(&format!(" ({url})"));
        }
        let target = Target::parse(url).filter(|_| get(said, "#tag") != Some("a"));
        let Some(target) = target else {
            return self.element_with("a", &[("href", url), ("title", title)], said, |writer| {
                writer.inside(content, edges);
            });
        };
        let anchor = match &target {
            Target::Page { anchor, .. } | Target::Anchor(anchor) => anchor,
            Target::Attachment(_) => "",
        };
        self.tag("ac:link", &[("ac:anchor", anchor)], said, |key| !key.starts_with("ri:"));
        self.out.push('>');
        self.target(&target, said);
        self.link_body(&target, content, said, edges);
        self.out.push_str("</ac:link>");
    }

    pub(super) fn target(&mut self, target: &Target, said: Said<'_>) {
        match target {
            Target::Anchor(_) => {}
            Target::Page { space, title, .. } => {
                let fields = [("ri:space-key", space.as_str()), ("ri:content-title", title)];
                self.reference("ri:page", &fields, said);
            }
            Target::Attachment(name) => self.reference("ri:attachment", &[("ri:filename", name)], said),
        }
    }

    /// What a link or an image refers to, and the page that it belongs to if that is said.
    fn reference(&mut self, name: &str, fields: &[(&str, &str)], said: Said<'_>) {
        self.tag(name, fields, said, |key| key.starts_with("ri:"));
        self.out.push('>');
        if let Some(owner) = get(said, "#owner") {
            self.raw(owner, |name| name.starts_with("ri:"));
        }
        self.out.extend(["</", name, ">"]);
    }

    fn link_body(&mut self, target: &Target, content: &[Inline], said: Said<'_>, edges: Edges<'_>) {
        let wanted = get(said, "#body");
        let text = only_text(content);
        match text {
            None if content.is_empty() => {}
            Some(text) if wanted.is_none() && text.trim() == target.text().trim() => {}
            Some(_) if wanted != Some("rich") => {
                self.out.push_str("<ac:plain-text-link-body>");
                let text = edges.around(&plain(content));
                self.character_data(&text);
                self.out.push_str("</ac:plain-text-link-body>");
            }
            _ => self.within("ac:link-body", |writer| writer.inside(content, edges)),
        }
    }

    pub(super) fn card(&mut self, url: &str, appearance: &str, said: Said<'_>) {
        if is_script(url) {
            self.notes.add("a link that runs a script became text");
            return self.text(url);
        }
        let fields = [("href", url), ("data-card-appearance", appearance)];
        self.element_with("a", &fields, said, |writer| writer.text(url));
    }

    pub(super) fn mention(&mut self, id: &str, said: Said<'_>) {
        self.tag("ac:link", &[], said, |key| !key.starts_with("ri:"));
        self.out.push('>');
        let field = match id.split_once(':') {
            Some(("accountid", account)) => ("ri:account-id", account),
            Some(("userkey", key)) => ("ri:userkey", key),
            _ => ("ri:username", id),
        };
        self.tag("ri:user", &[field], said, |key| key.starts_with("ri:"));
        self.out.push_str("/></ac:link>");
    }

    /// An image; one that is a block may have a caption.
    pub(super) fn picture(&mut self, image: &Image, caption: Option<&[Inline]>, said: Said<'_>) {
        let Image { url, alt, title, width, height } = image;
        if is_script(url) || url.is_empty() {
            self.notes.add("an image without an address to show became text");
            return self.text(&format!("{alt} ({url})"));
        }
        if get(said, "#tag") == Some("img") {
            let fields = [("src", url), ("alt", alt), ("title", title), ("width", width), ("height", height)];
            return self.empty("img", &fields.map(|(key, value)| (key, value.as_str())), said);
        }
        let fields = [("ac:alt", alt), ("ac:title", title), ("ac:width", width), ("ac:height", height)];
        self.tag("ac:image", &fields.map(|(key, value)| (key, value.as_str())), said, |key| {
            !key.starts_with("ri:")
        });
        self.out.push('>');
        self.image_target(url, said);
        if let Some(caption) = caption.filter(|caption| !caption.is_empty()) {
            let is_bare = get(said, "#caption") == Some("bare");
            self.within("ac:caption", |writer| {
                if is_bare {
                    writer.inlines(caption);
                } else {
                    writer.within("p", |writer| writer.inlines(caption));
                }
            });
        }
        self.out.push_str("</ac:image>");
    }

    fn image_target(&mut self, url: &str, said: Said<'_>) {
        if url.starts_with("media:") && get(said, "#tag").is_none() {
            self.notes.add("an image of Cloud's media is named by its id, because its file is not known");
        }
        let is_url = match get(said, "#tag") {
            Some("ri:url") => true,
            Some("ri:attachment") => false,
            _ => is_web(url),
        };
        if is_url {
            self.reference("ri:url", &[("ri:value", url)], said);
        } else {
            self.reference("ri:attachment", &[("ri:filename", url)], said);
        }
    }
}

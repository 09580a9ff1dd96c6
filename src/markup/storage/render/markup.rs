//! Elements, attributes and text, always well-formed.

use super::super::names;
use super::super::safety;
use super::super::tree;
use super::super::tree::Child;
use super::super::tree::Node;
use super::Said;
use super::Writer;

impl Writer<'_> {
    pub(super) fn within(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.element(name, None, write);
    }

    /// An element with every attribute that is said of it.
    pub(super) fn element(&mut self, name: &str, said: Said<'_>, write: impl FnOnce(&mut Self)) {
        self.element_with(name, &[], said, write);
    }

    pub(super) fn element_with(
        &mut self,
        name: &str,
        fields: &[(&str, &str)],
        said: Said<'_>,
        write: impl FnOnce(&mut Self),
    ) {
        self.tag(name, fields, said, |_| true);
        self.out.push('>');
        write(self);
        self.out.extend(["</", name, ">"]);
    }

    pub(super) fn empty(&mut self, name: &str, fields: &[(&str, &str)], said: Said<'_>) {
        self.tag(name, fields, said, |_| true);
        self.out.push_str("/>");
    }

    /// A tag that is still open: the fields that are not empty, and what is said besides, as far as it is wanted.
    pub(super) fn tag(
        &mut self,
        name: &str,
        fields: &[(&str, &str)],
        said: Said<'_>,
        is_wanted: impl Fn(&str) -> bool,
    ) {
        self.out.extend(["<", name]);
        for (key, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            self.attribute(key, value);
        }
        let is_field = |key: &str| fields.iter().any(|(field, value)| *field == key && !value.is_empty());
        for (key, value) in said.into_iter().flatten() {
            if let Some(value) =
                value.as_str().filter(|_| names::is_name(key) && is_wanted(key) && !is_field(key))
            {
                self.attribute(key, value);
            }
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        if safety::is_live_attribute(name, value) {
            return self
                .notes
                .add(format!("the attribute `{name}` was left out, because it could run a script"));
        }
        self.out.extend([" ", name, "=\""]);
        let mut rest = value;
        while let Some(at) = rest.find(['\n', '\t', '\r']) {
            let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.text(before);
            self.out.push_str(match tail.bytes().next() {
                Some(b'\n') => "&#10;",
                Some(b'\t') => "&#9;",
                _ => "&#13;",
            });
            rest = tail.get(1..).unwrap_or_default();
        }
        self.text(rest);
        self.out.push('"');
    }

    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some((at, letter)) = rest.char_indices().find(|(_, letter)| is_special(*letter)) {
            let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.out.push_str(before);
            self.out.push_str(match letter {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\r' => "&#13;",
                // At the beginning of a page it would be a mark of the byte order.
                '\u{FEFF}' => "&#xFEFF;",
                _ => "\u{FFFD}",
            });
            rest = tail.get(letter.len_utf8()..).unwrap_or_default();
        }
        self.out.push_str(rest);
    }

    /// Text between `<![CDATA[` and `]]>`, which is left where the text holds that or a carriage return.
    pub(super) fn character_data(&mut self, text: &str) {
        self.out.push_str("<![CDATA[");
        let mut rest = text;
        while let Some(at) =
            rest.find(|letter| letter == ']' || !safety::is_allowed(letter) || letter == '\r')
        {
            let (before, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.out.push_str(before);
            let letter = tail.chars().next().unwrap_or_default();
            let (written, length) = match letter {
                ']' if tail.starts_with("]]>") => ("]]]]><![CDATA[>", 3),
                ']' => ("]", 1),
                '\r' => ("]]>&#13;<![CDATA[", 1),
                _ => ("\u{FFFD}", letter.len_utf8()),
            };
            self.out.push_str(written);
            rest = tail.get(length..).unwrap_or_default();
        }
        self.out.push_str(rest);
        self.out.push_str("]]>");
    }

    /// Nodes that were read, written anew.
    pub(super) fn nodes(&mut self, nodes: &[Node<'_>]) {
        let mut open = vec![(tree::children(nodes), "")];
        while let Some((children, name)) = open.last_mut() {
            match children.next() {
                Some((_, Child::Text(text))) => self.text(text),
                Some((_, Child::Element(element))) => {
                    self.out.extend(["<", element.tag.name]);
                    element.tag.attributes.iter().for_each(|(name, value)| self.attribute(name, value));
                    self.out.push('>');
                    open.push((tree::children(element.inner), element.tag.name));
                }
                None => {
                    if !name.is_empty() {
                        self.out.extend(["</", name, ">"]);
                    }
                    open.pop();
                }
            }
        }
    }
}

fn is_special(letter: char) -> bool {
    matches!(letter, '&' | '<' | '>' | '"' | '\r' | '\u{FEFF}') || !safety::is_allowed(letter)
}

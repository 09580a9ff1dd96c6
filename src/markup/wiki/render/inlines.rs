//! Running text.

use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Image;
use super::super::super::document::Inline;
use super::super::super::document::Mark;
use super::super::super::document::plain;
use super::super::super::document::tidy;
use super::super::super::document::trim;
use super::super::Reading;
use super::super::emoticons;
use super::super::escape::Place;
use super::super::escape::Within;
use super::super::escape::address;
use super::super::escape::alt;
use super::super::escape::code;
use super::super::escape::text;
use super::super::finder::Finder;
use super::super::inlines::small_macro;
use super::super::links::link;
use super::super::parameters;
use super::Writer;

impl Writer<'_> {
    pub(super) fn line(&mut self, content: &[Inline], place: Place) {
        self.inlines(&trim(tidy(content)), place);
    }

    pub(super) fn inlines(&mut self, content: &[Inline], place: Place) {
        let mut place = place;
        let end = place.followed;
        for (index, piece) in content.iter().enumerate() {
            let next = content.get(index + 1);
            place.followed = end || next.is_some();
            self.inline(piece, next, place, None);
            place.line_start = matches!(piece, Inline::Break) && place.within == Within::Paragraph;
        }
    }

    pub(super) fn inline(
        &mut self,
        piece: &Inline,
        next: Option<&Inline>,
        place: Place,
        extra: Option<&Extra>,
    ) {
        match piece {
            Inline::Text(part) => text(&mut self.out, part, place),
            Inline::Code(part) => code(&mut self.out, part),
            Inline::Marked(mark, inner) => match mark {
                Mark::Strong => self.marked("*", inner, next, place),
                Mark::Emphasis => self.marked("_", inner, next, place),
                Mark::Strike => self.marked("-", inner, next, place),
                Mark::Underline => self.marked("+", inner, next, place),
                Mark::Superscript => self.marked("^", inner, next, place),
                Mark::Subscript => self.marked("~", inner, next, place),
                Mark::Citation => self.marked("??", inner, next, place),
                Mark::Color(color) => {
                    self.out.extend(["{color:", color, "}"]);
                    self.inlines(inner, Place { line_start: false, followed: true, ..place });
                    self.out.push_str("{color}");
                }
                Mark::Background(_) => {
                    self.notes.add("the colour behind text was left out");
                    self.inlines(inner, place);
                }
            },
            Inline::Link { url, title, content } => self.link(url, title, content, next, place),
            Inline::Card(url) => self.smart(url, "smart-link"),
            Inline::Image(image) => self.image(image, extra),
            Inline::Mention { id, name } => self.mention(id, name.as_deref(), place),
            Inline::Emoji { name, text: shown } => match emoticons::notation(name) {
                Some(notation) => self.out.push_str(notation),
                None => text(&mut self.out, if shown.is_empty() { name } else { shown }, place),
            },
            Inline::Date(day) => text(&mut self.out, day, place),
            Inline::Status { text: shown, color } => {
                let color = match color.as_str() {
                    "neutral" => "Grey",
                    other => other,
                };
                let mut written = String::new();
                parameters::write(&mut written, &[("colour", color), ("title", shown)], extra, '|');
                self.out.extend(["{status:", &written, "}"]);
            }
            Inline::Anchor(name) => self.anchor(name),
            Inline::Macro(call) => self.call(call),
            Inline::Break if place.within != Within::Paragraph || self.out.ends_with('\n') => {
                self.out.push_str("\\\\ ");
            }
            Inline::Break => self.out.push('\n'),
            Inline::Container { name, content, .. } => {
                self.notes.add(format!("`{name}` was left out, the text in it stays"));
                self.inlines(content, place);
            }
            Inline::Source { format: Format::Wiki, text } => self.out.push_str(text),
            Inline::Source { format, text } => {
                self.notes.add(format!("what only {} can say became code", format.as_str()));
                code(&mut self.out, text);
            }
            Inline::With { extra, piece } => {
                if extra.format != Format::Wiki {
                    self.notes
                        .add(format!("what {} says of text besides was left out", extra.format.as_str()));
                }
                self.inline(piece, next, place, Some(extra));
            }
        }
    }

    /// A person; text where wiki markup would read somebody else.
    fn mention(&mut self, id: &str, name: Option<&str>, place: Place) {
        // What Atlassian calls a person begins with `@`; any other name was chosen for them.
        let chosen = name.filter(|name| !name.starts_with('@') && place.within != Within::Link);
        let named = chosen.map(|name| (format!("[{name}|~{id}]"), Some(name)));
        for (written, name) in named.into_iter().chain([(format!("[~{id}]"), None)]) {
            let is_same = |piece: Inline| matches!(piece, Inline::Mention { id: of, name: by } if of == id && by.as_deref() == name);
            if link(&written, Reading::Jira)
                .is_some_and(|(piece, length)| length == written.len() && is_same(piece))
            {
                return self.out.push_str(&written);
            }
        }
        self.notes.add("a mention of an account that wiki markup cannot name became text");
        text(&mut self.out, name.unwrap_or(id), place);
    }

    /// A place to link to; what wiki markup cannot have in its name is left out of it.
    fn anchor(&mut self, name: &str) {
        let mut written = String::new();
        parameters::write(&mut written, &[("", name)], None, '|');
        let call = format!("{{anchor:{written}}}");
        match small_macro(&call, 0, &mut Finder::new(&call), Reading::Jira) {
            Some((Inline::Anchor(found), _)) => {
                if found != name {
                    self.notes.add("the name of an anchor lost what wiki markup cannot have there");
                }
                self.out.push_str(&call);
            }
            _ => {
                self.notes.add("an anchor without a name that wiki markup can have was given one");
                self.out.push_str("{anchor:anchor}");
            }
        }
    }

    pub(super) fn smart(&mut self, url: &str, kind: &str) {
        let mut target = String::new();
        address(&mut target, url);
        if target.is_empty() {
            return self.notes.add("a smart link without an address was left out");
        }
        self.out.extend(["[", &target, "|", &target, "|", kind, "]"]);
    }

    pub(super) fn image(&mut self, image: &Image, extra: Option<&Extra>) {
        self.out.push('!');
        address(&mut self.out, &image.url);
        let mut description = String::new();
        alt(&mut description, &image.alt);
        let pairs = [
            ("alt", description.as_str()),
            ("title", image.title.as_str()),
            (if image.width == "thumbnail" { "" } else { "width" }, image.width.as_str()),
            ("height", image.height.as_str()),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let mut written = String::new();
        parameters::write(&mut written, &pairs, extra, ',');
        if !written.is_empty() {
            self.out.extend(["|", &written]);
        }
        self.out.push('!');
    }

    pub(super) fn link(
        &mut self,
        url: &str,
        title: &str,
        content: &[Inline],
        next: Option<&Inline>,
        place: Place,
    ) {
        if place.within == Within::Link {
            return self.inlines(content, place);
        }
        let is_bare = title.is_empty() && plain(content) == url.trim_start_matches("mailto:");
        if is_bare && stands_alone(url, &self.out, next) {
            self.out.push_str(url);
            return;
        }
        let mut target = String::new();
        let attachment = url.strip_prefix("attachment:");
        address(&mut target, attachment.unwrap_or(url));
        // At its start these make a person or a file of an address.
        for (mark, encoded) in [("~", "%7E"), ("^", "%5E")] {
            if target.starts_with(mark) && (attachment.is_none() || mark == "^") {
                target.replace_range(..mark.len(), encoded);
            }
        }
        if attachment.is_some() {
            target.insert(0, '^');
        }
        if target.trim_start_matches('^').is_empty() {
            self.notes.add("a link without an address became its text");
            return self.inlines(content, place);
        }
        self.out.push('[');
        let says_itself = plain(content) == target.trim_start_matches(['^', '#'])
            && link(&format!("[{target}]"), Reading::Jira).is_some();
        let tip: String = title.chars().filter(|letter| !matches!(letter, '|' | '[' | ']' | '\n')).collect();
        // A backslash would take the bracket behind it away.
        let tip = tip.trim().trim_end_matches(|letter: char| letter == '\\' || letter.is_whitespace());
        // Behind an address it would make a card of the link.
        let is_written = tip != "smart-link";
        if !is_written {
            self.notes.add("the tip of a link was left out");
        } else if tip != title.trim() {
            self.notes.add("the tip of a link lost what wiki markup cannot have there");
        }
        if !says_itself || !title.is_empty() {
            let inside = Place { within: Within::Link, followed: true, line_start: false };
            let start = self.out.len();
            self.inlines(&trim(content.to_vec()), inside);
            // At its start this would make a person of the link.
            if self.out.get(start..).is_some_and(|label| label.starts_with('~')) {
                self.notes.add("the text of a link lost its marks");
                self.out.truncate(start);
                self.inlines(&[Inline::Text(plain(content).trim().to_owned())], inside);
            }
            self.out.push('|');
        }
        self.out.push_str(&target);
        if !tip.is_empty() && is_written {
            self.out.extend(["|", tip]);
        }
        self.out.push(']');
    }

    /// Writes marked text; beside a letter or another mark the mark stands in braces.
    pub(super) fn marked(&mut self, mark: &str, inner: &[Inline], next: Option<&Inline>, place: Place) {
        if self.open.iter().any(|open| open == mark) {
            return self.inlines(inner, Place { followed: place.followed || next.is_some(), ..place });
        }
        let before = self.out.chars().next_back().filter(|_| !place.line_start);
        let joins = |letter: char| letter.is_alphanumeric() || mark.starts_with(letter) || letter == '}';
        // Nothing but such marks at the start of a line would be an item of a list.
        let is_item = place.line_start && plain(inner).chars().all(|letter| "*#-".contains(letter));
        let is_joined =
            is_item || before.is_some_and(joins) || next.and_then(first_letter).is_some_and(joins);
        self.open.push(mark.to_owned());
        let mark = if is_joined { format!("{{{mark}}}") } else { mark.to_owned() };
        self.out.push_str(&mark);
        let within = if place.within == Within::Link { Within::Link } else { Within::Line };
        self.inlines(inner, Place { within, line_start: false, followed: true });
        self.out.push_str(&mark);
        self.open.pop();
    }
}

/// Whether Jira would link a bare address here, all of it and nothing more.
fn stands_alone(url: &str, out: &str, next: Option<&Inline>) -> bool {
    let is_known = ["https://", "http://", "ftp://", "mailto:"]
        .iter()
        .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    let is_plain = url.chars().all(|letter| !letter.is_whitespace() && !"[]{}|!\\\"<>".contains(letter));
    let starts = out.chars().next_back().is_none_or(|letter| letter.is_whitespace() || letter == '(');
    let ends = match next {
        None | Some(Inline::Break) => true,
        // Other white space is written as a reference, which would go on.
        Some(Inline::Text(text)) => text.starts_with([' ', '\t', '\n', '\r']),
        Some(_) => false,
    };
    is_known
        && is_plain
        && starts
        && ends
        && url.ends_with(|letter: char| letter.is_alphanumeric() || letter == '/')
}

fn first_letter(piece: &Inline) -> Option<char> {
    match piece {
        Inline::Text(text) => text.chars().next(),
        Inline::Marked(Mark::Strong, _) => Some('*'),
        Inline::Marked(Mark::Emphasis, _) => Some('_'),
        Inline::Marked(Mark::Strike, _) => Some('-'),
        // Nothing is known about how Jira joins these to a mark, so they count as a letter.
        Inline::Code(_) => Some('}'),
        _ => None,
    }
}

//! A page that was read as Markdown, changed and written back, with everything that was not changed as it was, byte for
//! byte.
//!
//! Three documents are laid side by side: the page as it is, what the reader was shown of it, and what came back, the
//! last two by the same renderer. Where these two are the same, the page stays as it is; so does what Markdown says
//! only in comments and came back without them: attributes, and what `unsaid.rs` names.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::align::common;
use super::holdings::holdings;
use super::holdings::missing;
use super::tree;
use super::tree::Child;
use super::tree::Element;
use super::tree::Node;
use super::tree::is_blank;
use super::unsaid::columns;
use super::unsaid::elements;
use super::unsaid::is_unsaid;
use super::unsaid::look;
use super::unsaid::renumbered;

/// Deeper changes are taken over whole.
const DEEPEST: usize = 64;

/// The page as it is to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its storage.
    pub storage: String,
    /// What would be lost though the reader was not shown it, each thing once.
    pub lost: Vec<String>,
    /// What is gone because what came back has no place for it, each thing once.
    pub gone: Vec<String>,
    /// Where in the storage there is something that was not on the page.
    added: Vec<Range<usize>>,
}

/// Puts what changed between `shown` and `new` into the page as it is.
#[must_use]
pub fn keep(page: &str, shown: &str, new: &str) -> Kept {
    let mut kept = Kept::default();
    if let (Ok(page_tree), Ok(shown_tree), Ok(new_tree)) =
        (tree::read(page), tree::read(shown), tree::read(new))
    {
        let levels = [(page, &page_tree), (shown, &shown_tree), (new, &new_tree)]
            .map(|(source, tree)| Level { source, nodes: &tree.nodes, range: 0..source.len(), within: None });
        kept.list(&levels, 0);
        if let Some(storage) = renumbered(&kept.storage, &kept.added) {
            kept.storage = storage;
            kept.added.clear();
        }
    } else {
        new.clone_into(&mut kept.storage);
    }
    kept
}

/// The nodes beside each other in one element, or in the whole document.
#[derive(Debug, Clone)]
struct Level<'t, 'a> {
    source: &'t str,
    nodes: &'t [Node<'a>],
    range: Range<usize>,
    /// The element that they are in.
    within: Option<Element<'t, 'a>>,
}

/// An element or the text between two, with the white space before it that says nothing.
#[derive(Debug, Clone)]
struct Piece<'t, 'a> {
    text: &'t str,
    space: &'t str,
    element: Option<Element<'t, 'a>>,
}

impl<'t, 'a> Level<'t, 'a> {
    /// The pieces, and the white space after the last; white space is a piece of its own if `spaces` says so.
    fn pieces(&self, spaces: bool) -> (Vec<Piece<'t, 'a>>, &'t str) {
        let mut pieces = Vec::new();
        let (mut at, mut space) = (self.range.start, "");
        let between = |pieces: &mut Vec<_>, range: Range<usize>| {
            let text = self.source.get(range).unwrap_or_default();
            match text {
                "" => {}
                blank if is_blank(blank) && !spaces => return blank,
                text => pieces.push(Piece { text, space: "", element: None }),
            }
            ""
        };
        for (_, child) in tree::children(self.nodes) {
            let Child::Element(element) = child else { continue };
            let source = element.tag.source.clone();
            space = between(&mut pieces, at..source.start);
            at = source.end;
            let text = self.source.get(source).unwrap_or_default();
            pieces.push(Piece { text, space, element: Some(element) });
            space = "";
        }
        let rest = between(&mut pieces, at..self.range.end);
        (pieces, if rest.is_empty() { space } else { rest })
    }

    fn text(&self) -> &'t str {
        self.source.get(self.range.clone()).unwrap_or_default()
    }
}

impl Piece<'_, '_> {
    /// What kind of piece it is.
    fn key(&self) -> (&str, &str) {
        match &self.element {
            Some(element) => (element.tag.name, named(element.attribute("ac:name"))),
            None => ("", ""),
        }
    }

    /// What Markdown shows of it.
    fn look(&self) -> (String, String, String) {
        let (name, kind) = self.key();
        let text = self.element.as_ref().map_or_else(|| self.text.to_owned(), look);
        (name.to_owned(), kind.to_owned(), text)
    }
}

/// The name of a macro, as far as Markdown tells it: `noformat` is a block of code, too.
fn named(name: &str) -> &str {
    if name == "noformat" { "code" } else { name }
}

impl Kept {
    /// Lays three lists side by side.
    fn list(&mut self, levels: &[Level<'_, '_>; 3], depth: usize) {
        let [page, shown, new] = levels;
        let Some((spaces, page_pieces, shown_pieces, rest)) = paired(page, shown) else {
            let held = |level: &Level<'_, '_>| holdings(level.text());
            let invisible = missing(&held(page), &held(shown));
            let gone = missing(&held(page), &held(new));
            self.lose(invisible.into_iter().filter(|name| gone.contains(name)));
            self.add(new.text());
            return;
        };
        let (new_pieces, _) = new.pieces(spaces);
        let (mut at, mut new_at) = (0, 0);
        let texts =
            |pieces: &[Piece<'_, '_>]| pieces.iter().map(|piece| piece.text.to_owned()).collect::<Vec<_>>();
        let same = common(&texts(&shown_pieces), &texts(&new_pieces));
        let end = (shown_pieces.len(), new_pieces.len());
        for (same_at, same_new) in same.into_iter().chain([end]) {
            let part =
                |pieces: &[_], range| pieces.get(range).map(<[Piece<'_, '_>]>::to_vec).unwrap_or_default();
            let region = [
                part(&page_pieces, at..same_at),
                part(&shown_pieces, at..same_at),
                part(&new_pieces, new_at..same_new),
            ];
            self.region(&region, levels, depth);
            if let Some(piece) = page_pieces.get(same_at) {
                self.push(piece);
            }
            (at, new_at) = (same_at + 1, same_new + 1);
        }
        self.storage.push_str(rest);
    }

    /// Pieces that are not the same: those of one kind may be the same with a change.
    fn region(
        &mut self,
        [page, shown, new]: &[Vec<Piece<'_, '_>>; 3],
        levels: &[Level<'_, '_>; 3],
        depth: usize,
    ) {
        let pairs = likely(shown, new);
        let mut at = 0;
        for (number, piece) in new.iter().enumerate() {
            let pair = pairs.iter().find(|(_, there)| *there == number);
            let here = pair.map(|(here, _)| *here);
            if let Some((here, old, seen)) =
                here.and_then(|here| Some((here, page.get(here)?, shown.get(here)?)))
            {
                self.unsaid(page, shown, at..here, levels);
                self.piece([old, seen, piece], levels, depth);
                at = here + 1;
            } else {
                self.storage.push_str(piece.space);
                self.add(piece.text);
            }
        }
        self.unsaid(page, shown, at..shown.len(), levels);
    }

    /// Keeps of the pieces that did not come back those which Markdown does not say.
    fn unsaid(
        &mut self,
        page: &[Piece<'_, '_>],
        shown: &[Piece<'_, '_>],
        range: Range<usize>,
        levels: &[Level<'_, '_>; 3],
    ) {
        let (Some(within), Some(new)) = (levels[1].within, levels[2].within) else { return };
        for (old, piece) in page.iter().zip(shown).take(range.end).skip(range.start) {
            let Some(element) = &piece.element else { continue };
            let is_back =
                elements(&new).any(|one| (one.tag.name, named(one.attribute("ac:name"))) == piece.key());
            match element.tag.name {
                _ if is_back => {}
                "colgroup" if columns(&within) != columns(&new) => {
                    self.miss("widths of the columns of a table");
                }
                "thead" => self.miss("head of a table as a part of its own"),
                "tfoot" => self.miss("foot of a table as a part of its own"),
                _ if is_unsaid(&within, element) => self.push(old),
                _ => {}
            }
        }
    }

    /// One piece that changed.
    fn piece(&mut self, pieces: [&Piece<'_, '_>; 3], levels: &[Level<'_, '_>; 3], depth: usize) {
        let [old, shown, new] = pieces;
        let (Some(old_element), Some(shown_element), Some(new_element)) =
            (&old.element, &shown.element, &new.element)
        else {
            self.storage.push_str(old.space);
            self.storage.push_str(&words_kept(old.text, shown.text, new.text));
            return;
        };
        // Markdown shows no number of a task: what came back was counted anew.
        if old_element.tag.name == "ac:task-id" || says_less(new_element, shown_element, 0) {
            return self.push(old);
        }
        let parts = [old, shown, new].map(|piece| split(piece.text));
        let (Some(old_parts), Some(shown_parts), Some(new_parts), true) =
            (parts[0], parts[1], parts[2], depth < DEEPEST)
        else {
            self.storage.push_str(new.space);
            return self.add(new.text);
        };
        self.storage.push_str(old.space);
        if keeps_tag(shown, new) {
            self.storage.push_str(old_parts.0);
        } else {
            let unseen = |(name, value): &&(&str, Cow<'_, str>)| {
                shown_element.find(name) != Some(value.as_ref()) && new_element.find(name).is_none()
            };
            let unseen = old_element.tag.attributes.iter().filter(unseen);
            self.lose(unseen.map(|(name, _)| format!("{name} of {}", old_element.tag.name)));
            self.storage.push_str(new_parts.0);
        }
        let inner = |level: &Level<'_, '_>, element: &Element<'_, '_>, open: &str, close: &str| {
            let source = &element.tag.source;
            (source.start + open.len())..(source.end - close.len()).min(level.source.len())
        };
        let below = [
            Level {
                source: levels[0].source,
                nodes: old_element.inner,
                range: inner(&levels[0], old_element, old_parts.0, old_parts.1),
                within: Some(*old_element),
            },
            Level {
                source: levels[1].source,
                nodes: shown_element.inner,
                range: inner(&levels[1], shown_element, shown_parts.0, shown_parts.1),
                within: Some(*shown_element),
            },
            Level {
                source: levels[2].source,
                nodes: new_element.inner,
                range: inner(&levels[2], new_element, new_parts.0, new_parts.1),
                within: Some(*new_element),
            },
        ];
        self.list(&below, depth + 1);
        self.storage.push_str(new_parts.1);
    }

    fn push(&mut self, piece: &Piece<'_, '_>) {
        self.storage.push_str(piece.space);
        self.storage.push_str(piece.text);
    }

    /// Writes what is new on the page.
    fn add(&mut self, text: &str) {
        let start = self.storage.len();
        self.storage.push_str(text);
        self.added.push(start..self.storage.len());
    }

    fn miss(&mut self, thing: &str) {
        if !self.gone.iter().any(|gone| gone == thing) {
            self.gone.push(thing.to_owned());
        }
    }

    fn lose(&mut self, things: impl IntoIterator<Item = String>) {
        for thing in things {
            if !self.lost.contains(&thing) {
                self.lost.push(thing);
            }
        }
    }
}

/// Which of the pieces became which: those that look the same, and between them those of one kind.
fn likely(shown: &[Piece<'_, '_>], new: &[Piece<'_, '_>]) -> Vec<(usize, usize)> {
    let looks = |pieces: &[Piece<'_, '_>]| pieces.iter().map(Piece::look).collect::<Vec<_>>();
    let same = common(&looks(shown), &looks(new));
    let (mut at, mut new_at, mut pairs) = (0, 0, Vec::new());
    for (here, there) in same.iter().copied().chain([(shown.len(), new.len())]) {
        let between = (shown.get(at..here).unwrap_or_default(), new.get(new_at..there).unwrap_or_default());
        let keys = |pieces: &'_ [Piece<'_, '_>]| {
            let keys = pieces.iter().map(Piece::key);
            keys.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect::<Vec<_>>()
        };
        let kinds = common(&keys(between.0), &keys(between.1));
        pairs.extend(kinds.into_iter().map(|(one, other)| (one + at, other + new_at)));
        pairs.push((here, there));
        (at, new_at) = (here + 1, there + 1);
    }
    pairs
}

/// A text with the words that were not changed as they were written: `&nbsp;` is another spelling of one letter.
fn words_kept(page: &str, shown: &str, new: &str) -> String {
    let (page, shown, new) = (words(page), words(shown), words(new));
    if page.len() != shown.len() {
        return new.concat();
    }
    let mut kept: Vec<&str> = new.clone();
    for (here, there) in common(&shown, &new) {
        if let (Some(word), Some(slot)) = (page.get(here), kept.get_mut(there)) {
            *slot = word;
        }
    }
    kept.concat()
}

/// Words, and the white space between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_white = |letter: char| letter.is_ascii_whitespace();
        let end = rest.find(|letter| is_white(letter) != is_white(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

/// The pieces of the page with what was shown of each, if it is plain which is which.
type Paired<'t, 'a> = (bool, Vec<Piece<'t, 'a>>, Vec<Piece<'t, 'a>>, &'t str);

fn paired<'t, 'a>(page: &Level<'t, 'a>, shown: &Level<'t, 'a>) -> Option<Paired<'t, 'a>> {
    [true, false].into_iter().find_map(|spaces| {
        let ((page, rest), (shown, _)) = (page.pieces(spaces), shown.pieces(spaces));
        let same = page.len() == shown.len() && page.iter().zip(&shown).all(|(a, b)| a.key() == b.key());
        same.then_some((spaces, page, shown, rest))
    })
}

/// Whether the new element is the one that was shown, but for what Markdown does not say and it leaves out.
fn says_less(new: &Element<'_, '_>, shown: &Element<'_, '_>, depth: usize) -> bool {
    if depth > DEEPEST || new.tag.name != shown.tag.name || !has_no_other(new, shown) {
        return false;
    }
    let was_shown = |one: &Element<'_, '_>| {
        let named = |element: &Element<'_, '_>| element.attribute("ac:name").to_owned();
        one.tag.name == "ac:task-id"
            || elements(shown).any(|other| named(one) == named(&other) && says_less(one, &other, depth + 1))
    };
    if !elements(new).filter(|one| is_unsaid(new, one)).all(|one| was_shown(&one)) {
        return false;
    }
    let (mut here, mut there) = (said(new), said(shown));
    loop {
        match (here.next(), there.next()) {
            (None, None) => return true,
            (Some(Child::Text(a)), Some(Child::Text(b))) if a == b => {}
            (Some(Child::Element(a)), Some(Child::Element(b))) if says_less(&a, &b, depth + 1) => {}
            _ => return false,
        }
    }
}

/// What is inside, without what Markdown does not say.
fn said<'t, 'a>(element: &Element<'t, 'a>) -> impl Iterator<Item = Child<'t, 'a>> + use<'t, 'a> {
    let within = *element;
    let children = tree::children(element.inner).map(|(_, child)| child);
    children.filter(move |child| !matches!(child, Child::Element(inner) if is_unsaid(&within, inner)))
}

/// Whether each attribute of the new element was shown so. The version of a macro is written anew where none is said.
fn has_no_other(new: &Element<'_, '_>, shown: &Element<'_, '_>) -> bool {
    new.tag.attributes.iter().all(|(name, value)| match *name {
        "ac:schema-version" => true,
        "ac:name" => shown.find(name).map(named) == Some(named(value)),
        name => shown.find(name) == Some(value.as_ref()),
    })
}

/// Whether an element that changed inside keeps the attributes that it had.
fn keeps_tag(shown: &Piece<'_, '_>, new: &Piece<'_, '_>) -> bool {
    let (Some(shown), Some(new)) = (&shown.element, &new.element) else { return false };
    if !has_no_other(new, shown) {
        return false;
    }
    let is_text = matches!(new.tag.name, "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "li");
    // What was written anew does not take over how another paragraph looked.
    !is_text || new.tag.attributes.len() == shown.tag.attributes.len() || is_alike(shown.inner, new.inner)
}

/// Whether two texts have half of their words in common.
fn is_alike(one: &[Node<'_>], other: &[Node<'_>]) -> bool {
    let (one, other) = (tree::text(one), tree::text(other));
    let of = |text: &'_ str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    let (one, other) = (of(&one), of(&other));
    one.intersection(&other).count() * 2 >= one.len().min(other.len()).max(1)
}

/// The opening and the closing tag of an element.
fn split(source: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let end = source.char_indices().find_map(|(at, letter)| {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '>') => return Some(at + 1),
            _ => {}
        }
        None
    })?;
    let open = source.get(..end).filter(|open| !open.ends_with("/>"))?;
    let close = source.get(source.rfind("</")?..)?;
    (open.len() + close.len() <= source.len()).then_some((open, close))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::Detail;
    use crate::markup::markdown_to_storage;
    use crate::markup::storage_to_markdown;

    /// The page after its Markdown was changed by a caller.
    fn changed(page: &str, change: impl Fn(&str) -> String) -> Kept {
        let shown = storage_to_markdown(page, Detail::All).value;
        let new = markdown_to_storage(&change(&shown)).value;
        keep(page, &markdown_to_storage(&shown).value, &new)
    }

    #[test]
    fn what_was_not_changed_stays_byte_for_byte() {
        let page = "<p>one  &nbsp; two</p>\n<ac:structured-macro ac:macro-id=\"m\" ac:name=\"info\"><ac:rich-text-body>\
                    <p>word <ri:user ri:account-id=\"1\" /></p>\n<p>end</p></ac:rich-text-body></ac:structured-macro> <hr />";
        assert_eq!(changed(page, str::to_owned).storage, page);
        let kept = changed(page, |text| text.replace("end", "END"));
        assert_eq!(kept.storage, page.replace("end", "END"));
        let kept = changed(page, |text| text.replace("one", "ONE"));
        assert_eq!(kept.storage, page.replace("one", "ONE"), "also how a letter is written");
        let kept = changed(page, |text| text.replace("word", "a **bold** word"));
        assert_eq!(kept.storage, page.replace("word", "a <strong>bold</strong> word"));
        let kept = changed(page, |text| format!("# New\n\n{text}\n\nlast"));
        assert_eq!(kept.storage, format!("<h1>New</h1>{page}<p>last</p>"));
        assert_eq!(kept.lost, [""; 0]);
    }

    #[test]
    fn what_stands_in_comments_stays_without_them() {
        let page = "<table data-layout=\"wide\"><tbody><tr><th><p>a</p></th></tr><tr><td><p>b</p></td></tr></tbody></table>\
                    <p style=\"text-align: center;\">some more words</p>";
        let bare = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with("<!--"));
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(changed(page, bare).storage, page);
        let kept = changed(page, |text| bare(text).replace("more", "other"));
        assert_eq!(kept.storage, page.replace("more", "other"));
        let kept = changed(page, |_| "entirely new".to_owned());
        assert_eq!(kept.storage, "<p>entirely new</p>", "a new paragraph does not look like an old one");
    }

    fn without_comments(text: &str) -> String {
        let mut text = text.to_owned();
        while let Some((before, rest)) = text.split_once("<!--storage") {
            let after = rest.split_once("-->").map_or("", |(_, after)| after);
            text = format!("{before}{}", after.trim_start_matches('\n'));
        }
        text
    }

    #[test]
    fn what_elements_hold_in_comments_stays_without_them() {
        let parameter =
            |name: &str, value: &str| format!("<ac:parameter ac:name=\"{name}\">{value}</ac:parameter>");
        let code = format!(
            "<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\" ac:macro-id=\"m\">{}{}{}\
             <ac:plain-text-body><![CDATA[let one;]]></ac:plain-text-body></ac:structured-macro>",
            parameter("language", "rust"),
            parameter("linenumbers", "true"),
            parameter("collapse", "true")
        );
        let body = |name: &str, parameters: &str| {
            format!(
                "<ac:structured-macro ac:name=\"{name}\">{parameters}<ac:rich-text-body><p>some one here</p>\
                 </ac:rich-text-body></ac:structured-macro>"
            )
        };
        let table = "<table class=\"wrapped\"><colgroup><col style=\"width: 90px;\" /><col /></colgroup><tbody><tr><th><p>a</p></th>\
                     <th><p>b</p></th></tr><tr><td><p>some one</p></td><td><p>two</p></td></tr></tbody></table>";
        let pages = [
            code.clone(),
            code.replace("\"code\"", "\"noformat\"").replace(" ac:schema-version=\"1\"", ""),
            body("panel", &format!("{}{}", parameter("title", "T"), parameter("bgColor", "#fff"))),
            body("info", &parameter("icon", "false")),
            table.to_owned(),
        ];
        for page in pages {
            let page = format!("<p>before</p>{page}<p>after</p>");
            assert_eq!(changed(&page, without_comments), Kept { storage: page.clone(), ..Kept::default() });
            let kept = changed(&page, |text| without_comments(text).replace("one", "ONE"));
            assert_eq!((kept.storage, kept.lost), (page.replace("one", "ONE"), Vec::new()));
        }
        let wider =
            |text: &str| without_comments(text).replace("| b |", "| b | c |").replace("---|\n", "---|---|\n");
        let kept = changed(table, wider);
        assert!(kept.storage.contains("<p>c</p>"), "{}", kept.storage);
        assert_eq!(kept.gone, ["widths of the columns of a table"], "{}", kept.storage);
    }

    #[test]
    fn tasks_stay_the_tasks_they_were() {
        let task = |id: u64, text: &str| {
            format!(
                "<ac:task><ac:task-id>{id}</ac:task-id><ac:task-uuid>u{id}</ac:task-uuid>\
                 <ac:task-status>incomplete</ac:task-status><ac:task-body>{text}</ac:task-body></ac:task>"
            )
        };
        let list = |tasks: &[String]| format!("<ac:task-list>{}</ac:task-list>", tasks.concat());
        let page = list(&[task(2, "one"), task(1, "two")]);
        let came = |text: &'static str| changed(&page, move |_| text.to_owned()).storage;
        assert_eq!(came("- [ ] one\n- [ ] two"), page);
        assert_eq!(came("- [ ] two"), list(&[task(1, "two")]));
        assert_eq!(came("- [ ] one\n- [x] two"), list(&[task(2, "one"), task(1, "two").replace("inc", "c")]));
        assert_eq!(came("- [ ] another\n- [ ] two"), list(&[task(2, "another"), task(1, "two")]));
        let new = task(3, "new").replace("<ac:task-uuid>u3</ac:task-uuid>", "");
        assert_eq!(came("- [ ] new\n- [ ] one\n- [ ] two"), list(&[new, task(2, "one"), task(1, "two")]));
    }
}

//! One section of a page is replaced, and nothing else.

use proptest::prelude::*;

use super::storage_forms::document;
use crate::markup::storage::Part;
use crate::markup::storage::SectionError;
use crate::markup::storage::Wanted;
use crate::markup::storage::replace_section;
use crate::markup::storage::sections;

const PAGE: &str = "<p>top</p>\r\n<h1 class='x'>One &amp; <em>all</em></h1><p>1</p><h2>Sub</h2><p>2</p>\
    <ac:structured-macro ac:name=\"info\"><ac:rich-text-body><h1>In a macro</h1><p>m</p></ac:rich-text-body>\
    </ac:structured-macro><h2>Sub</h2><p>3</p><!-- kept --><h1>Two</h1><p>&nbsp;&unknown;</p>";

fn wanted(title: &str) -> Wanted<'_> {
    Wanted { title, level: None, index: None }
}

#[test]
fn sections_are_found() {
    let found = sections(PAGE).unwrap();
    let shown: Vec<(u8, &str, bool)> = found
        .iter()
        .zip(["<!-- kept -->", "</ac:structured-macro>", "<p>m</p>", "<!-- kept -->", "&unknown;</p>"])
        .map(|(section, end)| {
            (section.level, section.title.as_str(), PAGE[section.whole.clone()].ends_with(end))
        })
        .collect();
    let expected = [
        (1, "One & all", true),
        (2, "Sub", true),
        (1, "In a macro", true),
        (2, "Sub", true),
        (1, "Two", true),
    ];
    assert_eq!(shown, expected);
    assert_eq!(&PAGE[found[0].heading.clone()], "<h1 class='x'>One &amp; <em>all</em></h1>");
    let anchor = "<ac:structured-macro ac:name=\"anchor\"><ac:parameter ac:name=\"\">top</ac:parameter></ac:structured-macro>";
    assert_eq!(sections(&format!("<h2>{anchor}Title</h2>")).unwrap()[0].title, "Title");
}

#[test]
fn a_section_is_replaced() {
    let new = "<p>new</p>";
    let replaced = |wanted: Wanted<'_>, part| replace_section(PAGE, wanted, part, new).unwrap();
    let cut = |from: &str, to: &str, with: &str| {
        let start = PAGE.find(from).unwrap();
        let end = if to.is_empty() { PAGE.len() } else { PAGE[start + 1..].find(to).unwrap() + start + 1 };
        [&PAGE[..start], with, &PAGE[end..]].concat()
    };
    let cases = [
        (wanted("One & all"), Part::Body, cut("<p>1</p>", "<h1>Two", new)),
        (wanted("two"), Part::Whole, cut("<h1>Two", "", new)),
        (Wanted { index: Some(0), ..wanted("Sub") }, Part::Body, cut("<p>2</p>", "<h2>", new)),
        (Wanted { index: Some(1), ..wanted("Sub") }, Part::Whole, cut("<h2>Sub</h2><p>3", "<h1>Two", new)),
        (Wanted { level: Some(1), ..wanted("In a macro") }, Part::Body, cut("<p>m</p>", "</ac:rich", new)),
    ];
    for (wanted, part, expected) in cases {
        assert_eq!(replaced(wanted, part), expected, "{wanted:?}");
    }
}

#[test]
fn what_is_not_clear_is_refused() {
    let refused = |wanted: Wanted<'_>, new: &str| replace_section(PAGE, wanted, Part::Body, new).unwrap_err();
    let cases = [
        (
            refused(wanted("Sub"), ""),
            "several headings are `Sub`, say the level or the index: `h2 Sub`, `h2 Sub`",
        ),
        (
            refused(wanted("None"), ""),
            "no heading is `None`; the headings are `h1 One & all`, `h2 Sub`, `h1 In a macro`, `h2 Sub`, `h1 Two`",
        ),
        (
            refused(wanted("Two"), "<p>"),
            "the new content cannot be read: not well-formed: `<p>` is not closed",
        ),
        (
            refused(wanted("Two"), "<script/>"),
            "the new content has a script, a frame, a form or something else that runs",
        ),
        (
            replace_section("<h1>a</h2>", wanted("a"), Part::Body, "").unwrap_err(),
            "the page cannot be read: not well-formed: ill-formed document: expected `</h1>`, but `</h2>` was found",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error.to_string(), expected);
    }
    let far = refused(Wanted { index: Some(2), ..wanted("Sub") }, "");
    assert!(matches!(far, SectionError::Ambiguous { .. }), "{far}");
}

proptest! {
    #[test]
    fn all_else_stays(source in document(), pick in any::<prop::sample::Index>(), is_whole in any::<bool>()) {
        let found = sections(&source).unwrap();
        prop_assume!(!found.is_empty());
        let section = pick.get(&found);
        let same = found.iter().filter(|other| other.title == section.title && other.level == section.level);
        let index = same.clone().position(|other| other == section);
        let wanted = Wanted { title: &section.title, level: Some(section.level), index };
        let part = if is_whole { Part::Whole } else { Part::Body };
        let new = "<p>new content</p>";
        let replaced = replace_section(&source, wanted, part, new).unwrap();
        let start = if is_whole { section.whole.start } else { section.heading.end };
        prop_assert_eq!(&replaced[..start], &source[..start]);
        prop_assert_eq!(&replaced[start..start + new.len()], new);
        prop_assert_eq!(&replaced[start + new.len()..], &source[section.whole.end..]);
        prop_assert!(sections(&replaced).is_ok());
    }

    #[test]
    fn the_same_body_is_the_same_page(source in document()) {
        for section in sections(&source).unwrap() {
            let body = &source[section.heading.end..section.whole.end];
            let all = sections(&source).unwrap();
            let index = all.iter().filter(|other| other.title == section.title && other.level == section.level).position(|other| *other == section);
            let wanted = Wanted { title: &section.title, level: Some(section.level), index };
            prop_assert_eq!(replace_section(&source, wanted, Part::Body, body).unwrap(), source.clone());
        }
    }
}

use super::markdown_to_wiki;
use super::wiki_to_markdown;

use super::SAMPLE;

const SAMPLE_WIKI: &str = "h1. Title\n\nSome *bold*, _it_, {{code}}, -gone- [link|https://ex.com] and \
!https://ex.com/i.png|alt=img!.\n\n* one\n** two\n\n# first\n# second\n\n* [ ] todo\n* [x] done\n\nbq. quote\n\n\
{code:python}\nprint(1)\n{code}\n\n||A||B||\n|1|2|\n\n----\n\nPing @ann PROJ-9 done.";

#[test]
fn the_sample_is_written() {
    assert_eq!(markdown_to_wiki(SAMPLE), SAMPLE_WIKI);
}

#[test]
fn the_sample_is_read() {
    assert_eq!(wiki_to_markdown(SAMPLE_WIKI), SAMPLE);
}

#[test]
fn markdown_becomes_wiki() {
    let cases = [
        ("", ""),
        ("para one\n\npara two", "para one\n\npara two"),
        ("soft\nbreak", "soft\nbreak"),
        ("Steps:\n1. a\n2. b\nDone", "Steps:\n\n# a\n# b\\\\ Done"),
        ("**Title**\ntext", "*Title*\ntext"),
        ("**one\ntwo** three", "*one\\\\ two* three"),
        ("> one\n> two", "{quote}\none\ntwo\n{quote}"),
        ("# One\nTwo\n===", "h1. One\n\nh1. Two"),
        ("One\nTwo\n===", "h1. One\\\\ Two"),
        ("hard  \nbreak", "hard\nbreak"),
        ("- a\n    - b\n        - c\n- d", "* a\n** b\n*** c\n* d"),
        ("- a\n  1. b\n  2. c\n- d", "* a\n*# b\n*# c\n* d"),
        ("1. a\n   - b\n     1. c", "# a\n#* b\n#*# c"),
        ("- a\n\n  b\n- c", "* a\n\\\\ b\n* c"),
        ("- a\n  ```sh\n  ls\n  ```\n- b", "* a\n{code:sh}\nls\n{code}\n* b"),
        ("> a\n>\n> b", "{quote}\na\n\nb\n{quote}"),
        ("> a\n> > b", "{quote}\na\n\nbq. b\n{quote}"),
        ("```\nplain\n```", "{noformat}\nplain\n{noformat}"),
        ("```rust\nfn\n```", "{code:none|title=rust}\nfn\n{code}"),
        ("```py title=\"x\"\n1\n```", "{code:python|title=x}\n1\n{code}"),
        ("| a | b |\n|---|---|\n| x\\|y |  |", "||a||b||\n|x\\|y| |"),
        ("un**frigging**believable", "un{*}frigging{*}believable"),
        ("***both***", "_*both*_"),
        ("**a *b* c**", "*a _b_ c*"),
        ("ping [~ann] and [~accountid:5b-1]", "ping [~ann] and [~accountid:5b-1]"),
        ("[@Ann](accountid:5b)", "[~accountid:5b]"),
        ("https://ex.com/a_b_c and <https://ex.com/d_e>.", "https://ex.com/a_b_c and [https://ex.com/d_e]."),
        ("[a_b](https://ex.com/a_b_c)", "[a_b|https://ex.com/a_b_c]"),
        ("`a_b*c[0]`", "{{a_b*c[0]}}"),
        ("`{x}` and `[~ann]`", "{{\\{x\\}}} and {{\\[~ann]}}"),
        ("<b>raw</b>", "*raw*"),
        ("<x>raw</x>", "<x>raw</x>"),
        ("[x](javascript:alert(1))", "x (javascript:alert(1))"),
        ("![x](javascript:alert(1))", "x (javascript:alert(1))"),
        ("a<br>b", "a\nb"),
        ("https\\://e.com/a mailto\\:a", "https&#58;//e.com/a mailto&#58;a"),
        ("https://e.com/a!b", "[https://e.com/a\\!b|https://e.com/a%21b]"),
    ];
    let differ: Vec<_> = cases
        .into_iter()
        .filter(|(given, expected)| markdown_to_wiki(given) != *expected)
        .map(|(given, expected)| {
            format!("{given:?}\n  wanted {expected:?}\n  found  {:?}\n", markdown_to_wiki(given))
        })
        .collect();
    assert!(differ.is_empty(), "{}", differ.concat());
}

#[test]
fn plain_text_never_becomes_markup() {
    let cases = [
        ("{code} {color:red}", "\\{code\\} \\{color:red\\}"),
        ("a\\[b\\] c", "a\\[b] c"),
        ("\\*not\\* \\_it\\_ a_b_c 2 * 3", "\\*not\\* \\_it\\_ a_b_c 2 * 3"),
        ("a | b", "a \\| b"),
        ("wow! !x.png! done!", "wow! \\!x.png! done!"),
        ("-x- 2024-01-02 well-known a - b", "\\-x\\- 2024-01-02 well-known a - b"),
        ("\\# no\n\n\\- no\n\n\\* no", "\\# no\n\n\\- no\n\n\\* no"),
        ("h1. no\n\nbq. no", "h1&#46; no\n\nbq&#46; no"),
        ("x\\\n\\# no", "x\n\\# no"),
        ("what?? f(x) (/)", "what?\\? f\\(x) \\(/)"),
        ("C:\\temp \\\\\\\\srv\\\\x", "C:\\temp &#92;\\srv\\x"),
        ("&amp;#92;", "&amp;#92;"),
        ("\\-\\-\\-\\-", "\\-\\-\\-\\-"),
        ("+ins+ ^sup^", "\\+ins\\+ \\^sup\\^"),
    ];
    for (given, expected) in cases {
        let written = markdown_to_wiki(given);
        assert_eq!(written, expected, "{given:?}");
        assert_eq!(markdown_to_wiki(&wiki_to_markdown(&written)), expected, "again: {given:?}");
    }
}

#[test]
fn wiki_becomes_markdown() {
    let cases = [
        ("", ""),
        ("h2. Heading\r\ntext", "## Heading\n\ntext"),
        ("line one\nline two", "line one\\\nline two"),
        ("a\\\\b", "a\\\nb"),
        ("{{code}} {{a{b}}}", "`code` `a{b}`"),
        ("* a\n** b\n*# c\n* d", "- a\n\n  - b\n\n  1. c\n\n- d"),
        ("* a\n# b", "- a\n\n1. b"),
        ("- a\n- b", "- a\n- b"),
        ("** deep", "- - deep"),
        ("bq. said", "> said"),
        ("{quote}\na\n\n* b\n{quote}", "> a\n>\n> - b"),
        ("before {quote}q{quote} after", "before\n\n> q\n\nafter"),
        (
            "{code:title=A.java|borderStyle=solid}\nx\n{code}",
            "<!--wiki {\"borderStyle\":\"solid\"}-->\n```java title=\"A.java\"\nx\n```",
        ),
        ("{code}x{code}", "```java\nx\n```"),
        ("{noformat}\n*x* {code}\n{noformat}", "```\n*x* {code}\n```"),
        ("{code}unclosed", "{code}unclosed"),
        ("||A||B||\n|1|[x|https://e.com]|", "| A | B |\n|---|---|\n| 1 | [x](https://e.com) |"),
        ("|no|header|", "|  |  |\n|---|---|\n| no | header |"),
        ("|a\nb|c|", "|  |  |\n|---|---|\n| a<br>b | c |"),
        ("[~user] [~accountid:5b]", "[~user] [~accountid:5b]"),
        ("https://ex.com/a_b_c.", "<https://ex.com/a_b_c>."),
        ("[https://ex.com/a_b_c]", "<https://ex.com/a_b_c>"),
        ("[*b*|https://ex.com|tip]", "[**b**](https://ex.com \"tip\")"),
        ("[foo] [PROJ-1]", "\\[foo] \\[PROJ-1]"),
        ("!a.png|thumbnail! wow!", "<wbr><img src=\"a.png\" width=\"thumbnail\"/> wow!"),
        ("a{*}b{*}c 2*3*4 *x", "a**b**c 2\\*3\\*4 \\*x"),
        ("*_both_*", "**_both_**"),
        ("-gone- a-b-c", "~~gone~~ a-b-c"),
        ("{panel:title=T}\n* in\n{panel}", "> [!PANEL] T\n>\n> - in"),
        ("{color:red}hot{color}", "<span style=\"color: red\">hot</span>"),
        ("----", "___"),
        ("a &nbsp;&uuml; \\{x\\}", "a \u{a0}ü {x}"),
        ("rtl \u{202e}x", "rtl &#x202E;x"),
        ("<script> 1. & &amp;lt;", "\\<script> 1. & \\&lt;"),
        ("1. no\n+ no", "1\\. no\\\n\\+ no"),
    ];
    let differ: Vec<_> = cases
        .into_iter()
        .filter(|(given, expected)| wiki_to_markdown(given) != *expected)
        .map(|(given, expected)| {
            format!("{given:?}\n  wanted {expected:?}\n  found  {:?}\n", wiki_to_markdown(given))
        })
        .collect();
    assert!(differ.is_empty(), "{}", differ.concat());
}

#[test]
fn wiki_markup_where_markdown_was_asked_for_is_told() {
    let table = [
        ("h2. Title\n\ntext", Some("`h2.` looks like wiki markup")),
        ("text\nh6. Title", Some("`h2.` looks like wiki markup")),
        ("||a||b||\n|c|d|", Some("`||` looks like wiki markup")),
        ("{code:java}\nx\n{code}", Some("`{code}` looks like wiki markup")),
        ("> {noformat}x{noformat}", Some("`{noformat}` looks like wiki markup")),
        ("- a\n- {quote}b{quote}", Some("`{quote}` looks like wiki markup")),
        ("{panel:title=T}\nx\n{panel}", Some("`{panel}` looks like wiki markup")),
        ("```\nh2. Title\n{code}\n```", None),
        ("`{code}` and h2.5 and a || b", None),
        ("|| a", None),
        ("{codes} h7. x", None),
        ("h2.x", None),
        ("## Title\n\n| a | b |\n|---|---|\n| c | d |", None),
    ];
    for (markdown, wanted) in table {
        for notes in
            [crate::markup::markdown_to_wiki(markdown).notes, crate::markup::markdown_to_adf(markdown).notes]
        {
            let told: Vec<_> = notes.iter().filter(|note| note.what.contains("looks like wiki")).collect();
            assert_eq!(told.len(), usize::from(wanted.is_some()), "{markdown}: {told:?}");
            assert!(told.iter().all(|note| note.what.starts_with(wanted.unwrap_or_default())), "{told:?}");
        }
    }
}

#[test]
fn what_jira_cannot_show_is_said() {
    let cases = [
        ("3. c\n4. *d*", "3. c\n4. _d_", "begins at 3 became lines"),
        ("1986. A year", "1986. A year", "begins at 1986 became lines"),
        ("3. c\n\n   > q", "# c\n{quote}\nq\n{quote}", "begins at 3 begins at 1"),
        ("- a\n\n  2. b", "* a\n*# b", "begins at 2 begins at 1"),
        ("| a |\n|--:|\n| b |", "||a||\n|b|", "the alignment"),
    ];
    for (markdown, wiki, note) in cases {
        let written = crate::markup::markdown_to_wiki(markdown);
        assert_eq!(written.value, wiki, "{markdown}");
        assert!(written.notes.iter().any(|one| one.what.contains(note)), "{markdown}: {:?}", written.notes);
    }
}

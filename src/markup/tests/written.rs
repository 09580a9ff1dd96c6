//! Storage format and HTML where Markdown was asked for.

use super::storage_to_markdown;
use crate::markup::is_storage;
use crate::markup::markdown_to_storage;
use crate::markup::written_to_storage;

#[test]
fn a_body_in_storage_format_is_taken_as_it_is() {
    for text in [
        "<h1>T</h1><p>x <strong>b</strong></p>",
        "<p>html</p>",
        "\n<p>a</p>\n\n<p>b</p>\n",
        "<ac:structured-macro ac:name=\"info\"><ac:rich-text-body><p>x</p></ac:rich-text-body></ac:structured-macro>",
        "<table><tbody><tr><td><p>a</p></td></tr></tbody></table>",
        "<p><a href=\"https://e.com\">a</a> &uuml; <ac:link><ri:page ri:content-title=\"T\" /></ac:link></p>",
    ] {
        let written = written_to_storage(text);
        assert_eq!(written.value, text);
        assert_eq!(written.notes.len(), 1, "{text}");
        assert!(written.notes[0].what.starts_with("the text is storage format"), "{text}");
    }
}

#[test]
fn what_is_markdown_or_could_run_is_not_taken_for_storage() {
    for text in [
        "text",
        "",
        "<p>a</p> and *more*",
        "*more* <p>a</p>",
        "<p>a<p>b",
        "<p onclick=\"x()\">a</p>",
        "<p>a</p><script>x()</script>",
        "<p><a href=\"javascript:x()\">a</a></p>",
        "<iframe src=\"https://e.com\"></iframe>",
        "<p><img src=\"x\" onerror=\"y\"/></p>",
        "<!DOCTYPE x><p>a</p>",
        "<?php x ?><p>a</p>",
        "<unknown>a</unknown>",
        "<p><unknown>a</unknown></p>",
        "<b>bold</b>",
        "<p>a & b</p>",
        "<details>\n<summary>t</summary>\n\n**x**\n\n</details>",
        "<table>\n<tr>\n<td>\n\n**x**\n\n</td>\n</tr>\n</table>",
        "<macro name=\"toc\"/>",
        "<columns>\n<column>\n\na\n\n</column>\n</columns>",
        "<!--line-->\n<p>a</p>",
    ] {
        assert!(!is_storage(text), "{text}");
        assert_eq!(written_to_storage(text).value, markdown_to_storage(text).value, "{text}");
    }
}

#[test]
fn html_that_became_text_is_told_and_the_tags_of_markdown_are_not() {
    let table = [
        ("<details><summary>t</summary>x</details>", true),
        ("a <p>b</p>", true),
        ("<script>x()</script>", true),
        ("a <blink>b</blink>", true),
        ("<details>\n<summary>t</summary>\n\nx\n\n</details>", false),
        ("<u>a</u> <b>b</b> <br> <i>c</i> <s>d</s> <code>e</code> H<sub>2</sub>O", false),
        ("<macro name=\"toc\"/>", false),
        ("<!--storage {\"x\":\"y\"}-->\ntext", false),
        ("![a](b.png) <img src=\"a.png\" width=\"3\"/>", false),
        ("`<p>` and \\<p> and a < b", false),
        ("```\n<p>\n```", false),
    ];
    for (text, is_told) in table {
        let notes = written_to_storage(text).notes;
        let told = notes.iter().any(|note| note.what.starts_with("HTML that is no tag"));
        assert_eq!(told, is_told, "{text}: {notes:?}");
    }
}

#[test]
fn harmless_tags_in_a_line_are_what_they_are() {
    let table = [
        ("a <b>b</b> c", "a **b** c"),
        ("a <i>b</i> c", "a *b* c"),
        ("a <s>b</s> c", "a ~~b~~ c"),
        ("a <code>b &amp; **c**</code> d", "a `b & c` d"),
        ("a <strong>b</strong><br/>c", "a **b**\\\nc"),
        ("a <b onclick=\"x()\">b</b> c", "a **b** c"),
        ("a <b>b", "a \\<b>b"),
    ];
    for (text, wanted) in table {
        let storage = written_to_storage(text).value;
        assert!(!storage.contains("onclick"), "{storage}");
        assert_eq!(storage_to_markdown(&storage), wanted, "{text}");
    }
}

use crate::markup::{markdown_to_storage, storage_to_markdown};

use super::SAMPLE;

const CODE: &str = "<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\">";

#[test]
fn the_sample_comes_back() {
    assert_eq!(storage_to_markdown(&markdown_to_storage(SAMPLE)), SAMPLE);
}

#[test]
fn markdown_becomes_storage() {
    let code = |parameter: &str, body: &str| {
        format!("{CODE}{parameter}<ac:plain-text-body>{body}</ac:plain-text-body></ac:structured-macro>")
    };
    let language = "<ac:parameter ac:name=\"language\">python</ac:parameter>";
    let cases = [
        ("", String::new()),
        ("# A & B", "<h1>A &amp; B</h1>".into()),
        (
            "**b** *i* `c<` ~~d~~",
            "<p><strong>b</strong> <em>i</em> <code>c&lt;</code> <del>d</del></p>".into(),
        ),
        (
            "[l](https://e.com/?a=1&b=\"2\")",
            "<p><a href=\"https://e.com/?a=1&amp;b=&quot;2&quot;\">l</a></p>".into(),
        ),
        (
            "![i](https://e.com/i.png)",
            "<p><ac:image ac:alt=\"i\"><ri:url ri:value=\"https://e.com/i.png\"/></ac:image></p>".into(),
        ),
        ("![](pic.png)", "<p><ac:image><ri:attachment ri:filename=\"pic.png\"/></ac:image></p>".into()),
        (
            "- a\n  - b\n    1. c",
            "<ul><li><p>a</p><ul><li><p>b</p><ol><li><p>c</p></li></ol></li></ul></li></ul>".into(),
        ),
        ("3. c", "<ol start=\"3\"><li><p>c</p></li></ol>".into()),
        (
            "- [ ] t\n- [x] d",
            "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>incomplete</ac:task-status>\
             <ac:task-body>t</ac:task-body></ac:task><ac:task><ac:task-id>2</ac:task-id>\
             <ac:task-status>complete</ac:task-status><ac:task-body>d</ac:task-body></ac:task></ac:task-list>"
                .into(),
        ),
        (
            "| A |\n|---|\n| 1 |",
            "<table><tbody><tr><th><p>A</p></th></tr><tr><td><p>1</p></td></tr></tbody></table>".into(),
        ),
        ("```python title=x\nprint(1)\n```", code(language, "<![CDATA[print(1)]]>")),
        ("```\na]]>b\n```", code("", "<![CDATA[a]]]]><![CDATA[>b]]>")),
        ("> q\n\n---", "<blockquote><p>q</p></blockquote><hr/>".into()),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>".into()),
        ("a <b onclick=\"x\">c</b>", "<p>a &lt;b onclick=&quot;x&quot;&gt;c&lt;/b&gt;</p>".into()),
        ("[x](javascript:alert(1))", "<p>x (javascript:alert(1))</p>".into()),
        ("![x](javascript:alert(1))", "<p>x (javascript:alert(1))</p>".into()),
        (
            "[~ann] [~accountid:5b]",
            "<p><ac:link><ri:user ri:username=\"ann\"/></ac:link> \
          <ac:link><ri:user ri:account-id=\"5b\"/></ac:link></p>"
                .into(),
        ),
        ("a  \nb", "<p>a<br/>b</p>".into()),
        ("x&#1;y", "<p>x\u{FFFD}y</p>".into()),
    ];
    for (given, expected) in cases {
        assert_eq!(markdown_to_storage(given), expected, "{given:?}");
    }
}

#[test]
fn storage_becomes_markdown() {
    let jira = "<ac:structured-macro ac:name=\"jira\"><ac:parameter ac:name=\"key\">A-1</ac:parameter></ac:structured-macro>";
    let fenced = |source: &str| format!("```storage\n{source}\n```");
    let cases = [
        ("", String::new()),
        ("<h2>A&nbsp;&uuml; &amp; B</h2><p>x\n  y</p>", "## A\u{a0}ü & B\n\nx y".into()),
        ("<p>a<strong> b </strong>c</p>", "a **b** c".into()),
        ("<p>a<br/>b</p>", "a\\\nb".into()),
        ("<ul><li>a<ul><li><p>b</p></li></ul></li><li>c</li></ul>", "- a\n  - b\n- c".into()),
        ("<ul><li>a</li><ol><li>b</li></ol></ul>", "- a\n  1. b".into()),
        ("<p><ac:link><ri:user ri:account-id=\"5b\" /></ac:link></p>", "[~accountid:5b]".into()),
        (
            "<p><ac:link><ri:page ri:space-key=\"S\" ri:content-title=\"A B\" /></ac:link></p>",
            "[A B](<page:S/A B>)".into(),
        ),
        ("<ac:image><ri:attachment ri:filename=\"pic.png\" /></ac:image>", "![](pic.png)".into()),
        (
            "<ac:structured-macro ac:name=\"code\"><ac:parameter ac:name=\"language\">python</ac:parameter>\
             <ac:plain-text-body><![CDATA[print(1)\n]]></ac:plain-text-body></ac:structured-macro>",
            "```python\nprint(1)\n\n```".into(),
        ),
        (
            "<ac:structured-macro ac:name=\"info\"><ac:rich-text-body><p>x</p></ac:rich-text-body></ac:structured-macro>",
            "> **info**\n>\n> x".into(),
        ),
        (jira, fenced(jira)),
        (
            "<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status>\
             <ac:task-body>t1</ac:task-body></ac:task></ac:task-list>",
            "- [x] t1".into(),
        ),
        (
            "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td><td><p>a|b</p><p>c</p></td></tr></tbody></table>",
            "| A | B |\n|---|---|\n| 1 | a&#124;b<br>c |".into(),
        ),
        ("<p>open", fenced("<p>open")),
        ("<p>a</b></p>", fenced("<p>a</b></p>")),
        ("<!DOCTYPE x><p>a</p>", fenced("<!DOCTYPE x><p>a</p>")),
        ("a & b &unknown; <p>c</p>", "a & b \\&unknown;\n\nc".into()),
        ("<p>**x** `y`</p>", "\\*\\*x\\*\\* \\`y\\`".into()),
        ("<p>see <custom>this</custom> \u{200b}</p>", "see this &#x200B;".into()),
    ];
    for (given, expected) in cases {
        assert_eq!(storage_to_markdown(given), expected, "{given:?}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |name: &str, depth: usize| {
        format!("{}x{}", format!("<{name}>").repeat(depth), format!("</{name}>").repeat(depth))
    };
    for name in ["div", "blockquote", "strong", "custom", "sup"] {
        let read = storage_to_markdown(&nested(name, 256));
        assert!(read.contains('x') && !read.contains("```"), "{name}: {read}");
        let deeper = nested(name, 257);
        assert_eq!(storage_to_markdown(&deeper), format!("```storage\n{deeper}\n```"));
    }
    let lists = format!("{}x{}", "<ul><li>".repeat(128), "</li></ul>".repeat(128));
    assert!(storage_to_markdown(&lists).ends_with("- x"));
}

//! What a page of Confluence can hold, as Confluence stores it. Each construct has the word `sparrow` in it once, where
//! people write, unless it holds no text of theirs.

/// Every construct.
pub(super) const CONSTRUCTS: [&str; 46] = [
    "<p>A plain sparrow with <strong>bold</strong>, <em>italic</em>, <u>underlined</u>, <s>struck</s> and <code>code</code>.</p>",
    "<p style=\"text-align: center;\">In the middle, the sparrow.</p>",
    "<p style=\"margin-left: 30.0px;\">Indented sparrow &amp; an &lt;entity&gt; &nbsp;too.</p>",
    "<p>x<sup>2</sup> and H<sub>2</sub>O, <span style=\"color: rgb(255,0,0);\">red sparrow</span>.</p>",
    "<h3 style=\"text-align: right;\">A heading with a sparrow</h3>",
    "<h2 local-id=\"h-1\">Local <em>sparrow</em></h2>",
    "<ul><li>one</li><li>the sparrow<ul><li><p>deep</p></li></ul></li></ul>",
    "<ol start=\"3\"><li><p>third sparrow</p></li><li><p>fourth</p></li></ol>",
    "<blockquote><p>Quoted sparrow</p></blockquote>",
    "<hr /><p>after a rule, a sparrow</p>",
    "<pre>preformatted   sparrow\n  text</pre>",
    "<p>line one<br />sparrow two</p>",
    "<p />\n<p>An empty line before the sparrow</p>\n",
    "<p><a href=\"https://example.com/a_b?x=1&amp;y=2\" title=\"t\">link</a> by a sparrow</p>",
    "<p><ac:link ac:anchor=\"top\"><ri:page ri:content-title=\"Runbook\" ri:space-key=\"OPS\" /><ac:link-body>sparrow <strong>body</strong></ac:link-body></ac:link></p>",
    "<p><ac:link><ri:page ri:content-title=\"Runbook\" /><ac:plain-text-link-body><![CDATA[plain & simple]]></ac:plain-text-link-body></ac:link> sparrow</p>",
    "<p><ac:link><ri:attachment ri:filename=\"a b.pdf\"><ri:page ri:content-title=\"Other\" /></ri:attachment></ac:link> sparrow</p>",
    "<p><ac:link><ri:space ri:space-key=\"OPS\" /></ac:link> sparrow <ac:link><ri:blog-post ri:content-title=\"News\" ri:posting-day=\"2026/01/31\" /></ac:link></p>",
    "<p><ac:image ac:height=\"100\" ac:width=\"200\" ac:align=\"center\" ac:alt=\"a picture\"><ri:attachment ri:filename=\"pic.png\" /></ac:image> and a sparrow</p>",
    "<ac:image ac:custom-width=\"true\" ac:layout=\"wide\"><ri:url ri:value=\"https://example.com/i.png\" /><ac:caption><p>The sparrow below</p></ac:caption></ac:image>",
    "<p><ac:emoticon ac:name=\"smile\" /> sparrow <ac:emoticon ac:emoji-fallback=\"🚀\" ac:emoji-id=\"1f680\" ac:emoji-shortname=\":rocket:\" ac:name=\"blue-star\" /></p>",
    "<p>Due <time datetime=\"2026-01-31\" /> says the sparrow</p>",
    "<p><ac:placeholder>Type the sparrow here</ac:placeholder></p>",
    "<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-uuid>u-7</ac:task-uuid><ac:task-status>incomplete</ac:task-status><ac:task-body><span class=\"placeholder-inline-tasks\">do the sparrow</span></ac:task-body></ac:task><ac:task><ac:task-id>8</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>done</ac:task-body></ac:task></ac:task-list>",
    "<table data-layout=\"wide\" ac:local-id=\"t-1\"><colgroup><col style=\"width: 120.0px;\" /><col /></colgroup><tbody><tr><th><p>A</p></th><th><p>B</p></th></tr><tr><td><p>the sparrow</p></td><td data-highlight-colour=\"#ffebe6\"><p>2</p></td></tr></tbody></table>",
    "<table class=\"wrapped\"><tbody><tr><th colspan=\"2\">Both</th></tr><tr><td rowspan=\"2\">sparrow</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
    "<table><tbody><tr><td><ul><li>in a sparrow</li></ul><p>and more</p></td><td><ac:structured-macro ac:name=\"status\" ac:schema-version=\"1\"><ac:parameter ac:name=\"colour\">Green</ac:parameter><ac:parameter ac:name=\"title\">DONE</ac:parameter></ac:structured-macro></td></tr></tbody></table>",
    "<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\" ac:macro-id=\"c-1\"><ac:parameter ac:name=\"language\">java</ac:parameter><ac:parameter ac:name=\"title\">Main.java</ac:parameter><ac:parameter ac:name=\"collapse\">true</ac:parameter><ac:plain-text-body><![CDATA[int sparrow = 1 < 2 ? 3 : 4; // ]] >]]></ac:plain-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"info\" ac:schema-version=\"1\" ac:macro-id=\"i-1\"><ac:parameter ac:name=\"title\">Note</ac:parameter><ac:rich-text-body><p>Informed sparrow</p></ac:rich-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"panel\" ac:schema-version=\"1\"><ac:parameter ac:name=\"bgColor\">#deebff</ac:parameter><ac:parameter ac:name=\"borderStyle\">dashed</ac:parameter><ac:rich-text-body><p>Panelled sparrow</p><ul><li>x</li></ul></ac:rich-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"expand\" ac:schema-version=\"1\"><ac:parameter ac:name=\"title\">More</ac:parameter><ac:rich-text-body><p>Hidden sparrow</p></ac:rich-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"excerpt\" ac:schema-version=\"1\"><ac:parameter ac:name=\"hidden\">true</ac:parameter><ac:rich-text-body><p>Excerpted sparrow</p></ac:rich-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"toc\" ac:schema-version=\"1\"><ac:parameter ac:name=\"maxLevel\">3</ac:parameter></ac:structured-macro><p>sparrow</p>",
    "<ac:structured-macro ac:name=\"jira\" ac:schema-version=\"1\" ac:macro-id=\"j-1\"><ac:parameter ac:name=\"server\">Jira</ac:parameter><ac:parameter ac:name=\"jqlQuery\">project = OPS AND text ~ \"a &amp; b\"</ac:parameter><ac:parameter ac:name=\"maximumIssues\">20</ac:parameter></ac:structured-macro><p>sparrow</p>",
    "<p>See <ac:structured-macro ac:name=\"jira\" ac:schema-version=\"1\"><ac:parameter ac:name=\"key\">OPS-1</ac:parameter></ac:structured-macro>, sparrow, and <ac:structured-macro ac:name=\"status\" ac:schema-version=\"1\"><ac:parameter ac:name=\"title\">WIP</ac:parameter><ac:parameter ac:name=\"subtle\">true</ac:parameter></ac:structured-macro></p>",
    "<ac:structured-macro ac:name=\"include\" ac:schema-version=\"1\"><ac:parameter ac:name=\"\"><ac:link><ri:page ri:content-title=\"Shared\" ri:space-key=\"DOCS\" /></ac:link></ac:parameter></ac:structured-macro><p>sparrow</p>",
    "<ac:structured-macro ac:name=\"html\" ac:schema-version=\"1\"><ac:plain-text-body><![CDATA[<div onclick=\"x()\">sparrow</div>]]></ac:plain-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"noformat\" ac:schema-version=\"1\"><ac:plain-text-body><![CDATA[raw *sparrow* _text_]]></ac:plain-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"details\" ac:schema-version=\"1\"><ac:parameter ac:name=\"id\">facts</ac:parameter><ac:rich-text-body><table><tbody><tr><th>Owner</th><td>the sparrow</td></tr></tbody></table></ac:rich-text-body></ac:structured-macro>",
    "<ac:structured-macro ac:name=\"own-macro\" ac:schema-version=\"2\" data-layout=\"wide\"><ac:parameter ac:name=\"atlassian-macro-output-type\">INLINE</ac:parameter><ac:parameter ac:name=\"body\">a, b</ac:parameter></ac:structured-macro><p>sparrow</p>",
    "<ac:structured-macro ac:name=\"expand\" ac:schema-version=\"1\"><ac:rich-text-body><ac:structured-macro ac:name=\"warning\" ac:schema-version=\"1\"><ac:rich-text-body><p>Nested <strong>sparrow</strong></p><ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\"><ac:plain-text-body><![CDATA[x]]></ac:plain-text-body></ac:structured-macro></ac:rich-text-body></ac:structured-macro></ac:rich-text-body></ac:structured-macro>",
    "<p><ac:structured-macro ac:name=\"anchor\" ac:schema-version=\"1\"><ac:parameter ac:name=\"\">top</ac:parameter></ac:structured-macro>anchored sparrow</p>",
    "<p><ac:inline-comment-marker ac:ref=\"r-1\">commented</ac:inline-comment-marker> sparrow</p>",
    "<ac:adf-extension><ac:adf-node type=\"panel\"><ac:adf-attribute key=\"panel-type\">custom</ac:adf-attribute><ac:adf-content><p>custom sparrow</p></ac:adf-content></ac:adf-node><ac:adf-fallback><div class=\"panel\"><p>custom</p></div></ac:adf-fallback></ac:adf-extension>",
    "<p><a href=\"https://example.com/card\" data-card-appearance=\"inline\">https://example.com/card</a> sparrow</p>",
    "<div class=\"own\"><p>divided sparrow</p></div>",
];

/// How constructs stand on a page: one below the other, in columns, in sections.
pub(super) fn page(number: usize) -> String {
    let construct = |place: usize| CONSTRUCTS[(number * 7 + place) % CONSTRUCTS.len()];
    let cell = |content: &str| format!("<ac:layout-cell>{content}</ac:layout-cell>");
    let section = |kind: &str, cells: &str| {
        format!("<ac:layout-section ac:type=\"{kind}\">{cells}</ac:layout-section>")
    };
    match number % 3 {
        0 => format!("{}<p>between</p>{}{}", construct(0), construct(1), construct(2)),
        1 => {
            let columns = cell(construct(0)) + &cell(&(construct(1).to_owned() + "<p>end</p>"));
            format!("<ac:layout>{}</ac:layout>", section("two_equal", &columns))
        }
        _ => format!(
            "<ac:layout>{}{}</ac:layout>",
            section("single", &cell(&format!("<p>first</p>{}", construct(0)))),
            section("three_equal", &(cell(construct(1)) + &cell("<p>middle</p>") + &cell(construct(2)))),
        ),
    }
}

//! Pages in the storage format: how two of them are compared, and how they are made up.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::markup::storage::names::is_block;
use crate::markup::storage::tree::Child;
use crate::markup::storage::tree::Element;
use crate::markup::storage::tree::Node;
use crate::markup::storage::tree::children;
use crate::markup::storage::tree::is_blank;
use crate::markup::storage::tree::read;

/// The page as a list of tags and texts, with what XHTML does not tell apart made equal: the order of attributes,
/// CDATA, entities, and white space that is not shown.
pub(super) fn canonical(storage: &str) -> Vec<String> {
    let tree = read(storage).unwrap_or_else(|error| panic!("{error}: {storage}"));
    let mut page = Page { tokens: Vec::new(), is_spaced: true, last_space: None };
    page.nodes(&tree.nodes, "");
    page.edge();
    page.tokens.retain(|token| !token.is_empty());
    page.tokens
}

struct Page {
    tokens: Vec<String>,
    is_spaced: bool,
    /// The text that ends with a space which is not shown at the end of a line.
    last_space: Option<usize>,
}

impl Page {
    fn nodes(&mut self, nodes: &[Node<'_>], parent: &str) {
        let mut nodes = children(nodes).map(|(_, child)| child).peekable();
        let has_blocks =
            nodes.clone().any(|child| matches!(child, Child::Element(element) if element.tag.is_block));
        let is_line = matches!(parent, "p" | "h1" | "h2" | "h3" | "h6");
        let is_flow = has_blocks || parent.is_empty() || (is_block(parent) && !is_line);
        let mut is_after_macro = false;
        while let Some(child) = nodes.next() {
            let is_macro =
                |child: &Child<'_, '_>| matches!(child, Child::Element(element) if is_lone_macro(element));
            match child {
                Child::Text(text) if is_exact(parent) => self.tokens.push(text.to_owned()),
                Child::Text(text) if is_blank(text) && is_structure(parent) => {}
                Child::Text(text)
                    if is_blank(text) && is_after_macro && nodes.peek().is_none_or(is_macro) => {}
                Child::Text(text) => self.text(text),
                Child::Element(element) => self.element(&element),
            }
            is_after_macro = is_macro(&child) && is_flow;
        }
    }

    fn element(&mut self, element: &Element<'_, '_>) {
        let tag = element.tag;
        let is_box = tag.is_block || tag.name == "ac:caption";
        let is_edge = is_box || tag.name == "br";
        if is_edge {
            self.edge();
        }
        let mut attributes: Vec<String> =
            tag.attributes.iter().map(|(name, value)| format!(" {name}={value:?}")).collect();
        attributes.sort();
        self.tokens.push(format!("<{}{}>", tag.name, attributes.concat()));
        self.nodes(element.inner, tag.name);
        if is_box {
            self.edge();
        }
        self.tokens.push(format!("</{}>", tag.name));
        if !is_edge && is_atom(element) {
            self.is_spaced = false;
            self.last_space = None;
        }
    }

    fn text(&mut self, text: &str) {
        let mut shown = String::new();
        for letter in text.chars() {
            let is_space = matches!(letter, ' ' | '\n' | '\t' | '\r');
            if !is_space {
                shown.push(letter);
            } else if !self.is_spaced {
                shown.push(' ');
            }
            self.is_spaced = is_space;
        }
        if shown.is_empty() {
            return;
        }
        self.last_space = shown.ends_with(' ').then_some(self.tokens.len());
        match self.tokens.last_mut() {
            Some(before) if !before.starts_with('<') => {
                before.push_str(&shown);
                self.last_space = self.last_space.map(|at| at - 1);
            }
            // A text is told from a tag by its first letter.
            _ => self.tokens.push(format!("\"{shown}")),
        }
    }

    fn edge(&mut self) {
        if let Some(text) = self.last_space.take().and_then(|at| self.tokens.get_mut(at)) {
            text.truncate(text.trim_end_matches(' ').len());
            if text == "\"" {
                text.clear();
            }
        }
        self.is_spaced = true;
    }
}

fn is_lone_macro(element: &Element<'_, '_>) -> bool {
    matches!(element.tag.name, "ac:structured-macro" | "ac:macro")
        && !matches!(element.attribute("ac:name"), "status" | "anchor" | "jira")
}

/// Whether the element is shown as one thing, so that a space after it can be seen.
fn is_atom(element: &Element<'_, '_>) -> bool {
    let has_body = children(element.inner)
        .any(|(_, child)| matches!(child, Child::Element(inner) if inner.tag.name.ends_with("-body")));
    let is_reference = element.tag.name.starts_with("ri:");
    (element.inner.is_empty() && !is_reference)
        || matches!(element.tag.name, "ac:image" | "ac:structured-macro" | "ac:macro")
        || (element.tag.name == "ac:link" && !has_body)
}

fn is_exact(parent: &str) -> bool {
    matches!(
        parent,
        "pre" | "ac:plain-text-body" | "ac:parameter" | "ac:task-id" | "ac:task-uuid" | "ac:task-status"
    )
}

fn is_structure(parent: &str) -> bool {
    matches!(parent, "ac:link" | "ac:image" | "ac:structured-macro" | "ac:macro" | "ac:task")
}

// === pages that are made up ===

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-zäß]{1,6}",
        4 => Just(" ".to_owned()),
        1 => Just("\n   ".to_owned()),
        1 => Just("&nbsp;".to_owned()),
        1 => "(&amp;|&lt;|&gt;|&quot;|&uuml;|&#8211;|&mdash;)",
        1 => "[*_~`{}\\[\\]|!#+=:?()^@.\\\\-]{1,3}",
        1 => "(<!\\[CDATA\\[a <b> &amp; c\\]\\]>|<!-- c -->|https://e\\.com/a_b|\\[~ann\\]|1\\. |- )",
    ];
    prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

/// A value of an attribute.
fn value() -> impl Strategy<Value = String> {
    "([a-z0-9#-]{1,8}|[a-z]{1,5} [A-Z]{1,3}|a &amp; b|&quot;q&quot;|)"
}

fn attributes() -> impl Strategy<Value = String> {
    let one = ("(class|id|title|data-x|data-layout|ac:local-id|lang)", value());
    prop::collection::btree_map(one.0, one.1, 0..3).prop_map(|map| {
        map.iter().fold(String::new(), |mut all, (name, value)| {
            write!(all, " {name}=\"{value}\"").unwrap();
            all
        })
    })
}

fn maybe_attributes() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => attributes()]
}

fn wrapped(
    names: &'static [&'static str],
    inner: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    (prop::sample::select(names), maybe_attributes(), inner)
        .prop_map(|(name, attributes, inner)| format!("<{name}{attributes}>{inner}</{name}>"))
}

fn joined(inner: impl Strategy<Value = String>, most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(inner, 0..most).prop_map(|pieces| pieces.concat())
}

fn page_reference() -> impl Strategy<Value = String> {
    let page =
        ("(|DS|~ann)", "[A-Za-z#%/2?:5 ]{1,9}", any::<bool>()).prop_map(|(space, title, is_versioned)| {
            let space = if space.is_empty() { space } else { format!(" ri:space-key=\"{space}\"") };
            let version = if is_versioned { " ri:version-at-save=\"3\"" } else { "" };
            format!("<ri:page{space} ri:content-title=\"{title}\"{version}/>")
        });
    let file = "[a-z#]{1,6}\\.png".prop_map(|name| format!("<ri:attachment ri:filename=\"{name}\"/>"));
    let owned = (page.clone(), "[a-z]{1,6}").prop_map(|(page, name)| {
        format!("<ri:attachment ri:filename=\"{name}.pdf\" ri:version-at-save=\"1\">{page}</ri:attachment>")
    });
    let user = "(ri:account-id=\"5b:1-2\"|ri:userkey=\"8a\"|ri:username=\"a\\.b\"|ri:username=\"a\" ri:userkey=\"b\"|)"
        .prop_map(|user| format!("<ri:user {user}/>"));
    let other = "(<ri:space ri:space-key=\"DS\"/>|<ri:blog-post ri:content-title=\"T\" ri:posting-day=\"2026/01/31\"/>|)";
    prop_oneof![4 => page, 2 => file, 1 => owned, 2 => user, 1 => other]
}

fn link() -> impl Strategy<Value = String> {
    let body = prop_oneof![
        2 => Just(String::new()),
        2 => text().prop_filter("one node", |text| !text.contains("<!")).prop_map(|text| {
            format!("<ac:plain-text-link-body>{text}</ac:plain-text-link-body>")
        }),
        1 => "[a-z <&]{0,8}".prop_map(|text| {
            format!("<ac:plain-text-link-body><![CDATA[{text}]]></ac:plain-text-link-body>")
        }),
        2 => joined(piece(), 3).prop_map(|inner| format!("<ac:link-body>{inner}</ac:link-body>")),
    ];
    let space = prop_oneof![3 => Just(""), 1 => Just("\n ")];
    (page_reference(), body, "(| ac:anchor=\"top\"| ac:anchor=\"\"| ac:card-appearance=\"inline\")", space)
        .prop_map(|(target, body, anchor, space)| {
            format!("<ac:link{anchor}>{space}{target}{space}{body}</ac:link>")
        })
}

fn image() -> impl Strategy<Value = String> {
    let attributes = "( ac:alt=\"an image\")?( ac:title=\"t\")?( ac:width=\"300\")?( ac:height=\"\")?( ac:align=\"center\")?( ac:custom-width=\"true\")?";
    let target = prop_oneof![
        "(https://e\\.com/i\\.png|i\\.png|/i\\.png)".prop_map(|url| format!("<ri:url ri:value=\"{url}\"/>")),
        page_reference(),
    ];
    let caption = prop_oneof![
        4 => Just(String::new()),
        1 => text().prop_map(|text| format!("<ac:caption><p>{text}</p></ac:caption>")),
        1 => text().prop_map(|text| format!("<ac:caption>{text}</ac:caption>")),
    ];
    let image = (attributes, target, caption).prop_map(|(attributes, target, caption)| {
        format!("<ac:image{attributes}>{target}{caption}</ac:image>")
    });
    prop_oneof![4 => image, 1 => Just("<img src=\"https://e.com/x.png\" alt=\"x\" class=\"y\"/>".to_owned())]
}

/// A piece of running text that has no other inside.
fn atom() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "<br/>",
        "<br />",
        "<br class=\"x\"/>",
        "<span/>",
        "<strong> </strong>",
        "<em></em>",
        "<code> x  y </code>",
        "<code/>",
        "<code>a`b</code>",
        "<kbd>Ctrl</kbd>",
        "<time datetime=\"2026-01-31\"/>",
        "<time datetime=\"2026-01-31\" class=\"d\"></time>",
        "<time>tomorrow</time>",
        "<a name=\"here\"/>",
        "<a href=\"https://e.com/\" data-card-appearance=\"inline\">https://e.com/</a>",
        "<a href=\"https://e.com/\" data-card-appearance=\"block\" data-x=\"y\">https://e.com/</a>",
        "<a href=\"https://e.com/\" data-card-appearance=\"embed\">https://e.com/</a>",
        "<a href=\"#there\">x</a>",
        "<a href=\"page:A/B\">x</a>",
        "<a href=\"https://e.com/\"> </a>",
        "<ac:emoticon ac:name=\"smile\"/>",
        "<ac:emoticon ac:name=\"tick\" ac:emoji-shortname=\":check_mark:\" ac:emoji-id=\"atlassian-x\" ac:emoji-fallback=\":check_mark:\"/>",
        "<ac:emoticon ac:name=\"blue-star\" ac:emoji-shortname=\":smile:\" ac:emoji-id=\"1f604\" ac:emoji-fallback=\"😄\"/>",
        "<ac:emoticon ac:name=\"odd\" ac:emoji-fallback=\"😄\"/>",
        "<ac:placeholder>type here</ac:placeholder>",
        "<ac:placeholder ac:type=\"mention\"/>",
        "<x:unknown x:a=\"1\"/>",
        "<ac:unknown ac:a=\"1\">text</ac:unknown>",
    ]);
    prop_oneof![
        8 => text(),
        4 => fixed.prop_map(str::to_owned),
        1 => image(),
        1 => plain_macro(),
    ]
}

fn inline_element(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let several = joined(inner, 4).boxed();
    let marks = &["strong", "b", "em", "i", "u", "ins", "s", "del", "strike", "sub", "sup", "cite"];
    let others =
        &["small", "big", "code", "span", "font", "custom", "abbr", "ac:inline-comment-marker", "label"];
    let styles = "(color: rgb\\(255,86,48\\);|color: red|color: #FF5630;|background-color: rgb\\(1,2,3\\);|color: rgb\\(1, 2, 3\\);|color: red; font-weight: bold;|white-space: normal)";
    let urls = "(https://e\\.com/\\?a=1&amp;b=2|/x|mailto:a@e\\.com|page:S/T|#a|)";
    prop_oneof![
        4 => wrapped(marks, several.clone()),
        2 => wrapped(others, several.clone()),
        2 => (styles, maybe_attributes(), several.clone()).prop_map(|(style, attributes, inner)| {
            format!("<span style=\"{style}\"{attributes}>{inner}</span>")
        }),
        2 => (urls, maybe_attributes(), several).prop_map(|(url, attributes, inner)| {
            format!("<a href=\"{url}\"{attributes}>{inner}</a>")
        }),
    ]
}

fn piece() -> BoxedStrategy<String> {
    atom().prop_recursive(3, 12, 4, |inner| prop_oneof![2 => atom(), 2 => inline_element(inner)]).boxed()
}

fn with_links() -> BoxedStrategy<String> {
    prop_oneof![6 => piece(), 1 => link()].boxed()
}

fn line() -> BoxedStrategy<String> {
    joined(with_links(), 5).boxed()
}

fn parameters() -> impl Strategy<Value = String> {
    let rich = "(<ri:page ri:content-title=\"T\"/>|<ac:link><ri:page ri:content-title=\"T\"/></ac:link>|<ri:attachment ri:filename=\"a\\.pdf\"/>|page:A/B|<ri:user ri:userkey=\"u\"/>)";
    let value = prop_oneof![6 => "([a-zA-Z0-9 #]{1,6}|a &amp; b|x  y|)", 1 => rich];
    let names = "(title|language|colour|name|maxLevel|key|bgColor|x:y|a,b|)";
    prop::collection::vec((names, value), 0..4).prop_map(|all| {
        all.iter().fold(String::new(), |mut text, (name, value)| {
            write!(text, "<ac:parameter ac:name=\"{name}\">{value}</ac:parameter>").unwrap();
            text
        })
    })
}

fn macro_attributes() -> impl Strategy<Value = String> {
    "(| ac:schema-version=\"1\"| ac:schema-version=\"1\" ac:macro-id=\"a-b-c\"| ac:schema-version=\"2\"| ac:local-id=\"x\" ac:schema-version=\"\")"
}

fn plain_macro() -> impl Strategy<Value = String> {
    let named = (
        "(toc|children|include|excerpt-include|jira|drawio|view-file|gallery|status|anchor|info|unknown)",
        macro_attributes(),
        parameters(),
    );
    let named = named.prop_map(|(name, attributes, parameters)| {
        format!("<ac:structured-macro ac:name=\"{name}\"{attributes}>{parameters}</ac:structured-macro>")
    });
    let colours = "(<ac:parameter ac:name=\"colour\">(Green|Grey|red|pink|)</ac:parameter>)?";
    let title = "(<ac:parameter ac:name=\"title\">(OK|in work|)</ac:parameter>)?";
    let status = (macro_attributes(), colours, title, colours, any::<bool>()).prop_map(
        |(attributes, colour, title, other, flips)| {
            let parameters = if flips { format!("{title}{other}") } else { format!("{colour}{title}") };
            format!("<ac:structured-macro ac:name=\"status\"{attributes}>{parameters}</ac:structured-macro>")
        },
    );
    let anchor = "[a-z ]{0,5}".prop_map(|name| {
        format!("<ac:structured-macro ac:name=\"anchor\" ac:schema-version=\"1\"><ac:parameter ac:name=\"\">{name}</ac:parameter></ac:structured-macro>")
    });
    prop_oneof![2 => named, 1 => status, 1 => anchor]
}

fn macro_with_body(blocks: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let text = "([a-z<&\\] >]{0,6}\n){0,2}[a-z ]{0,4}".prop_map(|text| {
        let text = text.replace("]]>", "]]]]><![CDATA[>");
        format!("<ac:plain-text-body><![CDATA[{text}]]></ac:plain-text-body>")
    });
    let rich = blocks.prop_map(|blocks| format!("<ac:rich-text-body>{blocks}</ac:rich-text-body>"));
    let names = "(code|noformat|info|note|tip|warning|panel|expand|excerpt|html|unknown|status)";
    (names, macro_attributes(), parameters(), prop_oneof![1 => text, 2 => rich]).prop_map(
        |(name, attributes, parameters, body)| {
            format!(
                "<ac:structured-macro ac:name=\"{name}\"{attributes}>{parameters}{body}</ac:structured-macro>"
            )
        },
    )
}

fn leaf_block() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "<hr/>",
        "<hr class=\"x\" />",
        "<p/>",
        "<p>&nbsp;</p>",
        "<p><br/></p>",
        "<p class=\"auto-cursor-target\"><br /></p>",
        "<ul/>",
        "<table/>",
        "<table><tbody/></table>",
        "<table><tbody><tr/></tbody></table>",
        "<div></div>",
        "<blockquote/>",
        "<h2/>",
        "<pre>a\n  b</pre>",
        "<pre class=\"x\">a <b>b</b>\n\n c</pre>",
        "<ac:structured-macro ac:name=\"toc\" /> <ac:structured-macro ac:name=\"children\"/>",
        "<ac:adf-extension><ac:adf-node type=\"panel\"><ac:adf-attribute key=\"panel-type\">note</ac:adf-attribute>\
         <ac:adf-content><p>x</p></ac:adf-content></ac:adf-node><ac:adf-fallback><div class=\"panel\"><p>x</p></div>\
         </ac:adf-fallback></ac:adf-extension>",
        "<ac:macro ac:name=\"old\"><ac:parameter ac:name=\"a\">b</ac:parameter></ac:macro>",
        "<ac:macro ac:name=\"older\"><ac:default-parameter>b</ac:default-parameter></ac:macro>",
        "<td>lost</td>",
        "<li>lost</li>",
    ]);
    prop_oneof![
        4 => (maybe_attributes(), line()).prop_map(|(attributes, line)| format!("<p{attributes}>{line}</p>")),
        2 => wrapped(&["h1", "h2", "h3", "h6"], line()),
        2 => line(),
        2 => fixed.prop_map(str::to_owned),
        1 => plain_macro(),
        1 => image(),
    ]
}

fn list(item: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let item = wrapped(&["li"], item).boxed();
    let beside = prop_oneof![12 => item.clone(), 1 => Just("<ul><li>beside</li></ul>".to_owned()), 1 => Just("odd".to_owned())];
    let items = prop::collection::vec(beside, 1..4);
    (items, "(ul|ol|ol start=\"3\"|ol start=\"1\"|ol start=\"x\" class=\"y\"|ul class=\"z\")", "(|\n  )")
        .prop_map(|(items, tag, space)| {
            let name = &tag[..2];
            format!("<{tag}>{space}{}{space}</{name}>", items.join(&space))
        })
}

fn tasks(body: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let id = prop_oneof![6 => Just("<ac:task-id>7</ac:task-id>"), 1 => Just("")];
    let uuid = prop_oneof![Just("<ac:task-uuid>1-2-3</ac:task-uuid>"), Just("")];
    let task = (id, uuid, "(complete|incomplete)", body).prop_map(|(id, uuid, status, body)| {
        format!("<ac:task>\n{id}{uuid}<ac:task-status>{status}</ac:task-status><ac:task-body>{body}</ac:task-body></ac:task>")
    });
    prop::collection::vec(task, 1..4)
        .prop_map(|tasks| format!("<ac:task-list>\n{}</ac:task-list>", tasks.concat()))
}

fn table(cell: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let spans =
        "( colspan=\"2\"| rowspan=\"3\"| colspan=\"1\"| colspan=\"x\"| data-highlight-colour=\"#fff\"||)";
    let cell =
        ("(td|th)", spans, cell).prop_map(|(name, spans, inner)| format!("<{name}{spans}>{inner}</{name}>"));
    let row = (maybe_attributes(), prop::collection::vec(cell, 1..4))
        .prop_map(|(attributes, cells)| format!("<tr{attributes}>{}</tr>", cells.concat()));
    let columns = "(|<colgroup><col style=\"width: 5%;\"/><col/></colgroup>|<colgroup class=\"c\" />|<caption>c</caption>)";
    let rows = prop::collection::vec(row, 1..4);
    (maybe_attributes(), columns, rows, 0..6).prop_map(|(attributes, columns, rows, kind)| {
        let (first, rest) = rows.split_at(1);
        let (first, rest) = (first.concat(), rest.concat());
        let inner = match kind {
            0 => format!("<thead>{first}</thead><tbody>{rest}</tbody>"),
            1 => format!("{first}{rest}"),
            2 => format!("<tbody class=\"x\">{first}</tbody><tfoot>{rest}</tfoot>"),
            3 => format!("{first}<tbody>{rest}</tbody><tbody/>"),
            _ => format!("<tbody>{first}{rest}</tbody>"),
        };
        format!("<table{attributes}>{columns}{inner}</table>")
    })
}

fn layout(cell: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let kinds = "(single|two_equal|two_left_sidebar|three_with_sidebars|three_equal|fixed-width|odd)";
    let cell = wrapped(&["ac:layout-cell"], cell);
    let section = (kinds, maybe_attributes(), prop::collection::vec(cell, 0..4)).prop_map(
        |(kind, attributes, cells)| {
            format!(
                "<ac:layout-section ac:type=\"{kind}\"{attributes}>{}</ac:layout-section>",
                cells.concat()
            )
        },
    );
    prop::collection::vec(section, 0..3)
        .prop_map(|sections| format!("<ac:layout>{}</ac:layout>", sections.concat()))
}

/// One block, with others inside.
pub(super) fn block() -> BoxedStrategy<String> {
    let nested = leaf_block().prop_recursive(4, 24, 4, |inner| {
        let several = joined(inner.clone(), 4).boxed();
        prop_oneof![
            3 => leaf_block(),
            2 => list(several.clone()),
            1 => tasks(several.clone()),
            2 => table(several.clone()),
            1 => layout(several.clone()),
            1 => wrapped(&["blockquote", "div", "section", "ac:rich-text-body", "figure"], several.clone()),
            2 => macro_with_body(several.clone()),
            1 => wrapped(&["p", "span", "strong", "h3", "custom", "a"], several),
        ]
    });
    nested.boxed()
}

/// A page.
pub(super) fn document() -> impl Strategy<Value = String> {
    prop::collection::vec((block(), "(|\n|  )"), 0..5)
        .prop_map(|blocks| blocks.into_iter().map(|(block, space)| block + &space).collect())
}

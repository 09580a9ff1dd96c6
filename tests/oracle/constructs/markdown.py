"""Markdown: CommonMark and the extensions of GitHub."""


def indent(by):
    """Indents all the lines but the first, as the content of a list item is."""
    return lambda text: text.replace("\n", "\n" + " " * by)


def quoted(text):
    return "\n".join("> " + line if line else ">" for line in text.split("\n"))


INLINE = {
    "alone": lambda x, _: x,
    "paragraph": lambda x, y: f"Before {x} between {y} after.",
    "lines": lambda x, y: f"First line {x}\n{y} second line\n\nAnother paragraph, {x}",
    "heading": lambda x, _: f"## {x}",
    "list": lambda x, _: f"- {x}\n- plain item",
    "nested-list": lambda x, _: f"1. outer\n   - {x}\n   - text, {x} and text\n2. after",
    "table": lambda x, y: f"| Head {x} | Other |\n| --- | --- |\n| {x} | text {y} text |",
    "quote": lambda x, _: f"> {x}",
    "quote-in-list": lambda x, _: f"- outer\n\n  > {x}",
}

BLOCK = {
    "alone": lambda x, _: x,
    "between": lambda x, y: f"Before.\n\n{x}\n\nBetween.\n\n{y}\n\nAfter.",
    "after-text": lambda x, _: f"Text\n{x}\ntext",
    "list": lambda x, _: f"- {indent(2)(x)}\n- plain item",
    "nested-list": lambda x, _: f"1. outer\n   - text before\n\n     {indent(5)(x)}\n2. after",
    "quote": lambda x, _: quoted(x),
    "list-in-quote": lambda x, _: quoted(f"Text\n\n* {indent(2)(x)}"),
}

NESTINGS = {"inline": INLINE, "block": BLOCK}

NONE = ()


def mark(sign, name, other):
    """The examples that the marks share."""
    return [
        f"{sign}{name}{sign}",
        f"{sign}{name} and {other}marked{other} text{sign}",
        f"{sign}Größe (naïve), “日本語” & 50 %!{sign}",
        f"in{sign}side{sign}word",
        f"{sign} spaced {sign}",
        f"{sign}not closed",
        f"({sign}{name}{sign}), {sign}{name}{sign}.",
    ]


CONSTRUCTS = {
    "text": ("inline", [
        "plain text",
        "Grüße, “日本語” – naïve… 🎉 < > & \" '",
        "C:\\dir\\file and a/b and 5 * 3 * 2 and a_b_c and 1-2-3",
        "two  spaces and (c) (tm) ... -- ---",
        "[not a link and {braces}",
        "@jane ABC-123 :smile: :)",
    ], NONE),
    "paragraphs": ("block", [
        "One paragraph.\n\nAnother paragraph.",
        "A line\nand the next line\n\nand a **paragraph**",
        "Größe\n“日本語”",
        "Many blank lines\n\n\n\nin between",
        "  indented\n   lines",
    ], NONE),
    # Inlines.
    "emphasis-star": ("inline", mark("*", "emphasis", "**"), NONE),
    "emphasis-underscore": ("inline", mark("_", "emphasis", "**"), NONE),
    "strong-star": ("inline", mark("**", "strong", "_"), NONE),
    "strong-underscore": ("inline", mark("__", "strong", "*"), NONE),
    "strike": ("inline", mark("~~", "deleted", "**") + ["~one tilde~", "~~~three~~~x"], NONE),
    "combined": ("inline", [
        "***strong emphasis***",
        "**strong _both_** and ~~**deleted strong**~~",
        "**“日本語” `code` [link](https://example.com)**",
        "**strong *both** only*",
        "*__a__* _**b**_ ***c** d*",
        "**`strong code`** ~~`deleted code`~~",
        "[**strong** and `code`](https://example.com)",
    ], NONE),
    "code": ("inline", [
        "`code`",
        "`a **strong** b`",
        "`let x = \"ä\"; // <b> & [y](z) 日本語`",
        "``with ` tick``",
        "` spaced `",
        "`not closed",
        "in`side`word",
        "`a\\`b`",
    ], NONE),
    "link": ("inline", [
        "[Example](https://example.com/path)",
        "[**strong** and _more_](https://example.com)",
        "[Größe, “日本語” (1 & 2)](https://example.com/größe?q=a+b&c=%20)",
        "[](https://example.com)",
        "[Example]()",
        "[Example](</a b>)",
        "[Page](/browse/ABC-1)",
        "[bad](javascript:alert(1))",
        "[a \\] b](https://example.com/a_(b))",
        "[mail](mailto:a@example.com)",
        "[anchor](#top)",
        "**[Example](https://example.com)**",
    ], NONE),
    "link-title": ("inline", [
        "[Example](https://example.com \"A title\")",
        "[*Example*](https://example.com 'A *title*')",
        "[Größe](https://example.com (日本語 & “x”))",
        "[Example](https://example.com \"\")",
        "[Example](https://example.com \"not closed)",
    ], NONE),
    "link-reference": ("inline", [
        "[undefined][ref]",
        "[**undefined**][]",
        "[Größe “日本語”]",
    ], NONE),
    "autolink": ("inline", [
        "<https://example.com/path>",
        "**<https://example.com/?a=b&c=d#e>**",
        "<https://example.com/größe/日本語>",
        "<a@example.com>",
        "<mailto:a@example.com>",
        "<example.com>",
        "<ftp://example.com>",
    ], NONE),
    "url": ("inline", [
        "https://example.com/path",
        "**https://example.com/path** and _http://example.com_",
        "https://example.com/größe_(日本語)?a=b&c=d#e",
        "(see https://example.com/a), https://example.com/b.",
        "www.example.com",
        "a@example.com",
        "example.com and file.rs",
        "https://",
        "ftp://example.com/file",
        "https://example.com/a_b_c*d*e",
    ], NONE),
    "image": ("inline", [
        "![text](https://example.com/image.png)",
        "**![a *text*](https://example.com/image.png)**",
        "![Größe “日本語”](https://example.com/größe.png?a=b&c=d)",
        "![](https://example.com/image.png)",
        "![text](image.png)",
        "![text]()",
        "[![text](https://example.com/image.png)](https://example.com)",
        "![text](data:image/png;base64,AAAA)",
        "![a](https://example.com/a.png)![b](https://example.com/b.png)",
    ], NONE),
    "image-title": ("inline", [
        "![text](https://example.com/image.png \"A title\")",
        "![*text*](https://example.com/image.png 'A *title*')",
        "![Größe](https://example.com/image.png (日本語 & “x”))",
        "![text](https://example.com/image.png =100x200)",
    ], NONE),
    "hard-break-spaces": ("block", [
        "one  \ntwo",
        "**one**  \n_two_",
        "Größe  \n“日本語”   \nend",
        "one \ntwo",
        "one two  ",
        "**one  \ntwo**",
    ], NONE),
    "hard-break-backslash": ("block", [
        "one\\\ntwo",
        "**one**\\\n_two_",
        "Größe\\\n“日本語”\\\nend",
        "last\\",
        "**one\\\ntwo**",
    ], NONE),
    "escape": ("inline", [
        "\\*not emphasis\\*",
        "\\# and **\\*strong\\***",
        "\\[größe\\] \\!日本語\\! \\_x\\_ \\`y\\` \\~~z\\~~",
        "\\a \\\\ \\\"",
        "\\<b> \\& \\{ \\} \\( \\) \\. \\-",
        "\\https://example.com",
    ], NONE),
    "entity": ("inline", [
        "&amp; &lt;b&gt;",
        "**&copy;** and _&nbsp;_x",
        "Gr&ouml;&szlig;e &#26085;&#x672C;&#8230;",
        "&unknown; & &amp &#0; &#xFFFFFF;",
        "`&amp;`",
        "&#42;not emphasis&#42;",
    ], NONE),
    "html": ("inline", [
        "a <b>bold</b> text",
        "**<i>x</i>** and <u>*y*</u>",
        "<span title=\"Größe\">“日本語”</span>",
        "one<br>two<br/>three",
        "<!-- comment --> text",
        "<not closed",
        "<a href=\"https://example.com\">link</a>",
        "x<sub>2</sub> y<sup>3</sup>",
        "<img src=\"https://example.com/a.png\" alt=\"a\">x",
    ], NONE),
    "footnote": ("inline", [
        "text[^1]",
        "**text**[^note]",
        "Größe[^日本語]",
    ], NONE),
    # Headings.
    "heading-atx": ("block", [
        "# First",
        "## With **strong** and _emphasis_",
        "### Größe, “日本語” & (x)?!",
        "#### Fourth ####",
        "##### A [link](https://example.com) and `code`",
        "###### Sixth",
        "####### Seventh",
        "#no space",
        "#",
        "# One\n## Two\ntext",
        "   # indented",
    ], NONE),
    "heading-setext": ("block", [
        "First\n=====",
        "With **strong**\n---",
        "Größe, “日本語”\nsecond line\n===",
        "First\n=",
        "    code\n---",
    ], NONE),
    # Code.
    "fence": ("block", [
        "```\nlet x = 1;\n```",
        "```\n**not strong** [no](link)\n```",
        "```\n// Größe “日本語” <b> & {x}\n\n\tindented\n```",
        "```\n```",
        "```\nnot closed",
        "````\n```\ninside\n```\n````",
        "~~~\ntilde\n~~~",
        "```\n\n\nblank lines\n\n```",
    ], NONE),
    "fence-language": ("block", [
        "```rust\nlet x = 1;\n```",
        "```python title=\"a.py\"\nx = *args\n```",
        "~~~sql\nSELECT 'Größe', “日本語”;\n~~~",
        "``` JavaScript\nlet x;\n```",
        "```c++\nint x;\n```",
        "```unknown-language\nx\n```",
        "```{.java}\nint x;\n```",
    ], NONE),
    "code-indented": ("block", [
        "    let x = 1;",
        "    **not strong**\n\n    after a blank line",
        "    Größe “日本語” <b> &\n\tand a tab",
        "        eight spaces",
    ], ("after-text",)),
    # Lists.
    "list-bullet": ("block", [
        "- one\n- two",
        "* **strong**\n* text _emphasis_\n  and a second line",
        "+ Größe\n+ “日本語” & (x)?!",
        "- one\n  - two\n    - three\n      - four\n- one",
        "-\n- two",
        "- one\n\n- two",
        "- one\n* another list",
        "- one\nlazy line",
        "- one\n\n  second paragraph\n- two",
        "-no space",
        "- one\n\n\n\n- two",
    ], NONE),
    "list-ordered": ("block", [
        "1. one\n2. two",
        "1. **strong**\n1. text _emphasis_\n   and a second line",
        "1) Größe\n2) “日本語” & (x)?!",
        "1. one\n   1. two\n      1. three\n         1. four\n2. one",
        "1.\n2. two",
        "1. one\n\n2. two",
        "1.no space",
    ], NONE),
    "list-ordered-start": ("block", [
        "3. three\n4. four",
        "0. *zero*\n1. one",
        "07) Größe\n9) “日本語”",
        "999999999. big",
        "1234567890. too big",
        "5. five\n\n   text\n7. seven",
    ], NONE),
    "list-mixed": ("block", [
        "- one\n  1. two\n  2. three\n- four",
        "1. *one*\n   - **two**\n     1. three\n        - four",
        "- Größe\n  * “日本語”\n    1) (x)?!",
        "1. one\n- two\n1. three",
        "- - one\n  - two",
        "- 1. one\n  2. two",
        "- # heading\n- > quote\n- ---\n- ```\n  code\n  ```",
    ], NONE),
    "list-task": ("block", [
        "- [ ] open\n- [x] done",
        "- [ ] **strong**\n- [X] text _emphasis_\n  and a second line",
        "* [ ] Größe\n* [x] “日本語” & (x)?!",
        "- [ ] one\n  - [x] two\n- [ ] three",
        "- [ ] task\n- no task",
        "- [ ]\n- [y] no\n- [] no",
        "1. [ ] ordered\n2. [x] done",
        "- [x] one\n\n- [ ] loose",
    ], NONE),
    # Tables.
    "table": ("block", [
        "| A | B |\n| --- | --- |\n| 1 | 2 |",
        "| **A** | _B_ |\n|---|---|\n| **strong** | `code` and [link](https://example.com) |",
        "Größe | “日本語”\n--- | ---\n(x)?! | a & b",
        "| A | B |\n| --- | --- |",
        "| A | B | C |\n| --- | --- | --- |\n| 1 | 2 |\n| 1 | 2 | 3 | 4 |",
        "| A |\n| --- |\n| a \\| b |",
        "| A | B |\n| --- | --- |\n| `a | b` | c |\n| | |",
        "| A | B |\n| --- |\n| 1 | 2 |",
        "| A | B |\n| --- | --- |\n| one<br>two | ![i](https://example.com/i.png) |",
        "|  |  |\n| --- | --- |\n| 1 | 2 |",
    ], NONE),
    "table-aligned": ("block", [
        "| A | B | C |\n| :-- | :-: | --: |\n| 1 | 2 | 3 |",
        "| **A** | B |\n|:-:|-:|\n| *1* | `2` |",
        "| Größe | 日本語 |\n| :---: | ---: |\n| “x” | & |",
        "| A | B |\n| : | :: |\n| 1 | 2 |",
    ], NONE),
    # Quotes, rules, HTML.
    "quote": ("block", [
        "> Quoted",
        "> With **strong**\n> second line\n>\n> and a paragraph",
        "> Größe, “日本語” & (x)?!",
        "> one\nlazy line",
        ">",
        ">no space",
        "> one\n\n> two",
        "> one\n> > nested\n> > > deeper",
        "> - one\n> - two\n>\n> text",
        "> # Heading\n>\n> ```\n> code\n> ```",
        "> | A |\n> | --- |\n> | 1 |",
        "> [!NOTE]\n> An alert",
    ], NONE),
    "rule": ("block", [
        "---",
        "***",
        "_ _ _",
        "----------",
        "- - -",
        "--",
        "***bold***\n\n***",
    ], NONE),
    "html-block": ("block", [
        "<div>\ntext\n</div>",
        "<div>\n\n**strong**\n\n</div>",
        "<p title=\"Größe\">“日本語”</p>",
        "<!-- comment -->",
        "<details>\n<summary>Title</summary>\n\nText\n\n</details>",
        "<script>\nalert(1)\n</script>",
        "<table><tr><td>1</td></tr></table>",
        "<br>",
        "<hr/>",
    ], NONE),
    "reference": ("block", [
        "[Example][ref]\n\n[ref]: https://example.com",
        "[**Example**][] and ![ref]\n\n[**Example**]: https://example.com \"A title\"\n[ref]: https://example.com/a.png",
        "[Größe]\n\n[größe]: <https://example.com/größe> '日本語'",
        "[ref]: https://example.com",
    ], NONE),
    # Whole texts.
    "document": ("block", [
        "## Steps\n\n1. Open [the page](https://example.com)\n2. Press **Save**\n   - wait\n\n## Expected\n\nIt is saved."
        "\n\n## Actual\n\n```java\nthrow new Error();\n```\n\n---\n\nSee <https://example.com>.",
        "**Summary:** a _short_ text\n\n* one\n* two\n\n| Key | Value |\n| --- | --- |\n| a | `1` |\n\n> Said by someone\n"
        "\nEnd.",
        "# Größe\n\n- “日本語”\n  - mehr\n\n![image](https://example.com/image.png)\n\n> Ende",
        "",
        "\n",
        " ",
        "Windows\r\nlines\r\n\r\n- and\r\n- lists",
    ], ("after-text", "list", "nested-list", "list-in-quote", "quote")),
}

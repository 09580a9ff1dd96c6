//! The document as storage format.

use super::super::document::{Block, Inline, Item, List, Table, plain, task_mark, tidy, trim};

/// Renders the document as well-formed XHTML.
pub(in super::super) fn render(blocks: &[Block]) -> String {
    let mut writer = Writer::default();
    writer.blocks(blocks);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    tasks: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn within(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.out.extend(["<", name, ">"]);
        write(self);
        self.out.extend(["</", name, ">"]);
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { level, content } => {
                self.within(&format!("h{}", level.clamp(&1, &6)), |writer| writer.line(content));
            }
            Block::Paragraph(content) => self.within("p", |writer| writer.line(content)),
            Block::List(list) if is_task_list(list) => self.tasks(list),
            Block::List(list) => self.list(list),
            Block::Code { info, text } => self.code(info, text),
            Block::Quote(inner) => self.within("blockquote", |writer| writer.blocks(inner)),
            Block::Table(table) => self.table(table),
            Block::Rule => self.out.push_str("<hr/>"),
        }
    }

    fn list(&mut self, list: &List) {
        let name = if list.start.is_some() { "ol" } else { "ul" };
        match list.start {
            Some(start) if start != 1 => self.out.extend(["<ol start=\"", &start.to_string(), "\">"]),
            _ => self.out.extend(["<", name, ">"]),
        }
        for item in &list.items {
            self.within("li", |writer| writer.item(item));
        }
        self.out.extend(["</", name, ">"]);
    }

    fn item(&mut self, item: &Item) {
        let mark = task_mark(item.done);
        let Some((Block::Paragraph(content), rest)) = item.blocks.split_first() else {
            self.out.push_str(mark);
            return self.blocks(&item.blocks);
        };
        self.within("p", |writer| {
            writer.out.push_str(mark);
            writer.line(content);
        });
        self.blocks(rest);
    }

    fn tasks(&mut self, list: &List) {
        self.within("ac:task-list", |writer| {
            for item in &list.items {
                writer.within("ac:task", |writer| writer.task(item));
            }
        });
    }

    fn task(&mut self, item: &Item) {
        self.tasks += 1;
        let number = self.tasks.to_string();
        self.within("ac:task-id", |writer| writer.out.push_str(&number));
        let status = if item.done == Some(true) { "complete" } else { "incomplete" };
        self.within("ac:task-status", |writer| writer.out.push_str(status));
        self.within("ac:task-body", |writer| match item.blocks.split_first() {
            Some((Block::Paragraph(content), rest)) => {
                writer.line(content);
                writer.blocks(rest);
            }
            _ => writer.blocks(&item.blocks),
        });
    }

    fn code(&mut self, info: &str, text: &str) {
        self.out.push_str("<ac:structured-macro ac:name=\"code\" ac:schema-version=\"1\">");
        let language = info.split(|letter: char| letter.is_whitespace() || "{,".contains(letter)).next();
        if let Some(language) = language.filter(|language| !language.is_empty()) {
            self.out.push_str("<ac:parameter ac:name=\"language\">");
            self.text(language);
            self.out.push_str("</ac:parameter>");
        }
        self.within("ac:plain-text-body", |writer| writer.character_data(text));
        self.out.push_str("</ac:structured-macro>");
    }

    fn character_data(&mut self, text: &str) {
        self.out.push_str("<![CDATA[");
        for (index, part) in text.split("]]>").enumerate() {
            if index > 0 {
                self.out.push_str("]]]]><![CDATA[>");
            }
            self.out.extend(part.chars().map(allowed));
        }
        self.out.push_str("]]>");
    }

    fn table(&mut self, table: &Table) {
        if table.rows.iter().all(Vec::is_empty) {
            return;
        }
        self.out.push_str("<table><tbody>");
        for row in table.rows.iter().filter(|row| !row.is_empty()) {
            self.within("tr", |writer| {
                for cell in row {
                    let name = if cell.header { "th" } else { "td" };
                    writer.within(name, |writer| {
                        if cell.blocks.is_empty() {
                            writer.out.push_str("<p></p>");
                        }
                        writer.blocks(&cell.blocks);
                    });
                }
            });
        }
        self.out.push_str("</tbody></table>");
    }

    fn line(&mut self, content: &[Inline]) {
        self.inlines(&trim(tidy(content)));
    }

    fn inlines(&mut self, content: &[Inline]) {
        for piece in content {
            match piece {
                Inline::Text(text) => self.text(text),
                Inline::Code(code) => self.within("code", |writer| writer.text(code)),
                Inline::Strong(inner) => self.within("strong", |writer| writer.inlines(inner)),
                Inline::Emphasis(inner) => self.within("em", |writer| writer.inlines(inner)),
                Inline::Strike(inner) => self.within("del", |writer| writer.inlines(inner)),
                Inline::Link { url, content } => self.link(url, content),
                Inline::Image { url, alt } => self.image(url, alt),
                Inline::Mention { id, .. } => self.mention(id),
                Inline::Break => self.out.push_str("<br/>"),
            }
        }
    }

    fn link(&mut self, url: &str, content: &[Inline]) {
        let page = url.strip_prefix("page:").and_then(|page| page.split_once('/'));
        if let Some((space, title)) = page {
            self.out.push_str("<ac:link><ri:page");
            if !space.is_empty() {
                self.attribute("ri:space-key", space);
            }
            self.attribute("ri:content-title", title);
            self.link_body(content);
        } else if let Some(name) = url.strip_prefix("attachment:") {
            self.out.push_str("<ac:link><ri:attachment");
            self.attribute("ri:filename", name);
            self.link_body(content);
        } else {
            self.out.push_str("<a");
            self.attribute("href", url);
            self.out.push('>');
            self.inlines(content);
            self.out.push_str("</a>");
        }
    }

    fn link_body(&mut self, content: &[Inline]) {
        self.out.push_str("/>");
        self.within("ac:plain-text-link-body", |writer| writer.character_data(&plain(content)));
        self.out.push_str("</ac:link>");
    }

    fn image(&mut self, url: &str, alt: &str) {
        self.out.push_str("<ac:image");
        if !alt.is_empty() {
            self.attribute("ac:alt", alt);
        }
        let is_file = !url.contains("://") && !url.starts_with('/');
        self.out.push_str(if is_file { "><ri:attachment" } else { "><ri:url" });
        self.attribute(if is_file { "ri:filename" } else { "ri:value" }, url);
        self.out.push_str("/></ac:image>");
    }

    fn mention(&mut self, id: &str) {
        self.out.push_str("<ac:link><ri:user");
        match id.split_once(':') {
            Some(("accountid", account)) => self.attribute("ri:account-id", account),
            Some(("userkey", key)) => self.attribute("ri:userkey", key),
            _ => self.attribute("ri:username", id),
        }
        self.out.push_str("/></ac:link>");
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.extend([" ", name, "=\""]);
        self.text(value);
        self.out.push('"');
    }

    fn text(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                other => self.out.push(allowed(other)),
            }
        }
    }
}

fn is_task_list(list: &List) -> bool {
    !list.items.is_empty() && list.items.iter().all(|item| item.done.is_some())
}

/// XML has no form for most control characters.
fn allowed(letter: char) -> char {
    match letter {
        '\t' | '\n' => letter,
        '\u{FFFE}' | '\u{FFFF}' => '\u{FFFD}',
        other if other.is_ascii_control() => '\u{FFFD}',
        other => other,
    }
}

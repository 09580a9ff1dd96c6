//! Macros.

use super::super::super::document::Block;
use super::super::super::document::Body;
use super::super::super::document::Code;
use super::super::super::document::Look;
use super::super::super::document::Macro;
use super::super::super::document::Panel;
use super::super::address::Form;
use super::super::address::Target;
use super::super::parse::status_word;
use super::Said;
use super::Writer;
use super::get;

/// Confluence's word for a colour of a status; grey is not said.
pub(in super::super) fn status_colour(color: &str) -> &'static str {
    match color {
        "purple" => "Purple",
        "blue" => "Blue",
        "red" => "Red",
        "yellow" => "Yellow",
        "green" => "Green",
        _ => "",
    }
}

impl Writer<'_> {
    pub(super) fn code(&mut self, code: &Code, said: Said<'_>) {
        if get(said, "#tag") == Some("pre") && code.language.is_empty() && code.title.is_empty() {
            return self.element("pre", said, |writer| writer.text(&code.text));
        }
        let name = if get(said, "#macro") == Some("noformat") { "noformat" } else { "code" };
        let said = said.filter(|_| get(said, "#tag") != Some("pre"));
        let fields = [("language", code.language.as_str()), ("title", code.title.as_str())];
        self.macro_with(name, &fields, said, |writer| writer.plain_body(&code.text));
    }

    pub(super) fn panel(&mut self, panel: &Panel, said: Said<'_>) {
        let name = match panel.look {
            Look::Info => "info",
            Look::Note => "note",
            Look::Tip | Look::Success => "tip",
            Look::Warning | Look::Error => "warning",
            Look::Plain => "panel",
        };
        match panel.look {
            Look::Success => self.notes.add("a panel of success became a tip"),
            Look::Error => self.notes.add("a panel of an error became a warning"),
            _ => {}
        }
        self.macro_with(name, &[("title", &panel.title)], said, |writer| writer.rich_body(&panel.blocks));
    }

    pub(super) fn status(&mut self, text: &str, color: &str, said: Said<'_>) {
        let given = get(said, "colour").filter(|given| status_word(given) == Some(color));
        let colour = given.unwrap_or_else(|| status_colour(color));
        let is_left_out = |key: &str| key == "colour" && given.is_none();
        self.call("status", &[("colour", colour), ("title", text)], said, is_left_out, |_| {});
    }

    pub(super) fn macro_call(&mut self, call: &Macro, said: Said<'_>) {
        self.open_macro(&call.name, said);
        for (name, value) in &call.parameters {
            let form = get(said, &Form::key(name)).and_then(Form::parse);
            self.parameter_as(form.unwrap_or_else(|| Form::usual(value)), name, value);
        }
        match &call.body {
            Body::None => {}
            Body::Text(text) => self.plain_body(text),
            Body::Blocks(blocks) => self.rich_body(blocks),
        }
        self.close_macro(said);
    }

    /// A macro that the model has fields for.
    pub(super) fn macro_with(
        &mut self,
        name: &str,
        fields: &[(&str, &str)],
        said: Said<'_>,
        body: impl FnOnce(&mut Self),
    ) {
        self.call(name, fields, said, |_| false, body);
    }

    fn call(
        &mut self,
        name: &str,
        fields: &[(&str, &str)],
        said: Said<'_>,
        is_left_out: impl Fn(&str) -> bool,
        body: impl FnOnce(&mut Self),
    ) {
        self.open_macro(name, said);
        let mut parameters: Vec<(&str, &str)> =
            fields.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        let count = parameters.len();
        for (key, value) in said.into_iter().flatten() {
            let is_field = parameters.iter().take(count).any(|(name, _)| name == key);
            if let Some(value) =
                value.as_str().filter(|_| is_parameter(key) && !is_field && !is_left_out(key))
            {
                parameters.push((key, value));
            }
        }
        if let Some(order) = get(said, "#order") {
            let order: Vec<&str> = order.split(',').take(100).collect();
            let place = |name: &str| order.iter().position(|one| *one == name).unwrap_or(usize::MAX);
            parameters.sort_by_cached_key(|(name, _)| place(name));
        }
        for (name, value) in parameters {
            self.parameter(name, value);
        }
        body(self);
        self.close_macro(said);
    }

    fn open_macro(&mut self, name: &str, said: Said<'_>) {
        let version = get(said, "ac:schema-version").unwrap_or("1");
        let fields = [("ac:name", name), ("ac:schema-version", version)];
        let is_wanted = |key: &str| key.contains(':') && key != "ac:schema-version" && key != "ac:name";
        self.tag(macro_tag(said), &fields, said, is_wanted);
        self.out.push('>');
    }

    fn close_macro(&mut self, said: Said<'_>) {
        self.out.extend(["</", macro_tag(said), ">"]);
    }

    fn parameter(&mut self, name: &str, value: &str) {
        self.parameter_as(Form::Text, name, value);
    }

    fn parameter_as(&mut self, form: Form, name: &str, value: &str) {
        self.out.push_str("<ac:parameter ac:name=\"");
        self.text(name);
        self.out.push_str("\">");
        match (form, Target::parse(value)) {
            (Form::Link, Some(target)) => self.within("ac:link", |writer| writer.target(&target, None)),
            (Form::Bare, Some(target)) => self.target(&target, None),
            _ => self.text(value),
        }
        self.out.push_str("</ac:parameter>");
    }

    fn plain_body(&mut self, text: &str) {
        self.within("ac:plain-text-body", |writer| writer.character_data(text));
    }

    pub(super) fn rich_body(&mut self, blocks: &[Block]) {
        self.within("ac:rich-text-body", |writer| writer.blocks(blocks));
    }
}

fn is_parameter(key: &str) -> bool {
    !key.contains([':', '#'])
}

/// Confluence 4 had another name for it.
fn macro_tag(said: Said<'_>) -> &'static str {
    if get(said, "#tag") == Some("ac:macro") { "ac:macro" } else { "ac:structured-macro" }
}

//! Macros.

use std::borrow::Cow;

use super::super::super::document::Block;
use super::super::super::document::Body;
use super::super::super::document::Code;
use super::super::super::document::Extra;
use super::super::super::document::Format;
use super::super::super::document::Inline;
use super::super::super::document::Look;
use super::super::super::document::Macro;
use super::super::super::document::Panel;
use super::super::address::Form;
use super::super::address::Target;
use super::super::address::is_line;
use super::super::tree::Element;
use super::super::tree::Node;
use super::Parser;
use super::Place;
use super::Values;
use super::attributes;
use super::set;

/// One macro, its parameters in order.
struct Call<'t, 'a> {
    name: &'t str,
    parameters: Vec<(&'t str, Cow<'t, str>)>,
    /// Whether one of the parameters is a reference.
    has_references: bool,
    body: Inside<'t, 'a>,
    /// The attributes of the macro.
    values: Values,
}

enum Inside<'t, 'a> {
    None,
    Text(&'t str),
    Blocks(&'t [Node<'a>]),
}

impl Parser<'_> {
    pub(super) fn macro_block(&self, element: &Element<'_, '_>, place: Place) -> Block {
        let Some(call) = call(element) else { return self.source(element) };
        self.known_macro(&call, place).unwrap_or_else(|| {
            let body = match call.body {
                Inside::None => Body::None,
                Inside::Text(text) => Body::Text(text.to_owned()),
                Inside::Blocks(nodes) => Body::Blocks(self.blocks(nodes, place.deeper())),
            };
            let extra = Extra::new(Format::Storage, call.values.clone());
            Block::Macro(Macro { name: call.name.to_owned(), parameters: call.owned(), body }).with(extra)
        })
    }

    /// A macro that the model has a word for.
    fn known_macro(&self, call: &Call<'_, '_>, place: Place) -> Option<Block> {
        match (call.name, &call.body) {
            _ if call.has_references => None,
            ("code" | "noformat", Inside::Text(text)) => {
                let [language, title] = call.known(["language", "title"])?;
                let mut values = call.rest(&["language", "title"])?;
                if call.name == "noformat" {
                    set(&mut values, "#macro", call.name);
                }
                let code = Code { language, title, text: (*text).to_owned() };
                Some(Block::Code(code).with(Extra::new(Format::Storage, values)))
            }
            ("expand", Inside::Blocks(nodes)) => {
                let [title] = call.known(["title"])?;
                let extra = Extra::new(Format::Storage, call.rest(&["title"])?);
                Some(Block::Expand { title, blocks: self.blocks(nodes, place.deeper()) }.with(extra))
            }
            (_, Inside::Blocks(nodes)) => {
                let look = look(call.name)?;
                let [title] = call.known(["title"])?;
                let extra = Extra::new(Format::Storage, call.rest(&["title"])?);
                let blocks = self.blocks(nodes, place.deeper());
                Some(Block::Panel(Panel { look, title, blocks }).with(extra))
            }
            _ => None,
        }
    }

    /// A macro within a line.
    pub(super) fn macro_piece(&self, element: &Element<'_, '_>) -> Inline {
        let Some(call) = call(element).filter(|call| matches!(call.body, Inside::None)) else {
            return self.inline_source(element);
        };
        let known = match call.name {
            _ if call.has_references => None,
            "status" => status(&call),
            "anchor" => place_name(&call),
            _ => None,
        };
        known.unwrap_or_else(|| {
            let extra = Extra::new(Format::Storage, call.values.clone());
            Inline::Macro(Macro { name: call.name.to_owned(), parameters: call.owned(), body: Body::None })
                .with(extra)
        })
    }
}

impl<'t> Call<'t, '_> {
    fn add(&mut self, element: &Element<'t, '_>) -> Option<()> {
        let [("ac:name", name)] = element.tag.attributes.as_slice() else { return None };
        let (value, form) = match element.only_text() {
            Some(text) => (Cow::Borrowed(text), Form::Text),
            None => {
                let (target, form) = referred(element)?;
                self.has_references = true;
                (Cow::Owned(target.url()?), form)
            }
        };
        if form != Form::usual(&value) {
            self.has_references = true;
            set(&mut self.values, &Form::key(name), form.as_str());
        }
        self.parameters.push((name, value));
        Some(())
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_ref())
    }

    fn owned(&self) -> Vec<(String, String)> {
        self.parameters.iter().map(|(name, value)| ((*name).to_owned(), value.as_ref().to_owned())).collect()
    }

    /// The parameters that the model has fields for, if they fit in.
    fn known<const N: usize>(&self, names: [&str; N]) -> Option<[String; N]> {
        let values = names.map(|name| self.find(name).unwrap_or_default());
        values.iter().all(|value| is_line(value)).then(|| values.map(str::to_owned))
    }

    /// Everything besides: the attributes, the other parameters, and the order if it is not the usual one.
    fn rest(&self, known: &[&str]) -> Option<Values> {
        let mut values = self.values.clone();
        let is_field = |name: &str| known.contains(&name) && self.find(name) != Some("");
        for (name, value) in self.parameters.iter().filter(|(name, _)| !is_field(name)) {
            if name.contains([':', '#', ',']) {
                return None;
            }
            set(&mut values, name, value);
        }
        let fields =
            known.iter().copied().filter(|name| self.find(name).is_some_and(|value| !value.is_empty()));
        let others = self.parameters.iter().map(|(name, _)| *name).filter(|name| !is_field(name));
        if !fields.chain(others).eq(self.parameters.iter().map(|(name, _)| *name)) {
            let order: Vec<&str> = self.parameters.iter().map(|(name, _)| *name).collect();
            set(&mut values, "#order", &order.join(","));
        }
        Some(values)
    }
}

/// The macro, if all of its parameters are text.
fn call<'t, 'a>(element: &Element<'t, 'a>) -> Option<Call<'t, 'a>> {
    let mut values = attributes(element, &["ac:name"]);
    match element.find("ac:schema-version") {
        None => set(&mut values, "ac:schema-version", ""),
        Some("1") => _ = values.shift_remove("ac:schema-version"),
        Some("") => return None,
        Some(_) => {}
    }
    if element.tag.name != "ac:structured-macro" {
        set(&mut values, "#tag", element.tag.name);
    }
    let name = element.find("ac:name").filter(|name| !name.is_empty() && is_line(name))?;
    let mut call = Call { name, parameters: Vec::new(), has_references: false, body: Inside::None, values };
    for part in element.only_elements()? {
        if !matches!(call.body, Inside::None) {
            return None;
        }
        match part.tag.name {
            "ac:parameter" => call.add(&part)?,
            "ac:plain-text-body" if part.tag.attributes.is_empty() => {
                call.body = Inside::Text(part.only_text()?);
            }
            "ac:rich-text-body" if part.tag.attributes.is_empty() => call.body = Inside::Blocks(part.inner),
            _ => return None,
        }
    }
    let is_named_once = |(at, (name, _)): (usize, &(&str, Cow<'_, str>))| {
        !call.parameters.iter().take(at).any(|(before, _)| before == name)
    };
    let is_small = call.parameters.len() <= 100;
    (is_small && call.parameters.iter().enumerate().all(is_named_once)).then_some(call)
}

/// The page or file that a parameter refers to, and in which form.
fn referred(element: &Element<'_, '_>) -> Option<(Target, Form)> {
    let inner = element.only_elements()?;
    let [inner] = inner.as_slice() else { return None };
    let (target, form) = match inner.tag.name {
        "ac:link" if inner.tag.attributes.is_empty() => {
            let targets = inner.only_elements()?;
            let [target] = targets.as_slice() else { return None };
            (*target, Form::Link)
        }
        _ => (*inner, Form::Bare),
    };
    if !target.inner.is_empty() || target.tag.is_live {
        return None;
    }
    let (name, values) = (target.tag.name, &target.tag.attributes);
    let [space, title, file] =
        ["ri:space-key", "ri:content-title", "ri:filename"].map(|key| target.find(key));
    let target = match (name, values.len(), space, title, file) {
        ("ri:page", 1, None, Some(title), None) => page("", title),
        ("ri:page", 2, Some(space), Some(title), None) if !space.is_empty() => page(space, title),
        ("ri:attachment", 1, None, None, Some(name)) => Target::Attachment(name.to_owned()),
        _ => return None,
    };
    Some((target, form))
}

fn page(space: &str, title: &str) -> Target {
    Target::Page { space: space.to_owned(), title: title.to_owned(), anchor: String::new() }
}

/// How the panel macros look.
fn look(name: &str) -> Option<Look> {
    Some(match name {
        "info" => Look::Info,
        "note" => Look::Note,
        "tip" => Look::Tip,
        "warning" => Look::Warning,
        "panel" => Look::Plain,
        _ => return None,
    })
}

/// ADF's word for a colour of the status macro.
pub(in super::super) fn status_colour(colour: &str) -> Option<&'static str> {
    let known = ["purple", "blue", "red", "yellow", "green"];
    match colour.to_ascii_lowercase().as_str() {
        "" | "grey" => Some("neutral"),
        colour => known.into_iter().find(|known| *known == colour),
    }
}

fn status(call: &Call<'_, '_>) -> Option<Inline> {
    let given = call.find("colour").unwrap_or_default();
    let color = status_colour(given)?.to_owned();
    let [text] = call.known(["title"]).filter(|[text]| !text.is_empty())?;
    let is_usual = !given.is_empty() && super::super::render::status_colour(&color) == given;
    let mut values = call.rest(&["colour", "title"])?;
    if !is_usual && call.find("colour").is_some() {
        set(&mut values, "colour", given);
    }
    Some(Inline::Status { text, color }.with(Extra::new(Format::Storage, values)))
}

fn place_name(call: &Call<'_, '_>) -> Option<Inline> {
    let [name] = call.known([""]).filter(|[name]| !name.is_empty())?;
    let values = call.rest(&[""])?;
    Some(Inline::Anchor(name).with(Extra::new(Format::Storage, values)))
}

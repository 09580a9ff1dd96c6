//! What must never come out as live markup.

use std::borrow::Cow;

use super::super::document::is_script;

/// Elements that run scripts, or bring in pages and forms of others.
const LIVE_ELEMENTS: [&str; 18] = [
    "script",
    "style",
    "iframe",
    "object",
    "embed",
    "form",
    "applet",
    "base",
    "link",
    "meta",
    "frame",
    "frameset",
    "noscript",
    "template",
    "foreignobject",
    "portal",
    "svg",
    "math",
];

/// Attributes whose value is an address that is followed or loaded.
const ADDRESSES: [&str; 19] = [
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "poster",
    "background",
    "cite",
    "longdesc",
    "value",
    "manifest",
    "ping",
    "srcset",
    "lowsrc",
    "dynsrc",
    "codebase",
    "classid",
    "srcdoc",
    "base",
];

/// Whether the element or one of its attributes could run a script.
pub(super) fn is_live(name: &str, attributes: &[(&str, Cow<'_, str>)]) -> bool {
    is_live_element(name) || attributes.iter().any(|(name, value)| is_live_attribute(name, value))
}

/// Whether no element of this name may be written.
pub(super) fn is_live_element(name: &str) -> bool {
    // `ac:link` is Confluence's own, and so is everything beside it.
    let is_own = name.split_once(':').is_some_and(|(space, _)| matches!(space, "ac" | "ri"));
    !is_own && LIVE_ELEMENTS.iter().any(|live| local(name).eq_ignore_ascii_case(live))
}

/// Whether this attribute could run a script.
pub(super) fn is_live_attribute(name: &str, value: &str) -> bool {
    let local = local(name);
    // Who knows no namespaces takes the whole for the name.
    let begins_on = |name: &str| name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on"));
    let is_event = begins_on(name) || begins_on(local);
    let is_address = || ADDRESSES.iter().any(|address| local.eq_ignore_ascii_case(address));
    let is_style = || local.eq_ignore_ascii_case("style");
    is_event
        || local.eq_ignore_ascii_case("srcdoc")
        || (is_address() && is_script(value))
        || (is_style() && is_live_style(value))
}

/// Whether XML has a form for the character.
pub(super) fn is_allowed(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        other => !other.is_ascii_control() || other == '\u{7F}',
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn is_live_style(style: &str) -> bool {
    let letters = style.chars().filter(|letter| !letter.is_whitespace() && *letter != '\\');
    let style: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    ["javascript:", "vbscript:", "expression(", "behavior:", "-moz-binding"]
        .iter()
        .any(|live| style.contains(live))
}

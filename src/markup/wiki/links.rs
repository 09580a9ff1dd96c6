//! Links and images in running text.

use super::super::document::Image;
use super::super::document::Inline;
use super::super::document::is_script;
use super::super::entity::Entities;
use super::Reading;
use super::finder::Finder;
use super::inlines::linked;
use super::inlines::small_macro;
use super::parameters::Parameters;
use super::steps;

/// How far the end of code, a link or an image is looked for.
pub(super) const LONGEST: usize = 4096;

const SCHEMES: [&str; 5] = ["https://", "http://", "ftp://", "mailto:", "file://"];

/// What the editor makes links of besides, in running text and in brackets.
const OF_EDITOR: [&str; 2] = ["ftps://", "irc://"];

/// `[text|address]`, `[address]` or `[~user]`.
pub(super) fn link(rest: &str, reading: Reading) -> Option<(Inline, usize)> {
    let inside = rest.strip_prefix('[')?;
    let length = bounded(inside, ']', "[\n")?;
    let body = inside.get(..length)?;
    let total = length + 2;
    if let Some(id) = body.strip_prefix('~') {
        let is_user = !id.trim().is_empty() && !id.contains('|');
        return is_user.then(|| (Inline::Mention { id: id.to_owned(), name: None }, total));
    }
    if let Some(name) = body.strip_prefix('^').filter(|name| is_file(name)) {
        return Some((link_to(format!("attachment:{name}"), name), total));
    }
    let Some(bar) = separator(body, reading) else {
        return alone(body, reading).map(|link| (link, total));
    };
    let (text, target) = (body.get(..bar)?, body.get(bar + 1..)?);
    let (target, tip) = target.split_once('|').unwrap_or((target, ""));
    let (target, tip) = (target.trim(), tip.trim());
    if let Some(id) = target.strip_prefix('~').filter(|id| !id.is_empty()) {
        let name = Some(text.trim().to_owned()).filter(|name| !name.is_empty());
        return Some((Inline::Mention { id: id.to_owned(), name }, total));
    }
    // How Markdown has a person.
    let is_account = target.strip_prefix("accountid:").is_some_and(|id| !id.trim().is_empty());
    if is_account && text.starts_with('@') {
        return Some((Inline::Mention { id: target.to_owned(), name: Some(text.to_owned()) }, total));
    }
    let is_nothing = target.strip_prefix('^').is_some_and(|name| !is_file(name));
    if target.is_empty() || is_nothing || is_hidden_script(target) || target.contains(char::is_control) {
        return None;
    }
    if text.trim().is_empty() {
        return alone(target, reading).map(|link| (link, total));
    }
    if reading == Reading::Editor && !target.starts_with('^') && !is_address(target, reading) {
        return Some((Inline::Text(rest.get(..total)?.to_owned()), total));
    }
    let url = match target.strip_prefix('^') {
        Some(name) => format!("attachment:{name}"),
        None => target.to_owned(),
    };
    if tip == "smart-link" {
        return Some((Inline::Card(url), total));
    }
    Some((Inline::Link { url, title: tip.to_owned(), content: linked(text, reading) }, total))
}

/// Whether it would run a script, by itself or with its character references resolved: Jira leaves those to browsers.
pub(super) fn is_hidden_script(url: &str) -> bool {
    is_script(url) || (url.contains('&') && is_script(&Entities::default().decode(url)))
}

/// Whether an attachment can be called so.
fn is_file(name: &str) -> bool {
    !name.is_empty()
        && name.trim() == name
        && !name.contains(|letter: char| letter == '|' || letter.is_control())
}

/// Where the text of a link ends; the parameters of a macro in it are no end.
fn separator(body: &str, reading: Reading) -> Option<usize> {
    let mut finder = Finder::new(body);
    let mut at = 0;
    loop {
        let rest = body.get(at..)?;
        let offset = rest.find(['|', '\\', '{'])?;
        let found = rest.get(offset..)?;
        at += offset;
        match found.chars().next()? {
            '|' => return Some(at),
            '\\' => at += 1 + found.chars().nth(1).map_or(0, char::len_utf8),
            _ => at += small_macro(found, at, &mut finder, reading).map_or(1, |(_, length)| length),
        }
    }
}

/// An address, or a place on the page, without a text of its own.
fn alone(body: &str, reading: Reading) -> Option<Inline> {
    if let Some(name) = body.strip_prefix('#') {
        return match reading {
            Reading::Editor => Some(link_to(body.to_owned(), body)),
            Reading::Jira => {
                let is_name = !name.is_empty() && !name.contains(['|', ' ']);
                is_name.then(|| link_to(body.to_owned(), name))
            }
        };
    }
    let shown = match reading {
        Reading::Editor => body.strip_prefix("mailto:").unwrap_or(body),
        Reading::Jira => body,
    };
    is_address(body, reading).then(|| link_to(body.to_owned(), shown))
}

fn is_address(target: &str, reading: Reading) -> bool {
    let has_scheme = |schemes: &[&str]| schemes.iter().any(|scheme| target.starts_with(scheme));
    match reading {
        Reading::Jira => has_scheme(&SCHEMES) && !target.contains(' '),
        Reading::Editor => {
            let is_known = has_scheme(&SCHEMES) || has_scheme(&OF_EDITOR) || target.starts_with(['/', '#']);
            is_known && !is_hidden_script(target)
        }
    }
}

fn link_to(url: String, shown: &str) -> Inline {
    Inline::Link { url, title: String::new(), content: vec![Inline::Text(shown.to_owned())] }
}

/// `!address|alt=text!`
pub(super) fn image(rest: &str) -> Option<(Inline, usize)> {
    let inside = rest.strip_prefix('!')?;
    let length = bounded(inside, '!', "\n")?;
    let body = inside.get(..length)?;
    let after = inside.get(length + 1..).and_then(|after| after.chars().next());
    let (url, parameters) = body.split_once('|').unwrap_or((body, ""));
    let ends_well = !url.ends_with(|letter: char| letter == '.' || letter.is_whitespace());
    let is_file = url.contains('.') && !url.starts_with(char::is_whitespace) && ends_well;
    let is_image = is_file
        && !is_hidden_script(url)
        && !after.is_some_and(char::is_alphanumeric)
        && !url.contains(['{', '[', '*'])
        && !url.contains(char::is_control);
    if !is_image {
        return None;
    }
    let mut parameters = Parameters::read(parameters, ',');
    let mut text = |name: &str| {
        Entities::default().decode(parameters.take(name).unwrap_or_default().trim_matches('"').trim())
    };
    let (alt, title, width, height) = (text("alt"), text("title"), text("width"), text("height"));
    // How Jira shows most files; a width in all but name.
    let thumbnail = if width.is_empty() { text("") } else { String::new() };
    let width = if thumbnail.is_empty() { width } else { thumbnail };
    let width = width.replace(['{', '}', '|', ',', '!', '\\'], "");
    let image = Image { url: url.to_owned(), alt, title, width, height };
    Some((Inline::Image(image).with(parameters.extra()), length + 2))
}

/// An address in running text, without the punctuation of the sentence around it.
pub(super) fn bare_link(rest: &str, reading: Reading) -> Option<(Inline, usize)> {
    let of_editor = OF_EDITOR.iter().filter(|_| reading == Reading::Editor);
    let scheme = SCHEMES.iter().chain(of_editor).find(|scheme| rest.starts_with(**scheme))?;
    let end = rest
        .find(|letter: char| letter.is_whitespace() || "|[]{}\\\"<>!".contains(letter))
        .unwrap_or(rest.len());
    let mut url = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':', '?', '\'', '*', '_', '-']);
    if url.ends_with(')') && !url.contains('(') {
        url = url.trim_end_matches(')');
    }
    let shown = url.strip_prefix("mailto:").unwrap_or(url);
    // The editor gives an address without a path the shortest one.
    let has_no_path = url.strip_prefix(scheme).is_some_and(|host| !host.contains(['/', '?', '#']));
    let is_web = scheme.starts_with("http");
    let target =
        if reading == Reading::Editor && is_web && has_no_path { format!("{url}/") } else { url.to_owned() };
    (url.len() > scheme.len()).then(|| (link_to(target, shown), url.len()))
}

/// Where `wanted` stands unescaped, before any of `barriers` and not too far away.
pub(super) fn bounded(text: &str, wanted: char, barriers: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().take(LONGEST) {
        steps::add(1);
        if is_escaped {
            is_escaped = false;
        } else if letter == wanted {
            return Some(at);
        } else if letter == '\\' {
            is_escaped = true;
        } else if barriers.contains(letter) {
            return None;
        }
    }
    None
}

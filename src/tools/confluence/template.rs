//! What becomes of a template's fields in a page: the editor of Confluence would ask for their values.

use std::sync::LazyLock;

use regex::Captures;
use regex::Regex;

static DECLARATIONS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)<at:declarations\b[^>]*?(?:/>|>.*?</at:declarations>)").ok());

static FIELD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"<at:var\b[^>]*?\bat:name="([^"]*)"[^>]*?(?:/>|>\s*</at:var>)"#).ok());

/// The text of a page, with the fields as their names in square brackets, and these names.
pub(super) fn page_of(template: &str) -> (String, Vec<String>) {
    let mut fields: Vec<String> = Vec::new();
    let text = match DECLARATIONS.as_ref() {
        Some(pattern) => pattern.replace_all(template, "").into_owned(),
        None => template.to_owned(),
    };
    let Some(pattern) = FIELD.as_ref() else { return (text, fields) };
    let page = pattern.replace_all(&text, |found: &Captures<'_>| {
        let name = found.get(1).map_or("", |name| name.as_str());
        if !fields.iter().any(|field| field == name) {
            fields.push(name.to_owned());
        }
        format!("[{name}]")
    });
    (page.into_owned(), fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_their_names_and_are_told() {
        let template = "<at:declarations><at:string at:name=\"who\" /></at:declarations><p>By <at:var at:name=\"who\" /> \
                        and <at:var at:rawxhtml=\"true\" at:name=\"who\"></at:var>, <at:var at:name=\"day\"/>.</p>";
        let (page, fields) = page_of(template);
        assert_eq!(page, "<p>By [who] and [who], [day].</p>");
        assert_eq!(fields, ["who", "day"]);
        assert_eq!(page_of("<p>tmpl</p>"), ("<p>tmpl</p>".to_owned(), Vec::new()));
    }
}

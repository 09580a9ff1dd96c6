//! Fields of hidden projects in a caller's query.
//!
//! A field of a team-managed project is one of that project alone, and Jira refuses a query by a field that there is not.
//! In the place of one that the caller may not see stands one that there is not: the answer, and the requests behind it,
//! are then Jira's own to that.

use serde_json::Value;

use super::Catalogue;
use super::Jira;
use super::called::Scopes;
use super::catalogue::CUSTOM;
use super::compared::Compared;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::net::UpstreamError;
use crate::policy::Narrowing;
use crate::policy::Read;
use crate::policy::Sight;

/// What a caller wrote, without the names of fields of hidden projects.
#[derive(Debug)]
pub(super) struct Masked {
    /// The query, or the one field.
    pub(super) text: String,
    /// What stands there, and what the caller wrote.
    instead: Vec<(String, String)>,
}

impl Masked {
    /// What needs none of it.
    pub(super) fn none(text: &str) -> Self {
        Self { text: text.to_owned(), instead: Vec::new() }
    }

    /// What Jira says, by the names that the caller wrote.
    pub(super) fn told(&self, error: UpstreamError) -> UpstreamError {
        if self.instead.is_empty() {
            return error;
        }
        error.with_messages(|message| {
            let back = |message: String, (there, written): &(String, String)| {
                // In quotes: a short name may be part of a word.
                ['\'', '"'].iter().fold(message, |message, quote| {
                    message.replace(&format!("{quote}{there}{quote}"), &format!("{quote}{written}{quote}"))
                })
            };
            self.instead.iter().fold(message.to_owned(), back)
        })
    }
}

impl Jira<'_> {
    /// A caller's query without the fields that only hidden projects have.
    pub(super) async fn masked(
        &self,
        permit: &Permit<Read>,
        jql: &str,
        sight: &Sight<'_>,
    ) -> Result<Masked, UpstreamError> {
        let mut fields = query::fields(jql);
        fields.retain(|(name, _)| Compared::known(&name.to_lowercase()).is_none());
        if fields.is_empty() {
            return Ok(Masked::none(jql));
        }
        let catalogue = self.catalogue(permit).await?;
        let scopes = self.scopes(permit, catalogue.listed()).await?;
        let is_hidden = |name: &str| is_hidden(name, &catalogue, &scopes, sight);
        let mut masked = Masked::none(jql);
        // From behind, so that the places before stay what they are.
        for (written, at) in fields.into_iter().rev().filter(|(name, _)| is_hidden(name)) {
            let there = stand_in(&written, &catalogue);
            let quote =
                jql.get(at.clone()).and_then(|text| text.chars().next()).filter(|c| "'\"".contains(*c));
            let quote = quote.map(String::from).unwrap_or_default();
            masked.text.replace_range(at, &format!("{quote}{there}{quote}"));
            masked.instead.push((there, written));
        }
        Ok(masked)
    }

    /// A field by its id; in the place of one that only hidden projects have, one that there is not.
    pub(super) async fn masked_field(
        &self,
        permit: &Permit<Read>,
        id: &str,
        sight: &Sight<'_>,
    ) -> Result<Masked, UpstreamError> {
        let mut masked = Masked::none(id);
        if sight.narrowing != Narrowing::Everything {
            let catalogue = self.catalogue(permit).await?;
            let scopes = self.scopes(permit, catalogue.listed()).await?;
            if is_hidden(id, &catalogue, &scopes, sight) {
                masked.text = stand_in(id, &catalogue);
                masked.instead.push((masked.text.clone(), id.to_owned()));
            }
        }
        Ok(masked)
    }
}

/// Whether fields have this name, and the caller may see none of them.
fn is_hidden(name: &str, catalogue: &Catalogue, scopes: &Scopes, sight: &Sight<'_>) -> bool {
    let meant: Vec<&Value> = catalogue.meant_by(&name.to_lowercase()).collect();
    !meant.is_empty() && !meant.into_iter().any(|field| scopes.shows(field, sight))
}

/// The name of a field that there is not, of the same kind and length, so that Jira speaks of the same places.
fn stand_in(written: &str, catalogue: &Catalogue) -> String {
    let is_free =
        |name: &String| Compared::known(name).is_none() && catalogue.meant_by(name).next().is_none();
    let numbered = ["cf[", CUSTOM].into_iter().find(|begin| written.to_lowercase().starts_with(begin));
    let digits = written.chars().filter(char::is_ascii_digit).count();
    let (prefix, suffix) = match numbered {
        Some("cf[") => ("cf[", "]"),
        Some(begin) => (begin, ""),
        None => ("", ""),
    };
    let (length, symbols) = match numbered {
        Some(_) => (digits, b"9876543210".as_slice()),
        None => (written.chars().count(), b"zyxwvutsrqponmlkjihgfedcb".as_slice()),
    };
    let name = |length: usize, number: usize| {
        let mut name = Vec::new();
        let mut rest = number;
        for _ in 0..length.max(1) {
            name.push(symbols.get(rest % symbols.len()).copied().unwrap_or(b'z'));
            rest /= symbols.len();
        }
        name.reverse();
        format!("{prefix}{}{suffix}", String::from_utf8_lossy(&name))
    };
    // Where all of the length are taken, a longer one is not.
    let candidates = |length: usize| 0..symbols.len().pow(u32::try_from(length.clamp(1, 3)).unwrap_or(1));
    let mut names = (length..).flat_map(|length| candidates(length).map(move |number| (length, number)));
    names.find_map(|(length, number)| Some(name(length, number)).filter(is_free)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_in_is_no_field_and_as_long() {
        let fields = ["zzzzzz", "Zzzzzy", "z", "y"].map(|name| json!({"id": name, "name": name}));
        let numbered =
            (0..100).map(|number| json!({"id": format!("customfield_{}", 99_999 - number), "name": "n"}));
        let all: Vec<Value> = fields.into_iter().chain(numbered).collect();
        let catalogue = Catalogue::read(Arc::new(all.into())).unwrap();
        let table = [
            ("Budget", "zzzzzx"),
            ("Größe", "zzzzz"),
            ("B", "x"),
            ("cf[10050]", "cf[99899]"),
            ("CF[7]", "cf[9]"),
            ("customfield_10050", "customfield_99899"),
        ];
        for (written, wanted) in table {
            assert_eq!(stand_in(written, &catalogue), wanted, "{written}");
        }
    }
}

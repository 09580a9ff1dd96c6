//! JQL and CQL as far as we must understand them: quotes, brackets, and where the order begins.
//!
//! Nothing is ever added to a caller's query before it was read here: an unbalanced bracket or quote could otherwise
//! reach around what is added.

mod clauses;
mod narrowed;

pub use clauses::Clause;
pub use clauses::clauses;
pub use clauses::fields;
pub use clauses::is_conjunction;
pub use narrowed::cql;
pub use narrowed::jql;

/// Why a query was refused; the text is for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A quote is not closed.
    #[error("the query has a quote that is not closed")]
    Quote,
    /// A backslash stands outside quotes.
    #[error("the query has a backslash outside quotes; put the value in quotes")]
    Backslash,
    /// Brackets do not match.
    #[error("the query's brackets do not match")]
    Bracket,
}

/// A query, split where its order begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// The condition, trimmed; may be empty.
    pub condition: &'a str,
    /// `ORDER BY ...`, trimmed; may be empty.
    pub order: &'a str,
}

/// Reads a query and splits it.
pub fn split(query: &str) -> Result<Split<'_>, QueryError> {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut escaped = false;
    let mut order = None;
    let mut boundary = true;
    for (index, character) in query.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, character) {
            (Some(_), '\\') => escaped = true,
            (None, '\\') => return Err(QueryError::Backslash),
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1).ok_or(QueryError::Bracket)?,
            (None, 'o' | 'O') if boundary && depth == 0 && order.is_none() => {
                order = query.get(index..).is_some_and(begins_order).then_some(index);
            }
            _ => {}
        }
        boundary = character.is_whitespace() || character == ')' || character == '"' || character == '\'';
    }
    if quote.is_some() || escaped {
        return Err(QueryError::Quote);
    }
    if depth > 0 {
        return Err(QueryError::Bracket);
    }
    let (condition, order) = query.split_at(order.unwrap_or(query.len()));
    Ok(Split { condition: condition.trim(), order: order.trim() })
}

/// `(condition) AND (restriction) ORDER BY ...`; an empty restriction changes nothing but the check.
pub fn restrict(query: &str, restrictions: &[String]) -> Result<String, QueryError> {
    let split = split(query)?;
    if restrictions.is_empty() {
        return Ok(query.to_owned());
    }
    let mut parts = Vec::with_capacity(restrictions.len() + 1);
    if !split.condition.is_empty() {
        parts.push(format!("({})", split.condition));
    }
    parts.extend(restrictions.iter().map(|restriction| format!("({restriction})")));
    let mut query = parts.join(" AND ");
    if !split.order.is_empty() {
        query.push(' ');
        query.push_str(split.order);
    }
    Ok(query)
}

/// The names in a list as clients write it: comma-separated, or as a JSON array of texts.
pub fn listed(text: &str) -> Vec<String> {
    let trimmed = |name: &str| Some(name.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(names) => names.iter().filter_map(|name| trimmed(name)).collect(),
        Err(_) => text.split(',').filter_map(trimmed).collect(),
    }
}

/// A text as a quoted value of JQL or CQL.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            control if control.is_control() => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A key as a value: bare where the language takes it bare.
pub fn key_value(key: &str) -> String {
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let number = key.bytes().next().is_none_or(|byte| byte.is_ascii_digit());
    if plain && !number && !is_reserved(key) { key.to_owned() } else { quoted(key) }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.split_ascii_whitespace().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

fn begins_order(rest: &str) -> bool {
    let mut words = rest.split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("order"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("by"))
}

/// JQL's reserved words, from Atlassian's documentation ("Reserved words" of advanced searching).
const RESERVED: &str = "\
    a an abort access add after alias all alter and any are as asc at audit avg be before begin between \
    boolean break but by byte catch cf char character check checkpoint collate collation column commit \
    connect continue count create current date decimal declare decrement default defaults define delete \
    delimiter desc difference distinct divide do double drop else empty encoding end equals escape \
    exclusive exec execute exists explain false fetch field file first float for from function go goto \
    grant greater group having identified if immediate in increment index initial inner inout input \
    insert int integer intersect intersection into is isempty isnull it join last left less like limit \
    lock long max min minus mode modify modulo more multiply next no noaudit not notin nowait null \
    number object of on option or order outer output power previous prior privileges public raise raw \
    remainder rename resource return returns revoke right row rowid rownum rows select session set share \
    size sqrt start strict string subtract such sum synonym table that the their then there these they \
    this to trans transaction trigger true uid union unique update user validate values view was when \
    whenever where while will with";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_restriction_cannot_be_reached_around() {
        let only = ["project = OPS".to_owned()];
        let table = [
            ("status = Open ORDER BY created", Ok("(status = Open) AND (project = OPS) ORDER BY created")),
            ("order by created desc", Ok("(project = OPS) order by created desc")),
            ("", Ok("(project = OPS)")),
            ("summary ~ \"order by x\"", Ok("(summary ~ \"order by x\") AND (project = OPS)")),
            ("summary ~ 'a)'", Ok("(summary ~ 'a)') AND (project = OPS)")),
            ("project = SECRET) OR (project = SECRET", Err(QueryError::Bracket)),
            ("a = \"b", Err(QueryError::Quote)),
            ("a = b\\", Err(QueryError::Backslash)),
            ("a = \"b\\", Err(QueryError::Quote)),
            ("((a = b)", Err(QueryError::Bracket)),
            ("border = 1 AND reorder by", Ok("(border = 1 AND reorder by) AND (project = OPS)")),
        ];
        for (query, wanted) in table {
            assert_eq!(restrict(query, &only).as_deref(), wanted.as_ref().map(|text| &**text), "{query}");
        }
    }

    #[test]
    fn a_list_is_taken_as_clients_write_it() {
        let table: [(&str, &[&str]); 6] = [
            ("summary, status", &["summary", "status"]),
            (" , ", &[]),
            ("[\"summary\", \" status \", \"\"]", &["summary", "status"]),
            ("[]", &[]),
            ("[1]", &["[1]"]),
            ("Story Points", &["Story Points"]),
        ];
        for (text, wanted) in table {
            assert_eq!(listed(text), wanted, "{text}");
        }
    }

    #[test]
    fn ghsa_6rrj_values_are_quoted() {
        assert_eq!(quoted("say \"hi\" \\ now"), "\"say \\\"hi\\\" \\\\ now\"");
        assert_eq!(key_value("OPS"), "OPS");
        for reserved in ["AND", "order", "A", "with"] {
            assert_eq!(key_value(reserved), format!("\"{reserved}\""));
        }
        assert_eq!(key_value("~ann"), "\"~ann\"");
    }

    proptest! {
        #[test]
        fn what_is_added_stays_outside(query in ".{0,60}") {
            if let Ok(whole) = restrict(&query, &["project = OPS".to_owned()]) {
                let read = split(&whole).unwrap();
                prop_assert!(read.condition.ends_with("(project = OPS)"), "{whole}");
            }
        }

        #[test]
        fn a_quoted_text_is_one_value(text in ".{0,60}") {
            let value = quoted(&text);
            let read = split(&value).unwrap();
            prop_assert_eq!(read.condition, value.as_str());
        }
    }
}

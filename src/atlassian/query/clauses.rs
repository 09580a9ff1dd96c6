//! What a query of JQL names, field by field.

/// A field, and the values it is compared with, in functions as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The field, in small letters.
    pub field: String,
    /// The values as Jira reads them: without quotes and escapes.
    pub values: Vec<String>,
    /// Whether the values are texts to look for, and no objects.
    pub is_text: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Symbol(char),
}

/// Words that stand between a field and its values.
const OPERATORS: &[&str] = &[
    "in", "not", "is", "was", "changed", "empty", "null", "by", "before", "after", "during", "on", "from",
    "to",
];

/// The clauses of a query; where it is no query, whatever looks like one.
pub fn clauses(query: &str) -> Vec<Clause> {
    let tokens = tokens(query);
    let mut clauses = Vec::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        rest = after;
        let field = match first {
            Token::Word(word) if is_word(word, &["and", "or", "not"]) => continue,
            Token::Word(field) | Token::Quoted(field) => field.to_lowercase(),
            Token::Symbol(_) => continue,
        };
        let end = end_of_clause(rest);
        let (inside, after) = rest.split_at(end);
        let is_text = inside.contains(&Token::Symbol('~'));
        clauses.push(Clause { field, values: values(inside), is_text });
        rest = after;
    }
    clauses
}

/// Where the next clause may begin.
fn end_of_clause(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')' | '&' | '|') if depth == 0 => return index,
            Token::Symbol(')') => depth -= 1,
            Token::Word(word) if depth == 0 && is_word(word, &["and", "or", "order"]) => return index,
            _ => {}
        }
    }
    tokens.len()
}

fn values(tokens: &[Token]) -> Vec<String> {
    let next = tokens.iter().skip(1).map(Some).chain([None]);
    let named = tokens.iter().zip(next).filter_map(|(token, next)| match token {
        // The name of a function is no value.
        Token::Word(word) if is_word(word, OPERATORS) || next == Some(&Token::Symbol('(')) => None,
        Token::Word(text) | Token::Quoted(text) => Some(text.clone()),
        Token::Symbol(_) => None,
    });
    named.collect()
}

fn is_word(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn tokens(query: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = query.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            blank if blank.is_whitespace() => {}
            '"' | '\'' => tokens.push(Token::Quoted(quoted(&mut rest, character))),
            '(' | ')' | ',' | '=' | '!' | '<' | '>' | '~' | '&' | '|' => {
                tokens.push(Token::Symbol(character));
            }
            first => {
                let mut word = String::from(first);
                while let Some(next) = rest.next_if(|c| !c.is_whitespace() && !"()=,~<>!&|\"'".contains(*c)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

/// The rest of a quoted text, its escapes resolved.
fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> String {
    let mut text = String::new();
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next() {
                Some('u') => {
                    let digits: String = (0..4).filter_map(|_| rest.next()).collect();
                    text.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some('n' | 't' | 'r') => text.push(' '),
                other => text.extend(other),
            },
            end if end == quote => break,
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(query: &str) -> String {
        let shown = |clause: Clause| format!("{}: {}", clause.field, clause.values.join("/"));
        clauses(query).into_iter().map(shown).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn values_are_found_field_by_field() {
        let table = [
            ("project = OPS", "project: OPS"),
            ("PROJECT in (ops, \"S\\u0045CRET\") AND status=Done", "project: ops/SECRET; status: Done"),
            ("NOT(project!=SECRET||key not in('A-1',B-2))", "project: SECRET; key: A-1/B-2"),
            ("issue in linkedIssues(\"X-1\", blocks) and labels is not EMPTY", "issue: X-1/blocks; labels: "),
            ("'Epic Link' = \"A OR project = B\" order by key", "epic link: A OR project = B; order: key"),
            ("", ""),
        ];
        for (query, wanted) in table {
            assert_eq!(shown(query), wanted, "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(query in ".{0,60}") {
            let values: usize = clauses(&query).iter().map(|clause| clause.values.len()).sum();
            prop_assert!(values <= query.len());
        }
    }
}

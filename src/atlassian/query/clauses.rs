//! What a query of JQL names, field by field.

/// A field, and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The field, in small letters.
    pub field: String,
    /// The values as Jira reads them: without quotes and escapes.
    pub values: Vec<String>,
    /// What functions among them are given, read in the same way.
    pub arguments: Vec<String>,
    /// Whether the values are texts to look for, and no objects.
    pub is_text: bool,
    /// Whether the field is to equal one value: `field = value`.
    pub is_equal: bool,
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
        let is_equal = matches!(inside, [Token::Symbol('='), Token::Word(_) | Token::Quoted(_)]);
        let (values, arguments) = values(inside);
        clauses.push(Clause { field, values, arguments, is_text, is_equal });
        rest = after;
    }
    clauses
}

/// Whether every clause of a query must hold, whatever brackets there are: nothing is an alternative, and nothing is
/// turned around but the values of a field (`!=`, `!~`, `not in`, `is not`).
pub fn is_conjunction(query: &str) -> bool {
    let tokens = tokens(query);
    let at = |index: Option<usize>| index.and_then(|index| tokens.get(index));
    let is = |token: Option<&Token>, known: &str| matches!(token, Some(Token::Word(word)) if is_word(word, &[known]));
    tokens.iter().enumerate().all(|(index, token)| {
        let (before, after) = (at(index.checked_sub(1)), at(index.checked_add(1)));
        match token {
            Token::Symbol('|') => false,
            Token::Symbol('!') => matches!(after, Some(Token::Symbol('=' | '~'))),
            Token::Word(word) if is_word(word, &["or"]) => false,
            Token::Word(word) if is_word(word, &["not"]) => is(before, "is") || is(after, "in"),
            _ => true,
        }
    })
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

/// Words after which stands who changed a value or when, and those after which stand values again.
const NO_VALUES: &[&str] = &["by", "before", "after", "during", "on"];
const VALUES: &[&str] = &["from", "to", "in"];

/// The values, and what functions are given.
fn values(tokens: &[Token]) -> (Vec<String>, Vec<String>) {
    let (mut values, mut arguments) = (Vec::new(), Vec::new());
    let (mut is_of_values, mut depth, mut function) = (true, 0_usize, None);
    let next = tokens.iter().skip(1).map(Some).chain([None]);
    for (token, next) in tokens.iter().zip(next) {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => {
                depth = depth.saturating_sub(1);
                function = function.filter(|begun| *begun < depth);
            }
            Token::Symbol(_) => {}
            Token::Word(word) if is_word(word, OPERATORS) => {
                is_of_values = (is_of_values || is_word(word, VALUES)) && !is_word(word, NO_VALUES);
            }
            // The name of a function is no value.
            Token::Word(_) if next == Some(&Token::Symbol('(')) => function = function.or(Some(depth)),
            Token::Word(text) | Token::Quoted(text) if is_of_values => {
                if function.is_some() { &mut arguments } else { &mut values }.push(text.clone());
            }
            Token::Word(_) | Token::Quoted(_) => {}
        }
    }
    (values, arguments)
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
        let shown = |clause: Clause| {
            let values: Vec<String> = clause
                .values
                .into_iter()
                .chain(clause.arguments.into_iter().map(|text| format!("({text})")))
                .collect();
            format!("{}: {}", clause.field, values.join("/"))
        };
        clauses(query).into_iter().map(shown).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn values_are_found_field_by_field() {
        let table = [
            ("project = OPS", "project: OPS"),
            ("PROJECT in (ops, \"S\\u0045CRET\") AND status=Done", "project: ops/SECRET; status: Done"),
            ("NOT(project!=SECRET||key not in('A-1',B-2))", "project: SECRET; key: A-1/B-2"),
            (
                "issue in linkedIssues(\"X-1\", blocks) and labels is not EMPTY",
                "issue: (X-1)/(blocks); labels: ",
            ),
            ("fixVersion in (releasedVersions(OPS, \"A\"), '1.0')", "fixversion: 1.0/(OPS)/(A)"),
            ("fixVersion changed by ann from 1.0 to (2.0, 3.0) on x", "fixversion: 1.0/2.0/3.0"),
            ("a in (f(g(b), c), d) AND e = h", "a: d/(b)/(c); e: h"),
            ("'Epic Link' = \"A OR project = B\" order by key", "epic link: A OR project = B; order: "),
            ("", ""),
        ];
        for (query, wanted) in table {
            assert_eq!(shown(query), wanted, "{query}");
        }
    }

    #[test]
    fn it_is_known_where_every_clause_must_hold() {
        let table = [
            ("", true),
            ("key = OPS-1", true),
            ("(key = OPS-1) AND (project = OPS && (status not in (Done) and due is not EMPTY))", true),
            ("status != Done AND summary !~ \"a or not b\" AND key = 'OPS-1'", true),
            ("key = OPS-1 OR project = DEV", false),
            ("key = OPS-1 oR project = DEV", false),
            ("key=OPS-1||project=DEV", false),
            ("key=OPS-1|project=DEV", false),
            ("NOT key = OPS-1", false),
            ("project = OPS AND not(key = OPS-1)", false),
            ("project = OPS AND !(key = OPS-1)", false),
            ("!key = OPS-1", false),
            ("status was not Done", false),
        ];
        for (query, wanted) in table {
            assert_eq!(is_conjunction(query), wanted, "{query}");
        }
    }

    #[test]
    fn one_value_is_told_from_several_and_from_others() {
        let table = [
            ("key = OPS-1", true),
            ("key=\"OPS-1\" AND a != b", true),
            ("(key = OPS-1)", true),
            ("key != OPS-1", false),
            ("key <= OPS-1", false),
            ("key in (OPS-1)", false),
            ("key = f(OPS-1)", false),
            ("key = (OPS-1)", false),
            ("key = OPS-1 OPS-2", false),
            ("key", false),
        ];
        for (query, wanted) in table {
            assert_eq!(clauses(query).first().unwrap().is_equal, wanted, "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(query in ".{0,60}") {
            let values: usize =
                clauses(&query).iter().map(|clause| clause.values.len() + clause.arguments.len()).sum();
            prop_assert!(values <= query.len());
        }
    }
}

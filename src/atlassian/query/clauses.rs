//! What a query of JQL names, field by field.

use std::ops::Range;
use std::str::Chars;

/// A field, and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The field, in small letters.
    pub field: String,
    /// The values as Jira reads them: without quotes and escapes.
    pub values: Vec<String>,
    /// What functions among them are given, read in the same way.
    pub arguments: Vec<String>,
    /// The functions that are given something, as the query spells them.
    pub functions: Vec<String>,
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
        let Some(field) = field_of(first) else { continue };
        let (inside, after) = rest.split_at(end_of_clause(rest));
        let is_text = inside.contains(&Token::Symbol('~'));
        let is_equal = matches!(inside, [Token::Symbol('='), Token::Word(_) | Token::Quoted(_)]);
        let Given { values, arguments, functions } = Given::read(inside);
        let field = field.to_lowercase();
        clauses.push(Clause { field, values, arguments, functions, is_text, is_equal });
        rest = after;
    }
    clauses
}

/// The field that a clause begins with, if one begins here.
fn field_of(first: &Token) -> Option<&str> {
    match first {
        Token::Word(word) if is_word(word, &["and", "or", "not"]) => None,
        Token::Word(field) | Token::Quoted(field) => Some(field),
        Token::Symbol(_) => None,
    }
}

/// The fields of a query as it spells them, those it is ordered by too, and where they stand.
pub fn fields(query: &str) -> Vec<(String, Range<usize>)> {
    let (tokens, places): (Vec<Token>, Vec<Range<usize>>) =
        placed(query).into_iter().map(|placed| (placed.token, placed.at)).unzip();
    let mut fields = Vec::new();
    let mut start = 0;
    while let Some([first, after @ ..]) = tokens.get(start..) {
        let is_order = matches!(
            (first, after.first()),
            (Token::Word(order), Some(Token::Word(by))) if is_word(order, &["order"]) && is_word(by, &["by"])
        );
        let here = start;
        start += if is_order { 2 } else { 1 };
        if is_order {
            let sorts = tokens.get(start..).unwrap_or_default().split(|token| *token == Token::Symbol(','));
            for sort in sorts {
                fields.extend(sort.first().and_then(field_of).map(|field| (field.to_owned(), start)));
                start += sort.len() + 1;
            }
        } else if let Some(field) = field_of(first) {
            fields.push((field.to_owned(), here));
            start += end_of_clause(after);
        }
    }
    fields.into_iter().filter_map(|(field, index)| Some((field, places.get(index)?.clone()))).collect()
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

/// What stands behind a field.
#[derive(Debug, Default)]
struct Given {
    values: Vec<String>,
    arguments: Vec<String>,
    functions: Vec<String>,
}

impl Given {
    fn read(tokens: &[Token]) -> Self {
        let mut given = Self::default();
        let (mut is_of_values, mut depth, mut function) = (true, 0_usize, None);
        let mut rest = tokens;
        while let [token, after @ ..] = rest {
            rest = after;
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
                // The name of a function, which may stand in quotes, is no value.
                Token::Word(name) | Token::Quoted(name) if after.first() == Some(&Token::Symbol('(')) => {
                    function = function.or(Some(depth));
                    if after.get(1) != Some(&Token::Symbol(')')) {
                        given.functions.push(name.clone());
                    }
                }
                Token::Word(text) | Token::Quoted(text) if is_of_values => {
                    let into = if function.is_some() { &mut given.arguments } else { &mut given.values };
                    into.push(text.clone());
                }
                Token::Word(_) | Token::Quoted(_) => {}
            }
        }
        given
    }
}

fn is_word(word: &str, known: &[&str]) -> bool {
    known.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn tokens(query: &str) -> Vec<Token> {
    placed(query).into_iter().map(|placed| placed.token).collect()
}

/// A token, and where it stands.
#[derive(Debug)]
struct Placed {
    token: Token,
    at: Range<usize>,
}

fn placed(query: &str) -> Vec<Placed> {
    let mut tokens = Vec::new();
    let mut rest = query.chars();
    loop {
        let from = query.len() - rest.as_str().len();
        let token = match rest.next() {
            None => return tokens,
            Some(blank) if blank.is_whitespace() => continue,
            Some(quote @ ('"' | '\'')) => Token::Quoted(quoted(&mut rest, quote)),
            Some(symbol @ ('(' | ')' | ',' | '=' | '!' | '<' | '>' | '~' | '&' | '|')) => {
                Token::Symbol(symbol)
            }
            Some(first) => {
                let mut word = String::from(first);
                while let Some(next) =
                    next_if(&mut rest, |next| !next.is_whitespace() && !"()=,~<>!&|\"'".contains(next))
                {
                    word.push(next);
                }
                close_bracket(&mut word, &mut rest);
                Token::Word(word)
            }
        };
        tokens.push(Placed { token, at: from..query.len() - rest.as_str().len() });
    }
}

fn next_if(rest: &mut Chars<'_>, fits: impl Fn(char) -> bool) -> Option<char> {
    let mut ahead = rest.clone();
    let next = ahead.next().filter(|next| fits(*next))?;
    *rest = ahead;
    Some(next)
}

/// Reads on to the end of `cf[10020]`, in which there may be blanks.
fn close_bracket(word: &mut String, rest: &mut Chars<'_>) {
    let is_begun = |word: &str| {
        let begun = word.to_ascii_lowercase();
        begun == "cf" || (begun.starts_with("cf[") && !begun.ends_with(']'))
    };
    let mut ahead = rest.clone();
    while is_begun(word) {
        let Some(next) = ahead.find(|next| !next.is_whitespace()) else { return };
        let fits = if word.len() == "cf".len() { next == '[' } else { next == ']' || next.is_ascii_digit() };
        if !fits {
            return;
        }
        word.push(next);
        *rest = ahead.clone();
    }
}

/// The rest of a quoted text, its escapes resolved.
fn quoted(rest: &mut Chars<'_>, quote: char) -> String {
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
            ("cf[7] = a AND cf [ 1 0 ]!= b AND CF[ 8]in (c)", "cf[7]: a; cf[10]: b; cf[8]: c"),
            ("cf = a AND cf[ x", "cf: a; cf[: x"),
            ("'Epic Link' = \"A OR project = B\" order by key", "epic link: A OR project = B; order: "),
            ("", ""),
        ];
        for (query, wanted) in table {
            assert_eq!(shown(query), wanted, "{query}");
        }
    }

    #[test]
    fn fields_are_found_where_they_stand() {
        let table = [
            (
                "a = b AND NOT (\"C d\" in (e, f(g)) OR h ~ i) order  by J desc, \"k l\",m",
                "a|\"C d\"|h|J|\"k l\"|m",
            ),
            ("cf[7] = a || cf [ 8 ] is EMPTY", "cf[7]|cf [ 8 ]"),
            ("ORDER BY 'ä'", "'ä'"),
            ("order = 7", "order"),
            ("", ""),
            ("(and", ""),
        ];
        for (query, wanted) in table {
            let found: Vec<&str> = fields(query).into_iter().map(|(_, at)| &query[at]).collect();
            assert_eq!(found.join("|"), wanted, "{query}");
        }
        assert_eq!(fields("'a\\'b' = c").first().unwrap().0, "a'b");
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
    fn functions_are_known_wherever_they_stand() {
        let table = [
            ("assignee = currentUser()", ""),
            ("issue in linkedIssuesOf(\"project = A\")", "linkedIssuesOf"),
            ("issue not in ( \"linkedIssuesOf\" (\"project = A\"), B-1, f( ), 'g'(h))", "linkedIssuesOf/g"),
            ("summary ~ f('a')", "f"),
            ("status was Done by f(a) before g(b)", "f/g"),
            ("status in (Done, Open)", ""),
            ("project in (f(a, g(b)))", "f/g"),
        ];
        for (query, wanted) in table {
            let found: Vec<String> = clauses(query).into_iter().flat_map(|clause| clause.functions).collect();
            assert_eq!(found.join("/"), wanted, "{query}");
        }
        let quoted = "assignee in \"f\"(\"A-1\")";
        assert_eq!(shown(quoted), "assignee: (A-1)");
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
            prop_assert!(fields(&query).iter().all(|(_, at)| query.get(at.clone()).is_some()));
        }
    }
}

//! Text of a query to tokens with positions. Never panics, whatever the text.

use super::SyntaxError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A bare word: keyword, field or value.
    Word(String),
    /// A quoted string with its escapes resolved: never a keyword.
    Quoted(String),
    /// `(`, `)`, `,` or an operator.
    Symbol(&'static str),
    End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    pub(crate) line: usize,
    pub(crate) character: usize,
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
    character: usize,
}

/// Longest first, so that `!=` is not read as `!`.
const SYMBOLS: [&str; 15] = ["!=", "!~", "<=", ">=", "&&", "||", "(", ")", ",", "=", "~", "<", ">", "!", "&"];
const RESERVED: &str = "{}*/%+^$#@?;`";

impl Token {
    /// The token as an error message shows it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Quoted(text) => format!("'{text}'"),
            Self::Symbol(symbol) => format!("'{symbol}'"),
            Self::End => "the end of the query".to_owned(),
        }
    }

    pub(crate) fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Splits a query; the last lexeme is always [`Token::End`].
pub(crate) fn lex(text: &str) -> Result<Vec<Lexeme>, SyntaxError> {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, character: 1 };
    let mut lexemes = Vec::new();
    loop {
        while reader.rest.peek().is_some_and(|c| c.is_whitespace()) {
            reader.next();
        }
        let (line, character) = (reader.line, reader.character);
        let token = reader.token()?;
        let done = token == Token::End;
        lexemes.push(Lexeme { token, line, character });
        if done {
            return Ok(lexemes);
        }
    }
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
            self.character = 1;
        } else {
            self.character += 1;
        }
        Some(c)
    }

    fn token(&mut self) -> Result<Token, SyntaxError> {
        let Some(&first) = self.rest.peek() else { return Ok(Token::End) };
        if first == '"' || first == '\'' {
            return self.quoted(first);
        }
        if let Some(symbol) = self.symbol() {
            return Ok(Token::Symbol(symbol));
        }
        self.word()
    }

    fn symbol(&mut self) -> Option<&'static str> {
        let mut ahead = self.rest.clone();
        let pair = (ahead.next(), ahead.next());
        let found = SYMBOLS.into_iter().chain(["|"]).find(|symbol| {
            let mut characters = symbol.chars();
            characters.next() == pair.0 && characters.next().is_none_or(|second| Some(second) == pair.1)
        })?;
        for _ in found.chars() {
            self.next();
        }
        Some(found)
    }

    fn quoted(&mut self, quote: char) -> Result<Token, SyntaxError> {
        let (line, character) = (self.line, self.character);
        self.next();
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '\\' => text.push(self.escape()?),
                _ if c == quote => return Ok(Token::Quoted(text)),
                _ => text.push(c),
            }
        }
        Err(SyntaxError {
            message: format!("The quoted string '{text}' has not been completed."),
            line,
            character,
        })
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let (line, character) = (self.line, self.character);
        let illegal = |shown: String| SyntaxError {
            message: format!(
                "'\\{shown}' is an illegal JQL escape sequence. The valid escape sequences are \\', \\\", \\t, \\n, \
                 \\r, \\\\, '\\ ' and \\uXXXX."
            ),
            line,
            character,
        };
        match self.next() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some(c @ ('"' | '\'' | '\\' | ' ')) => Ok(c),
            Some('u') => {
                let digits: String = (0..4).filter_map(|_| self.next()).collect();
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                code.and_then(char::from_u32).ok_or_else(|| illegal(format!("u{digits}")))
            }
            Some(c) => Err(illegal(c.to_string())),
            None => Err(illegal(String::new())),
        }
    }

    fn word(&mut self) -> Result<Token, SyntaxError> {
        let mut text = String::new();
        while let Some(&c) = self.rest.peek() {
            if c.is_whitespace() || "()=,~<>!&|\"'".contains(c) {
                break;
            }
            if c == '\\' {
                self.next();
                text.push(self.escape()?);
                continue;
            }
            // `cf[10010]` is the one place where brackets may stand.
            let bracket = matches!(c, '[' | ']');
            let custom_field = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("cf"));
            if RESERVED.contains(c) || (bracket && !custom_field) {
                return Err(SyntaxError {
                    message: format!(
                        "The character '{c}' is a reserved JQL character. You must enclose it in a string or use \
                         the escape '\\u{:04x}' instead.",
                        u32::from(c)
                    ),
                    line: self.line,
                    character: self.character,
                });
            }
            self.next();
            text.push(c);
        }
        Ok(Token::Word(text))
    }
}

//! Tokens to a [`Query`]: recursive descent with a bound on nesting, so that no text can exhaust the stack.

use super::Clause;
use super::Expression;
use super::Operand;
use super::Operator;
use super::Order;
use super::Query;
use super::SyntaxError;
use super::lexer::Lexeme;
use super::lexer::Token;
use super::lexer::lex;

const DEEPEST: usize = 64;

/// Words that a value or field may only be when quoted.
const RESERVED: &str = " a an abort access add after alias all alter and any are as asc at audit avg be before begin \
    between boolean break but by byte catch cf char character check checkpoint collate collation column commit \
    connect continue count create current date decimal declare decrement default defaults define delete delimiter \
    desc difference distinct divide do double drop else empty encoding end equals escape exclusive exec execute \
    exists explain false fetch file field first float for from function go goto grant greater group having \
    identified if immediate in increment index initial inner inout input insert int integer intersect intersection \
    into is isempty isnull join last left less like limit lock long max min minus mode modify modulo more multiply \
    next noaudit not notin nowait null number object of on option or order outer output power previous prior \
    privileges public raise raw remainder rename resource return returns revoke right row rowid rownum rows select \
    session set share size sqrt start strict string subtract sum synonym table then to trans transaction trigger \
    true uid union unique unlock update user validate values view when whenever where while with ";

struct Parser {
    lexemes: std::vec::IntoIter<Lexeme>,
    current: Lexeme,
    reserved: bool,
}

/// Which words are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Jql,
    Cql,
}

/// Reads a query of either language.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Query, SyntaxError> {
    let mut lexemes = lex(text)?.into_iter();
    let end = Lexeme { token: Token::End, line: 1, character: 1 };
    let current = lexemes.next().unwrap_or(end);
    let mut parser = Parser { lexemes, current, reserved: dialect == Dialect::Jql };
    let starts_with_order = parser.current.token.is_keyword("order");
    let filter = match parser.current.token {
        Token::End => None,
        _ if starts_with_order => None,
        _ => Some(parser.any(0)?),
    };
    let order = parser.order()?;
    if parser.current.token != Token::End {
        return Err(parser.expected("either 'OR' or 'AND'"));
    }
    Ok(Query { filter, order })
}

impl Parser {
    fn advance(&mut self) -> Token {
        let end = Lexeme { token: Token::End, line: self.current.line, character: self.current.character };
        std::mem::replace(&mut self.current, self.lexemes.next().unwrap_or(end)).token
    }

    fn takes(&mut self, keyword: &str, symbols: &[&str]) -> bool {
        let token = &self.current.token;
        let matches = (!keyword.is_empty() && token.is_keyword(keyword))
            || matches!(token, Token::Symbol(symbol) if symbols.contains(symbol));
        if matches {
            self.advance();
        }
        matches
    }

    fn expected(&self, what: &str) -> SyntaxError {
        self.error(format!("Expecting {what} but got {}.", self.current.token.shown()))
    }

    fn error(&self, message: String) -> SyntaxError {
        SyntaxError { message, line: self.current.line, character: self.current.character }
    }

    fn any(&mut self, depth: usize) -> Result<Expression, SyntaxError> {
        let first = self.all(depth)?;
        let mut parts = vec![first];
        while self.takes("or", &["||", "|"]) {
            parts.push(self.all(depth)?);
        }
        Ok(joined(parts, Expression::Or))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, SyntaxError> {
        let first = self.one(depth)?;
        let mut parts = vec![first];
        while self.takes("and", &["&&", "&"]) {
            parts.push(self.one(depth)?);
        }
        Ok(joined(parts, Expression::And))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, SyntaxError> {
        if depth > DEEPEST {
            return Err(self.error("The query is nested too deeply.".to_owned()));
        }
        if self.takes("not", &["!"]) {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("", &["("]) {
            let inner = self.any(depth + 1)?;
            if !self.takes("", &[")"]) {
                return Err(self.expected("')'"));
            }
            return Ok(inner);
        }
        self.clause().map(Expression::Clause)
    }

    fn clause(&mut self) -> Result<Clause, SyntaxError> {
        let field = self.name("a field name")?;
        let operator = self.operator()?;
        let operands = match operator {
            Operator::In | Operator::NotIn => self.list()?,
            Operator::Is | Operator::IsNot => {
                if !(self.takes("empty", &[]) || self.takes("null", &[])) {
                    return Err(self.expected("'EMPTY' or 'NULL'"));
                }
                vec![Operand::Empty]
            }
            _ => vec![self.operand()?],
        };
        Ok(Clause { field, operator, operands })
    }

    fn operator(&mut self) -> Result<Operator, SyntaxError> {
        if self.takes("in", &[]) {
            return Ok(Operator::In);
        }
        if self.takes("is", &[]) {
            return Ok(if self.takes("not", &[]) { Operator::IsNot } else { Operator::Is });
        }
        if self.takes("not", &[]) {
            return if self.takes("in", &[]) { Ok(Operator::NotIn) } else { Err(self.expected("'IN'")) };
        }
        let operator = match self.current.token {
            Token::Symbol("=") => Operator::Equals,
            Token::Symbol("!=") => Operator::Differs,
            Token::Symbol("~") => Operator::Contains,
            Token::Symbol("!~") => Operator::Lacks,
            Token::Symbol("<") => Operator::Less,
            Token::Symbol("<=") => Operator::AtMost,
            Token::Symbol(">") => Operator::More,
            Token::Symbol(">=") => Operator::AtLeast,
            _ => {
                return Err(self.error(format!(
                    "Expecting operator but got {}. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', \
                     '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.",
                    self.current.token.shown()
                )));
            }
        };
        self.advance();
        Ok(operator)
    }

    fn list(&mut self) -> Result<Vec<Operand>, SyntaxError> {
        if !self.takes("", &["("]) {
            let operand = self.operand()?;
            return if matches!(operand, Operand::Function(..)) {
                Ok(vec![operand])
            } else {
                Err(self.error("Expecting a list or a function after 'IN'.".to_owned()))
            };
        }
        let mut operands = vec![self.operand()?];
        while self.takes("", &[","]) {
            operands.push(self.operand()?);
        }
        if !self.takes("", &[")"]) {
            return Err(self.expected("')' or ','"));
        }
        Ok(operands)
    }

    fn operand(&mut self) -> Result<Operand, SyntaxError> {
        if self.takes("empty", &[]) || self.takes("null", &[]) {
            return Ok(Operand::Empty);
        }
        let name = self.name("either a value, list or function")?;
        if !self.takes("", &["("]) {
            return Ok(Operand::Text(name));
        }
        let mut arguments = Vec::new();
        while !self.takes("", &[")"]) {
            if !arguments.is_empty() && !self.takes("", &[","]) {
                return Err(self.expected("')' or ','"));
            }
            arguments.push(self.name("a function argument")?);
        }
        Ok(Operand::Function(name, arguments))
    }

    fn name(&mut self, what: &str) -> Result<String, SyntaxError> {
        match &self.current.token {
            Token::Word(word) if self.is_reserved(word) => Err(self.error(format!(
                "Expecting {what} but got '{word}'. You must surround '{word}' in quotation marks to use it as a \
                 value: it is a reserved word."
            ))),
            Token::Word(_) | Token::Quoted(_) => match self.advance() {
                Token::Word(text) | Token::Quoted(text) => Ok(text),
                Token::Symbol(_) | Token::End => Ok(String::new()),
            },
            Token::Symbol(_) | Token::End => Err(self.expected(what)),
        }
    }

    fn is_reserved(&self, word: &str) -> bool {
        let lower = word.to_ascii_lowercase();
        if !self.reserved {
            return matches!(lower.as_str(), "and" | "or" | "not" | "in" | "is" | "order" | "empty" | "null");
        }
        RESERVED.split_ascii_whitespace().any(|reserved| reserved == lower)
    }

    fn order(&mut self) -> Result<Vec<Order>, SyntaxError> {
        if !self.takes("order", &[]) {
            return Ok(Vec::new());
        }
        if !self.takes("by", &[]) {
            return Err(self.expected("'BY'"));
        }
        let mut orders = Vec::new();
        loop {
            let field = self.name("a field name to order by")?;
            let descending = self.takes("desc", &[]);
            if !descending {
                self.takes("asc", &[]);
            }
            orders.push(Order { field, descending });
            if !self.takes("", &[","]) {
                return Ok(orders);
            }
        }
    }
}

fn joined(mut parts: Vec<Expression>, join: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            parts.push(last);
            join(parts)
        }
        (_, None) => join(parts),
    }
}

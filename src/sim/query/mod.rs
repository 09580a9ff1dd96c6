//! The query languages of the sample products: one lexer and one parser for JQL and CQL, two evaluators.
//!
//! Both languages share their grammar (fields, operators, lists, functions, `ORDER BY`); what differs is which
//! fields exist, which operators they take and how a mistake is worded. Those live in [`jql`] and [`cql`].

pub(crate) mod cql;
pub(crate) mod hit;
pub(crate) mod issue_fields;
pub(crate) mod jql;
mod jql_functions;
pub(crate) mod lexer;
pub(crate) mod moment;
pub(crate) mod parser;
pub(crate) mod words;

/// A query as written: what to keep and how to sort it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) filter: Option<Expression>,
    pub(crate) order: Vec<Order>,
}

/// One level of the filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Clause(Clause),
}

/// `field operator operand`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clause {
    pub(crate) field: String,
    pub(crate) operator: Operator,
    pub(crate) operands: Vec<Operand>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    Differs,
    Contains,
    Lacks,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
    NotIn,
    Is,
    IsNot,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Text(String),
    Function(String, Vec<String>),
    Empty,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) field: String,
    pub(crate) descending: bool,
}

/// A query that cannot be read; `message` has the position in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, character {character})")]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) line: usize,
    pub(crate) character: usize,
}

impl Operator {
    /// The operator as Jira words it in messages.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::Differs => "!=",
            Self::Contains => "~",
            Self::Lacks => "!~",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Is => "is",
            Self::IsNot => "is not",
        }
    }

    /// Whether the operator keeps what its positive form drops.
    pub(crate) fn negated(self) -> bool {
        matches!(self, Self::Differs | Self::Lacks | Self::NotIn | Self::IsNot)
    }

    pub(crate) fn is_equality(self) -> bool {
        matches!(self, Self::Equals | Self::Differs | Self::In | Self::NotIn | Self::Is | Self::IsNot)
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Contains | Self::Lacks)
    }

    /// Whether `ordering` (the field against the operand) satisfies a comparison.
    pub(crate) fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::More => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
            Self::Equals | Self::In => ordering.is_eq(),
            Self::Differs | Self::NotIn => ordering.is_ne(),
            Self::Contains | Self::Lacks | Self::Is | Self::IsNot => false,
        }
    }
}

/// A filter whose clauses are checked and resolved to `T`.
#[derive(Debug)]
pub(crate) enum Tree<T> {
    And(Vec<Tree<T>>),
    Or(Vec<Tree<T>>),
    Not(Box<Tree<T>>),
    Leaf(T),
}

impl<T> Tree<T> {
    /// Checks every clause with `leaf`; what it refuses is told in the order of the clauses.
    pub(crate) fn build<E>(
        expression: &Expression,
        leaf: &mut impl FnMut(&Clause) -> Result<T, E>,
    ) -> Result<Self, Vec<E>> {
        Ok(match expression {
            Expression::And(parts) => Self::And(Self::build_all(parts, leaf)?),
            Expression::Or(parts) => Self::Or(Self::build_all(parts, leaf)?),
            Expression::Not(part) => Self::Not(Box::new(Self::build(part, leaf)?)),
            Expression::Clause(clause) => Self::Leaf(leaf(clause).map_err(|error| vec![error])?),
        })
    }

    fn build_all<E>(
        parts: &[Expression],
        leaf: &mut impl FnMut(&Clause) -> Result<T, E>,
    ) -> Result<Vec<Self>, Vec<E>> {
        let (mut built, mut refused) = (Vec::new(), Vec::new());
        for part in parts {
            match Self::build(part, leaf) {
                Ok(tree) => built.push(tree),
                Err(errors) => refused.extend(errors),
            }
        }
        if refused.is_empty() { Ok(built) } else { Err(refused) }
    }

    pub(crate) fn holds(&self, test: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(test)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(test)),
            Self::Not(part) => !part.holds(test),
            Self::Leaf(leaf) => test(leaf),
        }
    }
}

#[cfg(test)]
mod tests;

//! JQL: which fields there are, which operators they take, and Jira's words for mistakes.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;

use super::Clause;
use super::Operand;
use super::Operator;
use super::Order;
use super::Query;
use super::Tree;
use super::issue_fields::Field;
use super::issue_fields::key_rank;
use super::issue_fields::moment_of;
use super::issue_fields::number_of;
use super::issue_fields::priority_rank;
use super::issue_fields::texts;
use super::issue_fields::values;
use super::jql_functions;
use super::moment;
use super::parser;
use super::parser::Dialect;
use super::words::Needle;
use crate::sim::data;
use crate::sim::world::Issue;
use crate::sim::world::Project;
use crate::sim::world::User;
use crate::sim::world::World;

#[derive(Debug)]
enum Test {
    /// Equal to one of the values, compared without case; `None` is empty.
    OneOf(Vec<Option<String>>),
    Words(Needle),
    Moment(Operator, Timestamp),
    Number(Operator, f64),
}

#[derive(Debug)]
struct Leaf {
    field: Field,
    test: Test,
    negated: bool,
}

/// A query without a mistake.
struct Checked {
    tree: Option<Tree<Leaf>>,
    order: Vec<Sort>,
}

/// The issues that `text` finds for `user`, sorted; or all mistakes in it, worded as Jira does.
pub(crate) fn search<'a>(world: &'a World, user: &User, text: &str) -> Result<Vec<&'a Issue>, Vec<String>> {
    let query = parser::parse(text, Dialect::Jql)
        .map_err(|error| vec![format!("Error in the JQL Query: {error}")])?;
    let Checked { tree, order } = check(world, user, &query)?;
    let visible = world.issues.values().filter(|issue| user.may_browse(issue.project));
    let mut found: Vec<&Issue> = visible
        .filter(|issue| tree.as_ref().is_none_or(|tree| tree.holds(&|leaf| leaf.holds(issue, user))))
        .collect();
    let by_key = |a: &Issue, b: &Issue| (a.project.key, a.number).cmp(&(b.project.key, b.number));
    found.sort_by(|a, b| {
        let chosen = order.iter().map(|sort| sort.compare(a, b)).find(|ordering| ordering.is_ne());
        chosen.unwrap_or_else(|| if order.is_empty() { by_key(b, a) } else { by_key(a, b) })
    });
    Ok(found)
}

/// The filter and the order, or all mistakes in them: Jira does not stop at the first.
fn check(world: &World, user: &User, query: &Query) -> Result<Checked, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut leaf = |clause: &Clause| Leaf::check(world, user, clause);
    let tree = query.filter.as_ref().and_then(|filter| {
        Tree::build(filter, &mut leaf).map_err(|found| mistakes.extend(found.into_iter().flatten())).ok()
    });
    let mut order = Vec::new();
    for sort in &query.order {
        match Sort::check(sort) {
            Ok(sort) => order.push(sort),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(Checked { tree, order }) } else { Err(mistakes) }
}

/// Whether the query restricts anything: Cloud answers no others.
pub(crate) fn is_bounded(text: &str) -> bool {
    parser::parse(text, Dialect::Jql).map_or(true, |query| query.filter.is_some())
}

impl Leaf {
    fn check(world: &World, user: &User, clause: &Clause) -> Result<Self, Vec<String>> {
        let field = Field::named(&clause.field).map_err(|mistake| vec![mistake])?;
        let (name, operator) = (&clause.field, clause.operator);
        if !field.takes(operator) {
            let symbol = operator.symbol();
            return Err(vec![format!("The operator '{symbol}' is not supported by the '{name}' field.")]);
        }
        let negated = operator.negated();
        if operator.is_text() {
            let Some(Operand::Text(text)) = clause.operands.first() else {
                return Err(vec![format!("The field '{name}' cannot be searched for that.")]);
            };
            return Ok(Self { field, test: Test::Words(Needle::parse(text)), negated });
        }
        let compares = field.is_date() || field == Field::Points || !operator.is_equality();
        if compares && !matches!(clause.operands.as_slice(), [Operand::Empty]) {
            let test = Test::comparison(world, user, field, clause).map_err(|mistake| vec![mistake])?;
            return Ok(Self { field, test, negated: false });
        }
        let (mut values, mut mistakes) = (Vec::new(), Vec::new());
        for operand in &clause.operands {
            match resolve(world, user, field, name, operand) {
                Ok(found) => values.extend(found),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() {
            Ok(Self { field, test: Test::OneOf(values), negated })
        } else {
            Err(mistakes)
        }
    }

    fn holds(&self, issue: &Issue, user: &User) -> bool {
        match &self.test {
            Test::OneOf(wanted) => {
                let values = values(self.field, issue);
                let wants_empty = wanted.contains(&None);
                if values.is_empty() {
                    return wants_empty && !self.negated;
                }
                let found = wanted
                    .iter()
                    .flatten()
                    .any(|wanted| values.iter().any(|value| value.eq_ignore_ascii_case(wanted)));
                found != self.negated
            }
            Test::Words(needle) => {
                let texts = texts(self.field, issue, user);
                !texts.is_empty() && needle.found_in(&texts) != self.negated
            }
            Test::Moment(operator, bound) => {
                moment_of(self.field, issue).is_some_and(|when| operator.accepts(when.cmp(bound)))
            }
            Test::Number(operator, bound) => number_of(self.field, issue)
                .and_then(|number| number.partial_cmp(bound))
                .is_some_and(|ordering| operator.accepts(ordering)),
        }
    }
}

impl Test {
    fn comparison(world: &World, user: &User, field: Field, clause: &Clause) -> Result<Self, String> {
        let [operand] = clause.operands.as_slice() else {
            return Err(format!("The field '{}' takes one value here.", clause.field));
        };
        let name = &clause.field;
        if field.is_date() {
            let when = match operand {
                Operand::Text(text) => moment::parse(text, world.now()).ok_or_else(|| {
                    format!(
                        "Date value '{text}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', \
                         'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
                    )
                })?,
                Operand::Function(function, arguments) => {
                    moment::function(function, arguments, world.now())
                        .ok_or_else(|| format!("Unable to find JQL function '{function}({})'.", arguments.join(", ")))?
                }
                Operand::Empty => return Err(format!("The field '{name}' cannot be compared with EMPTY.")),
            };
            return Ok(Self::Moment(clause.operator, when));
        }
        let Operand::Text(text) = operand else {
            return Err(format!("The field '{name}' takes a value here."));
        };
        let missing = || format!("The value '{text}' does not exist for the field '{name}'.");
        let number = match field {
            Field::Points => text.parse().ok(),
            // A more urgent priority is the greater one.
            Field::Priority => priority_rank(text).map(|rank| -rank),
            _ => world.issue(user, text).map(key_rank),
        };
        Ok(Self::Number(clause.operator, number.ok_or_else(missing)?))
    }
}

/// What an operand stands for; `None` in the list is empty.
fn resolve(
    world: &World,
    user: &User,
    field: Field,
    name: &str,
    operand: &Operand,
) -> Result<Vec<Option<String>>, String> {
    let text = match operand {
        Operand::Empty => return Ok(vec![None]),
        Operand::Function(function, arguments) => {
            return jql_functions::value_of((world, user), field, name, function, arguments);
        }
        Operand::Text(text) => text,
    };
    let missing = || format!("The value '{text}' does not exist for the field '{name}'.");
    let named = |table: &'static [crate::sim::world::Named]| {
        table
            .iter()
            .find(|item| item.name.eq_ignore_ascii_case(text) || item.id == text)
            .map(|item| item.name)
    };
    let value = match field {
        Field::Project => {
            let by_name = data::PROJECTS.iter().filter(|project| user.may_browse(project));
            let by_name = by_name.into_iter().find(|project| project.name.eq_ignore_ascii_case(text));
            Project::find(user, text).or(by_name).map(|project| project.key.to_owned())
        }
        Field::Key | Field::Parent | Field::Epic => {
            let found = world.issue(user, text).map(|issue| issue.key.clone());
            return found
                .map(|key| vec![Some(key)])
                .ok_or_else(|| format!("An issue with key '{text}' does not exist for field '{name}'."));
        }
        Field::Status => {
            let found =
                data::STATUSES.iter().find(|item| item.name.eq_ignore_ascii_case(text) || item.id == text);
            found.map(|status| status.name.to_owned())
        }
        Field::Category => {
            let same = |item: &&crate::sim::world::Category| {
                item.name.eq_ignore_ascii_case(text) || item.key == text || item.id.to_string() == *text
            };
            data::CATEGORIES.iter().find(same).map(|item| item.name.to_owned())
        }
        Field::Type => named(&data::TYPES).map(str::to_owned),
        Field::Priority => named(&data::PRIORITIES).map(str::to_owned),
        Field::Team => named(&data::TEAMS).map(str::to_owned),
        Field::Resolution if text.eq_ignore_ascii_case("unresolved") => return Ok(vec![None]),
        Field::Assignee | Field::Reporter => User::named(text).map(|account| account.name.to_owned()),
        Field::Sprint => {
            let same = |item: &&crate::sim::world::Sprint| item.id.to_string() == *text || item.name == *text;
            world.sprints.iter().find(same).map(|sprint| sprint.id.to_string())
        }
        Field::Component => component(user, text),
        Field::Version => version(world, user, text),
        _ => Some(text.clone()),
    };
    Ok(vec![Some(value.ok_or_else(missing)?)])
}

/// A component of a project that the user sees.
fn component(user: &User, text: &str) -> Option<String> {
    let seen = data::PROJECTS.iter().filter(|project| user.may_browse(project));
    let mut names = seen.flat_map(|project| project.components);
    names.find(|name| name.eq_ignore_ascii_case(text)).map(|name| (*name).to_owned())
}

/// A version of a project that the user sees, by name or id.
fn version(world: &World, user: &User, text: &str) -> Option<String> {
    let seen = data::PROJECTS.iter().filter(|project| user.may_browse(project));
    let ids: Vec<u64> = seen.map(|project| project.id).collect();
    let called = |version: &Map<String, Value>, name: &str| {
        version.get(name).and_then(Value::as_str).is_some_and(|is| is.eq_ignore_ascii_case(text))
    };
    let is_it = |version: &&Map<String, Value>| {
        let of = version.get("projectId").and_then(Value::as_u64);
        of.is_some_and(|of| ids.contains(&of)) && (called(version, "name") || called(version, "id"))
    };
    world.versions.iter().find(is_it)?.get("name")?.as_str().map(str::to_owned)
}

struct Sort {
    field: Field,
    descending: bool,
}

impl Sort {
    fn check(order: &Order) -> Result<Self, String> {
        let field = Field::named(&order.field)?;
        if matches!(field, Field::Comment | Field::Text) {
            return Err(format!("Field '{}' does not support sorting.", order.field));
        }
        Ok(Self { field, descending: order.descending })
    }

    fn compare(&self, a: &Issue, b: &Issue) -> Ordering {
        let ordering = match self.field {
            Field::Created | Field::Updated | Field::Resolved | Field::Due => {
                moment_of(self.field, a).cmp(&moment_of(self.field, b))
            }
            Field::Points | Field::Priority => {
                let (a, b) = (number_of(self.field, a), number_of(self.field, b));
                a.partial_cmp(&b).unwrap_or(Ordering::Equal)
            }
            Field::Key => (a.project.key, a.number).cmp(&(b.project.key, b.number)),
            _ => values(self.field, a).cmp(&values(self.field, b)),
        };
        if self.descending { ordering.reverse() } else { ordering }
    }
}

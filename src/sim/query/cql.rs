//! CQL: fields of content, spaces and people, and Confluence's one word for mistakes.

use jiff::Timestamp;

use super::Clause;
use super::Operand;
use super::Operator;
use super::Order;
use super::Tree;
use super::hit::Hit;
use super::hit::everything;
use super::moment;
use super::parser;
use super::parser::Dialect;
use super::words::Needle;
use crate::sim::world::User;
use crate::sim::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Type,
    Space,
    Title,
    Text,
    Label,
    Id,
    Ancestor,
    Parent,
    Creator,
    FullName,
    Created,
    Modified,
}

#[derive(Debug)]
enum Test {
    OneOf(Vec<String>),
    Words(Needle),
    Moment(Operator, Timestamp),
}

#[derive(Debug)]
struct Leaf {
    field: Field,
    test: Test,
    negated: bool,
}

const NAMES: [(&str, Field); 19] = [
    ("type", Field::Type),
    ("space", Field::Space),
    ("space.key", Field::Space),
    ("title", Field::Title),
    ("text", Field::Text),
    ("sitesearch", Field::Text),
    ("label", Field::Label),
    ("id", Field::Id),
    ("content", Field::Id),
    ("ancestor", Field::Ancestor),
    ("parent", Field::Parent),
    ("creator", Field::Creator),
    ("contributor", Field::Creator),
    ("user", Field::Creator),
    ("user.fullname", Field::FullName),
    ("created", Field::Created),
    ("lastmodified", Field::Modified),
    ("created.date", Field::Created),
    ("lastmodified.date", Field::Modified),
];

/// What `text` finds for `user`, sorted; a mistake is worded as Confluence does.
pub(crate) fn search<'a>(world: &'a World, user: &User, text: &str) -> Result<Vec<Hit<'a>>, String> {
    let refused = |reason: String| format!("Could not parse cql : {text} : {reason}");
    let query = parser::parse(text, Dialect::Cql)
        .map_err(|error| refused(error.to_string().replace("JQL", "CQL")))?;
    let Some(filter) = query.filter.as_ref() else {
        return Err(refused("the query is empty (line 1, character 1)".to_owned()));
    };
    // Confluence says no more than the first.
    let first = |mistakes: Vec<String>| refused(mistakes.into_iter().next().unwrap_or_default());
    let tree = Tree::build(filter, &mut |clause| Leaf::check(world, user, clause)).map_err(first)?;
    let orders = query
        .order
        .iter()
        .map(|order| Ok((Field::named(&order.field)?, order)))
        .collect::<Result<Vec<(Field, &Order)>, String>>()
        .map_err(refused)?;
    let mut found: Vec<Hit<'a>> =
        everything(world, user).filter(|hit| tree.holds(&|leaf| leaf.holds(world, *hit))).collect();
    found.sort_by(|a, b| {
        let compared = orders.iter().map(|(field, order)| {
            let ordering = match field {
                Field::Created => a.created().cmp(&b.created()),
                Field::Modified => a.modified().cmp(&b.modified()),
                Field::Title => a.title().to_lowercase().cmp(&b.title().to_lowercase()),
                Field::Id => a.id().cmp(&b.id()),
                other => values(world, *other, *a).cmp(&values(world, *other, *b)),
            };
            if order.descending { ordering.reverse() } else { ordering }
        });
        compared.into_iter().find(|ordering| ordering.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(found)
}

impl Field {
    fn named(name: &str) -> Result<Self, String> {
        let lower = name.to_ascii_lowercase();
        let found = NAMES.iter().find(|(known, _)| *known == lower);
        found.map(|(_, field)| *field).ok_or_else(|| format!("No field exists with name: {name}"))
    }

    fn takes(self, operator: Operator) -> bool {
        match self {
            Self::Title => operator.is_text() || operator.is_equality(),
            Self::Text | Self::FullName => operator.is_text(),
            Self::Created | Self::Modified => !operator.is_text(),
            _ => operator.is_equality(),
        }
    }
}

impl Leaf {
    fn check(world: &World, user: &User, clause: &Clause) -> Result<Self, String> {
        let field = Field::named(&clause.field)?;
        let operator = clause.operator;
        if !field.takes(operator) {
            return Err(format!(
                "The operator '{}' is not supported by the field '{}'",
                operator.symbol(),
                clause.field
            ));
        }
        let negated = operator.negated();
        if matches!(field, Field::Created | Field::Modified) {
            let when = match clause.operands.as_slice() {
                [Operand::Text(text)] => moment::parse(text, world.now()),
                [Operand::Function(name, arguments)] => moment::function(name, arguments, world.now()),
                _ => None,
            };
            let when =
                when.ok_or_else(|| format!("The date of the field '{}' is not valid", clause.field))?;
            return Ok(Self { field, test: Test::Moment(operator, when), negated: false });
        }
        let mut values = Vec::new();
        for operand in &clause.operands {
            match operand {
                Operand::Text(text) if operator.is_text() => {
                    return Ok(Self { field, test: Test::Words(Needle::parse(text)), negated });
                }
                Operand::Text(text) => values.push(canonical(field, text)),
                Operand::Function(name, _) if name.eq_ignore_ascii_case("currentuser") => {
                    values.push(user.name.to_owned());
                }
                Operand::Function(name, _) => return Err(format!("No function exists with name: {name}")),
                Operand::Empty => return Err("EMPTY is not supported".to_owned()),
            }
        }
        Ok(Self { field, test: Test::OneOf(values), negated })
    }

    fn holds(&self, world: &World, hit: Hit<'_>) -> bool {
        // People and spaces are only found when asked for by type or name.
        let only_by_name = matches!(hit, Hit::User(_) | Hit::Space(_));
        if only_by_name && self.negated {
            return false;
        }
        match &self.test {
            Test::OneOf(wanted) => {
                let values = values(world, self.field, hit);
                let found =
                    values.iter().any(|value| wanted.iter().any(|wanted| value.eq_ignore_ascii_case(wanted)));
                found != self.negated
            }
            Test::Words(needle) => {
                let title = hit.title();
                let texts: &[&str] = match (self.field, hit) {
                    (Field::FullName, Hit::User(_)) => &[title.as_str()],
                    (Field::FullName, _) | (_, Hit::User(_) | Hit::Space(_)) => return false,
                    (Field::Title, _) => &[title.as_str()],
                    _ => &[title.as_str(), hit.body()],
                };
                needle.found_in(texts) != self.negated
            }
            Test::Moment(operator, bound) => {
                let when = if self.field == Field::Created { hit.created() } else { hit.modified() };
                when.is_some_and(|when| operator.accepts(when.cmp(bound)))
            }
        }
    }
}

/// The value as [`values`] has it: prefixes of labels gone, people by user name.
fn canonical(field: Field, text: &str) -> String {
    match field {
        Field::Label => text.strip_prefix("global:").unwrap_or(text).to_owned(),
        Field::Creator => User::named(text).map_or_else(|| text.to_owned(), |user| user.name.to_owned()),
        Field::Id => text.strip_prefix("att").unwrap_or(text).to_owned(),
        _ => text.to_owned(),
    }
}

fn values(world: &World, field: Field, hit: Hit<'_>) -> Vec<String> {
    let page = match hit {
        Hit::Page(page) => Some(page),
        _ => None,
    };
    match field {
        Field::Type => vec![hit.kind().to_owned()],
        Field::Space if matches!(hit, Hit::Space(_)) => Vec::new(),
        Field::Space => hit.space().map(|space| space.key.to_owned()).into_iter().collect(),
        Field::Title => vec![hit.title()],
        Field::Label => page.map(|page| page.labels.clone()).unwrap_or_default(),
        Field::Id => (hit.id() != 0).then(|| hit.id().to_string()).into_iter().collect(),
        Field::Ancestor => {
            let above = page.map(|page| world.ancestors(page)).unwrap_or_default();
            above.iter().map(|page| page.id.to_string()).collect()
        }
        Field::Parent => page.and_then(|page| page.parent).map(|id| id.to_string()).into_iter().collect(),
        Field::Creator => hit.creator().map(|user| user.name.to_owned()).into_iter().collect(),
        Field::Text | Field::FullName | Field::Created | Field::Modified => Vec::new(),
    }
}

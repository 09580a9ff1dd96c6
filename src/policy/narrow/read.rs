//! Conditions of policies, read as filters.

use std::collections::BTreeSet;

use cedar_policy::pst::BinaryOp;
use cedar_policy::pst::Clause;
use cedar_policy::pst::EntityUID;
use cedar_policy::pst::Expr;
use cedar_policy::pst::Literal;
use cedar_policy::pst::Policy;
use cedar_policy::pst::UnaryOp;
use cedar_policy::pst::Var;

use super::attributes::Meaning;
use super::attributes::meaning;
use super::filter::Filter;
use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::ResourceKind;

/// Reads conditions on one kind of item of one instance.
///
/// What it gives holds of every item of which the condition is what was asked for, true or false; an item on which a
/// policy errs is denied, and need not be covered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) kind: ResourceKind,
    pub(super) at: &'a InstanceName,
}

/// What an expression stands for.
enum Term {
    /// The item.
    Item,
    /// An attribute of it.
    Attribute(Meaning),
}

impl Reader<'_> {
    /// The items of which the conditions of a policy hold, or do not.
    pub(super) fn policy(self, policy: &Policy, wanted: bool) -> Filter {
        let clauses = policy.body().clauses().iter().map(|clause| match clause {
            Clause::When(condition) => self.condition(condition, wanted),
            Clause::Unless(condition) => self.condition(condition, !wanted),
        });
        join(wanted, clauses)
    }

    fn condition(self, expression: &Expr, wanted: bool) -> Filter {
        match expression {
            Expr::Literal(Literal::Bool(value)) => Filter::certain(*value == wanted),
            Expr::UnaryOp { op: UnaryOp::Not, expr } => self.condition(expr, !wanted),
            Expr::BinaryOp { op, left, right } => self.comparison(*op, left, right, wanted),
            Expr::IfThenElse { cond, then_expr, else_expr } => Filter::any([
                Filter::all([self.condition(cond, true), self.condition(then_expr, wanted)]),
                Filter::all([self.condition(cond, false), self.condition(else_expr, wanted)]),
            ]),
            Expr::Is { expr, entity_type, in_expr } => {
                let Some(Term::Item) = self.term(expr) else { return Filter::Unknown };
                let same = Filter::certain((entity_type.to_string() == self.kind.type_name()) == wanted);
                let inside = in_expr.iter().map(|place| self.within(expr, place, wanted));
                join(wanted, std::iter::once(same).chain(inside))
            }
            Expr::HasAttr { expr, attrs } if attrs.tail.is_empty() => {
                let attribute = Expr::GetAttr { expr: expr.clone(), attr: attrs.head.clone() };
                match self.term(&attribute) {
                    Some(Term::Attribute(Meaning::Field { name, optional: true })) => {
                        Filter::Present { field: name, is: wanted }
                    }
                    Some(Term::Attribute(_)) => Filter::certain(wanted),
                    _ => Filter::Unknown,
                }
            }
            _ => Filter::Unknown,
        }
    }

    fn comparison(self, operator: BinaryOp, left: &Expr, right: &Expr, wanted: bool) -> Filter {
        match operator {
            BinaryOp::And => join(wanted, [self.condition(left, wanted), self.condition(right, wanted)]),
            BinaryOp::Or => join(!wanted, [self.condition(left, wanted), self.condition(right, wanted)]),
            BinaryOp::Eq => self.equal(left, right, wanted),
            BinaryOp::NotEq => self.equal(left, right, !wanted),
            BinaryOp::In => self.within(left, right, wanted),
            // `["OPS", "DEV"].contains(resource.project.key)`, or `resource.labels.contains("public")`.
            BinaryOp::Contains => match left {
                Expr::Set(values) => {
                    join(!wanted, values.iter().map(|value| self.equal(value, right, wanted)))
                }
                _ => self.equal(left, right, wanted),
            },
            BinaryOp::ContainsAny | BinaryOp::ContainsAll => {
                let Expr::Set(values) = right else { return Filter::Unknown };
                let every = operator == BinaryOp::ContainsAll;
                join(every == wanted, values.iter().map(|value| self.equal(left, value, wanted)))
            }
            _ => Filter::Unknown,
        }
    }

    fn equal(self, left: &Expr, right: &Expr, wanted: bool) -> Filter {
        let ((term, Expr::Literal(value)) | (Expr::Literal(value), term)) = (left, right) else {
            return Filter::Unknown;
        };
        match (self.term(term), value) {
            (Some(Term::Item), Literal::EntityUID(uid)) => {
                if uid.ty.to_string() == self.kind.type_name() {
                    self.exactly(&uid.eid, wanted)
                } else {
                    Filter::certain(!wanted)
                }
            }
            (Some(Term::Attribute(Meaning::Place)), Literal::EntityUID(uid)) => {
                self.entity(uid, false, wanted)
            }
            (Some(Term::Attribute(Meaning::PlaceKey)), Literal::String(key)) => self.place(key, wanted),
            (Some(Term::Attribute(Meaning::Key)), Literal::String(key)) => self.item(key, wanted),
            (Some(Term::Attribute(Meaning::Field { name, .. })), Literal::String(text)) if wanted => {
                self.value(name, text)
            }
            _ => Filter::Unknown,
        }
    }

    /// `term in right`, which is an entity or a set of them.
    fn within(self, term: &Expr, right: &Expr, wanted: bool) -> Filter {
        let item = match self.term(term) {
            Some(Term::Item) => true,
            Some(Term::Attribute(Meaning::Place)) => false,
            _ => return Filter::Unknown,
        };
        match right {
            Expr::Literal(Literal::EntityUID(uid)) => self.entity(uid, item, wanted),
            Expr::Set(places) => join(!wanted, places.iter().map(|place| self.within(term, place, wanted))),
            _ => Filter::Unknown,
        }
    }

    /// Whether the item is this entity or lies in it; or whether that is so of its project or space.
    fn entity(self, uid: &EntityUID, item: bool, wanted: bool) -> Filter {
        self.named(&uid.ty.to_string(), &uid.eid, item, wanted)
    }

    /// The same for an entity by its type and id.
    pub(super) fn named(self, type_name: &str, id: &str, item: bool, wanted: bool) -> Filter {
        let (instance, place) = match self.kind {
            ResourceKind::Issue => ("Jira::Instance", "Jira::Project"),
            _ => ("Confluence::Instance", "Confluence::Space"),
        };
        if type_name == instance {
            return Filter::certain((id == self.at.as_str()) == wanted);
        }
        let Some(own) = self.own(id) else { return Filter::certain(!wanted) };
        match type_name {
            _ if type_name == place => self.place(own, wanted),
            _ if item && type_name == self.kind.type_name() => self.item_or_below(own, wanted),
            _ => Filter::certain(!wanted),
        }
    }

    /// Whether the item is this one.
    pub(super) fn exactly(self, id: &str, wanted: bool) -> Filter {
        self.own(id).map_or(Filter::certain(!wanted), |own| match self.kind {
            ResourceKind::Issue | ResourceKind::Page => self.item(own, wanted),
            _ => self.place(own, wanted),
        })
    }

    /// Whether it is this one or, of pages, lies below it.
    fn item_or_below(self, id: &str, wanted: bool) -> Filter {
        match (self.item(id, wanted), self.kind) {
            (Filter::Item { id, is: true }, ResourceKind::Page) => {
                let below = self.value("ancestor", &id);
                Filter::any([Filter::Item { id, is: true }, below])
            }
            (item @ Filter::Item { .. }, ResourceKind::Page) => Filter::all([item, Filter::Unknown]),
            (item, _) => item,
        }
    }

    /// Items with this value. What hangs on a page is decided on with it, and does not have its labels.
    fn value(self, field: &'static str, text: &str) -> Filter {
        let value = Filter::Value { field, text: text.to_owned() };
        let value = match self.kind {
            ResourceKind::Page => Filter::any([value, Filter::NoPages]),
            _ => value,
        };
        Filter::all([value, Filter::Unknown])
    }

    /// An id without the name of this instance; nothing if it belongs to another.
    fn own(self, id: &str) -> Option<&str> {
        if self.at.is_default() {
            return Some(id);
        }
        id.strip_prefix(self.at.as_str())?.strip_prefix('/')
    }

    /// No key but a canonical one is the key of anything, so no other text comes into a query.
    fn place(self, key: &str, wanted: bool) -> Filter {
        let canonical = match self.kind {
            ResourceKind::Issue => ProjectKey::parse(key).is_ok_and(|parsed| parsed.as_str() == key),
            _ => SpaceKey::parse(key).is_ok_and(|parsed| parsed.as_str() == key),
        };
        if canonical {
            Filter::places(BTreeSet::from([key.to_owned()]), wanted)
        } else {
            Filter::certain(!wanted)
        }
    }

    fn item(self, id: &str, wanted: bool) -> Filter {
        let one = Filter::Item { id: id.to_owned(), is: wanted };
        match self.kind {
            ResourceKind::Issue if IssueKey::parse(id).is_ok_and(|key| key.as_str() == id) => {
                // Jira finds an issue by its former keys as well: more than is meant, so the opposite would be less.
                if wanted { Filter::all([one, Filter::Unknown]) } else { Filter::Unknown }
            }
            ResourceKind::Page if PageId::parse(id).is_ok_and(|page| page.as_str() == id) => one,
            ResourceKind::Issue | ResourceKind::Page => Filter::certain(!wanted),
            _ => Filter::Unknown,
        }
    }

    fn term(self, expression: &Expr) -> Option<Term> {
        let mut path = Vec::new();
        let mut inner = expression;
        while let Expr::GetAttr { expr, attr } = inner {
            path.insert(0, attr.as_str());
            inner = expr;
        }
        match (inner, path.is_empty()) {
            (Expr::Var(Var::Resource), true) => Some(Term::Item),
            (Expr::Var(Var::Resource), false) => meaning(self.kind, &path).map(Term::Attribute),
            _ => None,
        }
    }
}

fn join(all: bool, parts: impl IntoIterator<Item = Filter>) -> Filter {
    if all { Filter::all(parts) } else { Filter::any(parts) }
}

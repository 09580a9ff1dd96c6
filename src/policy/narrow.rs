//! What a caller may see, said beforehand as a condition on the items of a search.
//!
//! A search that asks for nothing else brings full pages, and says nothing of what it leaves out. The condition is only
//! ever too wide, never too narrow; [`Engine::may_view`] on each item is what holds the policy.

mod attributes;
mod errs;
mod evaluated;
mod filter;
mod read;
mod scopes;

use std::collections::BTreeSet;

use cedar_policy::Context;
use cedar_policy::Entities;
use cedar_policy::EntityUid;
use cedar_policy::PolicySet;
use cedar_policy::Schema;

pub(super) use self::evaluated::Evaluated;
pub use self::filter::Filter;
pub(super) use self::scopes::Scopes;

use crate::ids::InstanceName;
use crate::ids::ProjectKey;
use crate::policy::Engine;
use crate::policy::Observed;
use crate::policy::Principal;
use crate::policy::Product;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::policy::Session;
use crate::policy::Viewer;
use crate::policy::context;
use crate::policy::entities::Chain;

/// How far a search is to be narrowed before it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrowing {
    /// The caller may see nothing: there is no need to ask.
    Nothing,
    /// The caller may see everything there is to find.
    Everything,
    /// What the caller may see can only be said item by item.
    Unknown,
    /// The caller may see some of it.
    Condition(Condition),
}

/// What holds of everything that a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    filter: Filter,
    exact: bool,
}

/// One caller in one session, whose searches are to be narrowed.
#[derive(Debug, Clone, Copy)]
pub struct Searcher<'a> {
    /// The policies.
    pub engine: &'a Engine,
    /// Who asks.
    pub principal: &'a Principal,
    /// In what session.
    pub session: &'a Session,
}

/// What one caller may see of a product: said beforehand, and item by item.
#[derive(Debug, Clone)]
pub struct Sight<'a> {
    /// What holds of everything that may be seen.
    pub narrowing: Narrowing,
    /// Who sees.
    pub searcher: Searcher<'a>,
}

/// What a way to make filters is told.
pub(super) struct Asked<'a> {
    principal: &'a Chain,
    action: EntityUid,
    kind: ResourceKind,
    at: &'a InstanceName,
    session: &'a Context,
    entities: &'a Entities,
    policies: &'a PolicySet,
    schema: &'a Schema,
}

/// A way to say beforehand which items may be seen.
pub(super) trait Narrow {
    /// What holds of every item that may be seen; nothing if this way fails.
    fn filter(&self, asked: &Asked<'_>) -> Option<Filter>;
}

impl<'a> Searcher<'a> {
    /// What the caller may see of a product.
    pub fn narrowing(&self, product: Product) -> Narrowing {
        self.engine.narrow(self.principal, self.session, product)
    }

    /// The same, with the way to say it of an item.
    pub fn sight(self, product: Product) -> Sight<'a> {
        Sight { narrowing: self.narrowing(product), searcher: self }
    }
}

impl Sight<'_> {
    /// Whether nothing in a project may be seen.
    pub fn shows_nothing_in(&self, project: &ProjectKey) -> bool {
        self.narrowing.within(project) == Narrowing::Nothing
    }

    /// Whether an item may be seen, of which this is known.
    pub fn may_view(&self, item: &Resource, observed: &Observed) -> bool {
        let Searcher { engine, principal, session } = self.searcher;
        engine.may_view(principal, session, item, observed)
    }

    /// The same for many items.
    pub fn viewer<'v>(&'v self, observed: &'v Observed) -> Viewer<'v> {
        let Searcher { engine, principal, session } = self.searcher;
        engine.viewer(principal, session, observed)
    }
}

impl Engine {
    /// What the caller may see of a product, as far as the policies say it without looking at an item.
    pub fn narrow(&self, principal: &Principal, session: &Session, product: Product) -> Narrowing {
        self.narrow_by(&[&Evaluated, &Scopes], principal, session, product)
    }

    /// The same by the first of these ways that does not fail.
    pub(super) fn narrow_by(
        &self,
        ways: &[&dyn Narrow],
        principal: &Principal,
        session: &Session,
        product: Product,
    ) -> Narrowing {
        if self.shows_everything(product) {
            return Narrowing::Everything;
        }
        // As `Viewer::may_view` has it.
        if principal.groups.is_none() && self.needs_groups(product) {
            return Narrowing::Nothing;
        }
        let filter =
            |kind| self.filter_by(ways, principal, session, (product, kind)).unwrap_or(Filter::Unknown);
        Narrowing::of(&match product {
            Product::Jira => filter(ResourceKind::Issue),
            Product::Confluence => found(filter(ResourceKind::Page), filter(ResourceKind::Space)),
        })
    }

    fn filter_by(
        &self,
        ways: &[&dyn Narrow],
        principal: &Principal,
        session: &Session,
        (product, kind): (Product, ResourceKind),
    ) -> Option<Filter> {
        let view = &self.view(product).action;
        let chain = self.types.principal(principal);
        // Partial evaluation takes as long as there are policies: those of others are left out.
        let about = view.candidates.policies().filter(|policy| scopes::is_about(policy, &chain)).cloned();
        let asked = Asked {
            policies: &PolicySet::from_policies(about).ok()?,
            action: view.chain.uid.clone(),
            session: &context::session(session).ok()?,
            entities: &Entities::from_entities([chain.entity()], None).ok()?,
            schema: &self.schema,
            at: &session.instance,
            principal: &chain,
            kind,
        };
        ways.iter().find_map(|way| way.filter(&asked))
    }
}

/// What a search of Confluence may find: pages, and what hangs on them or is a space, which is as visible as its space.
fn found(page: Filter, space: Filter) -> Filter {
    match (page, space) {
        (Filter::Always, Filter::Always) => Filter::Always,
        (page, Filter::Never) => Filter::all([page, Filter::Pages]),
        // Whether a space itself is found by a condition on the space differs by version.
        (page, space) if page == space => Filter::any([page, Filter::Spaces]),
        (page, space) => Filter::all([Filter::any([page, space, Filter::Spaces]), Filter::Unknown]),
    }
}

impl Narrowing {
    fn of(filter: &Filter) -> Self {
        let exact = filter.is_exact() && !names_spaces(filter);
        match filter.said() {
            Filter::Never => Self::Nothing,
            Filter::Always if exact => Self::Everything,
            Filter::Always => Self::Unknown,
            filter => Self::Condition(Condition { filter, exact }),
        }
    }

    /// Whether whole projects or spaces are hidden and nothing else: then the condition, that an item lies in one of some
    /// or in none of them, says it all.
    pub fn is_of_places(&self) -> bool {
        let Self::Condition(Condition { filter, exact }) = self else { return false };
        *exact && matches!(filter, Filter::In(_) | Filter::NotIn(_))
    }

    /// Whether it is a condition on something else than the projects and spaces items lie in, or on nothing.
    fn over(&self, change: &impl Fn(&Filter) -> Filter) -> Self {
        let Self::Condition(condition) = self else { return self.clone() };
        let filter = condition.filter.where_places(change);
        match filter {
            Filter::Never => Self::Nothing,
            Filter::Always if condition.exact => Self::Everything,
            Filter::Always => Self::Unknown,
            filter => Self::Condition(Condition { filter, exact: condition.exact }),
        }
    }

    /// The same for an account that sees only some of the projects it names: Jira refuses a query that names another,
    /// and finds nothing in it in any case.
    #[must_use]
    pub fn among(&self, visible: &BTreeSet<String>) -> Self {
        self.over(&|places| match places {
            Filter::In(keys) => Filter::places(keys & visible, true),
            Filter::NotIn(keys) => Filter::places(keys & visible, false),
            other => other.clone(),
        })
    }

    /// The same within one project, which the query names already.
    #[must_use]
    pub fn within(&self, project: &ProjectKey) -> Self {
        self.over(&|places| match places {
            Filter::In(keys) => Filter::certain(keys.contains(project.as_str())),
            Filter::NotIn(keys) => Filter::certain(!keys.contains(project.as_str())),
            other => other.clone(),
        })
    }

    /// Whether all that a search narrowed by it finds may be seen.
    pub fn is_exact(&self) -> bool {
        match self {
            Self::Nothing | Self::Everything => true,
            Self::Unknown => false,
            Self::Condition(condition) => condition.exact,
        }
    }

    /// The word for it in records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Everything => "everything",
            Self::Unknown => "unknown",
            Self::Condition(_) => "condition",
        }
    }
}

impl Condition {
    /// The condition, of which every part can be said in a query.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether all that fits it may be seen.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The projects or spaces it names.
    pub fn places(&self) -> BTreeSet<&str> {
        let mut places = BTreeSet::new();
        self.filter.each_name(&mut |name, place| {
            if place {
                places.insert(name);
            }
        });
        places
    }

    /// Everything it names: projects and spaces, items, values.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.filter.each_name(&mut |name, _| {
            names.insert(name);
        });
        names
    }
}

/// Whether spaces pass that may not be seen.
fn names_spaces(filter: &Filter) -> bool {
    match filter {
        Filter::Spaces => true,
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(names_spaces),
        _ => false,
    }
}

//! How much of a call's arguments its records hold: the first rule that fits says.

use glob::Pattern;

use crate::ids::InstanceName;
use crate::policy::Access;
use crate::policy::Product;
use crate::policy::Resource;

/// How much of the arguments a record holds. That nothing is recorded is no level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Numbers and flags in clear, texts as hashes.
    #[default]
    Metadata,
    /// All values in clear, cut.
    Arguments,
}

impl Level {
    /// The word in records and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Arguments => "arguments",
        }
    }
}

/// One rule. What it does not name fits all calls.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// Names of tools.
    pub tool: Option<Pattern>,
    /// The product.
    pub product: Option<Product>,
    /// Reads or writes.
    pub access: Option<Access>,
    /// Ids of principals.
    pub principal: Option<Pattern>,
    /// Projects, as policies name them: `OPS`, or `lab/OPS` of the instance `lab`.
    pub project: Option<Pattern>,
    /// Spaces, named alike.
    pub space: Option<Pattern>,
    /// How much is recorded.
    pub level: Level,
    /// Arguments that stand in clear at level `metadata` as well.
    pub clear: Vec<String>,
}

/// The rules in their order. Without one, and where none fits, it is level `metadata`.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

/// What a record holds of the arguments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct View<'a> {
    pub(super) level: Level,
    pub(super) clear: &'a [String],
}

impl View<'_> {
    /// Whether an argument stands in clear.
    pub(super) fn shows(&self, argument: &str) -> bool {
        self.level == Level::Arguments || self.clear.iter().any(|name| name == argument)
    }
}

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) tool: &'a str,
    pub(super) product: Product,
    pub(super) access: Access,
    /// Nothing where it is not known who calls.
    pub(super) principal: Option<&'a str>,
    pub(super) instance: &'a InstanceName,
    pub(super) resources: &'a [Resource],
}

/// Whether a rule is of a call. What is not known, or is true of some of the resources alone, is perhaps so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Perhaps,
    Yes,
}

impl Fit {
    fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

impl Rules {
    /// Takes the rules in their order.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// What the first rule says that fits. One that perhaps fits counts where it shows nothing: what is in doubt is
    /// hidden.
    pub(super) fn view(&self, subject: &Subject<'_>) -> View<'_> {
        let counts = |rule: &&Rule| match rule.fit(subject) {
            Fit::Yes => true,
            Fit::Perhaps => !rule.shows(),
            Fit::No => false,
        };
        let rule = self.0.iter().find(counts);
        rule.map(|rule| View { level: rule.level, clear: &rule.clear }).unwrap_or_default()
    }
}

impl Rule {
    /// Whether it is for calls of this tool, whoever makes them and wherever they go.
    pub fn is_of_tool(&self, tool: &str, product: Product, access: Access) -> bool {
        let place = match (&self.project, &self.space) {
            (Some(_), _) => Some(Product::Jira),
            (None, Some(_)) => Some(Product::Confluence),
            (None, None) => None,
        };
        self.tool.as_ref().is_none_or(|pattern| pattern.matches(tool))
            && self.product.is_none_or(|of| of == product)
            && self.access.is_none_or(|of| of == access)
            && place.is_none_or(|of| of == product)
    }

    fn shows(&self) -> bool {
        self.level == Level::Arguments || !self.clear.is_empty()
    }

    fn fit(&self, subject: &Subject<'_>) -> Fit {
        let principal = match (&self.principal, subject.principal) {
            (None, _) => Fit::Yes,
            (Some(_), None) => Fit::Perhaps,
            (Some(pattern), Some(id)) => Fit::of(pattern.matches(id)),
        };
        let of_tool = self.is_of_tool(subject.tool, subject.product, subject.access);
        Fit::of(of_tool).min(principal).min(self.place(subject))
    }

    fn place(&self, subject: &Subject<'_>) -> Fit {
        let pattern = match (&self.project, &self.space) {
            (Some(pattern), None) | (None, Some(pattern)) => pattern,
            (None, None) => return Fit::Yes,
            // Nothing lies in a project and in a space.
            (Some(_), Some(_)) => return Fit::No,
        };
        let fits = |resource: &Resource| match resource.enclosing() {
            Some(place) => Fit::of(pattern.matches(&place.id_in(subject.instance))),
            None => Fit::Perhaps,
        };
        let mut all = subject.resources.iter().map(fits);
        let first = all.next().unwrap_or(Fit::Perhaps);
        all.fold(first, |one, other| if one == other { one } else { Fit::Perhaps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IssueKey;
    use crate::ids::ProjectKey;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).unwrap()
    }

    fn project(key: &str) -> Resource {
        Resource::Project(ProjectKey::parse(key).unwrap())
    }

    fn level(rules: &[Rule], principal: Option<&str>, resources: &[Resource]) -> Level {
        let instance = InstanceName::default();
        let subject = Subject {
            tool: "jira_search",
            product: Product::Jira,
            access: Access::Read,
            principal,
            instance: &instance,
            resources,
        };
        Rules::new(rules.to_vec()).view(&subject).level
    }

    #[test]
    fn the_first_rule_that_fits_says_how_much() {
        let shows = Rule { level: Level::Arguments, ..Rule::default() };
        let hides = Rule::default();
        let table: [(&[Rule], Level); 8] = [
            (&[], Level::Metadata),
            (std::slice::from_ref(&shows), Level::Arguments),
            (&[hides.clone(), shows.clone()], Level::Metadata),
            (&[Rule { tool: Some(pattern("jira_*")), ..shows.clone() }], Level::Arguments),
            (
                &[Rule { tool: Some(pattern("confluence_*")), ..hides.clone() }, shows.clone()],
                Level::Arguments,
            ),
            (&[Rule { product: Some(Product::Confluence), ..shows.clone() }], Level::Metadata),
            (&[Rule { access: Some(Access::Write), ..shows.clone() }], Level::Metadata),
            (&[Rule { principal: Some(pattern("svc-*")), ..shows.clone() }], Level::Metadata),
        ];
        for (rules, wanted) in table {
            assert_eq!(level(rules, Some("ann"), &[project("OPS")]), wanted, "{rules:?}");
        }
    }

    /// Rules, who calls, what the call touches, and what the record is to have.
    type Row<'a> = (&'a [Rule], Option<&'a str>, &'a [Resource], Level);

    #[test]
    fn what_is_in_doubt_is_hidden() {
        let shows = Rule { level: Level::Arguments, ..Rule::default() };
        let secret = Rule { project: Some(pattern("SECRET")), ..Rule::default() };
        let ops = Rule { project: Some(pattern("OPS")), ..shows.clone() };
        let known = Some("ann");
        let whole = Resource::Instance(Product::Jira);
        let lost = Resource::Issue { key: IssueKey::parse("OPS-1").unwrap(), project: None };
        let but_secret = [secret, shows.clone()];
        let table: [Row<'_>; 9] = [
            (&but_secret, known, &[project("OPS")], Level::Arguments),
            (&but_secret, known, &[project("SECRET")], Level::Metadata),
            (&but_secret, known, &[project("OPS"), project("SECRET")], Level::Metadata),
            (&but_secret, known, &[whole], Level::Metadata),
            (&but_secret, known, &[], Level::Metadata),
            (std::slice::from_ref(&ops), known, &[project("OPS")], Level::Arguments),
            (std::slice::from_ref(&ops), known, &[project("OPS"), project("DEV")], Level::Metadata),
            (std::slice::from_ref(&ops), known, &[lost], Level::Metadata),
            (&[Rule { principal: Some(pattern("ann")), ..shows }], None, &[project("OPS")], Level::Metadata),
        ];
        for (rules, principal, resources, wanted) in table {
            assert_eq!(level(rules, principal, resources), wanted, "{rules:?} {resources:?}");
        }
    }
}

//! A narrowed search loses nothing that may be seen, and what is left after the decision on each item is the same.
//!
//! Random policies, callers and queries against the evaluators of JQL and CQL that the sample upstream has.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::atlassian::query;
use crate::policy::Attribute;
use crate::policy::Condition;
use crate::policy::Known;
use crate::policy::Narrowing;
use crate::policy::Observed;
use crate::policy::narrow::Evaluated;
use crate::policy::narrow::Narrow;
use crate::policy::narrow::Scopes;
use crate::sim::data;
use crate::sim::query::cql;
use crate::sim::query::hit::Hit;
use crate::sim::query::hit::everything;
use crate::sim::query::jql;
use crate::sim::world::Issue;
use crate::sim::world::User;
use crate::sim::world::World;

const GROUPS: [&str; 2] = ["jira:dev", "oidc:sso:staff"];

/// What a condition may ask of the item, by product.
const OF_ISSUES: &[&str] = &[
    "resource in Jira::Project::\"OPS\"",
    "resource in Jira::Project::\"SECRET\"",
    "resource in [Jira::Project::\"DEV\", Jira::Project::\"SD\"]",
    "resource in [Jira::Project::\"DEV\", Jira::Project::\"NOPE\", Jira::Issue::\"OPS-4\"]",
    "resource == Jira::Issue::\"OPS-3\"",
    // Once the key of what is now DEV-30.
    "resource == Jira::Issue::\"OPS-900\"",
    "resource in Jira::Instance::\"default\"",
    "resource in Jira::Project::\"lab/OPS\"",
    "resource is Jira::Issue",
    "resource is Jira::Issue in Jira::Project::\"DEV\"",
    "(resource is Jira::Issue && resource.project == Jira::Project::\"SD\")",
    "(resource is Jira::Issue && resource.project.key == \"OPS\")",
    "(resource is Jira::Issue && resource.project.key != \"DEV\")",
    "(resource is Jira::Issue && [\"OPS\", \"SD\"].contains(resource.project.key))",
    "(resource is Jira::Issue && resource.key == \"DEV-2\")",
    "(resource is Jira::Issue && resource.key like \"OPS-1*\")",
    "(resource is Jira::Issue && resource.project.key like \"S*\")",
    "(resource has status && resource.status == \"Done\")",
    "(resource has status && [\"To Do\", \"Nothing\"].contains(resource.status))",
    "(resource has issue_type && resource.issue_type != \"Bug\")",
    "(resource has labels && resource.labels.contains(\"edge\"))",
    "(resource has labels && resource.labels.containsAny([\"tls\", \"backup\"]))",
    "(resource has labels && resource.labels.isEmpty())",
    "(resource has security_level && resource.security_level == \"Top\")",
    "resource has security_level",
];

const OF_PAGES: &[&str] = &[
    "resource in Confluence::Space::\"DOCS\"",
    "resource in Confluence::Space::\"SECRETS\"",
    "resource in [Confluence::Space::\"DOCS\", Confluence::Space::\"NOPE\"]",
    "resource == Confluence::Page::\"65537\"",
    "resource == Confluence::Space::\"DOCS\"",
    "resource in Confluence::Instance::\"default\"",
    "resource in Confluence::Space::\"lab/DOCS\"",
    "resource is Confluence::Page",
    "resource is Confluence::Space",
    "resource is Confluence::Page in Confluence::Space::\"SECRETS\"",
    "(resource is Confluence::Page && resource.space == Confluence::Space::\"DOCS\")",
    "(resource is Confluence::Page && resource.space.key != \"SECRETS\")",
    "(resource is Confluence::Space && resource.key == \"DOCS\")",
    "(resource is Confluence::Space && resource.key like \"D*\")",
    "resource in Confluence::Page::\"65537\"",
    "resource in [Confluence::Page::\"65538\", Confluence::Space::\"SECRETS\"]",
    "(resource has labels && resource.labels.contains(\"runbook\"))",
    "(resource has labels && resource.labels.isEmpty())",
    "(resource has restricted && resource.restricted)",
];

/// What a condition may ask besides; the last two err for some or for all.
const OF_THE_CALLER: &[&str] = &[
    "context.session.method == \"pat\"",
    "context.session.method == \"oauth\"",
    "(context.session has address && context.session.address.isLoopback())",
    "context.session.read_only",
    "principal in Id::Group::\"jira:dev\"",
    "principal == Id::User::\"ann\"",
    "context.session.now.toTime().toMilliseconds() * 9223372036854775807 == 0",
    "context.session.now.toTime().toMilliseconds() * 0 == 0",
];

const QUERIES_OF_JIRA: &[&str] = &[
    "",
    "order by created desc",
    "project = OPS",
    "project in (OPS, SECRET) ORDER BY key DESC",
    "project != DEV AND status != Done order by priority, key",
    "key = OPS-900 OR key = OPS-3",
    "NOT project = SECRET OR labels is EMPTY",
    "summary ~ \"order by ) OR project = SECRET\" OR type = Bug",
    "text ~ 'a' OR (assignee is EMPTY AND NOT (project = SD)) ORDER BY updated",
    "labels = edge OR labels != edge",
];

const QUERIES_OF_CONFLUENCE: &[&str] = &[
    "type = page",
    "type in (page, blogpost, comment, attachment) ORDER BY created desc",
    "type = space",
    "type in (space, page) OR label = runbook",
    "space = SECRETS",
    "space != DOCS order by title",
    "text ~ \"restore\" OR title ~ incident",
    "siteSearch ~ \"order by (\" OR label != runbook",
    "NOT (type = comment) AND creator = alice",
];

fn condition(atoms: &'static [&'static str]) -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        4 => prop::sample::select(atoms).prop_map(str::to_owned),
        1 => prop::sample::select(OF_THE_CALLER).prop_map(str::to_owned),
    ];
    atom.prop_recursive(3, 10, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} && {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            inner.clone().prop_map(|inner| format!("!({inner})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(test, yes, no)| format!("(if {test} then {yes} else {no})")),
        ]
    })
}

fn policy(product: Product) -> impl Strategy<Value = String> {
    let (atoms, scopes): (_, &'static [&'static str]) = match product {
        Product::Jira => (
            OF_ISSUES,
            &[
                "resource",
                "resource",
                "resource in Jira::Project::\"OPS\"",
                "resource in Jira::Project::\"SECRET\"",
                "resource == Jira::Issue::\"DEV-30\"",
                "resource is Jira::Issue in Jira::Project::\"DEV\"",
            ],
        ),
        Product::Confluence => (
            OF_PAGES,
            &[
                "resource",
                "resource",
                "resource in Confluence::Space::\"DOCS\"",
                "resource in Confluence::Space::\"SECRETS\"",
                "resource == Confluence::Page::\"65537\"",
                "resource in Confluence::Page::\"65537\"",
                "resource is Confluence::Page in Confluence::Space::\"DOCS\"",
            ],
        ),
    };
    let principals = &[
        "principal",
        "principal",
        "principal == Id::User::\"ann\"",
        "principal is Id::Service",
        "principal in Id::Group::\"oidc:sso:staff\"",
    ][..];
    let clause = prop_oneof![
        Just(String::new()),
        condition(atoms).prop_map(|text| format!("when {{ {text} }}")),
        condition(atoms).prop_map(|text| format!("unless {{ {text} }}")),
    ];
    let parts =
        (prop::bool::weighted(0.65), prop::sample::select(principals), prop::sample::select(scopes), clause);
    parts.prop_map(move |(permit, principal, resource, clause)| {
        let effect = if permit { "permit" } else { "@advice(\"no\") forbid" };
        let action = format!("action in Mcp::Action::\"{}:read\"", product.as_str());
        format!("{effect} ({principal}, {action}, {resource}) {clause};")
    })
}

/// Policies that are valid one by one, each with an id.
fn policies(product: Product) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(policy(product), 1..7).prop_map(|policies| {
        policies.into_iter().enumerate().map(|(number, text)| format!("@id(\"p{number}\") {text}")).collect()
    })
}

fn principal() -> impl Strategy<Value = Principal> {
    let groups = prop::collection::btree_set(prop::sample::select(&GROUPS[..]).prop_map(str::to_owned), 0..3);
    (any::<bool>(), prop::sample::select(&["ann", "bob"][..]), prop::option::weighted(0.9, groups)).prop_map(
        |(person, id, groups)| Principal {
            kind: if person { PrincipalKind::User } else { PrincipalKind::Service },
            id: id.to_owned(),
            groups,
        },
    )
}

/// An engine on those of the policies that are valid; the others are tested elsewhere.
fn engine_of(texts: &[String]) -> Option<Engine> {
    let load = |texts: &[String]| load_from(directory(&[("own.cedar", &texts.join("\n"))]).path(), |_| ());
    load(texts).ok().or_else(|| {
        let valid: Vec<String> =
            texts.iter().filter(|text| load(std::slice::from_ref(text)).is_ok()).cloned().collect();
        load(&valid).ok()
    })
}

fn issue_of(issue: &Issue) -> Resource {
    Resource::Issue { key: IssueKey::parse(&issue.key).unwrap(), project: Some(project(issue.project.key)) }
}

/// What Jira says of all issues. One is of a level.
fn observed_issues(world: &World) -> Observed {
    let mut observed = Observed::default();
    for issue in world.issues.values() {
        let resource = issue_of(issue);
        let level = issue.security.clone().map_or(Known::Absent, Known::Text);
        observed.note(&resource, Attribute::Status, Known::Text(issue.status.name.to_owned()));
        observed.note(&resource, Attribute::IssueType, Known::Text(issue.kind.name.to_owned()));
        observed.note(&resource, Attribute::SecurityLevel, level);
        observed.note(
            &resource,
            Attribute::IssueLabels,
            Known::Texts(issue.labels.iter().cloned().collect()),
        );
    }
    observed
}

/// What Confluence says of all pages.
fn observed_pages(world: &World) -> Observed {
    let mut observed = Observed::default();
    for page in world.pages.values() {
        let resource = Resource::Page { id: PageId::parse(&page.id.to_string()).unwrap(), space: None };
        let above: BTreeSet<String> =
            world.ancestors(page).iter().map(|above| above.id.to_string()).collect();
        observed.note(&resource, Attribute::Ancestors, Known::Texts(above));
        observed.note(&resource, Attribute::Restricted, Known::Flag(page.id % 5 == 0));
        observed.note(&resource, Attribute::PageLabels, Known::Texts(page.labels.iter().cloned().collect()));
    }
    observed
}

/// As a search has it: whatever is no page is as visible as its space; people are never shown.
fn resource_of(hit: Hit<'_>) -> Option<Resource> {
    let space = space(hit.space()?.key);
    Some(match hit {
        Hit::Page(page) => {
            Resource::Page { id: PageId::parse(&page.id.to_string()).unwrap(), space: Some(space) }
        }
        _ => Resource::Space(space),
    })
}

fn named(hit: &Hit<'_>) -> String {
    format!("{} {} {}", hit.kind(), hit.id(), hit.title())
}

/// Every way to narrow, alone and as the engine uses them.
fn ways() -> [Vec<&'static dyn Narrow>; 3] {
    [vec![&Evaluated], vec![&Scopes], vec![&Evaluated, &Scopes]]
}

/// What a search finds under a narrowing: as much as it is, and sifted.
fn found<T: Clone>(
    narrowing: &Narrowing,
    (asked, search): (&str, impl Fn(&str) -> Result<Vec<T>, String>),
    say: impl Fn(&Condition) -> Option<String>,
    may_view: impl Fn(&T) -> bool,
) -> Result<(Vec<T>, Vec<T>), String> {
    let all = match narrowing {
        Narrowing::Nothing => Vec::new(),
        Narrowing::Everything | Narrowing::Unknown => search(asked)?,
        Narrowing::Condition(condition) => {
            search(&query::restrict(asked, &[say(condition).unwrap()]).unwrap())?
        }
    };
    let sifted = all.iter().filter(|item| may_view(item)).cloned().collect();
    Ok((all, sifted))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_narrowed_search_of_jira_loses_nothing_and_shows_no_more(
        texts in policies(Product::Jira),
        principals in prop::collection::vec(principal(), 2),
    ) {
        let Some(engine) = engine_of(&texts) else { return Err(TestCaseError::reject("no valid policy")) };
        let mut world = World::sample();
        for issue in world.issues.values_mut().filter(|issue| issue.number % 7 == 0) {
            issue.security = Some("Top".to_owned());
        }
        let observed = observed_issues(&world);
        for principal in &principals {
            let may_view = |key: &String| {
                let issue = world.issues.values().find(|issue| issue.key == *key).unwrap();
                engine.may_view(principal, &session(), &issue_of(issue), &observed)
            };
            let seen: BTreeSet<&String> =
                world.issues.values().map(|issue| &issue.key).filter(|key| may_view(key)).collect();
            for way in ways() {
                let narrowing = engine.narrow_by(&way, principal, &session(), Product::Jira);
                for account in ["alice", "bob"].map(|name| User::named(name).unwrap()) {
                    let visible = data::PROJECTS.iter().filter(|project| account.may_browse(project));
                    let narrowing = narrowing.among(&visible.map(|project| project.key.to_owned()).collect());
                    for asked in QUERIES_OF_JIRA {
                        let search = |text: &str| {
                            let found =
                                jql::search(&world, account, text).map_err(|all| all.join("\n"))?;
                            Ok(found.iter().map(|issue| issue.key.clone()).collect::<Vec<String>>())
                        };
                        // What bob's Jira refuses in any case is no matter of policies.
                        let Ok(everything) = search(asked) else { continue };
                        let wanted: Vec<String> =
                            everything.into_iter().filter(|key| seen.contains(key)).collect();
                        match found(&narrowing, (asked, search), query::jql, |key| seen.contains(key)) {
                            Ok((all, sifted)) => {
                                prop_assert_eq!(&sifted, &wanted, "{:?} {:?}", &narrowing, &texts);
                                let exact = narrowing.is_exact();
                                prop_assert!(!exact || all == wanted, "{narrowing:?} {all:?} {texts:?}");
                            }
                            // An issue by a key that is not there, or a status that is none: the client asks again
                            // without the condition.
                            Err(problem) => {
                                let absent = problem.starts_with("An issue with key")
                                    || problem.contains("does not exist for the field");
                                prop_assert!(absent, "{problem} {narrowing:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_narrowed_search_of_confluence_loses_nothing_and_shows_no_more(
        texts in policies(Product::Confluence),
        principals in prop::collection::vec(principal(), 2),
    ) {
        let Some(engine) = engine_of(&texts) else { return Err(TestCaseError::reject("no valid policy")) };
        let world = World::sample();
        let observed = observed_pages(&world);
        for principal in &principals {
            let may_view = |item: &Resource| engine.may_view(principal, &session(), item, &observed);
            let every = ["alice", "bob"].map(|name| everything(&world, User::named(name).unwrap()));
            let items = every.into_iter().flatten().filter(|hit| resource_of(*hit).is_some_and(|item| may_view(&item)));
            let seen: BTreeSet<String> = items.map(|hit| named(&hit)).collect();
            for way in ways() {
                let narrowing = engine.narrow_by(&way, principal, &session(), Product::Confluence);
                let say = |condition: &Condition| query::cql(condition, &[]);
                for account in ["alice", "bob"].map(|name| User::named(name).unwrap()) {
                    for asked in QUERIES_OF_CONFLUENCE {
                        // People are never shown: no policy says anything of them.
                        let search = |text: &str| {
                            let found = cql::search(&world, account, text)?;
                            let shown = found.iter().filter(|hit| hit.space().is_some());
                            Ok(shown.map(named).collect::<Vec<String>>())
                        };
                        let wanted: Vec<String> =
                            search(asked).unwrap().into_iter().filter(|name| seen.contains(name)).collect();
                        let (all, sifted) =
                            found(&narrowing, (asked, search), say, |name| seen.contains(name)).unwrap();
                        prop_assert_eq!(&sifted, &wanted, "{:?} {:?}", &narrowing, &texts);
                        let exact = narrowing.is_exact();
                        prop_assert!(!exact || all == wanted, "{narrowing:?} {all:?} {texts:?}");
                    }
                }
            }
        }
    }
}

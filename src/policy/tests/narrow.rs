//! Which condition the policies become, in the words of the query languages.

use super::*;
use crate::atlassian::query;
use crate::policy::Narrowing;
use crate::policy::narrow::Evaluated;
use crate::policy::narrow::Narrow;
use crate::policy::narrow::Scopes;

const TPE: &dyn Narrow = &Evaluated;
const STABLE: &dyn Narrow = &Scopes;

/// The word for a narrowing, or the query it becomes; a `~` before it says that it is not exact.
fn shown(narrowing: &Narrowing, product: Product) -> String {
    let Narrowing::Condition(condition) = narrowing else { return narrowing.as_str().to_owned() };
    let text = match product {
        Product::Jira => query::jql(condition),
        Product::Confluence => query::cql(condition, &[]),
    };
    format!("{}{}", if condition.is_exact() { "" } else { "~ " }, text.unwrap())
}

fn narrowed(
    way: &dyn Narrow,
    policies: &str,
    principal: &Principal,
    at: &Session,
    product: Product,
) -> String {
    shown(&engine(&[policies]).narrow_by(&[way], principal, at, product), product)
}

fn permit(rest: &str) -> String {
    format!("@id(\"p\") permit (principal, action in Mcp::Action::\"read\", {rest};")
}

fn forbid(rest: &str) -> String {
    format!("@id(\"f\") @advice(\"no\") forbid (principal, action in Mcp::Action::\"jira\", {rest};")
}

fn at(instance: &str) -> Session {
    Session { instance: InstanceName::parse(instance).unwrap(), ..session() }
}

#[test]
fn policies_become_jql() {
    let dev = user(&["jira:dev"]);
    let everything = permit("resource)");
    let ops = permit("resource in Jira::Project::\"OPS\")");
    let table = [
        (everything.clone(), "everything", "everything"),
        (ops.clone(), "project = OPS", "project = OPS"),
        (permit("resource in Jira::Project::\"AND\")"), "project = \"AND\"", "project = \"AND\""),
        (
            format!("{everything}{}", forbid("resource in Jira::Project::\"SECRET\")")),
            "project != SECRET",
            "project != SECRET",
        ),
        (
            permit("resource) when { resource in [Jira::Project::\"OPS\", Jira::Project::\"DEV\"] }"),
            "project IN (DEV, OPS)",
            "unknown",
        ),
        (format!("{ops}{}", forbid("resource in Jira::Project::\"OPS\")")), "nothing", "nothing"),
        (permit("resource in Confluence::Space::\"DOCS\")"), "nothing", "nothing"),
        (permit("resource in Jira::Instance::\"default\")"), "everything", "everything"),
        (permit("resource is Jira::Project)"), "nothing", "nothing"),
        (permit("resource == Jira::Issue::\"OPS-1\")"), "~ key = OPS-1", "~ key = OPS-1"),
        // Jira knows an issue by its former keys as well, so none is taken out by its key.
        (format!("{everything}{}", forbid("resource == Jira::Issue::\"OPS-1\")")), "unknown", "unknown"),
        (
            permit(
                "resource) when { context.session.method == \"oauth\" || resource in Jira::Project::\"OPS\" }",
            ),
            "project = OPS",
            "unknown",
        ),
        (
            permit(
                "resource) when { principal in Id::Group::\"jira:dev\" && !(resource in Jira::Project::\"HR\") }",
            ),
            "project != HR",
            "unknown",
        ),
        (permit("resource) unless { principal in Id::Group::\"jira:dev\" }"), "nothing", "unknown"),
        (
            permit("resource) when { resource is Jira::Issue && resource.project.key == \"OPS\" }"),
            "project = OPS",
            "unknown",
        ),
        // No project has such a key, and no text but a key comes into a query.
        (
            permit("resource) when { resource is Jira::Issue && resource.project.key == \"X) OR (1\" }"),
            "nothing",
            "unknown",
        ),
        (
            permit(
                "resource) when { resource is Jira::Issue && resource.key like \"OPS-*\" && \
                 [\"OPS\", \"DEV\"].contains(resource.project.key) }",
            ),
            "~ project IN (DEV, OPS)",
            "unknown",
        ),
        (
            permit(
                "resource) when { if context.session.read_only then false else \
                 resource in Jira::Project::\"OPS\" || resource == Jira::Issue::\"DEV-7\" }",
            ),
            "~ project = OPS OR key = DEV-7",
            "unknown",
        ),
    ];
    for (policies, evaluated, stable) in table {
        assert_eq!(narrowed(TPE, &policies, &dev, &session(), Product::Jira), evaluated, "{policies}");
        assert_eq!(narrowed(STABLE, &policies, &dev, &session(), Product::Jira), stable, "{policies}");
    }
}

#[test]
fn attributes_become_jql() {
    let everything = permit("resource)");
    let table = [
        (
            permit("resource) when { resource has labels && resource.labels.contains(\"public\") }"),
            "~ labels = \"public\"",
            "unknown",
        ),
        (
            permit(
                "resource) when { resource has status && [\"Done\", \"Open\"].contains(resource.status) }",
            ),
            "~ status = \"Done\" OR status = \"Open\"",
            "unknown",
        ),
        (
            permit("resource) when { resource has issue_type && resource.issue_type == \"Bug\" }"),
            "~ issuetype = \"Bug\"",
            "unknown",
        ),
        // Every issue has labels, if none; not every one has a level.
        (permit("resource) when { resource has labels && resource.labels.isEmpty() }"), "unknown", "unknown"),
        (permit("resource) when { resource has security_level }"), "level IS NOT EMPTY", "unknown"),
        (
            format!(
                "{everything}{}",
                forbid(
                    "resource) when { resource has security_level && resource.security_level == \"Top\" }"
                )
            ),
            "unknown",
            "unknown",
        ),
    ];
    for (policies, wanted, stable) in table {
        let said = |way: &dyn Narrow| narrowed(way, &policies, &user(&[]), &session(), Product::Jira);
        assert_eq!((said(TPE), said(STABLE)), (wanted.to_owned(), stable.to_owned()), "{policies}");
    }
}

#[test]
fn policies_become_cql() {
    let anybody = user(&[]);
    let table = [
        (permit("resource)"), "everything"),
        // Not exact: whether a space itself is found by its key differs by version.
        (permit("resource in Confluence::Space::\"DOCS\")"), "~ space = DOCS OR type = space"),
        (
            permit("resource is Confluence::Page in Confluence::Space::\"DOCS\")"),
            "space = DOCS AND type IN (page, blogpost)",
        ),
        (
            permit("resource in Confluence::Space::\"~ANN\")"),
            "~ space IN (\"~ANN\", \"~ann\") OR type = space",
        ),
        (permit("resource == Confluence::Page::\"65537\")"), "id = 65537 AND type IN (page, blogpost)"),
        (
            format!(
                "{}@id(\"f\") @advice(\"no\") forbid (principal, action in Mcp::Action::\"confluence\", \
                 resource in Confluence::Space::\"SECRETS\");",
                permit("resource)")
            ),
            "~ space != SECRETS OR type = space",
        ),
        (permit("resource in Jira::Project::\"OPS\")"), "nothing"),
        (
            permit("resource in Confluence::Page::\"65537\")"),
            "~ type IN (page, blogpost) AND (id = 65537 OR ancestor = \"65537\" OR type NOT IN (page, blogpost))",
        ),
        (
            permit("resource) when { resource has labels && resource.labels.contains(\"public\") }"),
            "~ type IN (page, blogpost) AND (label = \"public\" OR type NOT IN (page, blogpost))",
        ),
        (
            permit("resource) when { resource has restricted && !resource.restricted }"),
            "~ type IN (page, blogpost)",
        ),
    ];
    for (policies, wanted) in table {
        assert_eq!(narrowed(TPE, &policies, &anybody, &session(), Product::Confluence), wanted, "{policies}");
    }
}

#[test]
fn a_key_of_one_instance_is_none_of_another() {
    let both = permit("resource) when { resource in [Jira::Project::\"OPS\", Jira::Project::\"lab/DEV\"] }");
    for (instance, wanted) in [("default", "project = OPS"), ("lab", "project = DEV"), ("other", "nothing")] {
        assert_eq!(narrowed(TPE, &both, &user(&[]), &at(instance), Product::Jira), wanted, "{instance}");
    }
    let lab = permit("resource in Jira::Instance::\"lab\")");
    for (instance, wanted) in [("default", "nothing"), ("lab", "everything")] {
        assert_eq!(narrowed(TPE, &lab, &user(&[]), &at(instance), Product::Jira), wanted, "{instance}");
        assert_eq!(narrowed(STABLE, &lab, &user(&[]), &at(instance), Product::Jira), wanted, "{instance}");
    }
}

#[test]
fn the_operators_boundary_is_a_condition_like_any_other() {
    let directory = directory(&[("own.cedar", READ_ALL)]);
    let bounded = load_from(directory.path(), |settings| {
        settings.projects = default_only(vec![project("OPS"), project("DEV")]);
        settings.spaces = default_only(vec![space("DOCS")]);
    })
    .unwrap();
    let jira = bounded.narrow(&user(&[]), &session(), Product::Jira);
    assert_eq!(shown(&jira, Product::Jira), "project IN (DEV, OPS)");
    let confluence = bounded.narrow(&user(&[]), &session(), Product::Confluence);
    assert_eq!(shown(&confluence, Product::Confluence), "~ space = DOCS OR type = space");
}

#[test]
fn who_is_not_known_sees_nothing() {
    let groups = engine(&[
        &permit("resource)"),
        "@id(\"g\") @advice(\"no\") forbid (principal in Id::Group::\"jira:guests\", \
         action in Mcp::Action::\"jira\", resource in Jira::Project::\"HR\");",
    ]);
    let unknown = Principal { groups: None, ..user(&[]) };
    assert_eq!(groups.narrow(&unknown, &session(), Product::Jira), Narrowing::Nothing);
    let known = groups.narrow(&user(&["jira:guests"]), &session(), Product::Jira);
    assert_eq!(shown(&known, Product::Jira), "project != HR");
    assert_eq!(groups.narrow(&user(&[]), &session(), Product::Jira), Narrowing::Everything);
}

#[test]
fn what_the_account_does_not_see_is_not_named() {
    let visible = ["DEV", "OPS"].map(str::to_owned).into();
    let table = [
        ("[Jira::Project::\"OPS\", Jira::Project::\"HR\"]", "project = OPS"),
        ("[Jira::Project::\"HR\"]", "nothing"),
    ];
    for (places, wanted) in table {
        let policies = permit(&format!("resource) when {{ resource in {places} }}"));
        let narrowing = engine(&[&policies]).narrow(&user(&[]), &session(), Product::Jira);
        assert_eq!(shown(&narrowing.among(&visible), Product::Jira), wanted);
    }
    let policies = permit("resource) unless { resource in [Jira::Project::\"HR\"] }");
    let narrowing = engine(&[&policies]).narrow(&user(&[]), &session(), Product::Jira);
    assert_eq!(narrowing.among(&visible), Narrowing::Everything);
    assert_eq!(narrowing.within(&project("HR")), Narrowing::Nothing);
    assert_eq!(narrowing.within(&project("OPS")), Narrowing::Everything);
}

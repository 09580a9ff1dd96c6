//! Both languages as tables: what is found, what is refused and with which words.

use proptest::prelude::*;

use super::Clause;
use super::Expression;
use super::Operand;
use super::cql;
use super::jql;
use super::parser;
use super::parser::Dialect;
use crate::sim::world::User;
use crate::sim::world::World;

fn keys(world: &World, user: &str, text: &str) -> Result<Vec<String>, String> {
    let found = jql::search(world, User::named(user).unwrap(), text).map_err(|all| all.join("\n"))?;
    Ok(found.iter().map(|issue| issue.key.clone()).collect())
}

fn titles(world: &World, user: &str, text: &str) -> Result<Vec<String>, String> {
    let found = cql::search(world, User::named(user).unwrap(), text)?;
    Ok(found.iter().map(|hit| hit.title()).collect())
}

#[test]
fn jql_finds() {
    let world = World::sample();
    let table = [
        ("key = OPS-1", "OPS-1"),
        ("issuekey in (ops-2, \"DEV-1\") order by key", "DEV-1 OPS-2"),
        ("key = OPS-900", "DEV-30"),
        ("issue in linkedIssues(OPS-900)", "OPS-16"),
        ("parent in linkedIssues(OPS-8) OR key in linkedIssues(\"OPS-8\", blocks)", "OPS-2"),
        ("project = Operations AND type = Epic ORDER BY key ASC", "OPS-1 OPS-10"),
        ("project=OPS&&issuetype=Epic||key=SD-1 ORDER BY key", "OPS-1 OPS-10 SD-1"),
        ("key = SD-1 OR key = OPS-1 AND key = OPS-2", "SD-1"),
        ("(key = SD-1 OR key = OPS-1) AND NOT key = OPS-1", "SD-1"),
        ("NOT (project in (OPS, DEV, SECRET)) AND !(status = \"To Do\") ORDER BY key", "SD-2 SD-3 SD-5"),
        ("project = SD AND statusCategory = Done", "SD-3"),
        ("project = SD AND statusCategory != Done AND labels = hardware ORDER BY key DESC", "SD-4 SD-2"),
        ("summary ~ \"certificates edge\"", "OPS-3"),
        ("summary ~ \"certif*\" ORDER BY key", "OPS-1 OPS-3"),
        ("summary ~ '\"support contract\"'", "OPS-15"),
        ("summary ~ '\"contract support\"'", ""),
        ("summary ~ certif", ""),
        ("text ~ \"previous instructions\"", "OPS-25"),
        ("description is EMPTY AND project = OPS ORDER BY key", "OPS-11 OPS-22"),
        ("sprint in openSprints() AND type = Bug ORDER BY key", "DEV-12 DEV-16"),
        ("sprint = 'Sprint 1' AND key <= DEV-3 ORDER BY key", "DEV-2 DEV-3"),
        ("\"Epic Link\" = OPS-1 AND 'Story Points' is empty AND type = Bug ORDER BY key", "OPS-2 OPS-5"),
        ("cf[10016] >= 8 AND sprint = 1", "DEV-5"),
        ("parent = OPS-14", ""),
        (
            "due <= 2026-11-04 AND due >= \"2026/11/03 00:00\" ORDER BY key",
            "DEV-2 DEV-26 OPS-2 OPS-26 SD-2 SECRET-2",
        ),
        ("key = OPS-1 AND created < now() AND updated >= -52w", "OPS-1"),
        ("key = OPS-1 AND created > startOfDay()", ""),
        (
            "project = SECRET AND resolution = Unresolved AND priority >= High ORDER BY key",
            "SECRET-2 SECRET-5",
        ),
        ("labels in (dns) OR labels = \"TIME\" ORDER BY key", "OPS-13 OPS-17"),
        ("key\n=\tOPS-1", "OPS-1"),
    ];
    for (text, wanted) in table {
        assert_eq!(keys(&world, "alice", text).map(|keys| keys.join(" ")).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn jql_depends_on_who_asks() {
    let world = World::sample();
    let mine = keys(&world, "alice", "assignee = currentUser()").unwrap();
    assert!(!mine.is_empty());
    assert_eq!(mine, keys(&world, "carol", "assignee = alice").unwrap());
    assert_ne!(mine, keys(&world, "bob", "assignee = currentUser()").unwrap());
    let everyone = keys(&world, "bob", "assignee in membersOf(jira-users) OR assignee is EMPTY").unwrap();
    assert_eq!(everyone.len(), 66);
    assert_eq!(keys(&world, "alice", "").unwrap().len(), 72);
    let assigned = keys(&world, "alice", "assignee != alice").unwrap().len();
    let unassigned = keys(&world, "alice", "assignee is EMPTY").unwrap().len();
    assert_eq!(assigned + unassigned + mine.len(), 72);
}

#[test]
fn jql_is_refused_in_words() {
    let world = World::sample();
    let table = [
        (
            "project =",
            "Expecting either a value, list or function but got the end of the query. (line 1, character 10)",
        ),
        ("project OPS", "Expecting operator but got 'OPS'"),
        (
            "project = OPS) OR (project = DEV",
            "Expecting either 'OR' or 'AND' but got ')'. (line 1, character 14)",
        ),
        ("(project = OPS", "Expecting ')' but got the end of the query"),
        ("project = \"OPS", "The quoted string 'OPS' has not been completed. (line 1, character 11)"),
        ("project = 'a\\x'", "is an illegal JQL escape sequence"),
        ("project = OPS\nAND summary ~ a#b", "The character '#' is a reserved JQL character"),
        ("project = order", "it is a reserved word"),
        ("project in OPS", "Expecting a list or a function after 'IN'"),
        ("project is OPS", "Expecting 'EMPTY' or 'NULL'"),
        ("order project", "Expecting 'BY' but got 'project'"),
        ("nonsense = 1", "Field 'nonsense' does not exist or you do not have permission to view it."),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("key = OPS-12345", "An issue with key 'OPS-12345' does not exist for field 'key'."),
        ("status = Gone", "The value 'Gone' does not exist for the field 'status'."),
        ("project ~ OPS", "The operator '~' is not supported by the 'project' field."),
        ("summary = x", "The operator '=' is not supported by the 'summary' field."),
        ("created > soon", "Date value 'soon' for field 'created' is invalid."),
        ("assignee = nobody()", "Unable to find JQL function 'nobody()'."),
        ("key in linkedIssues(OPS-901)", "Issue 'OPS-901' could not be found in function 'linkedIssues'."),
        ("project = currentUser()", "The function 'currentUser' is not supported by the field 'project'."),
        ("project = OPS ORDER BY nonsense", "Field 'nonsense' does not exist"),
        ("project = OPS project = DEV", "Expecting either 'OR' or 'AND' but got 'project'"),
        ("project = OPS AND", "Expecting a field name but got the end of the query"),
    ];
    for (text, wanted) in table {
        let refused = keys(&world, "alice", text).unwrap_err();
        assert!(refused.contains(wanted), "{text}: {refused}");
    }
    let hidden = "The value 'SECRET' does not exist for the field 'project'.";
    assert_eq!(keys(&world, "bob", "project = SECRET").unwrap_err(), hidden);
    assert!(
        keys(&world, "alice", &format!("{}key = OPS-1", "(".repeat(1000))).unwrap_err().contains("deeply")
    );
}

#[test]
fn all_mistakes_of_a_query_are_told_in_order() {
    let world = World::sample();
    let told = |text: &str| jql::search(&world, User::named("bob").unwrap(), text).map(|_| ()).unwrap_err();
    let wanted = [
        "The value 'SECRET' does not exist for the field 'project'.",
        "The value 'NOPE' does not exist for the field 'project'.",
        "Field 'nonsense' does not exist or you do not have permission to view it.",
        "An issue with key 'OPS-901' does not exist for field 'key'.",
        "The operator '=' is not supported by the 'summary' field.",
        "Unable to find JQL function 'nobody()'.",
        "Field 'reporter2' does not exist or you do not have permission to view it.",
    ];
    let query = "project in (OPS, SECRET, NOPE) AND (nonsense = 1 OR NOT key = OPS-901) AND (summary = x OR assignee = \
                 nobody()) ORDER BY reporter2, key";
    assert_eq!(told(query), wanted);
    assert_eq!(
        told("nonsense = 1 AND AND project = NOPE").len(),
        1,
        "of a query that cannot be read nothing else is"
    );
}

#[test]
fn cql_finds() {
    let world = World::sample();
    let table = [
        ("id = 65537", "Operations Handbook"),
        ("type = page and title = \"On-call\"", "On-call"),
        ("space.key = DOCS and label = tls", "Renew a certificate"),
        ("space in (DOCS, SECRETS) and label = access", "Emergency access"),
        ("type=page AND parent = 65553 ORDER BY title", "Contacts of vendors|On-call"),
        (
            "type = page and ancestor = 81922 order by title desc",
            "Incident 14: leaked build token|Incident 13: lost laptop",
        ),
        ("type = page and text ~ \"long version\" and space = SECRETS", "Incident 13: lost laptop"),
        (
            "siteSearch ~ \"fail over\" and type = page order by id",
            "Fail over the database|Fail over by hand",
        ),
        ("type = comment and creator = currentUser() and space = SECRETS", "Re: Penetration test 2026"),
        ("type = page and lastmodified < now(\"-100w\")", ""),
        (
            "type = page and created >= 2026-01-01 and id in (65537, 65538) order by id",
            "Operations Handbook|Runbooks",
        ),
        ("title ~ runbook and type = page", "Runbooks"),
        ("title ~ proxies and type = page", "Restart the edge proxies"),
        ("user.fullname ~ \"Security\"", "Carol Security"),
        ("type = space and title ~ handbook", ""),
        ("type = space", "Operations Handbook|Security Response"),
    ];
    for (text, wanted) in table {
        assert_eq!(
            titles(&world, "alice", text).map(|found| found.join("|")).as_deref(),
            Ok(wanted),
            "{text}"
        );
    }
    assert!(titles(&world, "bob", "space = SECRETS").unwrap().is_empty());
    assert!(titles(&world, "bob", "type = page").unwrap().len() >= 28);
}

#[test]
fn cql_is_refused_in_words() {
    let world = World::sample();
    let table = [
        ("", "the query is empty"),
        ("title", "Expecting operator"),
        ("nonsense = 1", "No field exists with name: nonsense"),
        ("text = x", "The operator '=' is not supported by the field 'text'"),
        ("title ~ \"x", "has not been completed"),
        ("space = nothing()", "No function exists with name: nothing"),
        ("created > never", "The date of the field 'created' is not valid"),
        ("type = page) or (type = page", "(line 1, character 12)"),
    ];
    for (text, wanted) in table {
        let refused = titles(&world, "alice", text).unwrap_err();
        assert!(
            refused.starts_with("Could not parse cql : ") && refused.contains(wanted),
            "{text}: {refused}"
        );
    }
}

#[test]
fn quotes_and_escapes_are_read() {
    let table = [
        (r#"summary ~ "a \"b\" c""#, "a \"b\" c"),
        (r"summary ~ 'it\'s'", "it's"),
        (r#"summary ~ "\u0041\n\\""#, "A\n\\"),
        (r"summary ~ a\ b", "a b"),
        (r#"summary ~ "and""#, "and"),
    ];
    for (text, wanted) in table {
        let Some(Expression::Clause(Clause { operands, .. })) =
            parser::parse(text, Dialect::Jql).unwrap().filter
        else {
            panic!("{text} is one clause");
        };
        assert_eq!(operands, [Operand::Text(wanted.to_owned())], "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let world = World::default();
        let user = User::named("alice").unwrap();
        let _ = jql::search(&world, user, &text).map(|found| found.len());
        let _ = cql::search(&world, user, &text).map(|found| found.len());
    }

    #[test]
    fn no_heap_of_tokens_panics(tokens in prop::collection::vec(prop::sample::select(vec![
        "(", ")", ",", "=", "!=", "~", "!~", "<", ">=", "in", "not", "and", "or", "is", "empty", "order", "by", "desc",
        "project", "OPS", "created", "-7d", "now", "summary", "\"a b\"", "'", "\\", "key", "OPS-1", "labels", "text",
    ]), 0..24)) {
        let world = World::default();
        let user = User::named("bob").unwrap();
        let text = tokens.join(" ");
        let _ = jql::search(&world, user, &text).map(|found| found.len());
        let _ = cql::search(&world, user, &text).map(|found| found.len());
    }

    #[test]
    fn a_quoted_value_is_read_back(value in "\\PC{0,40}") {
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        let query = parser::parse(&format!("summary ~ \"{quoted}\""), Dialect::Jql).unwrap();
        let Some(Expression::Clause(clause)) = query.filter else { panic!("one clause") };
        prop_assert_eq!(clause.operands, vec![Operand::Text(value)]);
    }
}

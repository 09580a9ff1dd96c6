use std::collections::BTreeSet;

use super::*;
use crate::policy::check_directory;
use crate::policy::schema_text;

/// What is said of these policies, one line each, without the directory.
fn problems(text: &str) -> Vec<String> {
    let directory = directory(&[("own.cedar", text)]);
    let error = load_from(directory.path(), |settings| settings.projects = default_only(vec![])).unwrap_err();
    let prefix = format!("{}/", directory.path().display());
    error.problems().iter().map(|problem| problem.to_string().replace(&prefix, "")).collect()
}

/// A policy, and how what is said of it begins.
const BAD: [(&str, &str); 17] = [
    (
        "\n@id(\"typo\")\npermit (principal, action == Mcp::Action::\"jira_get_isue\", resource);",
        "own.cedar:3:30: policy `typo`: unrecognized action `Mcp::Action::\"jira_get_isue\"`; did you mean `Mcp::Action::\"jira_get_issue\"`?",
    ),
    (
        "@id(\"a\")\npermit (principal, action, resource);\n@id(\"b\")\npermit (principal, action, resource) when { context.session.metod == \"pat\" };",
        "own.cedar:4:45: policy `b`: attribute `session.metod` in context for Mcp::Action::\"confluence:view_item\" not found; did you mean `method`?",
    ),
    ("permit (principal, action, resource);", "own.cedar:1:1: has no id; write `@id(\"...\")` above it"),
    ("@id(\"\") permit (principal, action, resource);", "own.cedar:1:1: its id is empty"),
    (
        "@id(\"portcullis:x\") permit (principal, action, resource);",
        "own.cedar:1:1: ids that begin with `portcullis:` are taken; choose another",
    ),
    (
        "@id(\"x\") permit (principal, action, resource);\n  @id(\"x\") permit (principal, action, resource);",
        "own.cedar:2:3: policy `x`: its id is already used in `own.cedar`; choose another",
    ),
    (
        "@id(\"f\") forbid (principal, action, resource);",
        "own.cedar:1:1: policy `f`: a forbid tells the caller what to do; write `@advice(\"...\")` above it",
    ),
    (
        "@id(\"f\") @advice(\"no\")\nforbid (principal, action == Mcp::Action::\"jira_get_issue\", resource is Confluence::Page);",
        "own.cedar:1:1: policy `f`: unable to find an applicable action given the policy scope constraints",
    ),
    (
        "@id(\"f\") @advice(\"no\")\nforbid (principal, action in Mcp::Action::\"jira\", resource) when { resource is Confluence::Page };",
        "own.cedar:1:1: policy `f`: policy is impossible: the policy expression evaluates to false for all valid requests",
    ),
    (
        "@id(\"f\") @advice(\"no\")\nforbid (principal, action, resource in Jira::Project::\"secret\");",
        "own.cedar:2:40: policy `f`: `Jira::Project::\"secret\"` matches nothing; write `SECRET`",
    ),
    (
        "@id(\"i\") permit (principal, action, resource in Jira::Instance::\"main\");",
        "own.cedar:1:49: policy `i`: `Jira::Instance::\"main\"` matches nothing: no Jira is called `main`; there is default",
    ),
    (
        "@id(\"g\") permit (principal in Id::Group::\"dev\", action, resource);",
        "own.cedar:1:31: policy `g`: group `dev` has no origin; write `jira:dev`, `confluence:dev` or `oidc:<issuer>:dev`",
    ),
    (
        "@id(\"g\") @advice(\"no\") forbid (principal in Id::Group::\"jira:dev\", action in Mcp::Action::\"write\", resource);",
        "own.cedar:1:1: policy `g`: forbids Confluence too, where group `jira:dev` is not known; limit it to `action in Mcp::Action::\"jira\"`",
    ),
    (
        "@id(\"t\") permit (principal == ?principal, action, resource);",
        "own.cedar:1:1: templates are not supported; write out the policy",
    ),
    (
        "@id(\"p\")\npermit (principal, action resource);",
        "own.cedar:2:27: policy `p`: unexpected token `resource`",
    ),
    (
        "@id(\"o\") permit (principal, action == Mcp::Action::\"jira_search\", resource) when { context.input.limit > 5 };",
        "own.cedar:1:84: policy `o`: unable to guarantee safety of access to optional attribute `input.limit`",
    ),
    (
        "@id(\"o\") permit (principal, action == Mcp::Action::\"jira_search\", resource) when { context.input.jql_len == \"5\" };",
        "own.cedar:1:84: policy `o`: ",
    ),
];

#[test]
fn a_policy_that_cannot_hold_is_an_error_with_its_place_and_id() {
    for (text, wanted) in BAD {
        let found = problems(text);
        assert!(
            found.iter().any(|problem| problem.starts_with(wanted)),
            "{text}\nwanted {wanted}\nfound {found:#?}"
        );
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[test]
fn every_problem_is_listed_and_the_first_is_the_message() {
    let directory = directory(&[
        ("a.cedar", "permit (principal, action, resource);"),
        ("b.cedar", "@id(\"x\") permit (principal, action == Mcp::Action::\"nothing_like_it\", resource);"),
    ]);
    let error = load_from(directory.path(), |_| ()).unwrap_err();
    let files: Vec<&str> =
        error.problems().iter().map(|problem| problem.file.rsplit('/').next().unwrap()).collect();
    assert_eq!(files, ["a.cedar", "b.cedar"]);
    assert_eq!(error.to_string().lines().count(), 2, "{error}");
    assert!(!error.problems()[1].message.contains("did you mean"), "{error:?}");
}

#[test]
fn one_id_in_two_files_is_an_error() {
    let directory = directory(&[("a.cedar", ALL), ("b.cedar", ALL)]);
    let error = load_from(directory.path(), |_| ()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("b.cedar:2:1: policy `all`: its id is already used in"), "{message}");
    assert!(message.contains("a.cedar`"), "{message}");
}

#[test]
fn a_directory_without_policies_is_an_error() {
    let table: [(&[(&str, &str)], &str); 4] = [
        (&[], "ends in `.cedar`"),
        (&[("policies.txt", ALL), (".hidden.cedar", ALL)], "ends in `.cedar`"),
        (&[("own.cedar", "")], "holds no policy"),
        (&[("own.cedar", "// nothing yet\n")], "holds no policy"),
    ];
    for (files, wanted) in table {
        let directory = directory(files);
        let error = load_from(directory.path(), |settings| settings.read_only = true).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
    let missing = load_from(Path::new("/nowhere/at/all"), |_| ()).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read `/nowhere/at/all`"), "{missing}");
}

#[test]
fn files_that_are_not_text_or_not_files_are_errors() {
    let directory = directory(&[("own.cedar", ALL)]);
    std::fs::write(directory.path().join("x.cedar"), [0xff, 0xfe]).unwrap();
    assert!(matches!(load_from(directory.path(), |_| ()), Err(PolicyError::Read { .. })));
    std::fs::remove_file(directory.path().join("x.cedar")).unwrap();
    std::fs::create_dir(directory.path().join("x.cedar")).unwrap();
    assert!(matches!(load_from(directory.path(), |_| ()), Err(PolicyError::Read { .. })));
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_policies_that_lie_deeper_are_an_error() {
    let real = directory(&[("real.txt", ALL)]);
    let linked = directory(&[]);
    std::fs::create_dir(linked.path().join("more")).unwrap();
    std::os::unix::fs::symlink(real.path().join("real.txt"), linked.path().join("own.cedar")).unwrap();
    assert!(load_from(linked.path(), |_| ()).is_ok());
    std::fs::write(linked.path().join("more/deny.cedar"), "not read").unwrap();
    assert!(matches!(load_from(linked.path(), |_| ()), Err(PolicyError::TooDeep(_))));
}

#[test]
fn the_hash_is_of_the_meaning_and_not_of_the_layout() {
    let hash = |files: &[(&str, &str)]| {
        let directory = directory(files);
        load_from(directory.path(), |_| ()).unwrap().policy_hash().to_owned()
    };
    let one = hash(&[("a.cedar", ALL), ("b.cedar", READ_ALL)]);
    let moved = format!("// moved\n{READ_ALL}\n{}", ALL.replace("permit (", "permit   (\n // why\n"));
    assert_eq!(one.len(), 64);
    assert_eq!(one, hash(&[("z.cedar", &moved)]));
    assert_ne!(one, hash(&[("a.cedar", ALL)]));
    assert_ne!(one, hash(&[("a.cedar", ALL), ("b.cedar", &READ_ALL.replace("read-all", "read"))]));
    assert_ne!(one, hash(&[("a.cedar", ALL), ("b.cedar", &READ_ALL.replace("\"read\"", "\"write\""))]));

    let directory = directory(&[("a.cedar", ALL)]);
    let open = load_from(directory.path(), |_| ()).unwrap();
    let closed = load_from(directory.path(), |settings| settings.read_only = true).unwrap();
    assert_ne!(open.policy_hash(), closed.policy_hash());
    assert_eq!(open.schema_hash(), closed.schema_hash());
}

#[test]
fn a_directory_can_be_checked_without_a_server() {
    let forbid =
        "@id(\"no\") @advice(\"ask ops\") forbid (principal, action, resource in Jira::Project::\"HR\");";
    let directory = directory(&[("a.cedar", ALL), ("b.cedar", forbid)]);
    let summary = check_directory(directory.path(), &tools()).unwrap();
    let listed: Vec<(&str, &str)> =
        summary.policies.iter().map(|policy| (policy.id.as_str(), policy.effect.as_str())).collect();
    assert_eq!(listed, [("all", "permit"), ("no", "forbid")]);
    let engine = load_from(directory.path(), |_| ()).unwrap();
    assert_eq!(
        (summary.policy_hash.as_str(), summary.schema_hash.as_str()),
        (engine.policy_hash(), engine.schema_hash())
    );
}

#[test]
fn the_schema_is_the_same_for_the_same_tools_and_names_each_once() {
    let text = schema_text(&tools());
    let mut reversed = tools();
    reversed.reverse();
    assert_eq!(text, schema_text(&reversed));
    assert!(text.starts_with("// generated by `portcullis policy schema`\n"));
    for tool in tools() {
        assert_eq!(text.matches(&format!("action \"{}\" in", tool.name)).count(), 1, "{}", tool.name);
    }
    assert!(text.contains("\"body_len\": Long,"));
    assert!(text.contains("\"public\"?: Bool,"));
    assert!(text.contains("resource: [Confluence::Space, Confluence::Page],"));
}

#[test]
fn tools_that_make_no_schema_are_refused() {
    let mut twice = tools();
    twice.extend(tools().into_iter().take(1));
    let mut nowhere = tools();
    nowhere[0].resources = &[];
    let mut same_input = tools();
    same_input[2].input.push(field("body_len", InputKind::Number, false));
    let mut tame = tools();
    tame[0].destructive = true;
    for tools in [twice, nowhere, same_input, tame] {
        let error = Engine::load(&tools, &settings(PolicySource::ReadOnly)).unwrap_err();
        assert!(matches!(error, PolicyError::Tools(_)), "{error}");
    }
}

#[test]
fn profiles_load_with_few_tools_and_with_none_that_writes() {
    for source in [PolicySource::ReadOnly, PolicySource::ReadWrite] {
        let reading: Vec<ToolFacts> =
            tools().into_iter().filter(|tool| tool.access == Access::Read).collect();
        let mut settings = settings(source);
        settings.read_only = true;
        settings.projects = default_only(vec![project("OPS")]);
        assert!(Engine::load(&reading, &settings).is_ok());
        assert!(Engine::load(&reading[..1], &settings).is_ok());
    }
}

#[test]
fn groups_are_asked_for_only_if_a_policy_names_one() {
    let jira =
        "@id(\"g\") permit (principal, action, resource) when { principal in Id::Group::\"jira:dev\" };";
    let confluence = "@id(\"g\") permit (principal in Id::Group::\"confluence:dev\", action, resource);";
    let issuer = "@id(\"g\") permit (principal in Id::Group::\"oidc:corp:dev\", action, resource);";
    let table = [
        (ALL, BTreeSet::new()),
        (jira, BTreeSet::from([Product::Jira])),
        (confluence, BTreeSet::from([Product::Confluence])),
        (issuer, BTreeSet::new()),
    ];
    for (policy, wanted) in table {
        let engine = engine(&[policy]);
        let asked: BTreeSet<Product> = [Product::Jira, Product::Confluence]
            .into_iter()
            .filter(|product| engine.asks_groups(*product))
            .collect();
        assert_eq!(asked, wanted, "{policy}");
    }
}

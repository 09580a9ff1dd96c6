//! What an administrator asks about policies, also about a call that was denied yesterday.

use std::collections::BTreeMap;
use std::process::Output;

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::line::run;
use crate::support::policy_directory;
use crate::support::usual;

const USAGE: i32 = 64;
const CONFIGURATION: i32 = 78;

/// Comments are short, and for a group that alice is in or not.
const POLICIES: &str = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("comment")
permit (
    principal in Id::Group::"jira:security",
    action == Mcp::Action::"jira_add_comment",
    resource in Jira::Project::"OPS"
)
when { context.input.body_len < 10 };
"#;

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

#[tokio::test]
async fn a_denied_call_is_explained_from_the_audit_log() {
    let world = World::start(Setup { policies: Some(POLICIES), ..Setup::default() }).await;
    let arguments = json!({"issue_key": "OPS-1", "body": "a rather long comment"});
    let denied = world.call("alice-token", "jira_add_comment", arguments).await;
    let decision = denied.text.split("(decision ").nth(1).unwrap().trim_end_matches(')').to_owned();
    let record = world.until_audited(|record| record["outcome"] == "denied").await;
    assert_eq!(record["decision"]["id"], decision.as_str());
    assert!(record["decision"]["policy_hash"].is_string() && record["decision"]["schema_hash"].is_string());
    assert_eq!(record["resources"], json!(["Jira::Issue::\"OPS-1\"", "Jira::Project::\"OPS\""]));
    assert!(!record.to_string().contains("rather long"), "{record}");

    let home = &world.home;
    let policies = policy_directory(home, POLICIES);
    let variables = usual("http://127.0.0.1:9", home, false);
    let audit = home.path().join("audit").display().to_string();
    let explain = async |more: &[&str]| {
        let mut words = vec!["policy", "explain", "--policies", &policies, "--audit", &audit];
        words.extend(more);
        run(&variables, &words).await
    };

    // The record has the length of the text, which is all that policies see of it.
    let unsaid = out(&explain(&[&decision]).await);
    assert!(unsaid.contains("(context.input.body_len is 21)"), "{unsaid}");
    let lie = refused(&explain(&[&decision, "--input", "body=short"]).await, USAGE);
    assert!(lie.contains("`body` was something else"), "{lie}");
    let length = refused(&explain(&[&decision, "--input", "body_len=5"]).await, USAGE);
    assert!(length.contains("give `body` itself"), "{length}");
    let nobody = refused(&explain(&["0123456789abcdef01234567"]).await, 65);
    assert!(nobody.contains("no call and no decision"), "{nobody}");

    let given = ["--input", "body=a rather long comment"];
    let told = out(&explain(&[&[decision.as_str()], &given[..]].concat()).await);
    for part in [
        "denied (no_policy): jira_add_comment by Id::User::\"alice\"",
        "then: denied by no policy",
        "1. jira:view_item on Jira::Issue::\"OPS-1\" in Jira::Project::\"OPS\": allowed by read",
        "own.cedar:3) does not match",
        "line 9: `context.input.body_len < 10` is false (context.input.body_len is 21)",
        "What to change",
    ] {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
    assert!(!told.contains("other policies"), "{told}");

    // The whole call is found by its own id as well, and other policies are said to be others.
    let changed = POLICIES.replace("< 10", "< 100");
    policy_directory(home, &changed);
    let call = record["call"].as_str().unwrap();
    let told: Value =
        serde_json::from_str(&out(&explain(&[&[call, "--json"], &given[..]].concat()).await)).unwrap();
    let note = told["notes"][1].as_str().unwrap();
    assert!(
        note.contains("decided by other policies")
            && note.contains(record["decision"]["policy_hash"].as_str().unwrap())
    );
    world.end();
}

#[tokio::test]
async fn an_allowed_call_has_what_explains_it_in_its_intent() {
    let world = World::start(Setup { policies: Some(POLICIES), ..Setup::default() }).await;
    world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    let intent = world.until_audited(|record| record["stage"] == "intent").await;
    assert!(intent["groups"].is_array() && intent["decision"]["schema_hash"].is_string(), "{intent}");
    let policies = policy_directory(&world.home, POLICIES);
    let variables = usual("http://127.0.0.1:9", &world.home, false);
    let audit = world.home.path().join("audit").display().to_string();
    let call = intent["call"].as_str().unwrap();
    let told =
        out(&run(&variables, &["policy", "explain", "--policies", &policies, "--audit", &audit, call]).await);
    assert!(told.starts_with("allowed: jira_get_issue by Id::User::\"alice\""), "{told}");
    world.end();
}

#[tokio::test]
async fn a_call_whose_limit_is_used_up_is_explained_as_denied() {
    let policies = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource);
@id("comment") @limit("1/h") permit (principal, action == Mcp::Action::"jira_add_comment", resource);
"#;
    let world = World::start(Setup { policies: Some(policies), ..Setup::default() }).await;
    let comment = async || {
        let arguments = json!({"issue_key": "OPS-1", "body": "hello"});
        world.call("alice-token", "jira_add_comment", arguments).await
    };
    assert!(!comment().await.is_error);
    let denied = comment().await;
    let decision = denied.text.split("(decision ").nth(1).unwrap().trim_end_matches(')').to_owned();
    world.until_audited(|record| record["outcome"] == "denied").await;
    let directory = policy_directory(&world.home, policies);
    let variables = usual("http://127.0.0.1:9", &world.home, false);
    let audit = world.home.path().join("audit").display().to_string();
    let words = ["policy", "explain", "--policies", &directory, "--audit", &audit, &decision];
    let told = out(&run(&variables, &words).await);
    assert!(told.starts_with("denied: limit 1/h of `comment` is used up: jira_add_comment by "), "{told}");
    assert!(told.contains("raise `@limit(\"1/h\")` of `comment`"), "{told}");
    // Where there is no such limit by now, it is said what was and what is.
    policy_directory(&world.home, &policies.replace("@limit(\"1/h\")", ""));
    let told = out(&run(&variables, &words).await);
    assert!(told.starts_with("denied then: the limit of comment was used up; allowed now: "), "{told}");
    world.end();
}

#[tokio::test]
async fn what_is_not_visible_is_explained_by_its_reference() {
    let policies = r#"
@id("read") permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"OPS");
"#;
    let world = World::start(Setup { policies: Some(policies), ..Setup::default() }).await;
    let directory = policy_directory(&world.home, policies);
    let variables = usual("http://127.0.0.1:9", &world.home, false);
    let hidden = [
        "denied (not_visible): jira_get_issue by Id::User::\"alice\"",
        "the caller reads that it does not exist or is not visible: before the tool `jira:view_item` is asked",
        "1. jira:view_item on Jira::Issue::\"DEV-1\" in Jira::Project::\"DEV\": denied: no policy permits it",
        "What to change",
    ];
    let absent = [
        "denied (not_visible): jira_get_issue by Id::User::\"alice\"",
        "what it names is absent, or Jira does not show it to the account of this caller",
        "the account needs the permission to see it in Jira",
        "What to change",
    ];
    for (key, parts) in [("DEV-1", hidden), ("OPS-99999", absent)] {
        let denied = world.call("alice-token", "jira_get_issue", json!({"issue_key": key})).await;
        let reference = denied.text.split("(reference ").nth(1).unwrap().trim_end_matches(')').to_owned();
        world.until_audited(|record| record["call"] == *reference && record["outcome"].is_string()).await;
        // The log is the one of the configuration.
        let told = out(&run(&variables, &["policy", "explain", "--policies", &directory, &reference]).await);
        for part in parts {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
    }
    world.end();
}

#[tokio::test]
async fn answers_say_which_policies_they_are_of() {
    let home = tempfile::tempdir().unwrap();
    let mut variables = usual("http://127.0.0.1:9", &home, false);
    let asked = ["--user", "ann", "--tool", "jira_get_issue", "--resource", "Jira::Issue::\"OPS-1\""];
    let explain = async |variables: &BTreeMap<&'static str, String>, more: &[&str]| {
        out(&run(variables, &[&["policy", "explain"], &asked[..], more].concat()).await)
    };
    let first = |told: &str| told.lines().next().unwrap().to_owned();
    let built_in = "the built-in read-only profile; name yours with ";
    let told = first(&explain(&variables, &[]).await);
    assert!(
        told.ends_with(&format!(
            "in no group ({built_in}--policies DIR, or with policy.directory in the configuration)"
        )),
        "{told}"
    );
    for command in ["matrix", "show"] {
        let told = first(&out(&run(&variables, &["policy", command]).await));
        assert!(told.contains(&format!("{built_in}`policy {command} DIR`")), "{told}");
    }
    let profile = policy_directory(&home, POLICIES);
    let told = first(&explain(&variables, &["--policies", &profile]).await);
    assert!(told.ends_with(&format!("in no group (the policies of {profile})")), "{told}");
    let told = first(&out(&run(&variables, &["policy", "matrix", &profile]).await));
    assert_eq!(told, format!("the policies of {profile}"));
    variables.insert("PORTCULLIS_POLICY__DIRECTORY", profile.clone());
    let told = first(&explain(&variables, &[]).await);
    assert!(told.ends_with(&format!("(the configured policies of {profile} and of the settings)")), "{told}");
    variables.insert("READ_ONLY_MODE", "false".to_owned());
    variables.remove("PORTCULLIS_POLICY__DIRECTORY");
    let told = first(&explain(&variables, &[]).await);
    assert!(told.contains("(the built-in read-write profile; "), "{told}");
    let unknown = run(&variables, &["policy", "explain", "--user", "ann", "--tool", "jira_view_issue"]).await;
    assert!(refused(&unknown, USAGE).contains("did you mean `jira_get_issue`?"));
    let known = run(&variables, &["audit", "show", "--tool", "jira_serach"]).await;
    assert!(
        String::from_utf8_lossy(&known.stderr)
            .contains("warning: no tool is called `jira_serach`; did you mean `jira_search`?")
    );
}

#[tokio::test]
async fn what_cannot_be_done_says_what_to_give() {
    let home = tempfile::tempdir().unwrap();
    let none = BTreeMap::new();
    let profile = policy_directory(&home, POLICIES);
    let file = format!("{profile}/own.cedar");
    for words in [
        &["policy", "check", &file][..],
        &["policy", "test", &file],
        &["policy", "show", &file],
        &["policy", "matrix", &file],
        &["policy", "explain", "--policies", &file, "--user", "ann"],
    ] {
        let told = refused(&run(&none, words).await, CONFIGURATION);
        assert!(
            told.contains(&format!("`{file}` is a file; give its directory `{profile}`")),
            "{words:?}: {told}"
        );
    }
    let told = refused(&run(&none, &["policy", "test", &profile]).await, 1);
    assert!(
        told.contains("no case was run, so nothing was tested") && told.contains("tests/own.toml"),
        "{told}"
    );
}

#[tokio::test]
async fn tests_of_policies_fail_with_the_case_and_list_what_no_case_is_about() {
    let home = tempfile::tempdir().unwrap();
    let variables = BTreeMap::new();
    let profile = policy_directory(&home, POLICIES);
    let tests = home.path().join("policies/tests");
    std::fs::create_dir(&tests).unwrap();
    let case = "[[case]]\nname = \"eve reads\"\nuser = \"eve\"\ntool = \"jira_get_issue\"\nresources = ['Jira::Issue::\"OPS-1\"']\n";
    std::fs::write(tests.join("own.toml"), format!("{case}expect = \"allow\"\n")).unwrap();
    let told = out(&run(&variables, &["policy", "test", &profile]).await);
    assert!(told.contains("policies: 1 cases, 0 failed\n  decided in no case: comment"), "{told}");
    let uncovered = refused(&run(&variables, &["policy", "test", "--require-coverage", &profile]).await, 1);
    assert!(uncovered.contains("1 policies decided in no case"), "{uncovered}");
    std::fs::write(tests.join("own.toml"), format!("{case}expect = \"deny\"\n")).unwrap();
    let failed = run(&variables, &["policy", "test", &profile]).await;
    assert!(refused(&failed, 1).contains("1 cases failed"));
    let told = String::from_utf8_lossy(&failed.stdout);
    for part in ["own.toml: eve reads", "expected    deny", "got         allow", "decided by  read"] {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
    // A directory of profiles has no policy beside them.
    let above = home.path().display().to_string();
    out(&run(&variables, &["policy", "check", &above]).await);
    std::fs::write(home.path().join("stray.cedar"), POLICIES).unwrap();
    for command in ["check", "test"] {
        let stray = refused(&run(&variables, &["policy", command, &above]).await, CONFIGURATION);
        assert!(stray.contains("stray.cedar:1:1: is outside of a profile directory"), "{stray}");
    }
}

#[tokio::test]
async fn what_is_in_force_and_who_may_what_are_shown() {
    let home = tempfile::tempdir().unwrap();
    let mut variables = usual("http://127.0.0.1:9", &home, false);
    variables.insert("ENABLED_TOOLS", "jira_search".to_owned());
    variables.insert("READ_ONLY_MODE", "true".to_owned());
    let shown = out(&run(&variables, &["policy", "show"]).await);
    for part in [
        "// read-only/read-only.cedar",
        "portcullis:read-only",
        "portcullis:enabled-tools",
        "// schema hash ",
    ] {
        assert!(shown.contains(part), "`{part}` is not in: {shown}");
    }
    let profile = policy_directory(&home, POLICIES);
    // A directory is shown without any configuration, whatever is configured.
    let shown = out(&run(&BTreeMap::new(), &["policy", "show", &profile]).await);
    let number = POLICIES.matches("@id(").count();
    assert!(
        shown.contains(&format!("// {number} policies, hash ")) && !shown.contains("portcullis:"),
        "{shown}"
    );
    let above = home.path().display().to_string();
    let told: Value =
        serde_json::from_str(&out(&run(&BTreeMap::new(), &["policy", "show", "--json", &above]).await))
            .unwrap();
    assert_eq!(told["files"][0]["policies"].as_array().unwrap().len(), number, "{told}");
    let nowhere = refused(&run(&variables, &["policy", "show", "/nowhere/at/all"]).await, CONFIGURATION);
    assert!(nowhere.contains("cannot read `/nowhere/at/all`"), "{nowhere}");
    let matrix = out(&run(&variables, &["policy", "matrix", &profile, "--project", "dev"]).await);
    let row = matrix.lines().skip_while(|line| *line != "jira_add_comment").nth(2).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["jira:security", "-", "denied", "depends", "denied"]
    );
    let told: Value =
        serde_json::from_str(&out(&run(&variables, &["policy", "matrix", &profile, "--json"]).await))
            .unwrap();
    assert_eq!(told[0]["places"], json!(["all of Jira", "OPS", "elsewhere"]));
}

#[tokio::test]
async fn a_check_shows_the_line_and_warns_of_what_is_likely_not_meant() {
    let home = tempfile::tempdir().unwrap();
    let text = "@id(\"a\")\npermit (principal == Id::Group::\"jira:dev\", action, resource);\n";
    let profile = policy_directory(&home, text);
    let told = refused(&run(&BTreeMap::new(), &["policy", "check", &profile]).await, CONFIGURATION);
    for part in [
        "own.cedar:2:22: policy `a`: unable to find an applicable action",
        "\n  2 | permit (principal == Id::Group::\"jira:dev\", action, resource);\n    |                      ^^^^",
        "write `principal in Id::Group::\"jira:dev\"`",
    ] {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
    policy_directory(&home, "@id(\"a\") permit (principal == Id::User::\"Ann\", action, resource);");
    let warned = run(&BTreeMap::new(), &["policy", "check", &profile]).await;
    out(&warned);
    let said = String::from_utf8_lossy(&warned.stderr).into_owned();
    assert!(
        said.starts_with("portcullis: warning: ") && said.contains("write `Id::User::\"ann\"`"),
        "{said}"
    );
    let told: Value =
        serde_json::from_str(&out(&run(&BTreeMap::new(), &["policy", "check", "--json", &profile]).await))
            .unwrap();
    assert_eq!(told["warnings"].as_array().unwrap().len(), 1, "{told}");
}

//! `@mode("shadow")`: policies that are tried, and have no part in any decision.

use super::*;
use crate::policy::Decision;
use crate::policy::Explainer;
use crate::policy::Observed;
use crate::policy::Tried;
use crate::policy::in_force;

const NO_COMMENT: &str = r#"@mode("shadow") @advice("no comments in OPS") @id("no-comment")
forbid (principal, action == Mcp::Action::"jira_add_comment", resource in Jira::Project::"OPS");"#;

const SEES_MORE: &str = r#"@mode("shadow") @id("sees-more")
permit (principal, action in Mcp::Action::"read", resource in Jira::Project::"DEV");"#;

const OPS: &str = r#"@id("ops") permit (principal, action in Mcp::Action::"jira", resource in Jira::Project::"OPS");
@id("tool") permit (principal, action == Mcp::Action::"jira_add_comment", resource);"#;

fn comment(engine: &Engine, key: &str) -> Result<Decision, Denied> {
    let (ann, session, resources) = (user(&[]), session(), [issue(key)]);
    let input = input("jira_add_comment", &resources);
    let question = Question {
        principal: &ann,
        session: &session,
        tool: "jira_add_comment",
        resources: &resources,
        input: &input,
        observed: &Observed::default(),
    };
    engine.decide::<Write>(&question).map(Allowed::into_decision)
}

fn told(tried: Option<Tried>) -> Option<(Option<DenyReason>, Vec<String>)> {
    tried.map(|tried| (tried.denied, tried.policies))
}

#[test]
fn what_is_tried_is_told_and_never_enforced() {
    let own = engine(&[ALL]);
    let tried = engine(&[ALL, NO_COMMENT]);
    let decision = comment(&tried, "OPS-1").unwrap();
    assert_eq!(decision.policies, ["all"]);
    assert_eq!(decision.basis.policy_hash, own.policy_hash(), "what is tried is no part of the set");
    let shadow = decision.shadow.unwrap();
    assert_eq!(Some(shadow.policy_hash.as_str()), tried.shadow_hash());
    assert_ne!(shadow.policy_hash, own.policy_hash());
    assert_eq!(told(Some(shadow)), Some((Some(DenyReason::Policy), vec!["no-comment".to_owned()])));
    assert_eq!(comment(&tried, "DEV-1").unwrap().shadow, None, "it has no part in this one");
    assert_eq!(comment(&own, "OPS-1").unwrap().shadow, None);
    // What may be seen and listed is as it was, too.
    assert!(tried.shows_everything(Product::Jira));
    assert!(
        own.decides_alone("jira_add_comment") && !tried.decides_alone("jira_add_comment"),
        "it asks for OPS"
    );
    assert_eq!(tried.visible_tools(None, &session()), own.visible_tools(None, &session()));
}

#[test]
fn a_permit_that_is_tried_shows_nothing_yet() {
    let tried = engine(&[OPS, SEES_MORE]);
    let denied = comment(&tried, "DEV-1").unwrap_err();
    assert_eq!((denied.reason, denied.policies), (DenyReason::NotVisible, Vec::new()));
    // The permit for the tool is one in force: it is seeing the issue that would be new.
    assert_eq!(told(denied.asked.shadow), Some((None, Vec::new())));
    assert!(!tried.may_view(&user(&[]), &session(), &issue("DEV-1"), &Observed::default()));
    let read = ask(&tried, &user(&[]), "jira_get_issue", &[issue("DEV-1")]).unwrap_err();
    assert_eq!(told(read.asked.shadow), Some((None, vec!["sees-more".to_owned()])));
}

#[test]
fn policies_that_are_tried_must_be_in_order_and_are_not_the_only_ones() {
    for (policies, says) in [
        (
            format!("{ALL}\n{}", NO_COMMENT.replace("shadow", "shadwo")),
            "`@mode(\"shadwo\")` is no mode; write `@mode(\"shadow\")`",
        ),
        (format!("{ALL}\n{}", NO_COMMENT.replace("(\"shadow\")", "")), "`@mode(\"\")` is no mode"),
        (
            format!("{ALL}\n{}", NO_COMMENT.replace("jira_add_comment", "jira_add_coment")),
            "unrecognized action",
        ),
        (NO_COMMENT.to_owned(), "holds no policy"),
    ] {
        let home = directory(&[("own.cedar", &policies)]);
        let error = load_from(home.path(), |_| ()).unwrap_err().to_string();
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }
}

#[test]
fn groups_that_are_tried_are_asked_for_and_no_reason_to_refuse() {
    let group = NO_COMMENT.replace("principal,", "principal in Id::Group::\"jira:dev\",");
    let tried = engine(&[ALL, &group]);
    assert!(tried.asks_groups(Product::Jira));
    let unknown = Principal { groups: None, ..user(&[]) };
    assert_eq!(verdict(&tried, &unknown, "jira_add_comment", &[issue("OPS-1")]), None);
    assert_eq!(verdict(&tried, &user(&["jira:dev"]), "jira_add_comment", &[issue("OPS-1")]), None);
}

#[test]
fn the_commands_know_what_is_tried() {
    let home = directory(&[("own.cedar", &format!("{ALL}\n{NO_COMMENT}"))]);
    let settings = settings(PolicySource::Directory(home.path().to_owned()));
    let shown = in_force(&settings, &tools()).unwrap();
    assert_eq!(shown.shadow, ["no-comment"]);
    assert!(shown.files[0].text.contains("@mode(\"shadow\")"), "{}", shown.files[0].text);
    let summary = crate::policy::check_directory(home.path(), &tools()).unwrap();
    let modes: Vec<_> = summary.policies.iter().map(|policy| (policy.id.as_str(), policy.shadow)).collect();
    assert_eq!(modes, [("all", false), ("no-comment", true)]);
    let explainer = Explainer::load(&tools(), &settings).unwrap();
    assert_eq!(explainer.ids().collect::<Vec<_>>(), ["all", "no-comment"]);
    let case = |shadow: &str| crate::policy::CaseFile {
        name: "own.toml".to_owned(),
        text: format!(
            "[[case]]\nname = \"tried\"\nuser = \"ann\"\ntool = \"jira_add_comment\"\n\
             resources = ['Jira::Issue::\"OPS-1\"']\nexpect = \"allow\"\npolicies = [\"all\"]\nshadow = \"{shadow}\"\n"
        ),
    };
    let report = crate::policy::run_cases(home.path(), &[case("deny")], &tools()).unwrap();
    assert!(report.failed().next().is_none() && report.never_decided.is_empty(), "{report:?}");
    let report = crate::policy::run_cases(home.path(), &[case("allow")], &tools()).unwrap();
    let failed: Vec<String> = report.failed().map(|case| case.got.clone()).collect();
    assert_eq!(failed, ["allow, by all, deny if what is tried were in force"]);
}

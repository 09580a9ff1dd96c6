use std::collections::BTreeSet;

use super::*;
use crate::policy::Observed;
use crate::policy::in_force;

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn all_but(change: impl FnOnce(&mut EngineSettings)) -> Engine {
    let directory = directory(&[("own.cedar", ALL)]);
    load_from(directory.path(), change).unwrap()
}

#[test]
fn tools_that_are_off_are_forbidden_and_what_is_found_is_shown() {
    let ann = user(&[]);
    let engine = all_but(|settings| settings.enabled_tools = Some(names(&["jira_search", "no_such_tool"])));
    let jira = [Resource::Instance(Product::Jira)];
    assert_eq!(verdict(&engine, &ann, "jira_search", &jira), None);
    assert!(
        engine.may_view(&ann, &session(), &issue("OPS-1"), &Observed::default()),
        "items of the search are shown"
    );
    assert!(engine.may_view(&ann, &session(), &page("1", "DOCS"), &Observed::default()));
    for (tool, resource) in
        [("jira_get_issue", issue("OPS-1")), ("confluence_search", Resource::Instance(Product::Confluence))]
    {
        let denied = ask(&engine, &ann, tool, &[resource]).unwrap_err();
        assert_eq!(
            (denied.reason, denied.policies),
            (DenyReason::Policy, vec!["portcullis:enabled-tools".to_owned()])
        );
        assert!(denied.advice.join("").contains("ENABLED_TOOLS"));
    }
    assert!(engine.decides_alone("jira_search"), "what is on is decided as before");
    assert_eq!(engine.visible_tools(None, &session()).into_iter().collect::<Vec<_>>(), ["jira_search"]);
}

#[test]
fn a_product_or_one_of_its_sites_is_read_only() {
    let ann = user(&[]);
    let lab = InstanceName::parse("lab").unwrap();
    let at = |name: &InstanceName| Session { instance: name.clone(), ..session() };
    let site = |product, name: &InstanceName| BTreeSet::from([(product, name.clone())]);
    let sites = |settings: &mut EngineSettings| {
        settings.projects = [InstanceName::default(), lab.clone()].map(|name| (name, Vec::new())).into();
    };
    let comments = |engine: &Engine, name: &InstanceName| {
        let resources = [issue("OPS-1")];
        let input = input("jira_add_comment", &resources);
        ask_with(engine, &ann, &at(name), "jira_add_comment", &resources, &input)
            .map_err(|denied| denied.policies)
    };
    let jira = all_but(|settings| {
        sites(settings);
        settings.read_only_sites = site(Product::Jira, &InstanceName::default());
    });
    for name in [InstanceName::default(), lab.clone()] {
        assert_eq!(comments(&jira, &name), Err(vec!["portcullis:read-only-jira".to_owned()]), "{name}");
    }
    assert_eq!(verdict(&jira, &ann, "jira_get_issue", &[issue("OPS-1")]), None);
    let create = [Resource::Space(space("DOCS"))];
    assert_eq!(verdict(&jira, &ann, "confluence_create_page", &create), None);
    let one = all_but(|settings| {
        sites(settings);
        settings.read_only_sites = site(Product::Jira, &lab);
    });
    assert_eq!(comments(&one, &lab), Err(vec!["portcullis:read-only-jira-lab".to_owned()]));
    assert!(comments(&one, &InstanceName::default()).is_ok());
    let confluence = all_but(|settings| {
        settings.read_only_sites = site(Product::Confluence, &InstanceName::default());
    });
    let denied = ask(&confluence, &ann, "confluence_create_page", &create).unwrap_err();
    assert_eq!(denied.advice, ["writes to Confluence are off; set CONFLUENCE_READ_ONLY_MODE=false"]);
    assert!(comments(&confluence, &InstanceName::default()).is_ok());
}

#[test]
fn toolsets_that_are_off_are_forbidden() {
    let ann = user(&[]);
    let engine = all_but(|settings| settings.toolsets = Some(names(&["jira_issues"])));
    assert_eq!(verdict(&engine, &ann, "jira_get_issue", &[issue("OPS-1")]), None);
    let denied = ask(&engine, &ann, "confluence_get_page", &[page("1", "DOCS")]).unwrap_err();
    assert_eq!(denied.policies, ["portcullis:toolsets"]);
    assert!(engine.may_view(&ann, &session(), &page("1", "DOCS"), &Observed::default()));
    // Names that no toolset has turn everything off, as the offer does.
    let none = all_but(|settings| settings.toolsets = Some(names(&["jira_isues"])));
    assert_eq!(verdict(&none, &ann, "jira_get_issue", &[issue("OPS-1")]), Some(DenyReason::Policy));
    let all = all_but(|settings| settings.toolsets = Some(names(&["jira_issues", "confluence_pages"])));
    assert_eq!(all.policy_hash(), all_but(|_| ()).policy_hash(), "what is all on needs no policy");
}

#[test]
fn comments_stay_internal_where_the_setting_says_so() {
    let engine = all_but(|settings| settings.internal_only = vec![project("SD")]);
    let ann = user(&[]);
    let comment = |key: &str, public: Option<bool>, session: &Session| {
        let resources = [issue(key)];
        let mut input = input("jira_add_comment", &resources);
        input.extend(public.map(|public| ("public".to_owned(), InputValue::Flag(public))));
        ask_with(&engine, &ann, session, "jira_add_comment", &resources, &input)
    };
    for (key, public, allowed) in [
        ("SD-1", Some(true), false),
        ("SD-1", Some(false), true),
        ("SD-1", None, true),
        ("OPS-1", Some(true), true),
    ] {
        assert_eq!(comment(key, public, &session()).is_ok(), allowed, "{key} {public:?}");
    }
    let lab = Session { instance: InstanceName::parse("lab").unwrap(), ..session() };
    let denied = comment("SD-1", Some(true), &lab).unwrap_err();
    assert_eq!(denied.policies, ["portcullis:internal-only-SD"]);
    assert_eq!(
        denied.advice,
        ["comments in SD stay internal, as its administrator has set; leave `public` out"]
    );
    // It is the project the issue is in that counts, not the one its key says.
    let moved = [Resource::Issue {
        key: crate::ids::IssueKey::parse("OPS-1").unwrap(),
        project: Some(project("SD")),
    }];
    let mut given = input("jira_add_comment", &moved);
    given.insert("public".to_owned(), InputValue::Flag(true));
    assert!(ask_with(&engine, &ann, &session(), "jira_add_comment", &moved, &given).is_err());
}

#[test]
fn what_is_in_force_is_shown_with_what_settings_make() {
    let directory =
        directory(&[("own.cedar", "// mine\n@id(\"all\") permit (principal, action, resource);")]);
    let mut settings = settings(PolicySource::Directory(directory.path().to_owned()));
    settings.read_only = true;
    settings.internal_only = vec![project("SD")];
    settings.enabled_tools = Some(names(&["jira_search"]));
    let shown = in_force(&settings, &tools()).unwrap();
    let [own, made] = shown.files.as_slice() else { panic!("{shown:?}") };
    assert_eq!(own.policies, ["all"]);
    assert!(
        own.text.starts_with("// mine\n@id(\"all\")\npermit (principal, action, resource);"),
        "{}",
        own.text
    );
    assert_eq!(made.file, "settings");
    let ids = ["portcullis:enabled-tools", "portcullis:internal-only-SD", "portcullis:read-only"];
    assert_eq!(made.policies, ids);
    let engine = Engine::load(&tools(), &settings).unwrap();
    assert_eq!(
        (shown.policy_hash.as_str(), shown.schema_hash.as_str()),
        (engine.policy_hash(), engine.schema_hash())
    );
}

#[test]
fn tools_without_anything_to_see_are_an_error() {
    let check = |text: &str| {
        let directory = directory(&[("own.cedar", text)]);
        let prefix = format!("{}/", directory.path().display());
        crate::policy::check_directory(directory.path(), &tools())
            .map(|_| ())
            .map_err(|error| error.to_string().replace(&prefix, ""))
    };
    let blind = check("\n@id(\"s\") permit (principal, action == Mcp::Action::\"jira_search\", resource);")
        .unwrap_err();
    assert!(
        blind.starts_with("own.cedar:2:1: policy `s`: permits `jira_search`, but no policy lets anybody see"),
        "{blind}"
    );
    assert!(blind.contains("jira:view_item") && blind.lines().count() == 1, "{blind}");
    let closed = format!(
        "{ALL}\n@id(\"f\") @advice(\"no\") forbid (principal, action == Mcp::Action::\"confluence:view_item\", resource);"
    );
    assert!(check(&closed).unwrap_err().contains("of Confluence"), "a forbid on everything blinds as well");
    let some = format!(
        "{ALL}\n@id(\"f\") @advice(\"no\") forbid (principal, action == Mcp::Action::\"confluence:view_item\", resource in Confluence::Space::\"HR\");"
    );
    assert_eq!(check(&some), Ok(()));
    assert_eq!(check(SEE_ALL), Ok(()), "seeing alone is not blind");
    // A group of actions has tools of both products, and the scope says which are meant.
    for scope in ["resource in Jira::Project::\"DEV\"", "resource is Jira::Issue"] {
        let of_jira = format!(
            "@id(\"see\") permit (principal, action == Mcp::Action::\"jira:view_item\", resource);\n\
             @id(\"w\") permit (principal, action in Mcp::Action::\"write\", {scope});"
        );
        assert_eq!(check(&of_jira), Ok(()), "{scope}");
    }
}

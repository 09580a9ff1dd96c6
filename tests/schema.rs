//! Generated files are the ones in the repository, and the policies in it do what they say.
#![cfg(test)]

use std::path::Path;

use portcullis::policy;
use portcullis::policy::CaseFile;
use portcullis::tools;

#[test]
fn the_cedar_schema_is_fresh() {
    let committed = include_str!("../policies/portcullis.cedarschema");
    let made = policy::schema_text(&tools::facts());
    assert_eq!(
        committed.trim_end(),
        made.trim_end(),
        "run: cargo run -- policy schema > policies/portcullis.cedarschema"
    );
}

#[test]
fn the_list_of_audit_codes_is_fresh() {
    let committed = include_str!("../docs/AUDIT-EVENTS.md");
    let made = portcullis::audit::documentation();
    assert_eq!(committed, made, "run: cargo run -- audit events > docs/AUDIT-EVENTS.md");
}

#[test]
fn every_profile_does_what_its_cases_say() {
    let facts = tools::facts();
    let profiles = policy::profiles(&Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")).unwrap();
    let names: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    let known = [
        "break-glass",
        "contractors",
        "demo",
        "read-only",
        "read-write",
        "service-desk",
        "soc-reader",
        "team-projects",
    ];
    assert_eq!(names, known);
    for profile in &profiles {
        policy::check_directory(&profile.directory, &facts).unwrap();
        assert_cases(&profile.name, &profile.directory, &profile.cases);
    }
}

#[test]
fn every_recipe_of_the_documentation_does_what_its_cases_say() {
    let text = include_str!("../docs/POLICY.md");
    let (_, text) = text.split_once("\n## Ten recipes").unwrap();
    let recipes: Vec<&str> = text.split("\n### ").skip(1).collect();
    assert_eq!(recipes.len(), 10);
    for recipe in recipes {
        let title = recipe.lines().next().unwrap_or_default();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("own.cedar"), block(recipe, "cedar")).unwrap();
        policy::check_directory(directory.path(), &tools::facts())
            .unwrap_or_else(|error| panic!("{title}: {error}"));
        let cases = CaseFile { name: title.to_owned(), text: block(recipe, "toml").to_owned() };
        assert_cases(title, directory.path(), &[cases]);
    }
}

/// The one block of this language.
fn block<'t>(text: &'t str, language: &str) -> &'t str {
    let fence = format!("```{language}\n");
    let mut blocks = text.split(fence.as_str()).skip(1);
    let (first, second) = (blocks.next(), blocks.next());
    assert!(first.is_some() && second.is_none(), "one block of {language} in: {text}");
    first.and_then(|rest| rest.split("```").next()).unwrap_or_default()
}

/// Every case comes out as it says, and every policy decides in one.
fn assert_cases(name: &str, directory: &Path, cases: &[CaseFile]) {
    let report = policy::run_cases(directory, cases, &tools::facts()).unwrap();
    let failed: Vec<_> = report.failed().collect();
    assert!(failed.is_empty() && !report.cases.is_empty(), "{name}: {failed:#?}");
    assert!(report.never_decided.is_empty(), "{name}: no case for {:?}", report.never_decided);
}

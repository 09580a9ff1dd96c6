//! Generated files are the ones in the repository.

use portcullis::policy;
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
fn every_profile_and_the_demo_load() {
    for profile in ["read-only", "read-write", "demo"] {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(profile);
        let summary = policy::check_directory(&directory, &tools::facts()).unwrap();
        assert!(!summary.policies.is_empty(), "{profile}");
    }
}

//! `portcullis demo --tour` shows each promise once and fails when one does not hold.

use std::collections::BTreeMap;

use crate::support::line::run;

#[tokio::test]
async fn the_tour_ends_well() {
    let home = tempfile::tempdir().unwrap();
    let variables = BTreeMap::from([("HOME", home.path().display().to_string())]);
    let output = run(&variables, &["demo", "--tour"]).await;
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("All went as it should."), "{said}\n{told}");
}

//! Projects by part of their name, where many that have it are hidden: nothing says that they are there.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

/// Everything but the projects that begin so.
const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("closed") @advice("closed") forbid (principal, action in Mcp::Action::"jira", resource)
when { resource is Jira::Project && resource.key like "CL*" };
"#;

fn project(id: u64, key: &str, name: &str) -> Value {
    json!({"id": id.to_string(), "key": key, "name": name, "projectTypeKey": "software"})
}

/// Jira as it answers where there are more closed projects than it finds at once, and two open ones after them.
async fn world(cloud: bool) -> World {
    let world = World::start(Setup { policies: Some(POLICIES), cloud, ..Setup::default() }).await;
    let closed = (0..60).map(|number| project(20_000 + number, &format!("CL{number}"), "Quiet matter"));
    let open = [project(30_000, "OPEN", "Open matter"), project(30_001, "LOUD", "Loud")];
    let all: Vec<Value> = closed.chain(open).collect();
    let list = |from: usize, to: usize| json!({"values": all[from..to], "total": all.len(), "isLast": to == all.len()});
    let fault = |path: &str, body: Value| json!({"path": path, "status": 200, "body": body});
    let lists = json!([
        {"path": "/project/search$", "times": 1, "status": 200, "body": list(0, 50)},
        fault("/project/search$", list(50, all.len())),
        fault("/api/2/project$", json!(all)),
        fault("/projects/picker$", json!({"projects": all[..51], "header": "Showing 51 of 62 matching projects"})),
    ]);
    world.faults(lists).await;
    world
}

#[tokio::test]
async fn how_many_hidden_projects_have_a_name_is_told_by_nothing() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let ask = async |text: &str, most: u64| {
            let before = world.asked().await;
            let arguments = json!({"query": text, "max_results": most});
            let called = world.call_all("alice-token", "jira_search_projects", arguments).await;
            assert!(!called.is_error, "{cloud} {}", called.text);
            (called.text, world.asked().await - before)
        };
        let _ = ask("anything", 20).await;
        for most in [1, 20, 50] {
            for text in ["Quiet", "quiet m", "CL1", "nothing like it"] {
                assert_eq!(ask(text, most).await, ("[]".to_owned(), 0), "{cloud} {text} {most}");
            }
            let (found, _) = ask(" Matter ", most).await;
            let found: Value =
                serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found}"));
            let keys: Vec<&Value> = found.as_array().unwrap().iter().map(|project| &project["key"]).collect();
            assert_eq!(keys, ["OPEN"], "{cloud} {most}");
        }
        let (first, _) = ask("o", 1).await;
        assert!(
            first.contains("OPEN") && first.contains("call again with max_results = 50"),
            "{cloud} {first}"
        );
        world.end();
    }
}

//! Lists of boards, where one lies in a hidden project: nothing but a count says that it is there.

use serde_json::Value;
use serde_json::json;

use crate::support::Called;
use crate::support::Setup;
use crate::support::World;

/// What alice sees at Jira, and bob does not, is hidden from both.
const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("secret") @advice("closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET");
"#;

async fn world(cloud: bool) -> World {
    World::start(Setup { policies: Some(POLICIES), cloud, ..Setup::default() }).await
}

/// Every combination of arguments.
fn arguments() -> Vec<Value> {
    let mut all = Vec::new();
    for name in [None, Some("board"), Some("SECRET"), Some("e"), Some("OPS")] {
        for kind in [None, Some("kanban"), Some("scrum"), Some("simple")] {
            for project in [None, Some("OPS")] {
                for (start_at, limit) in [(0, 50), (0, 1), (1, 1), (2, 1), (1, 50)] {
                    let mut arguments = json!({"start_at": start_at, "limit": limit});
                    let given = [("board_name", name), ("board_type", kind), ("project_key", project)];
                    for (argument, value) in given {
                        if let Some(value) = value {
                            arguments[argument] = value.into();
                        }
                    }
                    all.push(arguments);
                }
            }
        }
    }
    all
}

/// The boards, what is said of them, and how many were withheld.
fn read(called: &Called) -> (Value, Value, Value) {
    assert!(!called.is_error, "{}", called.text);
    let (boards, note) = called.text.split_once('\n').unwrap_or((&called.text, r#"{"complete":true}"#));
    let mut note: Value = serde_json::from_str(note).unwrap();
    let withheld = note.as_object_mut().unwrap().remove("withheld").unwrap_or_default();
    (serde_json::from_str(boards).unwrap(), note, withheld)
}

#[tokio::test]
async fn a_hidden_board_is_counted_and_told_by_nothing_else() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let ask = async |token: &str, arguments: &Value| {
            let before = world.asked().await;
            let called = world.call_all(token, "jira_get_agile_boards", arguments.clone()).await;
            (read(&called), world.asked().await - before)
        };
        for arguments in arguments() {
            // The project of a board is remembered.
            let _ = (ask("alice-token", &arguments).await, ask("bob-token", &arguments).await);
            let ((boards, note, withheld), asked) = ask("alice-token", &arguments).await;
            let ((others, other_note, none), other_asked) = ask("bob-token", &arguments).await;
            assert_eq!((&boards, &note, asked), (&others, &other_note, other_asked), "{cloud} {arguments}");
            let is_listed =
                ["board_name", "board_type", "project_key"].iter().all(|name| arguments[name].is_null());
            let counted = if is_listed { json!(1) } else { Value::Null };
            assert_eq!((withheld, none), (counted, Value::Null), "{cloud} {arguments}");
        }
        let (every, _) = ask("alice-token", &json!({})).await;
        let names: Vec<&Value> = every.0.as_array().unwrap().iter().map(|board| &board["name"]).collect();
        assert_eq!(names, ["OPS board", "DEV board"], "{cloud}");
        world.end();
    }
}

/// A page is one of what may be seen, however many there are that may not.
#[tokio::test]
async fn boards_behind_many_hidden_ones_are_listed() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let board = |id: u64, project: &str| json!({"id": id, "name": format!("Board {id}"), "type": "kanban", "location": {"projectKey": project}});
        let list = |boards: Vec<Value>, is_last: bool| {
            let body = json!({"values": boards, "isLast": is_last});
            json!({"path": "/agile/1.0/board$", "times": 1, "status": 200, "body": body})
        };
        let hidden = || list((100..150).map(|id| board(id, "SECRET")).collect(), false);
        let seen = || list((200..203).map(|id| board(id, "OPS")).collect(), true);
        let ask = async |arguments: Value| {
            world.faults(json!([hidden(), seen()])).await;
            read(&world.call_all("alice-token", "jira_get_agile_boards", arguments).await)
        };
        let ids = |boards: &Value| -> Vec<String> {
            boards.as_array().unwrap().iter().map(|board| board["id"].as_str().unwrap().to_owned()).collect()
        };
        let (boards, note, withheld) = ask(json!({"limit": 2})).await;
        assert_eq!(
            (ids(&boards), withheld),
            (vec!["200".to_owned(), "201".to_owned()], json!(50)),
            "{cloud}"
        );
        assert_eq!(note, json!({"complete": false, "next": "call again with start_at = 2"}), "{cloud}");
        let (boards, note, _) = ask(json!({"limit": 2, "start_at": 2})).await;
        assert_eq!((ids(&boards), note), (vec!["202".to_owned()], json!({"complete": true})), "{cloud}");
        world.end();
    }
}

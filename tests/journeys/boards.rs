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

fn board(id: u64, project: &str) -> Value {
    json!({"id": id, "name": format!("Board {id}"), "type": "kanban", "location": {"projectKey": project}})
}

/// One list of Jira's, given once.
fn list(boards: impl IntoIterator<Item = Value>, is_last: bool) -> Value {
    let boards: Vec<Value> = boards.into_iter().collect();
    let body = json!({"values": boards, "isLast": is_last});
    json!({"path": "/agile/1.0/board$", "times": 1, "status": 200, "body": body})
}

/// A page is one of what may be seen, however many there are that may not.
#[tokio::test]
async fn boards_behind_many_hidden_ones_are_listed() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let hidden = || list((100..150).map(|id| board(id, "SECRET")), false);
        let seen = || list((200..203).map(|id| board(id, "OPS")), true);
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

/// Every page says the same of what is left out, and no words say anything of it.
#[tokio::test]
async fn where_hidden_boards_stand_is_told_by_no_page() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let hidden = |from: u64, to: u64| (from..to).map(|id| board(id, "SECRET"));
        let first = || list([board(1, "OPS")].into_iter().chain(hidden(100, 149)), false);
        let second = || list([board(2, "OPS"), board(3, "DEV")].into_iter().chain(hidden(200, 248)), false);
        let third = || list(hidden(300, 307).chain([board(4, "OPS")]), true);
        for (arguments, counted) in [
            (json!({"limit": 1}), json!(104)),
            (json!({"limit": 1, "project_key": "OPS"}), json!(104)),
            (json!({"limit": 1, "board_name": "board"}), Value::Null),
            (json!({"limit": 1, "board_type": "kanban"}), Value::Null),
        ] {
            world.faults(json!([first(), second(), third()])).await;
            for (start_at, id) in [(0, "1"), (1, "2"), (2, "3"), (3, "4")] {
                let mut arguments = arguments.clone();
                arguments["start_at"] = start_at.into();
                let called = world.call_all("alice-token", "jira_get_agile_boards", arguments.clone()).await;
                let (boards, note, withheld) = read(&called);
                let ids: Vec<&Value> = boards.as_array().unwrap().iter().map(|board| &board["id"]).collect();
                let next = format!("call again with start_at = {}", start_at + 1);
                let wanted = if start_at == 3 {
                    json!({"complete": true})
                } else {
                    json!({"complete": false, "next": next})
                };
                assert_eq!(
                    (ids, note, &withheld),
                    (vec![&json!(id)], wanted, &counted),
                    "{cloud} {arguments}"
                );
            }
        }
        // Nothing but hidden ones has these words.
        for words in [json!({"board_name": "hush"}), json!({"board_name": "hush", "board_type": "scrum"})] {
            world.faults(json!([list(hidden(100, 150), false), list(hidden(150, 170), true)])).await;
            let called = world.call_all("alice-token", "jira_get_agile_boards", words.clone()).await;
            assert_eq!(called.text, "[]", "{cloud} {words}");
        }
        world.end();
    }
}

/// A board shows sprints of other boards as well: a page is one of its own.
#[tokio::test]
async fn where_sprints_of_other_boards_stand_is_told_by_no_page() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let sprint = |id: u64, board: u64| json!({"id": id, "name": format!("Sprint {id}"), "state": "closed", "originBoardId": board});
        let list = |sprints: Vec<Value>, is_last: bool| {
            let body = json!({"values": sprints, "isLast": is_last});
            json!({"path": "/agile/1.0/board/1/sprint$", "times": 1, "status": 200, "body": body})
        };
        let others = |from: u64, to: u64| (from..to).map(|id| sprint(id, 3));
        let first = || list([sprint(10, 1)].into_iter().chain(others(100, 149)).collect(), false);
        let second = || list(others(200, 230).chain([sprint(11, 1), sprint(12, 1)]).collect(), true);
        for (start_at, id) in [(0, "10"), (1, "11"), (2, "12")] {
            world.faults(json!([first(), second()])).await;
            let arguments = json!({"board_id": "1", "limit": 1, "start_at": start_at});
            let called = world.call_all("alice-token", "jira_get_sprints_from_board", arguments).await;
            let (sprints, note, _) = read(&called);
            let ids: Vec<&Value> = sprints.as_array().unwrap().iter().map(|sprint| &sprint["id"]).collect();
            let others = "sprints of other boards are left out: ask for them by their boards";
            let next = if start_at == 2 {
                others.to_owned()
            } else {
                format!("call again with start_at = {}; {others}", start_at + 1)
            };
            assert_eq!((ids, note), (vec![&json!(id)], json!({"complete": false, "next": next})), "{cloud}");
        }
        world.end();
    }
}

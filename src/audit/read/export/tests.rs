//! Every kind of row in every form.

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::audit::read::Records;
use crate::audit::read::Rows;
use crate::audit::read::tests::logs;
use crate::audit::read::tests::logs::Log;

/// What a stranger might send.
const HOSTILE: &str = "a\"b|c=d\\\n\r\u{2028}\u{202e}\u{1b}[31m,\u{e0041}";

/// A row of every kind, and hostile ones.
fn rows() -> Vec<Row> {
    let log = Log::new();
    let records = [calls(), events()].concat();
    let lines = records.iter().zip(1..).map(|(record, number)| {
        let time = format!("05:40:{number:02}");
        logs::line(number, &time, record)
    });
    log.raw("a", &lines.collect::<String>());
    Rows::of_calls(Records::of(&[log.path()]).unwrap()).map(Result::unwrap).collect()
}

/// Four calls that ended, and one that did not.
fn calls() -> Vec<Value> {
    let mut hostile = logs::denied("c4", HOSTILE, "OPS");
    hostile["client"] = HOSTILE.into();
    hostile["tool"] = "jira_delete_issue".into();
    hostile["access"] = "write".into();
    hostile["address"] = "2001:db8::1".into();
    hostile["trace"] = "4bf92f3577b34da6a3ce929d0e0e4736".into();
    hostile["decision"]["policies"] = json!([HOSTILE, "=cmd"]);
    let mut service = logs::outcome("c5", "backup", "tool_error");
    service["principal"]["kind"] = "service".into();
    service["error"] = HOSTILE.into();
    service["address"] = Value::Null;
    vec![
        logs::intent("c1", "ann", "OPS"),
        logs::outcome("c1", "ann", "ok"),
        logs::denied("c2", "ann", "cloud/OPS"),
        hostile,
        service,
        logs::intent("c6", "bob", "DEV"),
    ]
}

/// What is no call.
fn events() -> Vec<Value> {
    vec![
        json!({"stage": "start", "code": "PC0001", "version": "0.1.0", "policy_hash": "p", "read_only": true}),
        json!({"stage": "refusal", "code": "PC2001", "status": 401, "reason": "no token", "address": "192.0.2.1"}),
        json!({"stage": "refusal", "code": "PC2002", "tool": HOSTILE, "address": null}),
        json!({"stage": "event", "code": "PC0005", "reason": "files", "policy_hash": "q", "policy_hash_before": "p"}),
        json!({"stage": "event", "code": "PC0006", "reason": "files", "policy_hash": "q", "problems": [HOSTILE]}),
        json!({"stage": "event", "code": "PC0007", "frozen": "all", "os_user": "root", "reason": HOSTILE}),
        json!({"stage": "event", "code": "PC0008", "was": "all", "os_user": "root", "reason": null}),
        json!({"stage": "news", "code": "PC9999", "news": {"a": [1]}}),
        json!({"stage": "stop", "code": "PC0002"}),
    ]
}

fn ocsf() -> Vec<Value> {
    rows().iter().map(|row| serde_json::from_str(&Format::Ocsf.line(row)).unwrap()).collect()
}

#[test]
fn a_line_is_one_line_in_every_form() {
    for row in rows() {
        for (name, format) in Format::ALL {
            let line = format.line(&row);
            assert!(!line.contains(is_hostile), "{name}: {line:?}");
        }
    }
}

#[test]
fn ocsf_says_what_was_decided_and_done() {
    let events = ocsf();
    let read = &events[0];
    let wanted = json!({
        "class_uid": 6003, "type_uid": 600_302, "activity_name": "Read", "status_id": 1, "action_id": 1,
        "disposition": "Allowed", "severity_id": 1, "duration": 13,
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&read[name], value, "{name}");
    }
    assert_eq!(read["actor"]["user"]["uid"], "ann");
    assert_eq!(read["actor"]["user"]["groups"], json!([{"name": "jira:ops"}]));
    assert_eq!(read["api"]["operation"], "jira_get_issue");
    assert_eq!(
        read["resources"][0],
        json!({"type": "Jira::Issue", "name": "OPS-1", "uid": "Jira::Issue::\"OPS-1\""})
    );
    assert_eq!(read["authorizations"][0]["policy"]["uid"], "read");
    assert_eq!(read["unmapped"]["arguments"]["issue_key"].as_str().unwrap().split(':').next(), Some("hmac"));
    let denied = &events[2];
    assert_eq!((&denied["type_uid"], &denied["disposition"]), (&json!(600_304), &json!("Blocked")));
    assert_eq!(denied["actor"]["app_name"], HOSTILE, "what a client sent comes back as it was");
    assert_eq!(denied["metadata"]["profiles"], json!(["security_control", "trace"]));
    assert_eq!(events[4]["type_uid"], 600_203);
    let codes: Vec<&Value> = events.iter().map(|event| &event["metadata"]["event_code"]).collect();
    let news = codes.iter().position(|code| **code == "PC9999").unwrap();
    assert_eq!(events[news]["unmapped"]["news"], json!({"a": [1]}));
    let open = events.last().unwrap();
    assert_eq!((&open["status_id"], &open["end_time"]), (&json!(0), &Value::Null));
}

/// The schema is brought by `scripts/lib/install`.
fn schema(class: &str) -> jsonschema::Validator {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/ocsf");
    let path = std::path::Path::new(directory).join(format!("{class}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run scripts/test install", path.display());
    });
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn ocsf_is_what_the_published_schema_says() {
    let (api, lifecycle) = (schema("api_activity"), schema("application_lifecycle"));
    let events = ocsf();
    let (mut of_api, mut of_lifecycle) = (0, 0);
    for event in &events {
        let (schema, count) = match event["class_uid"].as_u64() {
            Some(6003) => (&api, &mut of_api),
            Some(6002) => (&lifecycle, &mut of_lifecycle),
            other => panic!("{other:?}"),
        };
        *count += 1;
        let wrong: Vec<String> =
            schema.iter_errors(event).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\n{event:#}");
    }
    assert_eq!((of_api, of_lifecycle), (7, 7));
    // The schema is one that finds something.
    for (name, value) in [("no_such_attribute", json!(1)), ("activity_id", json!(7)), ("actor", json!({}))] {
        let mut wrong = events[0].clone();
        wrong[name] = value;
        assert!(!api.is_valid(&wrong), "{name}");
    }
}

#[test]
fn ecs_takes_only_words_that_it_knows() {
    let categories = ["api", "process", "configuration"];
    let types = ["access", "change", "creation", "deletion", "allowed", "denied", "start", "end"];
    for row in rows() {
        let document: Value = serde_json::from_str(&Format::Ecs.line(&row)).unwrap();
        let event = &document["event"];
        assert_eq!(event["kind"], "event");
        assert!(["success", "failure", "unknown"].contains(&event["outcome"].as_str().unwrap()));
        let all = |name: &str, known: &[&str]| {
            event[name].as_array().unwrap().iter().all(|word| known.contains(&word.as_str().unwrap()))
        };
        assert!(all("category", &categories) && all("type", &types), "{event}");
    }
    let lines = rows();
    let read: Value = serde_json::from_str(&Format::Ecs.line(&lines[0])).unwrap();
    assert_eq!(read["event"]["type"], json!(["access", "allowed"]));
    assert_eq!(
        (&read["event"]["outcome"], &read["event"]["duration"]),
        (&json!("success"), &json!(12_500_000))
    );
    assert_eq!((&read["user"]["id"], &read["source"]["ip"]), (&json!("ann"), &json!("192.0.2.7")));
    assert_eq!(read["rule"]["name"], json!(["read"]));
}

#[test]
fn cef_has_seven_bars_and_pairs_after_them() {
    let lines: Vec<String> = rows().iter().map(|row| Format::Cef.line(row)).collect();
    for line in &lines {
        let bare = line.replace("\\\\", "").replace("\\|", "");
        let header: Vec<&str> = bare.splitn(8, '|').collect();
        assert_eq!((header.len(), header[0], header[1]), (8, "CEF:0", "Portcullis"), "{line}");
        assert!(header[6].parse::<u8>().unwrap() <= 10);
    }
    let hostile = &lines[2];
    assert!(hostile.contains(r#"suser=a"b|c\=d\\\\u{a}"#), "{hostile}");
    assert!(hostile.contains("c6a2=2001:db8::1") && !hostile.contains(" src="), "{hostile}");
    assert!(
        lines[0].contains(" src=192.0.2.7 ") && lines[0].contains("cn1Label=durationMs cn1=12"),
        "{}",
        lines[0]
    );
    assert!(lines[0].starts_with(&format!(
        "CEF:0|Portcullis|Portcullis|{}|PC1003|A call succeeded|1|rt=",
        env!("CARGO_PKG_VERSION")
    )));
}

/// The cells of a line, as RFC 4180 has them.
fn parsed(line: &str) -> Vec<String> {
    let (mut cells, mut quoted, mut characters) = (vec![String::new()], false, line.chars().peekable());
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cells.last_mut().unwrap().push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    assert!(!quoted, "{line}");
    cells
}

#[test]
fn csv_has_as_many_cells_as_columns() {
    let columns = parsed(&Format::Csv.head().unwrap());
    let rows = rows();
    for row in &rows {
        let cells = parsed(&Format::Csv.line(row));
        assert_eq!(cells.len(), columns.len(), "{cells:?}");
        assert!(!cells.iter().any(|cell| cell.starts_with('=')), "{cells:?}");
    }
    let cells = parsed(&Format::Csv.line(&rows[0]));
    let cell = |name: &str| &cells[columns.iter().position(|column| column == name).unwrap()];
    assert_eq!((cell("principal").as_str(), cell("policies").as_str()), ("ann", "read"));
    assert_eq!(cell("resources"), "Jira::Issue::\"OPS-1\"; Jira::Project::\"OPS\"");
}

#[test]
fn times_have_one_width_whatever_their_last_digits_are() {
    let log = Log::new();
    let at = |time: &str, mut record: Value| {
        record["time"] = time.into();
        record
    };
    log.write(
        "a",
        &[
            (1, "", at("2026-11-29T05:40:00.000Z", logs::intent("c1", "ann", "OPS"))),
            (2, "", at("2026-11-29T05:40:00.120Z", logs::outcome("c1", "ann", "ok"))),
        ],
    );
    let row = Rows::of_calls(Records::of(&[log.path()]).unwrap()).next().unwrap().unwrap();
    let cells = parsed(&Format::Csv.line(&row));
    assert_eq!(cells[..2], ["2026-11-29T05:40:00.120Z", "2026-11-29T05:40:00.000Z"]);
    let ecs: Value = serde_json::from_str(&Format::Ecs.line(&row)).unwrap();
    let times = [&ecs["@timestamp"], &ecs["event"]["end"], &ecs["event"]["start"]];
    let (last, first) = (json!("2026-11-29T05:40:00.120Z"), json!("2026-11-29T05:40:00.000Z"));
    assert_eq!(times, [&last, &last, &first]);
}

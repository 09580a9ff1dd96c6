//! Reading logs that were made up here.

pub(super) mod logs;

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use self::logs::Log;
use self::logs::intent;
use self::logs::outcome;
use super::*;

fn of(paths: &[PathBuf]) -> Records {
    Records::of(paths).unwrap()
}

fn numbers(records: Records) -> Vec<u64> {
    records.map(|record| record.unwrap().fields.seq).collect()
}

#[test]
fn records_of_many_files_come_in_the_order_of_time() {
    let log = Log::new();
    log.write("audit-b-20261129T054000Z", &[(2, "05:40:01", json!({})), (5, "05:40:04", json!({}))]);
    log.write("audit-a-20261129T053000Z", &[(1, "05:40:00", json!({})), (4, "05:40:03", json!({}))]);
    log.write("audit-a-20261129T054002Z-1", &[(3, "05:40:02", json!({})), (6, "05:40:04", json!({}))]);
    log.write("named-by-hand", &[(0, "05:00:00", json!({})), (7, "05:50:00", json!({}))]);
    assert_eq!(numbers(of(&[log.path()])), (0..8).collect::<Vec<u64>>());
    let one = log.path().join("named-by-hand.jsonl");
    assert_eq!(numbers(of(&[one.clone(), one, log.path()])), (0..8).collect::<Vec<u64>>(), "each once");
}

#[test]
fn a_file_is_opened_when_its_turn_comes() {
    let log = Log::new();
    log.write("audit-a-20261129T053000Z", &[(1, "05:30:00", json!({})), (2, "05:40:00", json!({}))]);
    let second = log.write("audit-a-20261129T054100Z", &[(3, "05:41:00", json!({}))]);
    let mut records = of(&[log.path()]);
    assert_eq!(records.next().unwrap().unwrap().fields.seq, 1);
    std::fs::remove_file(second).unwrap();
    assert_eq!(records.next().unwrap().unwrap().fields.seq, 2);
    let error = records.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("20261129T054100Z.jsonl"), "{error}");
    assert!(records.next().is_none(), "nothing comes after an error");
}

#[test]
fn one_version_is_read_with_what_is_new_in_it() {
    let log = Log::new();
    let line = |v, more| {
        format!(
            "{{\"v\":{v},\"seq\":1,{more}\"time\":\"2026-11-29T05:40:00.000Z\",\"stage\":\"x\",\"code\":\"PC9\",\"instance\":\"i\"}}\n"
        )
    };
    let file = log.raw("a", &line(2, "\"prev\":\"00\",\"news\":[1],"));
    let record = of(&[file]).next().unwrap().unwrap();
    assert_eq!(record.line, line(2, "\"prev\":\"00\",\"news\":[1],").trim_end());
    assert_eq!(serde_json::Value::from(record.besides()), json!({"news": [1]}));
    for (name, version, more) in [("b", 1, ""), ("c", 3, "\"call\":{},")] {
        let other = log.raw(name, &line(version, more));
        let error = of(&[other]).next().unwrap().unwrap_err();
        assert!(
            matches!(error, ReadError::OtherVersion { line: 1, version: found, .. } if found == version),
            "{error}"
        );
    }
}

#[test]
fn a_torn_last_line_is_said_and_any_other_bad_line_is_an_error() {
    let log = Log::new();
    let good = logs::line(1, "05:40:00", &json!({}));
    let (cut, spoilt) =
        ("the last line is not whole and was left out", "the last line is whole, but no record (");
    let torn = [
        ("{\"v\":1,\"se", cut),
        ("\0\0\0\0\n", spoilt),
        (good.trim_end(), cut),
        ("\u{1b}[31m\n", spoilt),
        ("{\"v\":2}\n", spoilt),
    ];
    for (torn, said) in torn {
        let file = log.raw("torn", &format!("{good}{torn}"));
        let mut records = of(std::slice::from_ref(&file));
        assert_eq!(records.by_ref().map(|record| record.unwrap().fields.seq).collect::<Vec<_>>(), [1]);
        assert_eq!(records.notes().len(), 1);
        let note = &records.notes()[0];
        assert!(note.contains(&format!("torn.jsonl:2: {said}")) && !note.contains('\u{1b}'), "{note}");
        assert_eq!(records.positions()[&file], Position { offset: good.len() as u64, line: 1 });
    }
    let twice = good.replace("\"seq\":1", "\"seq\":1,\"seq\":2");
    for bad in ["", "[]", "{\"v\":2}", "\"\u{1b}[31m\"", "{\"v\":2,\"seq\":\"1\"}", &twice] {
        let file = log.raw("bad", &format!("{good}{}\n{good}", bad.trim_end()));
        let mut records = of(&[file]);
        assert!(records.next().unwrap().is_ok(), "what stands before is read");
        let error = records.next().unwrap().unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ReadError::NoRecord { line: 2, .. }), "{bad}: {text}");
        assert!(text.contains("bad.jsonl:2:") && !text.contains('\u{1b}'), "{text}");
    }
    let file = log.path().join("bytes.jsonl");
    std::fs::write(&file, [b"\xff\xfe\n".as_slice(), good.as_bytes()].concat()).unwrap();
    assert!(of(&[file]).next().unwrap().unwrap_err().to_string().contains("not UTF-8"));
}

#[test]
fn what_is_no_log_is_refused() {
    let log = Log::new();
    let nothing = log.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    assert!(matches!(Records::of(&[nothing]), Err(ReadError::Empty { .. })));
    let missing = of(&[log.path().join("missing.jsonl")]).next().unwrap().unwrap_err().to_string();
    assert!(missing.contains("missing.jsonl"), "{missing}");
    std::fs::create_dir(log.path().join("directory.jsonl")).unwrap();
    assert!(of(&[log.path()]).next().unwrap().unwrap_err().to_string().contains("no file"));
}

#[test]
fn the_records_of_a_call_are_one_row() {
    let log = Log::new();
    log.write(
        "a",
        &[
            (1, "05:40:00", json!({"stage": "start", "code": "PC0001"})),
            (2, "05:40:01", intent("c1", "ann", "OPS")),
            (3, "05:40:02", intent("c2", "bob", "DEV")),
            (4, "05:40:03", outcome("c2", "bob", "ok")),
            (5, "05:40:04", outcome("c1", "ann", "upstream_error")),
            (6, "05:40:05", intent("c3", "ann", "OPS")),
        ],
    );
    let rows: Vec<Row> = Rows::of_calls(of(&[log.path()])).map(Result::unwrap).collect();
    let shown: Vec<_> = rows.iter().map(|row| (row.call(), row.outcome(), row.records().count())).collect();
    let wanted = [
        (None, None, 1),
        (Some("c2"), Some("ok"), 2),
        (Some("c1"), Some("upstream_error"), 2),
        (Some("c3"), None, 1),
    ];
    assert_eq!(shown, wanted);
    let row = &rows[2];
    assert_eq!((row.who().as_deref(), row.tool()), (Some("ann"), Some("jira_get_issue")));
    assert_eq!(row.resources(), ["Jira::Issue::\"OPS-1\"", "Jira::Project::\"OPS\""]);
    assert_eq!(row.decision().unwrap().policies, ["read"]);
    assert_eq!(row.time().duration_since(row.began()).as_secs(), 3);
    assert_eq!(Rows::of_records(of(&[log.path()])).count(), 6);
}

#[test]
fn calls_without_an_end_do_not_fill_the_memory() {
    let record = |number: u64, body| {
        let place = Place { file: PathBuf::from("x").into(), line: number };
        Record::parse(logs::line(number, "05:40:00", &body).trim_end().to_owned(), place).unwrap()
    };
    let mut folder = Folder::default();
    let begun = |number: u64| intent(&format!("c{number}"), "ann", "OPS");
    let early: Vec<Row> =
        (0..10_005).filter_map(|number| folder.push(record(number, begun(number)))).collect();
    assert_eq!(early.iter().filter_map(Row::call).collect::<Vec<_>>(), ["c0", "c1", "c2", "c3", "c4"]);
    assert!((0..98).all(|number| folder.push(record(number, begun(7))).is_none()));
    assert_eq!(folder.push(record(1, begun(7))).unwrap().records().count(), 100);
    let rest = folder.rest();
    assert_eq!((rest.len(), rest[0].call(), rest[2].call()), (9_999, Some("c5"), Some("c8")));
}

#[test]
fn filters_take_the_rows_that_they_name() {
    let log = Log::new();
    log.write(
        "a",
        &[
            (1, "05:00:00", json!({"stage": "start", "code": "PC0001"})),
            (2, "06:00:00", intent("c1", "ann", "OPS")),
            (3, "06:00:01", outcome("c1", "ann", "ok")),
            (4, "07:00:00", intent("c2", "bob", "cloud/DEV")),
            (5, "07:00:01", outcome("c2", "bob", "deadline")),
            (6, "08:00:00", logs::denied("c3", "ann", "OPS")),
            (7, "09:00:00", json!({"stage": "event", "code": "PC0007", "os_user": "root"})),
        ],
    );
    let found = |filter: Filter| -> Vec<u64> {
        let rows = Rows::of_calls(of(&[log.path()])).map(Result::unwrap);
        rows.filter(|row| filter.takes(row)).map(|row| row.last().fields.seq).collect()
    };
    let text = |text: &str| vec![text.to_owned()];
    let moment = |text: &str| Some(Moment::parse(text, jiff::Timestamp::UNIX_EPOCH).unwrap());
    let all = Filter::default;
    assert_eq!(found(all()), [1, 3, 5, 6, 7]);
    assert_eq!(found(Filter { since: moment("2026-11-29T06:00:01"), ..all() }), [3, 5, 6, 7]);
    assert_eq!(found(Filter { until: moment("2026-11-29T06:00:01"), ..all() }), [1]);
    assert_eq!(found(Filter { principals: text("ann"), ..all() }), [3, 6]);
    assert_eq!(found(Filter { principals: text("root"), ..all() }), [7]);
    assert_eq!(found(Filter { tools: text("jira_get_issue"), ..all() }), [3, 5, 6]);
    assert_eq!(found(Filter { tools: text("jira"), ..all() }), [0_u64; 0]);
    assert_eq!(found(Filter { projects: text("ops"), ..all() }), [3, 6]);
    assert_eq!(found(Filter { projects: text("DEV"), ..all() }), [5]);
    assert_eq!(found(Filter { projects: text("cloud/DEV"), ..all() }), [5]);
    assert_eq!(found(Filter { decision: Some("deny".into()), ..all() }), [6]);
    assert_eq!(found(Filter { codes: text("PC1002"), ..all() }), [3, 5]);
    assert_eq!(found(Filter { calls: text("c2"), ..all() }), [5]);
    assert_eq!(found(Filter { calls: text("d-c3"), ..all() }), [6], "the id of its decision");
    assert_eq!(found(Filter { outcomes: vec!["ok".into(), "denied".into()], ..all() }), [3, 6]);
    assert_eq!(found(Filter { principals: text("ann"), outcomes: text("ok"), ..all() }), [3]);
}

#[test]
fn what_is_added_comes_as_it_comes() {
    let log = Log::new();
    let first = log.write("audit-a-20261129T053000Z", &[(1, "05:30:00", json!({}))]);
    let mut records = of(&[log.path()]);
    assert_eq!(records.by_ref().count(), 1);
    let mut tail = Tail::new(vec![log.path()], records.positions());
    let append = |text: &str| {
        std::fs::OpenOptions::new().append(true).open(&first).unwrap().write_all(text.as_bytes()).unwrap();
    };
    let mut poll = || -> Vec<u64> { tail.poll().unwrap().iter().map(|record| record.fields.seq).collect() };
    assert_eq!(poll(), [0_u64; 0]);
    let second = logs::line(2, "05:31:00", &json!({}));
    append(&second[..20]);
    assert_eq!(poll(), [0_u64; 0], "half a line is no record yet");
    append(&second[20..]);
    append(&logs::line(3, "05:32:00", &json!({})));
    assert_eq!(poll(), [2, 3]);
    append(&logs::line(5, "05:34:00", &json!({})));
    log.write("audit-a-20261129T053300Z", &[(4, "05:33:00", json!({})), (6, "05:35:00", json!({}))]);
    assert_eq!(poll(), [4, 5, 6], "a new file is followed as well");
    std::fs::OpenOptions::new().write(true).open(&first).unwrap().set_len(second.len() as u64 + 10).unwrap();
    assert_eq!(poll(), [0_u64; 0]);
    assert!(tail.take_notes()[0].contains("became shorter"));
}

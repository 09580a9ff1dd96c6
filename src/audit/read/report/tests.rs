//! Reports of logs that were made up here.

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::audit::read::Moment;
use crate::audit::read::Records;
use crate::audit::read::Rows;
use crate::audit::read::tests::logs;
use crate::audit::read::tests::logs::Log;

const HOSTILE: &str = "</td><script>alert(1)</script>|`[x](https://evil.example)\n# \u{202e}\"'";

fn policy(id: &str) -> KnownPolicy {
    KnownPolicy { id: id.into(), effect: "permit".into(), file: "own.cedar".into(), shadow: false }
}

/// Of all kinds, with what a stranger might have put there.
fn filter() -> Filter {
    let now = "2026-12-02T00:00:00Z".parse().unwrap();
    Filter {
        since: Some(Moment::parse("7d", now).unwrap()),
        until: Some(Moment::parse("2026-12-02", now).unwrap()),
        principals: vec!["ann".to_owned(), "<b>bob</b>".to_owned()],
        decision: Some("permit".to_owned()),
        ..Filter::default()
    }
}

fn report(log: &Log) -> Report {
    let mut report = Report::default();
    for row in Rows::of_calls(Records::of(&[log.path()]).unwrap()) {
        report.add(&row.unwrap());
    }
    report
}

/// A week of work.
fn week() -> Log {
    let log = Log::new();
    let mut write = logs::outcome("c2", "ann", "ok");
    write["tool"] = "jira_add_comment".into();
    write["access"] = "write".into();
    write["time"] = "2026-12-01T10:00:00.000Z".into();
    write["resources"] = json!(["Jira::Issue::\"OPS-1\"", "Confluence::Space::\"DOCS\""]);
    let mut limited = logs::intent("c3", "bob", "OPS");
    limited["decision"]["limits"] = json!([{"policy": "read", "used": 9, "of": 10}]);
    limited["decision"]["shadow"] = json!({"effect": "deny", "policies": ["stricter"], "policy_hash": "t"});
    let mut used_up = logs::denied("c4", "bob", "OPS");
    used_up["decision"]["reason"] = "limit".into();
    used_up["decision"]["policies"] = json!(["read"]);
    let mut nobody = logs::denied("c5", "eve", "OPS");
    nobody["decision"]["reason"] = "no policy permits it".into();
    nobody["decision"]["policies"] = json!([]);
    let mut identified = logs::outcome("c6", "ann", "ok");
    identified["tool"] = "identify".into();
    let refused = |more: &Value| {
        let mut refused = json!({"stage": "refusal", "code": "PC2001", "status": 401, "reason": "no token", "address": "192.0.2.1"});
        refused.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refused
    };
    log.write(
        "a",
        &[
            (1, "05:40:00", json!({"stage": "start", "code": "PC0001", "version": "0.1.0"})),
            (2, "05:40:01", logs::intent("c1", "ann", "OPS")),
            (3, "05:40:02", logs::outcome("c1", "ann", "ok")),
            (4, "05:41:00", limited),
            (5, "05:41:01", logs::outcome("c3", "bob", "deadline")),
            (6, "05:42:00", used_up),
            (7, "05:43:00", nobody),
            (8, "05:44:00", refused(&json!({}))),
            (9, "05:45:00", refused(&json!({"count": 41}))),
            (
                10,
                "05:46:00",
                json!({"stage": "refusal", "code": "PC2002", "tool": "jira_drop", "address": null}),
            ),
            (11, "05:47:00", write),
            (12, "05:48:00", identified),
        ],
    );
    log
}

#[test]
fn a_report_says_who_did_what_and_what_was_never_used() {
    let report = report(&week());
    let text = report.finish(
        &filter(),
        Some(&[policy("read"), policy("stricter"), policy("spare")]),
        ReportFormat::Markdown,
    );
    let wanted = include_str!("tests/report.md");
    assert_eq!(text, wanted, "a report is now:\n{text}");
}

#[test]
fn every_form_of_a_report_names_the_filters_it_was_made_with() {
    let report = report(&week());
    let html = report.finish(&filter(), None, ReportFormat::Html);
    for part in [
        "<tr><td>since</td><td>2026-11-25 00:00:00 UTC</td></tr>",
        "<tr><td>until</td><td>2026-12-02 00:00:00 UTC</td></tr>",
        "<tr><td>principal</td><td>ann, &lt;b&gt;bob&lt;/b&gt;</td></tr>",
        "<tr><td>decision</td><td>permit</td></tr>",
    ] {
        assert!(html.contains(part), "`{part}` is not in: {html}");
    }
    let json = |filter: &Filter| -> Value {
        serde_json::from_str(&report.finish(filter, Some(&[policy("spare")]), ReportFormat::Json)).unwrap()
    };
    let told = json(&filter());
    assert_eq!(
        told["filters"],
        json!({
            "since": "2026-11-25 00:00:00 UTC",
            "until": "2026-12-02 00:00:00 UTC",
            "principal": "ann, <b>bob</b>",
            "decision": "permit",
        })
    );
    assert_eq!(told["sections"][1]["rows"][1], json!({"Ended": "denied", "Calls": 2}));
    assert_eq!(
        told["sections"][2]["rows"][0],
        json!({"from": "2026-11-29", "ok": 1, "denied": 2, "failed": 1, "no known outcome": 0})
    );
    let all = Filter::default();
    assert_eq!(json(&all)["filters"], json!({}));
    for format in [ReportFormat::Html, ReportFormat::Markdown, ReportFormat::Json] {
        let text = report.finish(&all, None, format);
        assert!(text.contains("everything that the log has is counted"), "{text}");
    }
}

#[test]
fn a_page_needs_nothing_else_and_takes_no_markup_from_the_log() {
    let log = Log::new();
    let mut hostile = logs::denied("c1", HOSTILE, "OPS");
    hostile["decision"]["policies"] = json!([HOSTILE]);
    hostile["decision"]["reason"] = HOSTILE.into();
    hostile["resources"] = json!([format!("Jira::Project::\"{HOSTILE}\"")]);
    log.write(
        "a",
        &[
            (1, "05:40:00", hostile),
            (
                2,
                "05:40:01",
                json!({"stage": "refusal", "code": "PC2001", "reason": HOSTILE, "address": HOSTILE}),
            ),
            (
                3,
                "05:40:02",
                json!({"stage": "event", "code": "PC0007", "os_user": HOSTILE, "reason": HOSTILE}),
            ),
        ],
    );
    let report = report(&log);
    let html = report.finish(&Filter::default(), Some(&[policy(HOSTILE)]), ReportFormat::Html);
    for part in ["<script", "\u{202e}", "href", "src=", "url(", "@import", "alert(1)</"] {
        assert!(!html.contains(part), "`{part}` is in: {html}");
    }
    assert_eq!(html.matches("&lt;script&gt;").count(), 9, "{html}");
    for part in [
        "default-src 'none'",
        "prefers-color-scheme: dark",
        "@media print",
        "<svg viewBox",
        "<title>2026-11-29: 0 ok, 1 denied",
    ] {
        assert!(html.contains(part), "`{part}` is not in: {html}");
    }
    for tag in ["table", "tr", "td", "th", "section", "svg", "g", "p", "h2", "div"] {
        let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    let markdown = report.finish(&Filter::default(), None, ReportFormat::Markdown);
    assert!(
        !markdown.contains("<script") && !markdown.contains("[x](") && !markdown.contains("\n# \u{202e}")
    );
    let columns = |line: &&str| line.replace("\\|", "").matches('|').count();
    assert!(
        markdown
            .lines()
            .filter(|line| line.contains("script"))
            .all(|line| [5, 6, 9].contains(&columns(&line)))
    );
}

#[test]
fn a_report_of_the_same_log_is_the_same() {
    let (one, other) = (report(&week()), report(&week()));
    for format in [ReportFormat::Html, ReportFormat::Markdown, ReportFormat::Json] {
        assert_eq!(
            one.finish(&Filter::default(), None, format),
            other.finish(&Filter::default(), None, format)
        );
    }
    let nothing = Report::default();
    assert!(
        nothing
            .finish(&Filter::default(), None, ReportFormat::Markdown)
            .starts_with("# Audit report\\: nothing was recorded\n")
    );
    assert!(nothing.finish(&Filter::default(), None, ReportFormat::Html).contains("<p>None.</p>"));
}

#[test]
fn many_days_become_weeks_or_months() {
    let title = |days: i64| {
        let log = Log::new();
        let ended = |number: i64, day: i64| {
            let mut outcome = logs::outcome(&format!("c{number}"), "ann", "ok");
            let first: jiff::civil::Date = "2026-01-01".parse().unwrap();
            let day = first.saturating_add(jiff::Span::new().days(day));
            outcome["time"] = format!("{day}T12:00:00Z").into();
            outcome
        };
        log.write("a", &[(1, "00:00:00", ended(1, 0)), (2, "00:00:00", ended(2, days - 1))]);
        let text = report(&log).finish(&Filter::default(), None, ReportFormat::Markdown);
        let bars = text
            .lines()
            .skip_while(|line| *line != "```text")
            .skip(3)
            .take_while(|line| *line != "```")
            .count();
        (text.split("## Calls per ").nth(1).unwrap().lines().next().unwrap().to_owned(), bars)
    };
    assert_eq!(title(1), ("day".to_owned(), 1));
    assert_eq!(title(62), ("day".to_owned(), 62));
    assert_eq!(title(63), ("week".to_owned(), 10));
    assert_eq!(title(365), ("week".to_owned(), 53));
    assert_eq!(title(3 * 365), ("month".to_owned(), 36));
}

#[test]
fn strangers_do_not_fill_a_report() {
    let mut refusals: Limited<(String, String), Refusals> = Limited::default();
    for number in 0..MOST_LINES + 500 {
        refusals.at((format!("address {number}"), String::new())).requests += 1;
    }
    refusals.at(("address 0".to_owned(), String::new())).requests += 1;
    assert_eq!(refusals.each().count(), MOST_LINES);
    assert_eq!(refusals.others().unwrap().requests, 500);
    assert_eq!(refusals.each().map(|(_, refusals)| refusals.requests).sum::<u64>(), MOST_LINES as u64 + 1);
}

//! Rows as people read them.

use super::Column;
use super::Decision;
use super::Row;
use super::plain;
use super::resource::Named;
use crate::audit::Code;

/// How many characters of what an event says are shown.
const MOST_DETAILS: usize = 160;

/// How it is called that a request was refused before it was a call.
pub const REFUSED: &str = "refused";

/// The columns of [`cells`].
pub const COLUMNS: [Column; 9] = [
    Column { title: "TIME", least: 23, most: 23 },
    Column { title: "CODE", least: 6, most: 8 },
    Column { title: "WHO", least: 8, most: 36 },
    Column { title: "WHAT", least: 16, most: 48 },
    Column { title: "ON", least: 8, most: 48 },
    Column { title: "OUTCOME", least: 8, most: 24 },
    Column { title: "POLICIES", least: 8, most: 40 },
    Column { title: "MS", least: 6, most: 10 },
    Column { title: "CALL", least: 32, most: 400 },
];

/// A row as the cells of [`COLUMNS`]. The last one is of an event what it says besides.
pub fn cells(row: &Row) -> [String; 9] {
    let none = || "-".to_owned();
    let fields = &row.last().fields;
    let policies = row.decision().map(|decision| decision.policies.join(", "));
    [
        fields.time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        fields.code.clone(),
        row.who().unwrap_or_else(none),
        what(row),
        on(row).unwrap_or_else(none),
        ended(row).unwrap_or_else(none),
        policies.filter(|policies| !policies.is_empty()).unwrap_or_else(none),
        fields.duration_ms.map_or_else(none, |duration| format!("{duration:.1}")),
        row.call().map_or_else(|| details(row), str::to_owned),
    ]
}

/// What was decided, with the id that a denied caller was told; nothing where nothing was decided.
pub fn decided(row: &Row) -> Option<String> {
    let Decision { id, effect, reason, policies, policy_hash, .. } = row.decision()?;
    let mut told = format!("decision {id}: {effect}");
    told.extend(reason.iter().map(|reason| format!(" ({reason})")));
    if !policies.is_empty() {
        told.extend([" by ", &policies.join(", ")]);
    }
    told.extend(policy_hash.iter().map(|hash| format!(", policies {hash}")));
    Some(plain(&told).into_owned())
}

/// What an event says besides what every record begins with, as `name=value`.
fn details(row: &Row) -> String {
    let besides = row.last().besides();
    let said = besides.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    });
    let said = said.collect::<Vec<_>>().join(" ");
    match said.char_indices().nth(MOST_DETAILS) {
        Some((end, _)) => format!("{}…", said.get(..end).unwrap_or_default()),
        None => said,
    }
}

/// A row in one sentence, for those who read nothing else of it.
pub(super) fn sentence(row: &Row) -> String {
    let fields = &row.last().fields;
    let who = row.who();
    if row.call().is_some() {
        let ended = ended(row).unwrap_or_else(|| "no outcome".to_owned());
        if row.is_identification() {
            let who = who.map(|who| format!(" ({who})")).unwrap_or_default();
            return format!("It was asked whose a credential is{who}: {ended}.");
        }
        let who = who.unwrap_or_else(|| "somebody".to_owned());
        let on = on(row).map(|on| format!(" on {on}")).unwrap_or_default();
        return format!("{who} called {}{on}: {ended}.", what(row));
    }
    let told = meaning(&fields.code).map_or_else(
        || format!("{} of code {}", fields.stage, fields.code),
        |text| text.trim_end_matches('.').to_owned(),
    );
    let tool = fields.tool.as_ref().map(|tool| format!(": {tool}")).unwrap_or_default();
    let reason = fields.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let from = fields.address.as_ref().map(|address| format!(", from {address}")).unwrap_or_default();
    let by = who.map(|who| format!(", by {who}")).unwrap_or_default();
    format!("{told}{tool}{reason}{from}{by}.")
}

/// The tool, or what kind of event it is.
fn what(row: &Row) -> String {
    let fields = &row.last().fields;
    match &fields.tool {
        // Over one call without an end, or over a record by itself, it has to be said what it is.
        Some(tool) if matches!(fields.stage.as_str(), "outcome" | "intent") => tool.clone(),
        Some(tool) => format!("{tool} ({})", fields.stage),
        None => meaning(&fields.code)
            .map_or_else(|| fields.stage.clone(), |text| text.trim_end_matches('.').to_owned()),
    }
}

/// What a code means, if this program knows it.
pub(super) fn meaning(code: &str) -> Option<&'static str> {
    Code::ALL.iter().find(|known| known.as_str() == code).map(|known| known.meaning())
}

/// The first resource, and how many there are besides; projects and spaces that others lie in do not count.
fn on(row: &Row) -> Option<String> {
    let resources = row.resources();
    let named =
        |name: &String| Named::read(name).map_or_else(|| name.clone(), |it| format!("{} {}", it.kind, it.id));
    let first = resources.first().map(named)?;
    let is_place =
        |name: &&String| name.starts_with("Jira::Project::") || name.starts_with("Confluence::Space::");
    let more = resources.iter().skip(1).filter(|name| !is_place(name)).count();
    Some(if more == 0 { first } else { format!("{first} +{more}") })
}

/// How a row ended, and why.
fn ended(row: &Row) -> Option<String> {
    let fields = &row.last().fields;
    let denied = row.decision().filter(|decision| decision.effect == "deny");
    match (row.outcome(), denied.and_then(|decision| decision.reason.as_deref())) {
        (Some(outcome), Some(reason)) => Some(format!("{outcome} ({reason})")),
        (Some("upstream_error"), None) => Some(
            fields
                .status
                .map_or_else(|| "upstream_error".to_owned(), |status| format!("upstream_error {status}")),
        ),
        (Some(outcome), None) => Some(outcome.to_owned()),
        // By itself an intent has none, however its call ended.
        (None, _) if row.is_single() && fields.stage == "intent" => Some("intent".to_owned()),
        (None, _) if row.call().is_some() && row.decision().is_some() => Some("no outcome".to_owned()),
        (None, _) if row.is_refusal() => Some(REFUSED.to_owned()),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Records;
    use super::super::Rows;
    use super::super::tests::logs;
    use super::super::tests::logs::Log;
    use super::*;

    #[test]
    fn rows_read_as_sentences() {
        let log = Log::new();
        let mut many = logs::denied("c2", "ann", "OPS");
        many["resources"] =
            json!(["Jira::Issue::\"OPS-1\"", "Jira::Project::\"OPS\"", "Jira::Issue::\"OPS-2\""]);
        log.write("a", &[
            (1, "05:40:00", json!({"stage": "start", "code": "PC0001", "version": "0.1.0", "read_only": true})),
            (2, "05:40:01", logs::intent("c1", "ann", "OPS")),
            (3, "05:40:02", logs::outcome("c1", "ann", "ok")),
            (4, "05:40:03", many),
            (5, "05:40:04", json!({"stage": "refusal", "code": "PC2001", "status": 401, "reason": "no token\u{1b}[31m", "address": "192.0.2.1"})),
            (6, "05:40:05", logs::intent("c3", "bob", "DEV")),
            (7, "05:40:06", json!({"stage": "event", "code": "PC9999"})),
        ]);
        let rows = Rows::of_calls(Records::of(&[log.path()]).unwrap());
        let shown: Vec<String> = rows.map(|row| cells(&row.unwrap())[1..].join(" | ")).collect();
        let wanted = [
            "PC0001 | - | The server started | - | - | - | - | version=0.1.0 read_only=true",
            "PC1003 | ann | jira_get_issue | Jira::Issue OPS-1 | ok | read | 12.5 | c1",
            "PC1004 | ann | jira_get_issue | Jira::Issue OPS-1 +1 | denied (forbidden) | no-ops | 1.5 | c2",
            "PC2001 | - | A request was refused before dispatch | - | refused | - | - | status=401 reason=no token\u{1b}[31m address=192.0.2.1",
            "PC9999 | - | event | - | - | - | - | ",
            "PC1002 | bob | jira_get_issue | Jira::Issue DEV-1 | no outcome | read | - | c3",
        ];
        assert_eq!(shown, wanted);
        // Record by record, an intent is one, whether its call has ended or not.
        let rows = Rows::of_records(Records::of(&[log.path()]).unwrap());
        let outcomes: Vec<String> = rows.map(|row| cells(&row.unwrap())[5].clone()).collect();
        assert_eq!(outcomes, ["-", "intent", "ok", "denied (forbidden)", "refused", "intent", "-"]);
    }

    #[test]
    fn details_that_are_cut_have_a_mark() {
        let log = Log::new();
        let event = |problem: String| json!({"stage": "event", "code": "PC0006", "problem": problem});
        let fits = MOST_DETAILS - "problem=".len();
        log.write(
            "a",
            &[(1, "05:40:00", event("é".repeat(fits))), (2, "05:40:01", event("é".repeat(fits + 1)))],
        );
        let rows = Rows::of_calls(Records::of(&[log.path()]).unwrap());
        let shown: Vec<String> = rows.map(|row| cells(&row.unwrap())[8].clone()).collect();
        let whole = format!("problem={}", "é".repeat(fits));
        assert_eq!(shown, [whole.clone(), format!("{whole}…")]);
    }

    #[test]
    fn a_row_is_a_sentence() {
        let log = Log::new();
        let mut open = logs::intent("c3", "bob", "DEV");
        open["principal"] = serde_json::Value::Null;
        let mut identified = logs::outcome("c4", "ann", "ok");
        identified["tool"] = "identify".into();
        log.write("a", &[
            (1, "05:40:00", json!({"stage": "start", "code": "PC0001", "version": "0.1.0"})),
            (2, "05:40:02", logs::outcome("c1", "ann", "ok")),
            (3, "05:40:03", logs::denied("c2", "ann", "OPS")),
            (4, "05:40:04", json!({"stage": "refusal", "code": "PC2001", "status": 401, "reason": "rejected", "address": "192.0.2.1"})),
            (5, "05:40:05", json!({"stage": "refusal", "code": "PC2002", "tool": "jira_drop", "address": null})),
            (6, "05:40:06", json!({"stage": "event", "code": "PC0007", "frozen": "all", "os_user": "root", "reason": "incident 7"})),
            (7, "05:40:07", json!({"stage": "news", "code": "PC9999"})),
            (8, "05:40:08", identified),
            (9, "05:40:09", open),
        ]);
        let rows = Rows::of_calls(Records::of(&[log.path()]).unwrap());
        let told: Vec<String> = rows.map(|row| sentence(&row.unwrap())).collect();
        let wanted = [
            "The server started.",
            "ann called jira_get_issue: ok.",
            "ann called jira_get_issue on Jira::Issue OPS-1: denied (forbidden).",
            "A request was refused before dispatch (rejected), from 192.0.2.1.",
            "A tool was called that is not offered: jira_drop.",
            "An administrator froze what writes, or everything (incident 7), by root.",
            "news of code PC9999.",
            "It was asked whose a credential is (ann): ok.",
            "somebody called jira_get_issue on Jira::Issue DEV-1: no outcome.",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn who_is_known_by_name_alone_is_told_by_it() {
        let log = Log::new();
        let named = |call: &str, principal: serde_json::Value| {
            json!({"stage": "outcome", "code": "PC1003", "call": call, "principal": principal,
                "named": {"name": "ann", "by": "certificate"}})
        };
        let alice = json!({"kind": "user", "id": "alice"});
        log.write(
            "a",
            &[(1, "05:40:00", named("c1", serde_json::Value::Null)), (2, "05:40:01", named("c2", alice))],
        );
        let rows = Rows::of_calls(Records::of(&[log.path()]).unwrap());
        let who: Vec<Option<String>> = rows.map(|row| row.unwrap().who()).collect();
        assert_eq!(who, [Some("named:ann".to_owned()), Some("alice".to_owned())]);
    }

    #[test]
    fn the_decision_of_a_row_is_told_with_its_id() {
        let log = Log::new();
        log.write(
            "a",
            &[
                (1, "05:40:00", logs::denied("c1", "ann", "OPS")),
                (2, "05:40:01", logs::outcome("c2", "ann", "ok")),
            ],
        );
        let rows = Rows::of_calls(Records::of(&[log.path()]).unwrap());
        let told: Vec<Option<String>> = rows.map(|row| decided(&row.unwrap())).collect();
        assert_eq!(told, [Some("decision d-c1: deny (forbidden) by no-ops, policies p".to_owned()), None]);
    }
}

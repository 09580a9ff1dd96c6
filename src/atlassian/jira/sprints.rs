//! Sprints, in the tools' shape, and out of the text that Data Center writes for one in the field of an issue.

use serde_json::Map;
use serde_json::Value;

use crate::atlassian::times;

/// A sprint, in the tools' shape.
pub fn shown_sprint(sprint: &Value) -> Value {
    let id = match sprint.get("id") {
        Some(Value::Number(id)) => id.to_string().into(),
        other => other.cloned().unwrap_or_default(),
    };
    let mut shown = Map::new();
    shown.insert("id".into(), id);
    for (name, key) in [("name", "name"), ("state", "state"), ("goal", "goal")] {
        if let Some(value) = sprint.get(name).filter(|value| !value.is_null()) {
            shown.insert(key.into(), value.clone());
        }
    }
    for (name, key) in
        [("startDate", "start_date"), ("endDate", "end_date"), ("completeDate", "complete_date")]
    {
        if let Some(time) = sprint.get(name).and_then(Value::as_str) {
            shown.insert(key.into(), times::iso(time).into());
        }
    }
    Value::Object(shown)
}

/// What Data Center begins the text of a sprint with.
const CLASS: &str = "com.atlassian.greenhopper.service.sprint.Sprint@";

/// The names in that text.
const NAMES: [&str; 13] = [
    "id",
    "rapidViewId",
    "state",
    "name",
    "startDate",
    "endDate",
    "completeDate",
    "activatedDate",
    "sequence",
    "goal",
    "synced",
    "autoStartStop",
    "incompleteIssuesDestinationId",
];

/// A sprint as Cloud gives it, out of Data Center's `com.atlassian.greenhopper.service.sprint.Sprint@1f[id=1,...]`.
pub(super) fn sprint_of_text(text: &str) -> Option<Value> {
    let inside = text.strip_prefix(CLASS)?.split_once('[')?.1.strip_suffix(']')?;
    let mut places: Vec<(usize, usize, &str)> = Vec::new();
    for name in NAMES {
        let begin = format!("{name}=");
        // A name or a goal may hold commas and equals signs: a value goes on to the next name of this list.
        let place = inside
            .match_indices(&begin)
            .find(|(at, _)| *at == 0 || inside.as_bytes().get(at - 1) == Some(&b','));
        places.extend(place.map(|(at, _)| (at, at + begin.len(), name)));
    }
    places.sort_unstable();
    let ends = places.iter().skip(1).map(|(at, ..)| at - 1).chain([inside.len()]);
    let value = |wanted: &str| {
        let (from, to) = places
            .iter()
            .zip(ends.clone())
            .find_map(|((_, from, name), to)| (*name == wanted).then_some((*from, to)))?;
        inside.get(from..to).filter(|value| *value != "<null>")
    };
    let number = |name| value(name).and_then(|value: &str| value.parse::<u64>().ok());
    let mut sprint = Map::new();
    sprint.insert("id".into(), number("id")?.into());
    sprint.insert("name".into(), value("name")?.into());
    if let Some(state) = value("state") {
        sprint.insert("state".into(), state.to_lowercase().into());
    }
    if let Some(board) = number("rapidViewId") {
        sprint.insert("boardId".into(), board.into());
    }
    for name in ["goal", "startDate", "endDate", "completeDate"] {
        if let Some(value) = value(name) {
            sprint.insert(name.into(), value.into());
        }
    }
    Some(Value::Object(sprint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sprint_is_read_out_of_the_text_of_data_center() {
        let table = [
            (
                "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=1,rapidViewId=2,state=ACTIVE,name=Sprint 1,\
                 startDate=2026-11-01T08:00:00.000Z,endDate=<null>,completeDate=<null>,activatedDate=<null>,sequence=1,goal=]",
                Some(json!({
                    "id": 1, "name": "Sprint 1", "state": "active", "boardId": 2, "goal": "",
                    "startDate": "2026-11-01T08:00:00.000Z",
                })),
            ),
            (
                "com.atlassian.greenhopper.service.sprint.Sprint@7[completeDate=<null>,goal=a, b=c],id=12,name=x,y [z],state=CLOSED]",
                Some(json!({"id": 12, "name": "x,y [z]", "state": "closed", "goal": "a, b=c]"})),
            ),
            ("com.atlassian.greenhopper.service.sprint.Sprint@7[]", None),
            ("a text", None),
        ];
        for (text, wanted) in table {
            assert_eq!(sprint_of_text(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_dates_of_a_sprint_have_the_form_of_all_times() {
        let sprint = json!({"id": 7, "name": "S", "state": "active", "goal": null,
            "startDate": "2026-11-01T09:00:00.000+01:00", "endDate": "2026-11-14T08:00:00.000Z"});
        let wanted = json!({"id": "7", "name": "S", "state": "active",
            "start_date": "2026-11-01T08:00:00+00:00", "end_date": "2026-11-14T08:00:00+00:00"});
        assert_eq!(shown_sprint(&sprint), wanted);
    }
}

//! Values of fields as people write them, in the shape that Jira takes.

use serde_json::Value;
use serde_json::json;

use super::catalogue::Field;

/// A value on its way to Jira.
#[derive(Debug, Clone, PartialEq)]
pub enum Shaped {
    /// As Jira takes it.
    Ready(Value),
    /// Text with markup, still Markdown.
    Text(String),
    /// A person to be found.
    Person(String),
    /// People to be found.
    People(Vec<String>),
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Markup,
    Text,
    Day,
    Number,
    Choice,
    Cascade,
    Person,
    /// Something with a name: a priority, a version, a component, a group.
    Named,
    Project,
    Issue,
    /// The number of a sprint.
    Sprint,
    Labels,
    List(Box<Kind>),
    Other,
}

/// Brings a value into the shape of its field; an error says what the field wants. Null clears, and an object passes
/// as it is: who writes one knows the field.
pub fn shape(field: Field<'_>, value: Value) -> Result<Shaped, String> {
    let kind = kind(field);
    fit(&kind, value).map_err(|wanted| format!("field `{}` ({}) wants {wanted}", field.name, field.id))
}

fn kind(field: Field<'_>) -> Kind {
    let text = |name: &str| field.schema.get(name).and_then(Value::as_str).unwrap_or_default();
    match (field.id, field.kind().unwrap_or_default()) {
        ("description" | "environment", _) | (_, "textarea") => return Kind::Markup,
        (_, "gh-sprint") => return Kind::Sprint,
        ("parent", _) => return Kind::Issue,
        _ => {}
    }
    if let Some((_, kind)) = SYSTEM.iter().find(|(id, _)| *id == field.id) {
        return kind.kind();
    }
    match (text("type"), text("items")) {
        ("array", "string") => Kind::Labels,
        ("array", items) => Kind::List(Box::new(plain_kind(items))),
        (kind, _) => plain_kind(kind),
    }
}

/// Fields of Jira's own that hold the same on every site.
const SYSTEM: [(&str, System); 15] = [
    ("summary", System::One("string")),
    ("assignee", System::One("user")),
    ("reporter", System::One("user")),
    ("priority", System::One("priority")),
    ("resolution", System::One("resolution")),
    ("issuetype", System::One("issuetype")),
    ("security", System::One("securitylevel")),
    ("project", System::One("project")),
    ("duedate", System::One("date")),
    ("labels", System::Labels),
    ("components", System::Many("component")),
    ("versions", System::Many("version")),
    ("fixVersions", System::Many("version")),
    ("timetracking", System::One("timetracking")),
    ("parent", System::One("issuelink")),
];

enum System {
    One(&'static str),
    Many(&'static str),
    Labels,
}

impl System {
    fn kind(&self) -> Kind {
        match self {
            Self::One(name) => plain_kind(name),
            Self::Many(name) => Kind::List(Box::new(plain_kind(name))),
            Self::Labels => Kind::Labels,
        }
    }
}

/// The field of this id, if it is one of Jira's own: nobody has to be asked for it.
pub fn system_field(id: &str) -> Option<Field<'_>> {
    let is_known =
        SYSTEM.iter().any(|(known, _)| *known == id) || matches!(id, "description" | "environment");
    is_known.then_some(Field { id, name: id, schema: &Value::Null })
}

fn plain_kind(name: &str) -> Kind {
    match name {
        "string" | "datetime" => Kind::Text,
        "date" => Kind::Day,
        "number" => Kind::Number,
        "option" => Kind::Choice,
        "option-with-child" => Kind::Cascade,
        "user" => Kind::Person,
        "priority" | "resolution" | "issuetype" | "version" | "component" | "group" | "securitylevel" => {
            Kind::Named
        }
        "project" => Kind::Project,
        "issuelink" => Kind::Issue,
        _ => Kind::Other,
    }
}

fn fit(kind: &Kind, value: Value) -> Result<Shaped, &'static str> {
    if value.is_null() || value.is_object() && *kind != Kind::Sprint {
        return Ok(Shaped::Ready(value));
    }
    let ready = |value: Value| Ok(Shaped::Ready(value));
    match (kind, value) {
        (Kind::Markup, Value::String(text)) => Ok(Shaped::Text(text)),
        (Kind::Markup, _) => Err("text in Markdown"),
        (Kind::Text, value @ Value::String(_)) => ready(value),
        (Kind::Text, Value::Number(number)) => ready(number.to_string().into()),
        (Kind::Text, _) => Err("a text"),
        (Kind::Day, Value::String(text)) => day(&text).map(Shaped::Ready).ok_or(DAY),
        (Kind::Day, _) => Err(DAY),
        (Kind::Number, value @ Value::Number(_)) => ready(value),
        (Kind::Number, Value::String(text)) => number(&text).map(Shaped::Ready).ok_or("a number"),
        (Kind::Number, _) => Err("a number"),
        (Kind::Choice, value) => {
            scalar(value).map(|text| Shaped::Ready(json!({"value": text}))).ok_or(CHOICE)
        }
        (Kind::Cascade, Value::String(text)) => ready(cascade(&text)),
        (Kind::Cascade, _) => Err("a choice in a choice, such as \"Europe > Oslo\""),
        // Nobody, as an argument of that name has it.
        (Kind::Person, Value::String(name)) if name.trim().is_empty() => ready(Value::Null),
        (Kind::Person, Value::String(name)) => Ok(Shaped::Person(name)),
        (Kind::Person, _) => Err("a person: an account id, a user name or an e-mail address"),
        (Kind::Named, value) => {
            scalar(value).map(|text| Shaped::Ready(json!({"name": text}))).ok_or("a name")
        }
        (Kind::Project | Kind::Issue, Value::String(key)) => ready(json!({"key": key})),
        (Kind::Project, _) => Err("the key of a project"),
        (Kind::Issue, _) => Err("the key of an issue"),
        (Kind::Sprint, value) => sprint(value).map(Shaped::Ready).ok_or("the id of a sprint, a number"),
        (Kind::Labels, value) => {
            strings(value).map(|texts| Shaped::Ready(texts.into())).ok_or("a list of texts")
        }
        (Kind::List(inner), value) => list(inner, value),
        (Kind::Other, value) => ready(value),
    }
}

const DAY: &str = "a day in the form YYYY-MM-DD, such as 2026-12-24";

const CHOICE: &str = "one of its choices by name, such as \"Red\"";

fn list(inner: &Kind, value: Value) -> Result<Shaped, &'static str> {
    let items = match value {
        Value::Array(items) => items,
        // One choice may have a comma in its name.
        Value::String(text) if *inner != Kind::Choice => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
        }
        single => vec![single],
    };
    if *inner == Kind::Person && items.iter().all(Value::is_string) {
        return Ok(Shaped::People(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()));
    }
    let shaped = items.into_iter().map(|item| match fit(inner, item)? {
        Shaped::Ready(value) => Ok(value),
        _ => Err("a list whose entries are all of one form"),
    });
    shaped.collect::<Result<Vec<_>, _>>().map(|items| Shaped::Ready(items.into()))
}

/// The only form in which Jira takes a day.
fn day(text: &str) -> Option<Value> {
    let text = text.trim();
    (text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()).then(|| text.into())
}

fn number(text: &str) -> Option<Value> {
    let number: f64 = text.trim().parse().ok()?;
    match text.trim().parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => serde_json::Number::from_f64(number).map(Value::Number),
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn cascade(text: &str) -> Value {
    match text.split_once('>') {
        Some((outer, inner)) => json!({"value": outer.trim(), "child": {"value": inner.trim()}}),
        None => json!({"value": text.trim()}),
    }
}

fn sprint(value: Value) -> Option<Value> {
    match value {
        Value::Array(mut items) if items.len() == 1 => sprint(items.pop()?),
        Value::String(text) => text.trim().parse::<u64>().ok().map(Value::from),
        Value::Number(number) => number.as_u64().map(Value::from),
        // As the field is shown.
        Value::Object(mut sprint) => sprint.remove("id").filter(|id| !id.is_object()).and_then(self::sprint),
        _ => None,
    }
}

fn strings(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => items.into_iter().map(|item| scalar(item).map(Value::from)).collect(),
        Value::String(text) => {
            Some(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(id: &str, schema: &Value, value: Value) -> Result<Shaped, String> {
        shape(Field { id, name: "F", schema }, value)
    }

    #[test]
    fn values_are_taken_as_people_write_them() {
        let custom =
            |kind: &str, type_name: &str| json!({"type": type_name, "custom": format!("com.x:{kind}")});
        let list = |items: &str| json!({"type": "array", "items": items});
        let table = [
            ("priority", json!({"type": "priority"}), json!("High"), json!({"name": "High"})),
            ("priority", json!({"type": "priority"}), json!({"id": "2"}), json!({"id": "2"})),
            ("priority", json!({"type": "priority"}), Value::Null, Value::Null),
            ("labels", list("string"), json!(["a", "b"]), json!(["a", "b"])),
            ("labels", list("string"), json!("a, b"), json!(["a", "b"])),
            ("fixVersions", list("version"), json!(["1.0"]), json!([{"name": "1.0"}])),
            ("fixVersions", list("version"), json!("1.0, 2.0"), json!([{"name": "1.0"}, {"name": "2.0"}])),
            (
                "components",
                list("component"),
                json!([{"id": "1"}, "UI"]),
                json!([{"id": "1"}, {"name": "UI"}]),
            ),
            ("duedate", Value::Null, json!(" 2026-12-24 "), json!("2026-12-24")),
            ("parent", Value::Null, json!("OPS-1"), json!({"key": "OPS-1"})),
            ("customfield_1", custom("select", "option"), json!("Red"), json!({"value": "Red"})),
            ("customfield_1", custom("float", "number"), json!("3"), json!(3)),
            ("customfield_1", custom("float", "number"), json!("2.5"), json!(2.5)),
            ("customfield_1", custom("gh-sprint", "array"), json!(["37"]), json!(37)),
            ("customfield_1", custom("gh-sprint", "array"), json!([{"id": 37, "name": "S"}]), json!(37)),
            (
                "customfield_1",
                custom("cascadingselect", "option-with-child"),
                json!("Europe > Oslo"),
                json!({"value": "Europe", "child": {"value": "Oslo"}}),
            ),
            ("customfield_1", list("option"), json!("A, B"), json!([{"value": "A, B"}])),
            ("customfield_1", custom("gh-epic-link", "any"), json!("OPS-1"), json!("OPS-1")),
        ];
        for (id, schema, value, wanted) in table {
            assert_eq!(shaped(id, &schema, value.clone()), Ok(Shaped::Ready(wanted)), "{id} {value}");
        }
        let person = json!({"type": "user"});
        assert_eq!(shaped("reporter", &person, json!("ann")), Ok(Shaped::Person("ann".into())));
        assert_eq!(shaped("assignee", &person, json!(" ")), Ok(Shaped::Ready(Value::Null)), "nobody");
        assert_eq!(
            shaped("customfield_1", &list("user"), json!(["ann", "bob"])),
            Ok(Shaped::People(vec!["ann".into(), "bob".into()]))
        );
        let text = custom("textarea", "string");
        assert_eq!(shaped("customfield_1", &text, json!("# T")), Ok(Shaped::Text("# T".into())));
    }

    #[test]
    fn a_wrong_shape_is_answered_with_the_wanted_one() {
        let table = [
            (
                "customfield_1",
                json!({"type": "number"}),
                json!("many"),
                "field `F` (customfield_1) wants a number",
            ),
            ("customfield_1", json!({"type": "option"}), json!(["Red"]), "one of its choices by name"),
            ("labels", json!({"type": "array", "items": "string"}), json!(7), "a list of texts"),
            ("duedate", Value::Null, json!("24.12.2026"), "a day in the form YYYY-MM-DD"),
            ("duedate", Value::Null, json!("2026-02-30"), "a day in the form YYYY-MM-DD"),
            ("reporter", json!({"type": "user"}), json!(7), "a person: an account id"),
            ("parent", Value::Null, json!(12), "the key of an issue"),
            ("description", Value::Null, json!(["a"]), "text in Markdown"),
        ];
        for (id, schema, value, wanted) in table {
            let problem = shaped(id, &schema, value).unwrap_err();
            assert!(problem.contains(wanted), "{problem}");
        }
    }
}

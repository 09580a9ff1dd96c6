//! Which values of the context a policy looks at.

use std::collections::BTreeSet;

use cedar_policy::Policy;
use serde_json::Value;

/// What a policy looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Attributes of `context.input`.
    pub(crate) input: BTreeSet<String>,
    /// Attributes of `context.session`.
    pub(crate) session: BTreeSet<String>,
}

impl Reads {
    pub(crate) fn of(policy: &Policy) -> Self {
        let mut reads = Self::default();
        if let Ok(json) = policy.to_json() {
            reads.look(&json);
        }
        reads
    }

    /// Whether the attribute is looked at; an attribute named `*` stands for all of them.
    pub(crate) fn input(&self, attribute: &str) -> bool {
        self.input.contains(attribute) || self.input.contains("*")
    }

    /// Takes what is asked of `context`, of `context.input` or of `context.session`; false if it is something else.
    fn take(&mut self, left: &Value, path: &[&str]) -> bool {
        let of_context = left.get("Var").and_then(Value::as_str) == Some("context");
        let (part, name) = match path {
            [part, name, ..] if of_context => (*part, *name),
            [name, ..] if is_part(left, "input") => ("input", *name),
            [name, ..] if is_part(left, "session") => ("session", *name),
            _ => return false,
        };
        if part == "input" {
            self.input.insert(name.to_owned())
        } else {
            self.session.insert(name.to_owned())
        };
        true
    }

    fn look(&mut self, node: &Value) {
        match node {
            Value::Object(fields) => {
                if let (Some(left), Some(path)) = (fields.get("left"), fields.get("attr").map(names))
                    && self.take(left, &path)
                {
                    return;
                }
                if is_part(node, "input") {
                    self.input.insert("*".to_owned());
                }
                fields.values().for_each(|field| self.look(field));
            }
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// One name, or the names of `has a.b`.
fn names(attribute: &Value) -> Vec<&str> {
    match attribute {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    }
}

/// Whether this is `context.<name>`.
fn is_part(node: &Value, name: &str) -> bool {
    let Some(access) = node.get(".") else { return false };
    let of_context = access.pointer("/left/Var").and_then(Value::as_str) == Some("context");
    of_context && access.get("attr").and_then(Value::as_str) == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_looks_at_is_told_by_its_tree() {
        let table: [(&str, &[&str], &[&str]); 4] = [
            ("true", &[], &[]),
            ("context.input.body_len < 5 || context.input has public", &["body_len", "public"], &[]),
            ("context.session.method == \"pat\" && context.session has address", &[], &["address", "method"]),
            ("context has input.public && [context.input].contains(context.input)", &["*", "public"], &[]),
        ];
        for (condition, input, session) in table {
            let text = format!("permit (principal, action, resource) when {{ {condition} }};");
            let reads = Reads::of(&text.parse().unwrap());
            assert_eq!(reads.input.iter().map(String::as_str).collect::<Vec<_>>(), input, "{condition}");
            assert_eq!(reads.session.iter().map(String::as_str).collect::<Vec<_>>(), session, "{condition}");
        }
        let reads = Reads { input: BTreeSet::from(["*".to_owned()]), ..Reads::default() };
        assert!(reads.input("anything"));
    }
}

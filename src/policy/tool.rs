//! What the schema and the engine know of a tool.

use std::collections::BTreeSet;

use crate::policy::Access;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::nearest::nearest;

/// How policies see one argument of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Short text: `context.input.<name>: String`.
    Text,
    /// A whole number: `context.input.<name>: Long`.
    Number,
    /// Yes or no: `context.input.<name>: Bool`.
    Flag,
    /// Long free text, of which only the length is seen: `context.input.<name>_len: Long`.
    Length,
}

/// One argument of a tool as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputField {
    /// The argument's name.
    pub name: String,
    /// How it is seen.
    pub kind: InputKind,
    /// Whether every call has it.
    pub required: bool,
}

impl InputField {
    /// The attribute of `context.input` it becomes.
    pub fn attribute(&self) -> String {
        match self.kind {
            InputKind::Length => format!("{}_len", self.name),
            InputKind::Text | InputKind::Number | InputKind::Flag => self.name.clone(),
        }
    }

    /// The attribute's type in the schema.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            InputKind::Text => "String",
            InputKind::Number | InputKind::Length => "Long",
            InputKind::Flag => "Bool",
        }
    }
}

/// The value of one argument in a call, under the argument's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputValue {
    /// A text, or the free text of an [`InputKind::Length`], which is counted in characters.
    Text(String),
    /// A number, or the length of an [`InputKind::Length`].
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

/// What policies may know of a tool.
#[derive(Debug, Clone)]
pub struct ToolFacts {
    /// Its name, which is also the name of its action.
    pub name: &'static str,
    /// The product it calls.
    pub product: Product,
    /// The toolset it belongs to.
    pub toolset: &'static str,
    /// Whether it reads or writes.
    pub access: Access,
    /// Whether it may destroy something.
    pub destructive: bool,
    /// The kinds of resource a call may touch.
    pub resources: &'static [ResourceKind],
    /// Its arguments.
    pub input: Vec<InputField>,
}

impl ToolFacts {
    /// What to say of the name of a tool that there is not.
    pub fn unknown(name: &str, tools: &[Self]) -> String {
        match nearest(name, tools.iter().map(|tool| tool.name)) {
            Some(meant) => format!("no tool is called `{name}`; did you mean `{meant}`?"),
            None => format!("no tool is called `{name}`; `portcullis tools` lists them"),
        }
    }

    /// The groups its action is directly in.
    pub fn groups(&self) -> Vec<String> {
        let mut groups = vec![
            format!("{}:{}", self.product.as_str(), self.access.as_str()),
            format!("toolset:{}", self.toolset),
        ];
        if self.destructive {
            groups.push("destructive".to_owned());
        }
        groups
    }

    /// What would make a wrong schema of it and Cedar would not say.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.resources.is_empty() {
            return Err("touches no resource");
        }
        if self.destructive && self.access == Access::Read {
            return Err("destroys, but only reads");
        }
        let attributes: BTreeSet<String> = self.input.iter().map(InputField::attribute).collect();
        let names: BTreeSet<&str> = self.input.iter().map(|field| field.name.as_str()).collect();
        if attributes.len() < self.input.len() || names.len() < self.input.len() {
            return Err("has two inputs of one name");
        }
        Ok(())
    }
}

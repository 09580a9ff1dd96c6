//! The fields of an issue that a caller asked for, as Jira's `fields` takes them.

/// The fields a caller asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

/// The short set that is given when no fields are named.
const DEFAULT: [&str; 11] = [
    "assignee",
    "created",
    "description",
    "issuetype",
    "labels",
    "priority",
    "reporter",
    "status",
    "summary",
    "updated",
    "versions",
];

impl Fields {
    /// The default as the contract writes it: one comma-separated text.
    pub fn default_text() -> String {
        DEFAULT.join(",")
    }

    /// Reads a comma-separated list; an empty one is the default.
    pub fn parse(text: &str) -> Self {
        let names: Vec<String> =
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if names.is_empty() { Self::default() } else { Self(names) }
    }

    /// Whether a field was asked for: by its name, or by `*all` and its kin without being left out as in `-comment`.
    pub fn wants(&self, field: &str) -> bool {
        let left_out = |name: &String| name.strip_prefix('-') == Some(field);
        (self.open() && !self.0.iter().any(left_out)) || self.named(field)
    }

    /// Whether a field was asked for by its name.
    pub fn named(&self, field: &str) -> bool {
        self.0.iter().any(|name| name == field)
    }

    /// Whether everything was asked for.
    pub fn all(&self) -> bool {
        self.named("*all")
    }

    /// Whether this is the short default set, in any order.
    pub fn is_default(&self) -> bool {
        self.0.len() == DEFAULT.len() && DEFAULT.iter().all(|name| self.named(name))
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, field: &str) -> Self {
        if self.wants(field) {
            return self;
        }
        self.0.retain(|name| name.strip_prefix('-') != Some(field));
        if self.0.is_empty() {
            // There was nothing but this exception.
            self.0.push("*all".to_owned());
        } else if !self.wants(field) {
            self.0.push(field.to_owned());
        }
        self
    }

    /// As a query value.
    pub fn to_query(&self) -> String {
        self.0.join(",")
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether Jira chooses the fields: `*all`, `*navigable`, or nothing but exceptions.
    fn open(&self) -> bool {
        self.0.iter().any(|name| name.starts_with('*')) || self.0.iter().all(|name| name.starts_with('-'))
    }
}

impl Default for Fields {
    fn default() -> Self {
        Self(DEFAULT.iter().map(|name| (*name).to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_field_is_asked_for_without_asking_for_less() {
        let table = [
            ("summary, status", false, "summary,status,project"),
            (" ,", false, ""),
            ("*all", true, "*all"),
            ("*navigable", true, "*navigable"),
            ("-comment", true, "-comment"),
            ("*all,-project", false, "*all"),
            ("-project,-comment", false, "-comment"),
            ("-project", false, "*all"),
            ("project", true, "project"),
        ];
        for (given, wanted, asked) in table {
            let fields = Fields::parse(given);
            assert_eq!(fields.wants("project"), wanted, "{given}");
            let asked =
                if asked.is_empty() { format!("{},project", Fields::default_text()) } else { asked.into() };
            assert_eq!(fields.with("project").to_query(), asked, "{given}");
        }
        assert!(!Fields::parse("*all,-comment").wants("comment"));
        assert!(Fields::parse("").is_default());
    }
}

//! Resources as records name them.

/// A resource as records name it, for example `Jira::Issue::"OPS-1"` or, on a site of its own, `Jira::Issue::"cloud/OPS-1"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// `Jira::Issue` and so on.
    pub kind: &'a str,
    /// What is in quotes.
    pub id: &'a str,
}

impl<'a> Named<'a> {
    /// The resource of a name; nothing for what is no name of one.
    pub fn read(name: &'a str) -> Option<Self> {
        let (kind, id) = name.split_once("::\"")?;
        Some(Self { kind, id: id.strip_suffix('"')? })
    }

    /// The project or space it is, or that its key says it lies in.
    pub fn place(&self) -> Option<&'a str> {
        match self.kind {
            "Jira::Project" | "Confluence::Space" => Some(self.id),
            "Jira::Issue" => self.id.rsplit_once('-').map(|(project, _)| project),
            _ => None,
        }
    }

    /// Whether it is a project or space, or in one, with this key; `site/KEY` says of which site as well.
    pub fn is_within(&self, key: &str) -> bool {
        self.place().is_some_and(|place| {
            let bare = place.rsplit_once('/').map_or(place, |(_, bare)| bare);
            place.eq_ignore_ascii_case(key) || bare.eq_ignore_ascii_case(key)
        })
    }
}

/// The projects and spaces of a row, each once, as `Jira OPS` or `Confluence DOCS`.
pub(super) fn places(resources: &[String]) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for named in resources.iter().filter_map(|name| Named::read(name)) {
        let Some(place) = named.place() else { continue };
        let product = named.kind.split("::").next().unwrap_or_default();
        let label = format!("{product} {place}");
        if !places.contains(&label) {
            places.push(label);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_lies_in_its_project() {
        let within = |name, key| Named::read(name).unwrap().is_within(key);
        assert!(within("Jira::Issue::\"OPS-1\"", "OPS") && within("Jira::Project::\"OPS\"", "ops"));
        assert!(
            within("Jira::Issue::\"cloud/OPS-1\"", "OPS")
                && within("Jira::Issue::\"cloud/OPS-1\"", "cloud/OPS")
        );
        assert!(!within("Jira::Issue::\"OPS-1\"", "cloud/OPS") && !within("Jira::Issue::\"OPSX-1\"", "OPS"));
        assert!(within("Confluence::Space::\"~ann\"", "~ann") && !within("Confluence::Page::\"7\"", "7"));
        assert_eq!(Named::read("OPS-1"), None);
    }

    #[test]
    fn places_are_named_once() {
        let names = [
            "Jira::Issue::\"OPS-1\"",
            "Jira::Project::\"OPS\"",
            "Confluence::Page::\"7\"",
            "Confluence::Space::\"DOCS\"",
        ];
        assert_eq!(places(&names.map(str::to_owned)), ["Jira OPS", "Confluence DOCS"]);
    }
}

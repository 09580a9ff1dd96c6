//! The name that somebody meant who wrote another one.

/// What people call what the tools call otherwise, word by word.
const WORDS: [(&str, &str); 24] = [
    ("remove", "delete"),
    ("destroy", "delete"),
    ("erase", "delete"),
    ("edit", "update"),
    ("modify", "update"),
    ("change", "update"),
    ("set", "update"),
    ("make", "create"),
    ("new", "create"),
    ("open", "create"),
    ("write", "create"),
    ("list", "get"),
    ("read", "get"),
    ("fetch", "get"),
    ("show", "get"),
    ("view", "get"),
    ("find", "search"),
    ("query", "search"),
    ("post", "add"),
    ("ticket", "issue"),
    ("task", "issue"),
    ("document", "page"),
    ("file", "attachment"),
    ("log", "worklog"),
];

/// What people call a group of actions.
const GROUPS: [(&str, &str); 14] = [
    ("delete", "destructive"),
    ("deletes", "destructive"),
    ("destroy", "destructive"),
    ("remove", "destructive"),
    ("jira:delete", "destructive"),
    ("jira:destructive", "destructive"),
    ("confluence:delete", "destructive"),
    ("confluence:destructive", "destructive"),
    ("all", "any"),
    ("*", "any"),
    ("everything", "any"),
    ("view", "read"),
    ("read-only", "read"),
    ("update", "write"),
];

/// The nearest of these names, if one is near.
pub(super) fn nearest<N: AsRef<str>>(given: &str, names: impl IntoIterator<Item = N>) -> Option<N> {
    let group = GROUPS.iter().find(|(meant, _)| meant.eq_ignore_ascii_case(given)).map(|(_, group)| *group);
    let words: Vec<&str> = given.split('_').map(in_own_words).collect();
    let meant = words.join("_");
    let near = |name: &str| {
        let own = strsim::normalized_damerau_levenshtein(name, given);
        let other = strsim::normalized_damerau_levenshtein(name, &meant);
        if group == Some(name) { f64::INFINITY } else { own.max(other) }
    };
    let names = names.into_iter().map(|name| (near(name.as_ref()), name));
    let (score, name) = names.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (score > 0.5).then_some(name)
}

fn in_own_words(word: &str) -> &str {
    WORDS.iter().find(|(meant, _)| *meant == word).map_or(word, |(_, own)| own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_letters_or_by_what_is_meant() {
        let names = [
            "any",
            "destructive",
            "jira:read",
            "jira_add_comment",
            "jira_delete_issue",
            "jira_get_issue",
            "jira_search",
            "read",
            "write",
        ];
        let table = [
            ("jira_remove_issue", Some("jira_delete_issue")),
            ("jira_read_issue", Some("jira_get_issue")),
            ("jira_read_ticket", Some("jira_get_issue")),
            ("jira_post_comment", Some("jira_add_comment")),
            ("jira_find", Some("jira_search")),
            ("jira_serach", Some("jira_search")),
            ("delete", Some("destructive")),
            ("all", Some("any")),
            ("reads", Some("read")),
            ("jira:reads", Some("jira:read")),
            ("qqqqqq", None),
        ];
        for (given, meant) in table {
            assert_eq!(nearest(given, names), meant, "{given}");
        }
    }
}

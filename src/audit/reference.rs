//! `docs/AUDIT-EVENTS.md`: the codes, the fields of each stage, and the words of the closed sets.

use std::fmt::Write;

use super::Code;
use super::Ending;
use super::ErrorClass;
use super::RefusalReason;

/// The stages, and the fields of their records: name, when it is there, what it is.
const STAGES: &[(&str, &[(&str, &str)])] = &[
    (
        "all",
        &[
            ("v", "version of this format"),
            ("seq", "number of the record; it goes on from file to file of one process"),
            (
                "prev",
                "SHA-256 of a zero byte and the line before; of the first, of the last line of the file it goes on from, or 64 zeros",
            ),
            ("time", "when it was written, UTC"),
            ("stage", "one of the stages below"),
            ("code", "one of the codes above"),
            ("instance", "name of the server"),
            (
                "mac",
                "the first 16 bytes of HMAC-SHA-256 of the line up to here, with a key derived from the one that `mac_key` in \
                 the first record names; it is for the server itself, at the next start after it was killed",
            ),
        ],
    ),
    (
        "resolve, intent, outcome",
        &[
            ("call", "id of the call; Atlassian gets it as `X-Request-Id`"),
            ("tool", "the tool; `identify` where it was only asked whose credential it is"),
            ("product", "`jira` or `confluence`"),
            ("at", "the instance, if it is not the default one"),
            ("access", "`read` or `write`"),
            ("principal", "`kind` (`user` or `service`) and `id`; null as long as it is not known"),
            ("method", "how the caller logged in"),
            ("client", "what the client calls itself"),
            ("address", "where the call came from; null over stdio"),
            ("proxy", "the trusted proxy that said so, if it came through one"),
            ("transport", "`stdio` or `http`"),
            ("trace", "the trace it belongs to, if the client said so"),
            ("os_user", "user of the operating system, over stdio"),
            (
                "named",
                "the name by which the caller came, if there is one: `name`, and `by` a `certificate` or a `header`",
            ),
        ],
    ),
    (
        "intent; outcome of a call that has none",
        &[
            ("level", "`metadata` or `arguments`: what the rules of `[audit]` say"),
            ("clear", "names of arguments that stand in clear at level `metadata`"),
            ("key_id", "id of the key that texts are hashed with"),
            (
                "arguments",
                "numbers and flags in clear; a text as `hmac:` and 32 hexadecimal digits; lists and objects member by \
                 member, with hashed keys; a text that is JSON or a list with commas as `text` and `parts`; keys and ids in the one form they have; at most 500 \
                 values, then `more`",
            ),
            ("lengths", "characters of texts that policies see by their length alone"),
        ],
    ),
    (
        "intent; outcome of a call that was denied",
        &[
            ("resources", "what was decided on, and the project or space it lies in"),
            ("resolved", "whether Atlassian was asked where that is"),
            ("groups", "groups of the principal, where policies name one"),
            ("attributes", "what is known of the resources, where policies name attributes"),
            (
                "decision",
                "`id`, `effect`, `reason` of a denial, `policies` that decided, `policy_hash`, `schema_hash`, `limits`, \
                 `shadow`",
            ),
        ],
    ),
    (
        "outcome",
        &[
            ("outcome", "how it ended: one of the words below"),
            ("error", "what went wrong: one of the words below"),
            ("status", "the status Atlassian answered with"),
            ("refused_arguments", "names of the arguments that were refused"),
            (
                "result",
                "`bytes`; `items` of a list; `withheld`, which policies left out; `cut`, whether there is more",
            ),
            ("duration_ms", "how long it took"),
            ("search", "`narrowing`, `condition` (SHA-256) and `exact` of a search"),
            ("shadow", "what policies that are only tried would have left out"),
            ("in_doubt", "`true` where a write may have been carried out all the same"),
            (
                "account",
                "the account at Atlassian where it is not the principal's own: `of`, `method`, `name`",
            ),
            (
                "upstream",
                "each request: `method`, `path` with names in place of values, `status`, `bytes`, `ms`",
            ),
        ],
    ),
    (
        "refusal",
        &[
            ("reason", "one of the words below"),
            ("address", "where it came from; of IPv6 the first 64 bits where several are counted"),
            ("proxy", "the trusted proxy that said so, if it came through one"),
            ("count", "how many there were since the last record"),
            ("first", "when the first of them came"),
            ("last", "when the last of them came"),
            ("shared", "`true` where these are of all networks that could not be told apart any more"),
        ],
    ),
];

/// `docs/AUDIT-EVENTS.md`.
pub fn documentation() -> String {
    let mut text = String::from(HEAD);
    // Writing to a string cannot fail.
    for code in Code::ALL {
        let (name, stage) = (code.as_str(), code.stage());
        let _ = writeln!(text, "| {name} | {stage} | {} | {} |", code.meaning(), code.fields());
    }
    text.push_str("\n## Fields\n");
    for (stage, fields) in STAGES {
        let _ = write!(text, "\n### Stage: {stage}\n\n| field | what it is |\n|---|---|\n");
        for (name, meaning) in *fields {
            let _ = writeln!(text, "| `{name}` | {meaning} |");
        }
    }
    text.push_str("\n## Outcomes\n\n");
    words(&mut text, Ending::ALL.iter().map(|ending| (ending.as_str(), ending.meaning())));
    text.push_str(
        "\n## Errors\n\nNeither what a caller sent nor what Atlassian answered is in any of them.\n\n",
    );
    words(&mut text, ErrorClass::ALL.iter().map(|class| (class.as_str(), class.meaning())));
    text.push_str("\n## Reasons of refusals\n\n");
    words(&mut text, RefusalReason::ALL.iter().map(|reason| (reason.as_str(), reason.meaning())));
    text
}

fn words(text: &mut String, words: impl Iterator<Item = (&'static str, &'static str)>) {
    text.push_str("| word | meaning |\n|---|---|\n");
    for (word, meaning) in words {
        let _ = writeln!(text, "| `{word}` | {meaning} |");
    }
}

const HEAD: &str = "\
# Audit records

Each record is a line of JSON. A code never changes its meaning, nor does a word. This list is printed by `portcullis audit
events`.

## Codes

| code | stage | meaning | besides the fields of its stage |
|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_for_an_outcome_is_in_the_list() {
        let text = documentation();
        let (_, outcomes) = text.split_once("\n## Outcomes\n").unwrap();
        let (outcomes, _) = outcomes.split_once("\n## ").unwrap();
        for ending in Ending::ALL {
            let line = format!("| `{}` | {} |\n", ending.as_str(), ending.meaning());
            assert_eq!(outcomes.matches(&line).count(), 1, "{line}");
        }
        assert_eq!(outcomes.matches("\n| `").count(), Ending::ALL.len());
    }
}

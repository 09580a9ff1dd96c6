//! Text search as both products do it, near enough: all words must occur, `"..."` is a phrase, `*` ends a prefix, and
//! a plural is found by its singular.

/// What a `~` looks for.
#[derive(Debug)]
pub(crate) struct Needle {
    phrases: Vec<Vec<Word>>,
}

#[derive(Debug)]
struct Word {
    text: String,
    prefix: bool,
}

impl Needle {
    /// Reads the operand of `~`. Nothing but blanks or punctuation finds nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let phrases = text
            .split('"')
            .enumerate()
            .flat_map(|(index, part)| {
                let words: Vec<Word> = part.split_whitespace().filter_map(Word::parse).collect();
                if index % 2 == 1 { vec![words] } else { words.into_iter().map(|word| vec![word]).collect() }
            })
            .filter(|phrase| !phrase.is_empty())
            .collect();
        Self { phrases }
    }

    /// Whether every phrase occurs in one of `texts`.
    pub(crate) fn found_in(&self, texts: &[&str]) -> bool {
        let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        let words: Vec<Vec<&str>> = lower.iter().map(|text| split(text).collect()).collect();
        !self.phrases.is_empty()
            && self.phrases.iter().all(|phrase| {
                words.iter().any(|text| {
                    text.windows(phrase.len())
                        .any(|window| window.iter().zip(phrase).all(|(found, wanted)| wanted.matches(found)))
                })
            })
    }
}

impl Word {
    fn parse(text: &str) -> Option<Self> {
        let prefix = text.ends_with('*') || text.ends_with('~');
        let lower = text.to_lowercase();
        let clean = lower.trim_matches(|c: char| !c.is_alphanumeric());
        (!clean.is_empty()).then(|| Self { text: clean.to_owned(), prefix })
    }

    fn matches(&self, found: &str) -> bool {
        if self.prefix { found.starts_with(&self.text) } else { stem(found) == stem(&self.text) }
    }
}

/// The little that English stemming does to plurals; the products' own stemmers do far more.
fn stem(word: &str) -> &str {
    let kept = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    word.strip_suffix('s').filter(|stem| !kept && stem.chars().count() > 2).unwrap_or(word)
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_' || c == '\''))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

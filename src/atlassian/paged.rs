//! Pages of what a caller may see, where no query can say beforehand what that is.
//!
//! A page of what Atlassian finds, sifted afterwards, would tell by its end whether something hidden was among it. So what
//! is found is gone through until the page is full and one more is known of, or nothing more is found: a caller's page,
//! its end and its place are those of a search that finds nothing but what the caller may see.

use serde::Deserialize;
use serde::Serialize;

use crate::net::UpstreamError;

/// How much is asked for at once.
pub(super) const STRETCH: u64 = 50;

/// How many items may be left out for one page. Callers' own items are not counted with them: whoever adds some to a
/// query would tell by the refusal how many others there are.
const MOST_LEFT_OUT: u64 = 1_000;

/// How many of a caller's items may come before a page.
const MOST_BEFORE: u64 = 1_000;

/// How often one page asks at most, also where Atlassian gives less at once than it is asked for.
const MOST_ASKED: usize = 100;

/// A place in what Atlassian finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// Named by a token or cursor.
    Token(String),
    /// After so many items.
    Start(u64),
}

/// A place in what a caller may see of it. It may name what is hidden: it is handed out sealed, or not at all.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Where the stretch begins; nothing is the beginning of all.
    place: Option<Place>,
    /// How many of its items come before.
    items: usize,
}

/// Some of what Atlassian finds, as much as it gives at once.
#[derive(Debug)]
pub(super) struct Stretch<T> {
    /// What was found, in order; nothing in place of what the caller may not see.
    pub(super) items: Vec<Option<T>>,
    /// Where it goes on, if it does.
    pub(super) next: Option<Place>,
}

/// What can be gone through.
pub(super) trait Stretches: Send {
    /// What is found.
    type Item: Send;

    /// What comes at a place; nothing is the beginning.
    fn at(
        &mut self,
        place: Option<&Place>,
    ) -> impl Future<Output = Result<Stretch<Self::Item>, UpstreamError>> + Send;
}

/// Which of the items that a caller may see are wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Where to begin.
    pub(super) from: Position,
    /// How many are left out from there.
    pub(super) start: u64,
    /// How many at most.
    pub(super) most: u64,
}

/// A page of what a caller may see.
#[derive(Debug)]
pub(super) struct Page<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// Where the next one begins; nothing if these are the last.
    pub(super) next: Option<Position>,
    /// How many were left out on the way.
    pub(super) left_out: u64,
}

impl Position {
    /// What Atlassian has a token for.
    pub(super) fn after(token: &str) -> Self {
        Self { place: Some(Place::Token(token.to_owned())), items: 0 }
    }

    /// Atlassian's token for it, where it has one.
    pub(super) fn token(&self) -> Option<&str> {
        match &self.place {
            Some(Place::Token(token)) if self.items == 0 => Some(token),
            _ => None,
        }
    }

    /// Whether Atlassian goes on from here by itself.
    pub(super) fn is_of_atlassian(&self) -> bool {
        self.is_first() || self.token().is_some()
    }

    /// Whether it is the beginning of all.
    pub fn is_first(&self) -> bool {
        *self == Self::default()
    }
}

/// Nothing of it is for logs.
impl std::fmt::Debug for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Position")
    }
}

/// Goes through what is found until a page is full, and one more is known of.
pub(super) async fn page<S: Stretches>(
    stretches: &mut S,
    wanted: Wanted,
) -> Result<Page<S::Item>, UpstreamError> {
    if wanted.start > MOST_BEFORE {
        return Err(UpstreamError::TooWide(
            "what you may see is gone through one by one here, so `start_at` is at most 1000",
        ));
    }
    let Position { mut place, items: mut before } = wanted.from;
    let mut filling =
        Filling { start: wanted.start, most: wanted.most, found: Vec::new(), end: None, left_out: 0 };
    for _ in 0..MOST_ASKED {
        let Stretch { items, next } = stretches.at(place.as_ref()).await?;
        let count = items.len();
        for (index, item) in items.into_iter().enumerate().skip(before) {
            if filling.is_full_with(item, || Position { place: place.clone(), items: index + 1 })? {
                return Ok(filling.page(true));
            }
        }
        before = before.saturating_sub(count);
        if next.is_none() {
            return Ok(filling.page(false));
        }
        if next == place {
            return Err(UpstreamError::TooWide("Atlassian does not go on in what it found"));
        }
        place = next;
    }
    Err(UpstreamError::TooWide("Atlassian gives too little of what it found at once"))
}

struct Filling<T> {
    start: u64,
    most: u64,
    found: Vec<T>,
    end: Option<Position>,
    left_out: u64,
}

impl<T> Filling<T> {
    /// Adds what comes next; true if it comes after a page that is full already.
    fn is_full_with(
        &mut self,
        item: Option<T>,
        after: impl FnOnce() -> Position,
    ) -> Result<bool, UpstreamError> {
        let is_full = self.found.len() as u64 >= self.most;
        match item {
            None if self.left_out < MOST_LEFT_OUT => self.left_out += 1,
            // It may be the last one: that is for the next page to find out.
            None if is_full => return Ok(true),
            None => {
                return Err(UpstreamError::TooWide(
                    "too much has to be gone through to find what you may see",
                ));
            }
            Some(_) if self.start > 0 => self.start -= 1,
            Some(_) if is_full => return Ok(true),
            Some(item) => {
                self.found.push(item);
                self.end = Some(after());
            }
        }
        Ok(false)
    }

    fn page(self, goes_on: bool) -> Page<T> {
        Page { items: self.found, next: self.end.filter(|_| goes_on), left_out: self.left_out }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    /// What is found, by number, and how much is given at once.
    struct Numbers {
        visible: Vec<bool>,
        at_once: usize,
        by_token: bool,
    }

    impl Stretches for Numbers {
        type Item = usize;

        async fn at(&mut self, place: Option<&Place>) -> Result<Stretch<usize>, UpstreamError> {
            let start = match place {
                None => 0,
                Some(Place::Token(token)) => token.parse().unwrap(),
                Some(Place::Start(start)) => usize::try_from(*start).unwrap(),
            };
            let end = (start + self.at_once).min(self.visible.len());
            let items = (start..end).map(|number| self.visible[number].then_some(number)).collect();
            let next = if self.by_token { Place::Token(end.to_string()) } else { Place::Start(end as u64) };
            Ok(Stretch { items, next: (end < self.visible.len()).then_some(next) })
        }
    }

    impl Numbers {
        fn page(&self, from: Position, start: u64, most: u64) -> Result<Page<usize>, UpstreamError> {
            let mut again = Self { visible: self.visible.clone(), ..*self };
            page(&mut again, Wanted { from, start, most }).now_or_never().unwrap()
        }

        fn seen(&self) -> Vec<usize> {
            (0..self.visible.len()).filter(|number| self.visible[*number]).collect()
        }
    }

    proptest! {
        #[test]
        fn paging_to_the_end_brings_what_is_visible_once_and_in_order(
            visible in proptest::collection::vec(any::<bool>(), 0..120),
            at_once in 2_usize..30,
            most in 1_u64..12,
            by_token in any::<bool>(),
        ) {
            let numbers = Numbers { visible, at_once, by_token };
            let seen = numbers.seen();
            let mut found: Vec<usize> = Vec::new();
            let mut from = Position::default();
            loop {
                let by_start = numbers.page(Position::default(), found.len() as u64, most).unwrap();
                let page = numbers.page(from, 0, most).unwrap();
                prop_assert_eq!(&page.items, &by_start.items);
                prop_assert_eq!(page.next.is_some(), by_start.next.is_some());
                found.extend(&page.items);
                prop_assert_eq!(page.next.is_some(), found.len() < seen.len());
                let Some(next) = page.next else { break };
                prop_assert_eq!(page.items.len() as u64, most);
                from = next;
            }
            prop_assert_eq!(found, seen);
        }

        #[test]
        fn a_page_is_that_of_a_search_without_what_is_hidden(
            visible in proptest::collection::vec(any::<bool>(), 0..120),
            at_once in 2_usize..30,
            start in 0_u64..40,
            most in 1_u64..12,
        ) {
            let numbers = Numbers { visible, at_once, by_token: false };
            let bare = Numbers { visible: vec![true; numbers.seen().len()], at_once, by_token: false };
            let (page, bare) = (numbers.page(Position::default(), start, most), bare.page(Position::default(), start, most));
            let (page, bare) = (page.unwrap(), bare.unwrap());
            let shown: Vec<usize> = bare.items.iter().map(|number| numbers.seen()[*number]).collect();
            prop_assert_eq!((page.items, page.next.is_some()), (shown, bare.next.is_some()));
        }
    }

    #[test]
    fn what_is_left_out_is_bounded_by_itself() {
        let most = usize::try_from(MOST_LEFT_OUT).unwrap();
        let numbers = |seen: usize, hidden: usize, after: usize| {
            let parts = [vec![true; seen], vec![false; hidden], vec![true; after]];
            Numbers { visible: parts.concat(), at_once: 50, by_token: true }
        };
        let start = MOST_BEFORE;
        // Whatever a caller adds of their own, the bound on what is hidden is the same.
        for (seen, start) in [(0, 0), (300, 300), (1_000, start)] {
            let found = numbers(seen, most, 1).page(Position::default(), start, 1).unwrap();
            assert_eq!((found.items.len(), found.left_out), (1, MOST_LEFT_OUT));
            let refused = numbers(seen, most + 1, 1).page(Position::default(), start, 1).unwrap_err();
            assert!(refused.to_string().contains("narrow the search"), "{refused}");
        }
        // A page that is full is given, and the next one finds out what comes.
        let many = numbers(1, most + 1, 1);
        let full = many.page(Position::default(), 0, 1).unwrap();
        assert_eq!(full.items, [0]);
        assert!(many.page(full.next.unwrap(), 0, 1).is_err());
        assert!(
            many.page(Position::default(), start + 1, 1)
                .unwrap_err()
                .to_string()
                .contains("`start_at` is at most")
        );
    }

    #[test]
    fn what_has_no_end_is_left() {
        struct Still;
        impl Stretches for Still {
            type Item = ();
            async fn at(&mut self, _: Option<&Place>) -> Result<Stretch<()>, UpstreamError> {
                Ok(Stretch { items: vec![None], next: Some(Place::Start(7)) })
            }
        }
        struct Slow;
        impl Stretches for Slow {
            type Item = ();
            async fn at(&mut self, place: Option<&Place>) -> Result<Stretch<()>, UpstreamError> {
                let Some(Place::Start(start)) = place else {
                    return Ok(Stretch { items: vec![None], next: Some(Place::Start(1)) });
                };
                Ok(Stretch { items: vec![None], next: Some(Place::Start(start + 1)) })
            }
        }
        let wanted = || Wanted { from: Position::default(), start: 0, most: 5 };
        let still = page(&mut Still, wanted()).now_or_never().unwrap().unwrap_err();
        assert!(still.to_string().contains("does not go on"), "{still}");
        let slow = page(&mut Slow, wanted()).now_or_never().unwrap().unwrap_err();
        assert!(slow.to_string().contains("narrow the search"), "{slow}");
    }
}

//! The annotations that mean something here, and where they are written.

use std::ops::Range;

use cedar_policy::Policy;

use crate::policy::mistakes::Mistake;
use crate::policy::mistakes::place;
use crate::policy::nearest::nearest;

/// Those that mean something.
const KNOWN: [&str; 4] = ["advice", "id", "limit", "mode"];

/// What people call them.
const MEANT: [(&str, &str); 6] = [
    ("advise", "advice"),
    ("quota", "limit"),
    ("rate", "limit"),
    ("rate_limit", "limit"),
    ("ratelimit", "limit"),
    ("shadow", "mode"),
];

/// Annotations that are nearly one of those. Any other is a note of whoever wrote it; but one that was meant to limit a
/// permit, or to have a policy tried only, must not mean nothing.
pub(super) fn mistaken(policy: &Policy) -> Vec<Mistake> {
    let unknown = policy.as_ref().annotations().filter(|(name, _)| !KNOWN.contains(&name.as_ref()));
    let mistake =
        |(name, annotation): (&cedar_policy_core::ast::AnyId, &cedar_policy_core::ast::Annotation)| {
            let name: &str = name.as_ref();
            let small = name.to_lowercase();
            let known = MEANT.iter().find(|(other, _)| *other == small).map(|(_, known)| *known);
            let meant = known.or_else(|| nearest(&small, KNOWN))?;
            Some(Mistake {
                place: place(annotation.loc.as_ref()),
                message: format!("`@{name}` means nothing here"),
                help: format!("write `@{meant}(\"...\")`, or choose a name that is less like it"),
                certain: true,
            })
        };
    unknown.filter_map(mistake).collect()
}

/// Whether an annotation is nearly this one.
pub(super) fn nearly_has(policy: &Policy, wanted: &str) -> bool {
    mistaken(policy).iter().any(|mistake| mistake.help.contains(&format!("`@{wanted}(")))
}

/// Where the value of an annotation is written, without its quotes.
pub(super) fn value_place(policy: &Policy, name: &str) -> Option<Range<usize>> {
    let (_, annotation) = policy.as_ref().annotations().find(|(known, _)| known.as_ref() == name)?;
    let at = annotation.loc.as_ref()?;
    let written = at.snippet()?;
    let (open, close) = (written.find('"')? + 1, written.rfind('"')?);
    (open <= close).then(|| at.start() + open..at.start() + close)
}

//! How wide the columns of Confluence's kinds of sections are.

/// The kinds, and the widths of their columns.
const KINDS: [(&str, &[&str]); 8] = [
    ("single", &["100"]),
    ("two_equal", &["50", "50"]),
    ("two_left_sidebar", &["30", "70"]),
    ("two_right_sidebar", &["70", "30"]),
    ("three_equal", &["33.33", "33.33", "33.33"]),
    ("three_with_sidebars", &["20", "60", "20"]),
    ("four_equal", &["25", "25", "25", "25"]),
    ("five_equal", &["20", "20", "20", "20", "20"]),
];

/// The widths of the columns of a section of that kind, empty where nobody knows them.
pub(super) fn widths(kind: &str, columns: usize) -> Vec<&'static str> {
    let known = KINDS.iter().find(|(name, widths)| *name == kind && widths.len() == columns);
    known.map_or_else(|| vec![""; columns], |(_, widths)| widths.to_vec())
}

/// The kind that comes nearest to these widths, and whether it is the same.
pub(super) fn kind(widths: &[&str]) -> Option<(&'static str, bool)> {
    if let Some((name, _)) = KINDS.iter().find(|(_, known)| *known == widths) {
        return Some((name, true));
    }
    let distance = |known: &[&str]| -> f64 {
        known.iter().zip(widths).map(|(known, width)| (number(known) - number(width)).abs()).sum()
    };
    let fitting = KINDS.iter().filter(|(_, known)| known.len() == widths.len());
    let nearest = fitting.min_by(|one, other| distance(one.1).total_cmp(&distance(other.1)));
    let is_unsaid = widths.iter().all(|width| width.is_empty());
    nearest.map(|(name, known)| (*name, is_unsaid || distance(known) < 5.0))
}

fn number(width: &str) -> f64 {
    width.trim_end_matches('%').parse().unwrap_or_default()
}

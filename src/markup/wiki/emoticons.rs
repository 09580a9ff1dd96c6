//! The icons of wiki markup, with the short name and the character that Atlassian gives each.

use super::super::document::Inline;

/// Notation, short name, character. The first notation of a name is the one that is written.
const TABLE: [(&str, &str, &str); 31] = [
    (":)", ":slight_smile:", "🙂"),
    (":-)", ":slight_smile:", "🙂"),
    (":(", ":disappointed:", "😞"),
    (":-(", ":disappointed:", "😞"),
    (":P", ":stuck_out_tongue:", "😛"),
    (":p", ":stuck_out_tongue:", "😛"),
    (":D", ":smiley:", "😃"),
    (":-D", ":smiley:", "😃"),
    (";)", ":wink:", "😉"),
    (";-)", ":wink:", "😉"),
    ("(y)", ":thumbsup:", "👍"),
    ("(n)", ":thumbsdown:", "👎"),
    ("(i)", ":info:", ""),
    ("(/)", ":check_mark:", ""),
    ("(x)", ":cross_mark:", ""),
    ("(!)", ":warning:", ""),
    ("(+)", ":plus:", ""),
    ("(-)", ":minus:", ""),
    ("(?)", ":question:", ""),
    ("(on)", ":light_bulb_on:", ""),
    ("(off)", ":light_bulb_off:", ""),
    ("(*)", ":yellow_star:", ""),
    ("(*y)", ":yellow_star:", ""),
    ("(*r)", ":red_star:", ""),
    ("(*g)", ":green_star:", ""),
    ("(*b)", ":blue_star:", ""),
    ("(flag)", ":flag_on:", ""),
    ("(flagoff)", ":flag_off:", ""),
    ("(h)", ":heart:", "❤"),
    ("(v)", ":v:", "✌"),
    (":|", ":neutral_face:", "😐"),
];

/// The icon at the start of the text, and its length. Without brackets it stands apart from letters.
pub(super) fn read(rest: &str, before: Option<char>) -> Option<(Inline, usize)> {
    let apart = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    let fits = |notation: &str| {
        rest.starts_with(notation)
            && (notation.starts_with('(')
                || apart(before) && apart(rest.get(notation.len()..).and_then(|after| after.chars().next())))
    };
    let (notation, name, text) = TABLE.iter().find(|(notation, ..)| fits(notation))?;
    Some((Inline::Emoji { name: (*name).to_owned(), text: (*text).to_owned() }, notation.len()))
}

/// How an icon of that name is written.
pub(super) fn notation(name: &str) -> Option<&'static str> {
    TABLE.iter().find(|(_, known, _)| *known == name).map(|(notation, ..)| *notation)
}

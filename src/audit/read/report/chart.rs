//! A chart as SVG: bars of parts, one upon the other.

use std::fmt::Write;

use super::Ending;
use super::html::escaped;
use super::page::Chart;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
/// Where the bars stand.
const LEFT: f64 = 48.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 24.0;

/// The classes of the parts, in the order of [`Ending::ALL`].
const CLASSES: [&str; 4] = ["ok", "denied", "failed", "open"];

/// The chart, with a legend; what a bar stands for is said when one points at it.
pub(super) fn svg(chart: &Chart) -> String {
    let highest = chart.highest();
    if highest == 0 {
        return "<p>None.</p>\n".to_owned();
    }
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Calls over time, at most {highest}\">\n"
    );
    svg.push_str(&legend());
    let floor = HEIGHT - BOTTOM;
    let step = (WIDTH - LEFT) / as_number(chart.bars.len() as u64);
    for (index, (label, parts)) in chart.bars.iter().enumerate() {
        let left = LEFT + step * as_number(index as u64);
        svg.push_str(&bar(label, parts, (left, step * 0.8), (floor, (floor - TOP) / as_number(highest))));
    }
    let axis = format!(
        "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{floor}\" x2=\"{WIDTH}\" y2=\"{floor}\"/>\n\
         <text x=\"{0}\" y=\"{1}\" text-anchor=\"end\">{highest}</text>\n\
         <text x=\"{0}\" y=\"{floor}\" text-anchor=\"end\">0</text>\n",
        LEFT - 6.0,
        TOP + 8.0
    );
    svg.push_str(&axis);
    let below = HEIGHT - 6.0;
    if let Some((first, _)) = chart.bars.first() {
        // Writing to a string cannot fail.
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{below}\">{}</text>", escaped(first));
    }
    if let Some((last, _)) = chart.bars.last().filter(|_| chart.bars.len() > 1) {
        let _ =
            writeln!(svg, "<text x=\"{WIDTH}\" y=\"{below}\" text-anchor=\"end\">{}</text>", escaped(last));
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend() -> String {
    let mut left = LEFT;
    let mut legend = String::new();
    for ((_, word), class) in Ending::ALL.iter().zip(CLASSES) {
        let _ = writeln!(
            legend,
            "<rect class=\"{class}\" x=\"{left}\" y=\"4\" width=\"10\" height=\"10\"/><text x=\"{}\" y=\"13\">{word}</text>",
            left + 14.0
        );
        left += 34.0 + 6.5 * as_number(word.len() as u64);
    }
    legend
}

/// A bar from the floor up, `scale` high for each call.
fn bar(label: &str, parts: &[u64; 4], (left, width): (f64, f64), (floor, scale): (f64, f64)) -> String {
    let said: Vec<String> =
        Ending::ALL.iter().zip(parts).map(|((_, word), count)| format!("{count} {word}")).collect();
    let mut bar = format!("<g><title>{}: {}</title>", escaped(label), said.join(", "));
    let mut top = floor;
    for (count, class) in parts.iter().zip(CLASSES).filter(|(count, _)| **count > 0) {
        let height = scale * as_number(*count);
        top -= height;
        let _ = write!(
            bar,
            "<rect class=\"{class}\" x=\"{left:.2}\" y=\"{top:.2}\" width=\"{width:.2}\" height=\"{height:.2}\"/>"
        );
    }
    bar.push_str("</g>\n");
    bar
}

/// A count as a length. Beyond what a length can tell apart, bars of many counts look alike anyway.
fn as_number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

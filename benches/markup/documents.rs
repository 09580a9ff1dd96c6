//! Documents of any size with a bit of everything, as pages of real spaces have it.

use portcullis::markup::Format;
use portcullis::markup::convert;

/// One section; the number keeps sections apart.
fn section(number: usize) -> String {
    format!(
        "## {number}. How the service is restarted\n\n\
         The service `portal-{number}` runs on *two* hosts behind **one** address, see the \
         [runbook](https://wiki.example.com/pages/{number}?a=1&b=2) and OPS-{number}. Ask [~ann] before \
         ~~Friday~~ Monday; nothing is lost, the queue holds 5 < 6 hours & more.\n\n\
         - stop the queue\n  - wait until it is empty\n  - look at the *graphs*\n- restart\n- [ ] say so\n\n\
         1. first\n2. second with a longer line of text that goes on for a while and says little\n\n\
         | host | state | since |\n|---|---|---|\n| alpha | running | 2026-01-{day:02} |\n| beta | `stopped` | - |\n\n\
         > [!WARNING] Careful\n> Do not restart both at once.\n\n\
         ```bash\nsystemctl restart portal-{number} && journalctl -fu portal-{number}\n```\n\n\
         ![graph](graph-{number}.png)\n\n",
        day = number % 28 + 1,
    )
}

/// A document of about that many bytes.
pub(crate) fn of(format: Format, size: usize) -> String {
    let mut markdown = String::with_capacity(size + 2000);
    let mut number = 0;
    let mut document = String::new();
    let mut wanted = size;
    // Other formats take more or less room for the same: two tries come close enough.
    for _ in 0..2 {
        while markdown.len() < wanted {
            markdown.push_str(&section(number));
            number += 1;
        }
        document = convert(Format::Markdown, format, &markdown).map(|made| made.value).unwrap_or_default();
        wanted = markdown.len() * size / document.len().max(1);
        if wanted < markdown.len() {
            markdown.clear();
            number = 0;
        }
    }
    document
}

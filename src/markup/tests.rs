//! Tests of whole conversions: tables of examples and properties.

mod adf;
mod cost;
mod round_trip;
mod storage;
mod wiki;

/// The Markdown of the recorded calls, with every common construct.
const SAMPLE: &str = "# Title\n\nSome **bold**, *it*, `code`, ~~gone~~ [link](https://ex.com) and \
![img](https://ex.com/i.png).\n\n- one\n  - two\n\n1. first\n2. second\n\n- [ ] todo\n- [x] done\n\n> quote\n\n\
```python\nprint(1)\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n---\n\nPing @ann PROJ-9 done.";

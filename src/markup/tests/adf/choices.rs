//! Decisions of a generator, read from bytes, so that fewer and smaller bytes make a simpler document.

pub(super) struct Choices<'bytes> {
    bytes: std::slice::Iter<'bytes, u8>,
}

impl<'bytes> Choices<'bytes> {
    pub(super) fn new(bytes: &'bytes [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    /// A number below `count`; 0 when the bytes are used up.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % count.max(1)
    }

    /// Yes, once in so many times.
    pub(super) fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(super) fn one<'list, T>(&mut self, list: &'list [T]) -> &'list T {
        &list[self.below(list.len())]
    }

    pub(super) fn text(&mut self) -> String {
        (*self.one(&TEXTS)).to_owned()
    }

    pub(super) fn is_over(&self) -> bool {
        self.bytes.len() == 0
    }
}

const TEXTS: [&str; 16] = [
    "a",
    "",
    "two words",
    " edges ",
    "B",
    "*x* _y_",
    "<b>&amp;</b>",
    "é\u{202e}\u{200d}",
    "line\nline",
    "@Ann",
    "#ff5630",
    "https://e.com/p?a=b",
    "javascript:alert(1)",
    "media:7",
    "wiki",
    "1704067200000",
];

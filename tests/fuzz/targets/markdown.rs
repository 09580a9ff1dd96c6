#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| portcullis_fuzz::hold(portcullis_fuzz::markup::Format::Markdown, input));

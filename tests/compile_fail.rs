//! Calls that must not compile: a forged permit, and a read that writes.

#[test]
fn forged_permits_and_writing_reads_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}

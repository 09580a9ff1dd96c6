//! The binary: parses the command line, runs it, and ends with its exit code.

use std::process::ExitCode;

use mimalloc::MiMalloc;

// Documents are many small pieces: their conversion is a quarter faster than with the allocator of glibc.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::main()
}

//! Throughput of the conversions, by direction and size; `scripts/bench-markup` adds growth and the comparison.

mod documents;

use std::path::Path;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use mimalloc::MiMalloc;
use portcullis::markup::Format;
use portcullis::markup::convert;

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SIZES: [(&str, usize); 3] = [("10 kB", 10_000), ("100 kB", 100_000), ("1 MB", 1_000_000)];

const FORMATS: [Format; 4] = [Format::Markdown, Format::Wiki, Format::Adf, Format::Storage];

fn directions(criterion: &mut Criterion) {
    for from in FORMATS {
        for to in FORMATS.into_iter().filter(|to| *to != from) {
            let mut group = criterion.benchmark_group(format!("{} to {}", from.as_str(), to.as_str()));
            group.sample_size(10);
            for (name, size) in SIZES {
                let document = documents::of(from, size);
                group.throughput(Throughput::Bytes(document.len() as u64));
                group.bench_with_input(BenchmarkId::from_parameter(name), &document, |bencher, document| {
                    bencher.iter(|| convert(from, to, document).map(|converted| converted.value.len()));
                });
            }
            group.finish();
        }
    }
}

/// Writes every document to a directory, for the measurements from outside.
fn write(directory: &Path) -> std::io::Result<()> {
    for format in FORMATS {
        for (_, size) in SIZES {
            let file = directory.join(format!("{}-{size}", format.as_str()));
            std::fs::write(file, documents::of(format, size))?;
        }
    }
    Ok(())
}

/// One conversion, for the count of its instructions: `from to file`.
fn once(wanted: &str) -> std::io::Result<()> {
    let mut words = wanted.splitn(3, ' ');
    let mut format = || words.next().and_then(Format::parse).ok_or(std::io::ErrorKind::InvalidInput);
    let (from, to) = (format()?, format()?);
    let document = std::fs::read_to_string(words.next().unwrap_or_default())?;
    let converted = convert(from, to, &document).map_err(std::io::Error::other)?;
    std::hint::black_box(converted);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark has no configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn main() -> std::io::Result<()> {
    if let Some(directory) = variable("BENCH_DOCUMENTS") {
        return write(Path::new(&directory));
    }
    if let Some(wanted) = variable("BENCH_ONCE") {
        return once(&wanted);
    }
    let mut criterion = Criterion::default().configure_from_args();
    directions(&mut criterion);
    criterion.final_summary();
    Ok(())
}

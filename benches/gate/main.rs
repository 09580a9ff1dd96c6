//! What the gate costs: time added to a call, memory, and the time to the first answers over stdio.
//!
//! It drives the release binary and the sample upstream as child processes on loopback. `scripts/bench` builds the
//! binary and runs this; a bar that is missed is its exit code. Figures count on an idle machine only, so each
//! says how much of the processors others used meanwhile.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod calls;
mod client;
mod disk;
mod figures;
mod noise;
mod stdio;
mod world;

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use clap::Parser;

use calls::Scenario;
use figures::Bar;
use stdio::Era;
use world::Policies;
use world::Sim;

/// Measures what the gate costs.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_portcullis"))]
    binary: PathBuf,
    /// Pairs of a bare and a gated request in each scenario.
    #[arg(long, default_value_t = 2000)]
    pairs: usize,
    /// How often each scenario is measured; the one in the middle counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Starts over stdio in each era of the protocol.
    #[arg(long, default_value_t = 20)]
    starts: usize,
    /// How many seconds in all to wait for others to leave the processors alone, and to measure again what they spoiled.
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// What `cargo bench` hands to every program.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    println!("load average {}", load()?);
    println!("{}", disk::sync_cost()?);
    let sim = Sim::start(&arguments.binary)?;
    let mut bars = Vec::new();
    calls_over_http(&arguments, &sim, &mut bars)?;
    starts_over_stdio(&arguments, &sim, &mut bars)?;
    println!("\nload average {}\n", load()?);
    for bar in &bars {
        println!("{}", bar.line());
    }
    Ok(if bars.iter().all(Bar::is_met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn calls_over_http(arguments: &Arguments, sim: &Sim, bars: &mut Vec<Bar>) -> anyhow::Result<()> {
    let (binary, pairs) = (&*arguments.binary, arguments.pairs);
    println!(
        "\njira_get_issue over HTTP and the same request to Jira without the gate, {pairs} pairs; milliseconds"
    );
    let until = Instant::now() + Duration::from_secs(arguments.patience);
    let rounds = |measure: &dyn Fn() -> anyhow::Result<Scenario>| middle(arguments.rounds, until, measure);
    let scenarios = [
        rounds(&|| calls::again(binary, sim, Policies::Default, "default profile", pairs))?,
        rounds(&|| calls::again(binary, sim, Policies::Own, "own policy, issue known", pairs))?,
        rounds(&|| calls::first(binary, sim, "own policy, issue seen first", pairs))?,
    ];
    for scenario in &scenarios {
        bars.push(Bar {
            name: format!("added to a call, {}, p50", scenario.name),
            figure: scenario.added.p50(),
            below: 1.0,
            unit: "ms",
        });
    }
    for (index, when) in ["after the start", "after the calls"].into_iter().enumerate() {
        let most =
            scenarios.iter().filter_map(|scenario| scenario.memory.get(index)).copied().fold(0.0, f64::max);
        bars.push(Bar { name: format!("memory {when}"), figure: most / 1e6, below: 30.0, unit: "MB" });
    }
    let figure = calls::many_callers(binary, sim)? / 1e6;
    bars.push(Bar { name: "memory after 1000 callers".to_owned(), figure, below: 40.0, unit: "MB" });
    Ok(())
}

/// Measures some rounds, shows the one in the middle by what is added, and says what all added.
fn middle(
    rounds: usize,
    until: Instant,
    measure: &dyn Fn() -> anyhow::Result<Scenario>,
) -> anyhow::Result<Scenario> {
    let mut all = Vec::new();
    while all.len() < rounds.max(1) {
        all.push(in_quiet(until, measure)?);
    }
    all.sort_by(|one, other| one.added.p50().total_cmp(&other.added.p50()));
    let added: Vec<String> = all.iter().map(|scenario| format!("{:.3}", scenario.added.p50())).collect();
    let scenario = all.swap_remove(all.len() / 2);
    show(&scenario);
    println!("  added p50 of all rounds: {}; the one in the middle is shown", added.join(" "));
    Ok(scenario)
}

/// Measures again while others spoil it: that alone is the reason, never the figure.
fn in_quiet(until: Instant, measure: &dyn Fn() -> anyhow::Result<Scenario>) -> anyhow::Result<Scenario> {
    loop {
        noise::wait_for_quiet(until)?;
        let yardstick = noise::yardstick();
        let mut scenario = measure()?;
        scenario.parts.push(format!(
            "  yardstick, a fixed piece of work, before and after: {yardstick:.3} {:.3}",
            noise::yardstick()
        ));
        if scenario.noise < noise::TOO_MUCH || Instant::now() > until {
            return Ok(scenario);
        }
        println!("  set aside: others used {:.0} % during {}", scenario.noise * 100.0, scenario.name);
    }
}

fn show(scenario: &Scenario) {
    println!("\n{}; others used {:.0} % of the processors", scenario.name, scenario.noise * 100.0);
    println!("  {:<12}{:>9}{:>9}{:>9}", "", "p50", "p95", "p99");
    for (what, sample) in [("bare", &scenario.bare), ("gated", &scenario.gated), ("added", &scenario.added)] {
        println!("  {what:<12}{}", sample.columns());
    }
    for line in &scenario.parts {
        println!("{line}");
    }
    let [idle, after] = scenario.memory.map(|bytes| bytes / 1e6);
    println!(
        "  memory: {idle:.1} MB after the start, {after:.1} MB after the calls; first start, its key made, in {:.1} ms",
        scenario.up
    );
}

fn starts_over_stdio(arguments: &Arguments, sim: &Sim, bars: &mut Vec<Bar>) -> anyhow::Result<()> {
    let (binary, count) = (Path::new(&arguments.binary), arguments.starts);
    println!("\nstdio, from before the start of the process, {count} starts; milliseconds");
    println!("  {:<30}{:>9}{:>9}{:>9}", "answer of", "p50", "p95", "p99");
    noise::wait_for_quiet(Instant::now() + Duration::from_secs(arguments.patience))?;
    for era in [Era::Session, Era::Stateless] {
        let starts = stdio::starts(binary, sim, era, count, false)?;
        println!("  {:<30}{}", era.first(), starts.first.columns());
        println!("  {:<30}{}", "  then tools/list", starts.list.columns());
        let bar = |name, figure, below| Bar { name, figure, below, unit: "ms" };
        bars.push(bar(format!("stdio {}, p50", era.first()), starts.first.p50(), 20.0));
        bars.push(bar(format!("stdio tools/list after {}, p50", era.first()), starts.list.p50(), 80.0));
    }
    let starts = stdio::starts(binary, sim, Era::Session, count, true)?;
    println!("  parts of the start, some beside each other, as the log says");
    for (part, times) in &starts.parts {
        println!("    {part:<28}{}", times.columns());
    }
    Ok(())
}

fn load() -> anyhow::Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    let processors = std::thread::available_parallelism()?;
    Ok(format!("{} on {processors} processors", text.split(' ').take(3).collect::<Vec<_>>().join(" ")))
}

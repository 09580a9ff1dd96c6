//! How much of the processors others used while something was measured.

use std::time::Duration;
use std::time::Instant;

use anyhow::Context;

use crate::figures::Sample;
use crate::figures::milliseconds;
use crate::world::Process;
use crate::world::ticks_of;

/// More than this share used by others spoils a measurement.
pub(crate) const TOO_MUCH: f64 = 0.1;

/// Waits until others leave the processors alone for a second, or the time has come.
pub(crate) fn wait_for_quiet(until: Instant) -> anyhow::Result<()> {
    loop {
        let noise = Noise::start(&[])?;
        std::thread::sleep(Duration::from_secs(1));
        if noise.end(&[])? < TOO_MUCH / 2.0 || Instant::now() > until {
            return Ok(());
        }
    }
}

/// How long a fixed piece of work takes, in milliseconds. A rented processor is not always as fast, and what others
/// do beside it on the same host shows nowhere else.
pub(crate) fn yardstick() -> f64 {
    let list: Vec<String> =
        (0..400).map(|number| format!("{{\"id\":{number},\"text\":\"as any issue\"}}")).collect();
    let text = format!("[{}]", list.join(","));
    let times = (0..50).map(|_| {
        let started = Instant::now();
        std::hint::black_box(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        milliseconds(started.elapsed())
    });
    Sample::new(times.collect()).p50()
}

/// The clock ticks of all and of our own at the start.
#[derive(Debug)]
pub(crate) struct Noise {
    all: f64,
    busy: f64,
    own: f64,
}

impl Noise {
    pub(crate) fn start(children: &[&Process]) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string("/proc/stat")?;
        let first = stat.lines().next().context("/proc/stat is empty")?;
        let ticks: Vec<f64> =
            first.split_whitespace().skip(1).take(8).map(str::parse).collect::<Result<_, _>>()?;
        let all: f64 = ticks.iter().sum();
        // The fourth and fifth are idle and waiting for the disk.
        let idle: f64 = ticks.iter().skip(3).take(2).sum();
        let mut own = ticks_of("self")?;
        for child in children {
            own += child.ticks()?;
        }
        Ok(Self { all, busy: all - idle, own })
    }

    /// The share of all processors' time that was neither idle nor ours.
    pub(crate) fn end(self, children: &[&Process]) -> anyhow::Result<f64> {
        let now = Self::start(children)?;
        let others = (now.busy - self.busy) - (now.own - self.own);
        Ok((others / (now.all - self.all).max(1.0)).max(0.0))
    }
}

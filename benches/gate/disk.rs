//! What the disk takes to make one audit record durable: no call can be faster than this.

use std::io::Write;
use std::time::Instant;

use crate::figures::Sample;
use crate::figures::milliseconds;
use crate::world;

/// The size of a usual intent record.
const RECORD: [u8; 700] = [b'x'; 700];

/// Appends and syncs records as the audit log does, and says how long each took.
pub(crate) fn sync_cost() -> anyhow::Result<String> {
    let home = world::home()?;
    let mut file = std::fs::File::create(home.path().join("records"))?;
    let mut times = Vec::new();
    for _ in 0..500 {
        let started = Instant::now();
        file.write_all(&RECORD)?;
        file.sync_data()?;
        times.push(milliseconds(started.elapsed()));
    }
    Ok(format!("disk: a record appended and synced, p50 p95 p99 in ms {}", Sample::new(times).columns()))
}

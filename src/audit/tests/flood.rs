//! A flood of refusals through the real writer.

use futures::StreamExt as _;

use super::*;

const FLOOD: u32 = 1_000_000;

/// How many come at once.
const AT_ONCE: usize = 256;

/// From how many networks; more than are told apart.
const NETWORKS: u32 = 3_000;

#[tokio::test]
async fn a_million_refusals_are_under_a_megabyte_and_stop_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let refusals = Refusals::new(audit.clone());
    let noted = (0..FLOOD).map(async |number| {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + number % NETWORKS);
        let reason = RefusalReason::ALL[number as usize % RefusalReason::ALL.len()];
        let refused =
            Refused { status: Some(401), reason, address: Some(address.into()), proxy: None, tool: None };
        refusals.note(refused).await
    });
    let engine = engine();
    let flood = futures::stream::iter(noted).buffer_unordered(AT_ONCE).for_each(async |noted| noted.unwrap());
    let calls = async {
        for _ in 0..20 {
            let trail = audit.trail(facts(Access::Read));
            trail.admit(allowed(&engine), &arguments()).await.unwrap();
            trail.close(ok()).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    futures::join!(flood, calls);
    refusals.write_counts().await;
    audit.shutdown();
    let files = logs(directory.path());
    let bytes: u64 = files.iter().map(|file| std::fs::metadata(file).unwrap().len()).sum();
    println!("{FLOOD} refusals from {NETWORKS} networks: {bytes} bytes");
    assert!(bytes < 1_000_000, "{bytes} bytes");
    let told: u64 = records(directory.path()).iter().map(refusals_in).sum();
    assert_eq!(told, u64::from(FLOOD), "every one of them is in a record");
}

/// How many refusals a record tells of.
fn refusals_in(record: &Value) -> u64 {
    if record["stage"] != "refusal" {
        return 0;
    }
    record["count"].as_u64().unwrap_or(1)
}

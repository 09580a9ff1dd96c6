//! The disk of the audit log becomes read-only or full while the server works: calls are refused, whoever watches is
//! told, and it goes on by itself.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Resource;
use rustix::process::Rlimit;
use serde_json::json;
use tempfile::TempDir;

use crate::support::BINARY;
use crate::support::Setup;
use crate::support::World;
use crate::support::command;

const ERRORS: &str = "portcullis_audit_write_errors_total";

/// How long a record may take here; a refusal must not take longer.
const DEADLINE: Duration = Duration::from_secs(5);

/// The files of the log.
fn logs(home: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.path().join("audit")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
        .collect()
}

async fn read(world: &World) -> (bool, String) {
    let called = world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-1"})).await;
    (called.is_error, called.text)
}

/// Calls are refused in time, and whoever watches is told.
async fn refuses(world: &World, errors: u64) {
    let since = Instant::now();
    let (refused, text) = read(world).await;
    assert!(refused && text.contains("the audit log cannot be written"), "{text}");
    assert!(since.elapsed() < DEADLINE, "{:?}", since.elapsed());
    let (status, said) = world.readiness().await;
    assert_eq!(status, 503, "{said}");
    let risen = world.metric(ERRORS).await;
    assert!(risen > errors);
    assert!(read(world).await.0, "it stays so");
    assert!(world.metric(ERRORS).await > risen && world.lives().await);
}

/// What has to be so from `broken` until `mended`.
async fn refuses_and_resumes(world: World, broken: impl FnOnce(&World), mended: impl FnOnce(&World)) {
    assert!(!read(&world).await.0);
    assert_eq!(world.readiness().await.0, 200);
    let (asked, errors) = (world.asked().await, world.metric(ERRORS).await);
    broken(&world);
    refuses(&world, errors).await;
    assert_eq!(world.asked().await, asked, "nothing reaches the upstream");
    mended(&world);
    world.until("readiness", async || world.readiness().await.0 == 200).await;
    let (refused, text) = read(&world).await;
    assert!(!refused, "{text}");
    world.until_audited(|record| record["code"] == "PC0016").await;
    // Nothing is missing and nothing torn: the numbers go on over all of it.
    let records = world.audit();
    let numbers: Vec<u64> = records.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    assert!(numbers.iter().copied().eq(1..=records.len() as u64), "{numbers:?}");
    world.end();
}

/// Mode bits do not bind the superuser: the server is then another user.
fn unprivileged(variables: &BTreeMap<&'static str, String>, home: &TempDir) -> Command {
    const NOBODY: u32 = 65_534;
    let mut command = command(variables);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[tokio::test]
async fn a_directory_that_becomes_read_only_stops_calls_until_it_is_writable() {
    let mode = |mode: u32| {
        move |world: &World| {
            let directory = world.home.path().join("audit");
            fs::set_permissions(directory, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    let world = World::start(Setup { launch: Some(unprivileged), ..Setup::default() }).await;
    refuses_and_resumes(world, mode(0o500), mode(0o700)).await;
}

/// A limit that a process exceeds would kill it, as no full disk does.
pub(crate) fn limited(variables: &BTreeMap<&'static str, String>, _: &TempDir) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\"", BINARY]).env_clear().envs(variables);
    command
}

/// The limit of the size of files stands in for a disk that is full: the kernel refuses the write at the same place and
/// in the same way, after a part of it, and anybody may set it. What it cannot show, that the room which is kept free
/// takes the ends of calls, is shown in front of a disk in memory (`audit::tests::faults`).
#[tokio::test]
async fn a_disk_that_becomes_full_stops_calls_until_there_is_room() {
    let world = World::start(Setup { launch: Some(limited), ..Setup::default() }).await;
    refuses_and_resumes(world, fill, empty).await;
}

/// The next record fits in part.
pub(crate) fn fill(world: &World) {
    let written = fs::metadata(&logs(&world.home)[0]).unwrap().len();
    limit(world, Some(written + 100));
}

/// There is room again.
pub(crate) fn empty(world: &World) {
    limit(world, None);
}

fn limit(world: &World, current: Option<u64>) {
    let limit = Rlimit { current, maximum: None };
    rustix::process::prlimit(Some(world.process()), Resource::Fsize, limit).unwrap();
}

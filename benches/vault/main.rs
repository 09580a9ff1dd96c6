//! What Vault costs: a cold start, a warm read, a secret on the path of a call, and the memory of ten thousand of them.
//!
//! `cargo bench --bench vault`. It starts the OpenBao of the tests; on a machine that does other things as well, the median
//! says more than the rest.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "without a server there are no figures"
)]

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/openbao/bao.rs"]
mod bao;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use futures::StreamExt as _;
use portcullis::net::Credential;
use portcullis::secrets::SecretRef;
use portcullis::secrets::Secrets;
use portcullis::secrets::UserName;
use portcullis::secrets::UserSettings;
use portcullis::secrets::UserTemplate;
use portcullis::secrets::VaultRef;
use portcullis::secrets::VaultSettings;
use serde_json::json;

use bao::Bao;

const COLD: usize = 20;
const WARM: u32 = 200;
const READS: u32 = 2_000_000;
const USERS: usize = 10_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let bao = Bao::with_tls();
    let role = bao.set_up().await;
    let settings = bao.settings(&role);
    println!("{:<46} {:>10} {:>10} {:>10}", "OpenBao over TLS on loopback", "p50", "p95", "max");
    cold(&settings).await;
    warm(&settings).await;
    on_the_path_of_a_call(&settings).await;
    memory(&bao, &settings).await;
}

fn secrets(settings: &VaultSettings) -> Secrets {
    Secrets::new(std::collections::BTreeMap::new(), None, Some(settings.clone())).unwrap()
}

fn reference() -> SecretRef {
    SecretRef::parse("vault://kv/atlassian/jira#token").unwrap()
}

fn vault_reference() -> VaultRef {
    match reference() {
        SecretRef::Vault(reference) => reference,
        other => panic!("{other:?}"),
    }
}

/// A new client, TLS, the login, the preflight and the read.
async fn cold(settings: &VaultSettings) {
    let mut times = Vec::new();
    for _ in 0..COLD {
        let started = Instant::now();
        secrets(settings).resolve(&reference()).await.unwrap();
        times.push(started.elapsed());
    }
    row("cold: client, TLS, login, preflight, read", times);
}

async fn warm(settings: &VaultSettings) {
    let secrets = secrets(settings);
    secrets.resolve(&reference()).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..WARM {
        let started = Instant::now();
        secrets.resolve(&reference()).await.unwrap();
        times.push(started.elapsed());
    }
    row("warm: read", times);
}

/// What a call pays: the credential as it is now, ready to be shown.
async fn on_the_path_of_a_call(settings: &VaultSettings) {
    let secrets = secrets(settings);
    let made = |secret: &portcullis::secrets::Secret| Ok(Credential::personal_token(secret.clone()));
    let watched = secrets.watch("jira", &vault_reference(), made).await.unwrap();
    let each = |what: &str, read: &dyn Fn()| {
        let started = Instant::now();
        for _ in 0..READS {
            read();
        }
        println!("{what:<46} {:>7.1} ns", started.elapsed().as_secs_f64() * 1e9 / f64::from(READS));
    };
    each("on the path of a call: the version in use", &|| drop(black_box(watched.get())));
    each("with the credential made of it", &|| drop(black_box(watched.get().map(|it| it.value.clone()))));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..READS).for_each(|_| drop(black_box(watched.get()))));
        }
    });
    let nanoseconds = started.elapsed().as_secs_f64() * 1e9 / f64::from(READS);
    println!("{:<46} {nanoseconds:>7.1} ns", format!("the version in use, {threads} threads at once"));
}

async fn memory(bao: &Bao, settings: &VaultSettings) {
    let policy = "path \"kv/data/users/*\" { capabilities = [\"read\"] }";
    bao.write("sys/policies/acl/portcullis", &json!({"policy": policy})).await;
    let name = |number: usize| format!("user-{number:05}@example.com");
    let write = |number: usize| async move {
        // As long as a personal access token of Data Center.
        let token = format!("{number:044}");
        bao.write(&format!("kv/data/users/{}/jira", name(number)), &json!({"data": {"token": token}})).await;
    };
    futures::stream::iter((0..USERS).map(write)).buffer_unordered(8).collect::<Vec<()>>().await;
    let secrets = secrets(settings);
    let template = UserTemplate::parse("vault://kv/users/{user}/jira#token").unwrap();
    let long = UserSettings { idle: Duration::from_hours(1), ..UserSettings::default() };
    let made = |secret: &portcullis::secrets::Secret| Ok(Credential::personal_token(secret.clone()));
    let users = Arc::new(secrets.of_users(template, long, made).unwrap());
    let before = resident();
    let started = Instant::now();
    let read = |number: usize| {
        let users = Arc::clone(&users);
        async move { drop(users.of(&UserName::parse(&name(number)).unwrap()).await.unwrap()) }
    };
    futures::stream::iter((0..USERS).map(read)).buffer_unordered(8).collect::<Vec<()>>().await;
    let elapsed = started.elapsed();
    let held = users.count().await;
    let grown = resident().saturating_sub(before);
    println!("{held} secrets of callers, read in {:.1} s: {} kB more", elapsed.as_secs_f64(), grown / 1000);
    let ann = UserName::parse(&name(7)).unwrap();
    let started = Instant::now();
    for _ in 0..WARM {
        users.of(&ann).await.unwrap();
    }
    println!("one of them from memory: {:.2} us", started.elapsed().as_secs_f64() * 1e6 / f64::from(WARM));
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let last = times.len().saturating_sub(1);
    let at = |percent: usize| times.get(last * percent / 100).map_or(0.0, Duration::as_secs_f64) * 1e3;
    println!("{what:<46} {:>7.2} ms {:>7.2} ms {:>7.2} ms", at(50), at(95), at(100));
}

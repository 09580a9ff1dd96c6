//! Runs a script with bounds on time, memory and stack.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::ToSocketAddrs as _;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use rquickjs::CatchResultExt as _;
use rquickjs::Context;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Runtime;
use rquickjs::context::EvalOptions;
use rquickjs::function::Opt;

/// The memory a script may use, in bytes.
const MEMORY: usize = 32 << 20;

/// The stack a script may use, in bytes.
const STACK: usize = 512 << 10;

/// How long it may run, names looked up included.
const TIME: Duration = Duration::from_secs(5);

/// How long one name is looked up.
const LOOKUP: Duration = Duration::from_secs(2);

/// How many look-ups may hang at once: the operating system's cannot be ended.
const HANGING: usize = 8;

/// How much longer a run is waited for: it ends by itself in time, unless one of the engine's own loops has it.
const GRACE: Duration = Duration::from_millis(500);

/// How many runs may be under way at once: those loops cannot be interrupted.
const RUNNING: usize = 2;

/// The functions that scripts expect, in terms of `__resolve` and `__address`.
const FUNCTIONS: &str = include_str!("functions.js");

/// What went wrong, in the words of the engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct EngineError(String);

/// Runs scripts, each on a thread of its own.
#[derive(Debug, Default)]
pub(super) struct Engine {
    running: Arc<AtomicUsize>,
}

/// One run; it counts until it ends, however it ends.
struct Running(Arc<AtomicUsize>);

impl Engine {
    /// What the script's `FindProxyForURL` says; null counts as nothing said.
    pub(super) fn run(&self, script: &str, url: &str, host: &str) -> Result<String, EngineError> {
        self.run_for(TIME, script, url, host)
    }

    fn run_for(&self, time: Duration, script: &str, url: &str, host: &str) -> Result<String, EngineError> {
        let running = Running(Arc::clone(&self.running));
        if running.0.fetch_add(1, Ordering::Relaxed) >= RUNNING {
            return Err(EngineError(
                "earlier runs of it have not ended; start this program again".to_owned(),
            ));
        }
        let [script, url, host] = [script, url, host].map(str::to_owned);
        let (sender, receiver) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("proxy-script-run".to_owned()).stack_size(STACK * 4);
        let spawned = thread.spawn(move || {
            let said = run_here(time, &script, &url, &host);
            drop(running);
            // Who asked may have gone.
            let _ = sender.send(said);
        });
        spawned.map_err(|error| EngineError(format!("its thread cannot be started: {error}")))?;
        receiver.recv_timeout(time + GRACE).unwrap_or_else(|_| Err(too_long(time)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn too_long(time: Duration) -> EngineError {
    EngineError(format!("it ran for more than {} seconds", time.as_secs_f64()))
}

fn run_here(time: Duration, script: &str, url: &str, host: &str) -> Result<String, EngineError> {
    let ending = Instant::now() + time;
    let runtime = Runtime::new().map_err(|error| EngineError(error.to_string()))?;
    runtime.set_memory_limit(MEMORY);
    runtime.set_max_stack_size(STACK);
    runtime.set_interrupt_handler(Some(Box::new(move || Instant::now() >= ending)));
    let context = Context::full(&runtime).map_err(|error| EngineError(error.to_string()))?;
    context.with(|context| {
        let said = ask(&context, ending, script, url, host);
        said.catch(&context).map_err(|error| {
            if Instant::now() >= ending {
                return too_long(time);
            }
            let words = error.to_string();
            EngineError(words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect())
        })
    })
}

fn ask<'js>(
    context: &Ctx<'js>,
    ending: Instant,
    script: &str,
    url: &str,
    host: &str,
) -> rquickjs::Result<String> {
    let globals = context.globals();
    globals.set("__resolve", Function::new(context.clone(), move |name: String| resolve(&name, ending)))?;
    globals.set("__address", Function::new(context.clone(), own_address))?;
    globals.set("alert", Function::new(context.clone(), |words: Opt<String>| alert(words.0)))?;
    let mut options = EvalOptions::default();
    // Scripts are older than strictness.
    options.strict = false;
    context.eval_with_options::<(), _>(FUNCTIONS, options)?;
    let mut options = EvalOptions::default();
    options.strict = false;
    context.eval_with_options::<(), _>(script, options)?;
    let find: Function<'js> = globals.get("FindProxyForURL")?;
    let said: Option<String> = find.call((url, host))?;
    Ok(said.unwrap_or_default())
}

fn alert(words: Option<String>) {
    let words: String = words.unwrap_or_default().chars().take(200).collect();
    tracing::debug!(%words, "the proxy script says");
}

/// The first IPv4 address of a name: the functions of scripts know no other.
fn resolve(name: &str, ending: Instant) -> Option<String> {
    static HANGING_NOW: AtomicUsize = AtomicUsize::new(0);
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Some(address.to_string());
    }
    if name.is_empty() || name.len() > 253 || HANGING_NOW.fetch_add(1, Ordering::Relaxed) >= HANGING {
        HANGING_NOW.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let name = name.to_owned();
    std::thread::spawn(move || {
        let found = (name.as_str(), 0).to_socket_addrs();
        HANGING_NOW.fetch_sub(1, Ordering::Relaxed);
        // The script may have gone on without it.
        let _ = sender.send(found.map(Iterator::collect::<Vec<_>>).unwrap_or_default());
    });
    let found = receiver.recv_timeout(LOOKUP.min(ending.saturating_duration_since(Instant::now()))).ok()?;
    found.into_iter().map(|address| address.ip()).find(IpAddr::is_ipv4).map(|address| address.to_string())
}

/// The address this machine has towards others. Connecting a datagram socket sends nothing.
fn own_address() -> String {
    let towards = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    };
    towards().map_or_else(|_| Ipv4Addr::LOCALHOST.to_string(), |address| address.ip().to_string())
}

#[cfg(test)]
mod tests;

//! Log lines, always to standard error: standard output belongs to the protocol.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries that would log arguments, results, paths or tokens stay quiet at every level.
const QUIET: &str =
    "rmcp=error,hyper=warn,hyper_util=warn,reqwest=warn,vaultrs=off,rustify=off,h2=warn,rustls=warn";

/// Starts logging at a level: `error`, `warn`, `info`, `debug`. A second call changes nothing.
pub fn init_logging(level: &str, json: bool) {
    let filter = EnvFilter::try_new(format!("{level},{QUIET}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("warn,{QUIET}")));
    let registry = tracing_subscriber::registry().with(filter);
    let started = if json {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
    } else {
        registry
            .with(fmt::layer().with_target(false).with_ansi(false).with_writer(std::io::stderr))
            .try_init()
    };
    // Somebody else's logger, in a test: it stays.
    drop(started);
}

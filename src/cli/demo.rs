//! `portcullis demo`: a sample Jira and Confluence with a server in front, to try out without either.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::Failure;
use super::assemble;
use super::assemble::Parts;
use super::output::say;
use super::serve;
use super::tour;
use super::vaulted::Told;
use crate::call::Gate;
use crate::config;
use crate::config::Loaded;
use crate::config::Sources;
use crate::sim::Deployment;
use crate::sim::Sim;
use crate::sim::SimSettings;
use crate::telemetry;
use crate::telemetry::Metrics;

/// The policies of the demo.
const POLICIES: &str = include_str!("../../policies/demo/demo.cedar");

/// Arguments of `portcullis demo`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Run a short scripted session against the demo, print it, and end.
    #[arg(long)]
    tour: bool,
    /// The port of the MCP server on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8000)]
    port: u16,
}

/// A running demo.
pub(super) struct Demo {
    pub(super) sim: Sim,
    pub(super) gate: Arc<Gate>,
    /// The URL of the MCP endpoint.
    pub(super) endpoint: String,
    /// The URL of the metrics listener.
    pub(super) metrics: String,
    /// Where the audit log is.
    pub(super) audit: PathBuf,
}

pub(super) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    telemetry::init_logging("warn", false);
    let listener = listen(if arguments.tour { 0 } else { arguments.port }).await?;
    let metrics = listen(0).await?;
    let upstream = listen(0).await?;
    let home = home()?;
    let audit = home.join("audit");
    let sim_settings =
        SimSettings { deployment: Deployment::DataCenter, audit: Some(audit.clone()), quiet: false };
    let sim = Sim::start(upstream, sim_settings).await;
    let loaded = settings(&home, &sim.url())?;
    let parts = Parts {
        secrets: Arc::new(loaded.secrets().map_err(Failure::configuration)?),
        metrics: Metrics::new().map_err(Failure::failed)?,
        told: Told::default(),
    };
    let gate = Arc::new(Box::pin(assemble::gate(&loaded.settings, &parts)).await?);
    let demo = Demo {
        sim,
        endpoint: format!("http://{}/mcp", listener.local_addr().map_err(Failure::temporary)?),
        metrics: format!("http://{}/metrics", metrics.local_addr().map_err(Failure::temporary)?),
        audit,
        gate: Arc::clone(&gate),
    };
    let health = telemetry::health_router(gate.metrics.clone(), gate.audit.prober(), Vec::new);
    tokio::spawn(async move { axum::serve(metrics, health).await });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = {
        let (settings, gate) = (loaded.settings.clone(), Arc::clone(&gate));
        tokio::spawn(async move {
            serve::serve_http(&settings, &gate, (listener, None), async move { drop(stopped.await) }).await
        })
    };
    let result = if arguments.tour { tour::run(&demo).await } else { stay(&demo).await };
    drop(stop);
    let _ = serving.await;
    demo.gate.audit.shutdown();
    demo.sim.stop().await;
    let _ = std::fs::remove_dir_all(&home);
    result
}

async fn stay(demo: &Demo) -> Result<(), Failure> {
    let entry = json!({"mcpServers": {"atlassian": {
        "type": "http",
        "url": demo.endpoint,
        "headers": {"Authorization": "Bearer alice-token"},
    }}});
    say(&format!("Portcullis demo, with a sample Jira and Confluence on {}", demo.sim.url()));
    say(&format!("\n  MCP endpoint   {}", demo.endpoint));
    say(&format!("  audit log      {}", demo.audit.display()));
    say(&format!("  metrics        {}", demo.metrics));
    say("\nPaste this into your MCP client:\n");
    say(&serde_json::to_string_pretty(&entry).unwrap_or_default());
    say("\nTokens to try: alice-token (ops, may comment in OPS), bob-token (dev), carol-token (security).");
    say("Ask for: the open issues in OPS; a comment on OPS-1; the project SECRET. Ctrl-C ends the demo.");
    serve::stopped().await;
    Ok(())
}

/// The demo's settings come through the same door as everybody's: variables and files, nothing of the real ones.
fn settings(home: &Path, upstream: &str) -> Result<Loaded, Failure> {
    let policies = home.join("policies");
    std::fs::create_dir_all(&policies).map_err(Failure::temporary)?;
    std::fs::write(policies.join("demo.cedar"), POLICIES).map_err(Failure::temporary)?;
    let path = |path: &Path| path.display().to_string();
    let environment = BTreeMap::from([
        ("JIRA_URL".to_owned(), upstream.to_owned()),
        ("CONFLUENCE_URL".to_owned(), upstream.to_owned()),
        ("TRANSPORT".to_owned(), "streamable-http".to_owned()),
        ("PORTCULLIS_POLICY__DIRECTORY".to_owned(), path(&policies)),
        ("PORTCULLIS_AUDIT__DIRECTORY".to_owned(), path(&home.join("audit"))),
        ("PORTCULLIS_AUDIT__STATE_DIRECTORY".to_owned(), path(&home.join("state"))),
    ]);
    let sources = Sources { environment, working_directory: home.to_path_buf(), ..Sources::default() };
    config::load(&sources).map_err(Failure::configuration)
}

/// A directory of its own for this demo, readable by nobody else.
fn home() -> Result<PathBuf, Failure> {
    let home = std::env::temp_dir().join(format!("portcullis-demo-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&home);
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(&home)
        .map_err(|error| Failure::temporary(format!("cannot make {}: {error}", home.display())))?;
    Ok(home)
}

async fn listen(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        Failure::temporary(format!(
            "cannot listen on 127.0.0.1:{port}: {error}; `--port 0` takes a free port"
        ))
    })
}

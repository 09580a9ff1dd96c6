//! `portcullis tools`: what there is.

use clap::Args;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::output;
use crate::tools::ALL;
use crate::tools::AnyTool;

/// Arguments of `portcullis tools`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print a JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.json {
        let tools: Value = ALL.iter().map(|tool| describe(*tool)).collect();
        let text = serde_json::to_string_pretty(&tools).map_err(Failure::failed)?;
        output::say(&text);
        return Ok(());
    }
    for tool in ALL {
        let spec = tool.spec();
        let line = format!(
            "{:<44} {:<6} {:<22} {:<17} {:>4} bytes",
            spec.name,
            tool.access().as_str(),
            spec.toolset,
            deployments(*tool).join(","),
            bytes(*tool)
        );
        output::say(&line);
    }
    Ok(())
}

fn describe(tool: &dyn AnyTool) -> Value {
    let spec = tool.spec();
    json!({
        "name": spec.name,
        "product": spec.product.as_str(),
        "toolset": spec.toolset,
        "description": spec.description,
        "access": tool.access().as_str(),
        "deployments": deployments(tool),
        "bytes": bytes(tool),
        "inputSchema": &*tool.schema(),
    })
}

fn deployments(tool: &dyn AnyTool) -> &'static [&'static str] {
    if tool.spec().cloud_only { &["cloud"] } else { &["datacenter", "cloud"] }
}

/// What the tool costs in a client's list: its name, description and schema.
fn bytes(tool: &dyn AnyTool) -> usize {
    let spec = tool.spec();
    spec.name.len()
        + spec.description.len()
        + serde_json::to_string(&*tool.schema()).map_or(0, |schema| schema.len())
}

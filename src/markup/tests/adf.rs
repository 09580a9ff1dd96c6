//! Atlassian documents: what becomes of them, that nothing of them is lost, and that the schema allows what is written.

mod choices;
mod depth;
mod examples;
mod foreign;
mod model;
mod model_text;
mod nodes;
mod pieces;
mod round_trip;
mod same;
mod schema;

use serde_json::Value;

use super::super::adf;
use super::super::document::Block;
use super::super::document::Notes;

fn parsed(node: &Value) -> Vec<Block> {
    adf::parse(node, &mut Notes::default())
}

fn rendered(blocks: &[Block]) -> Value {
    adf::render(blocks, &mut Notes::default())
}

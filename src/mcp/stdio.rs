//! stdio: one message a line. Lines are checked before rmcp sees them, so that a broken one is answered, not lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rmcp::Peer;
use rmcp::RoleServer;
use rmcp::ServiceExt;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::sync::mpsc;

use super::GateSoon;
use super::Writes;
use super::envelope;
use super::envelope::Envelope;
use super::envelope::Limits;
use super::envelope::Refused;
use super::handler::Handler;
use crate::audit;
use crate::call::Gate;

/// Bytes held between us and rmcp in each direction.
const PIPE: usize = 1 << 20;

/// Serves one client on a pair of streams until its input ends.
pub async fn serve(
    gate: GateSoon,
    writes: Writes,
    limits: (usize, usize),
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> std::io::Result<()> {
    let limits = Limits { bytes: limits.0, depth: limits.1 };
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let (from_rmcp, to_rmcp) = tokio::io::split(ours);
    let (lines, queue) = mpsc::channel(64);
    let open = Open::default();
    let writer = tokio::spawn(write(queue, output));
    let answers = tokio::spawn(forward(from_rmcp, lines.clone(), open.clone()));
    let (their_input, their_output) = tokio::io::split(theirs);
    let refusing = gate.clone();
    let server = tokio::spawn(async move {
        let handler = Handler::new(gate.clone(), writes).that_tells_of_changes();
        match handler.serve((their_input, their_output)).await {
            Ok(running) => {
                let telling = tokio::spawn(tell_of_changes(gate, running.peer().clone()));
                let ended = running.waiting().await;
                telling.abort();
                ended.map(|_| ()).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        }
    });
    check(input, to_rmcp, lines, limits, (open, refusing)).await?;
    // rmcp ends when its input does; then every answer has been queued, and the writer empties the queue.
    if let Ok(Err(error)) = server.await {
        tracing::debug!(%error, "the stdio session ended before it began");
    }
    let _ = answers.await;
    writer.await.unwrap_or(Ok(()))
}

/// Tells the client to ask for its tools anew whenever other policies come into force.
async fn tell_of_changes(gate: GateSoon, client: Peer<RoleServer>) {
    let Some(gate) = gate.get().await else { return };
    let mut changes = gate.policies.changes();
    while changes.changed().await.is_ok() {
        if let Err(error) = client.notify_tool_list_changed().await {
            tracing::debug!(%error, "the client was not told that its tools may have changed");
        }
    }
}

/// Hands good lines on, and answers bad ones.
async fn check(
    input: impl AsyncRead + Unpin,
    mut to_rmcp: impl AsyncWrite + Unpin,
    answers: mpsc::Sender<Vec<u8>>,
    limits: Limits,
    (open, gate): (Open, GateSoon),
) -> std::io::Result<()> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    while next_line(&mut input, &mut line, limits.bytes).await? {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match envelope::read(&line, limits).and_then(|envelope| open.begin(&envelope)) {
            Ok(()) => {
                line.push(b'\n');
                if to_rmcp.write_all(&line).await.is_err() {
                    break;
                }
            }
            Err(refused) => {
                // Before the gate is there, nothing can be called and nothing written down.
                if let Some(gate) = gate.now() {
                    note(&gate, &refused).await;
                }
                let _ = answers.send(refused.to_message().to_string().into_bytes()).await;
            }
        }
    }
    to_rmcp.shutdown().await
}

/// Writes a refusal down. The client is told all the same what is wrong with its line: nothing follows from it.
async fn note(gate: &Gate, refused: &Refused) {
    let noted =
        audit::Refused { status: None, reason: refused.reason(), address: None, proxy: None, tool: None };
    if let Err(error) = gate.refusals.note(noted).await {
        tracing::warn!(%error, "a refused line could not be written down");
    }
}

/// Reads one line; of one that is too long only a little more than the limit is kept.
async fn next_line(
    input: &mut (impl AsyncBufReadExt + Unpin),
    line: &mut Vec<u8>,
    limit: usize,
) -> std::io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = input.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = (limit + 1).saturating_sub(line.len());
        line.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// The ids of requests that are not answered yet. rmcp would run a second request of one id and drop its answer.
#[derive(Debug, Clone, Default)]
struct Open(Arc<Mutex<HashSet<String>>>);

/// What is read of an answer.
#[derive(Deserialize)]
struct Answered {
    id: Option<Value>,
    method: Option<IgnoredAny>,
}

impl Open {
    fn begin(&self, envelope: &Envelope) -> Result<(), Refused> {
        if envelope.method.is_none() || envelope.id.is_null() {
            return Ok(());
        }
        if self.ids().insert(envelope.id.to_string()) {
            return Ok(());
        }
        // With the id, the client would take this for the answer to the first.
        let message = format!("the id {} is that of a request which is not answered yet", envelope.id);
        Err(Refused { code: envelope::INVALID_REQUEST, message, id: Value::Null })
    }

    fn end(&self, line: &[u8]) {
        if let Ok(Answered { id: Some(id), method: None }) = serde_json::from_slice(line) {
            self.ids().remove(&id.to_string());
        }
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn forward(from_rmcp: impl AsyncRead + Unpin, lines: mpsc::Sender<Vec<u8>>, open: Open) {
    let mut reader = BufReader::new(from_rmcp);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
        while line.last().is_some_and(u8::is_ascii_whitespace) {
            line.pop();
        }
        open.end(&line);
        if !line.is_empty() && lines.send(std::mem::take(&mut line)).await.is_err() {
            return;
        }
        line.clear();
    }
}

async fn write(
    mut queue: mpsc::Receiver<Vec<u8>>,
    mut output: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    while let Some(mut line) = queue.recv().await {
        line.push(b'\n');
        output.write_all(&line).await?;
        output.flush().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_broken_line_is_answered_and_the_next_one_served() {
        let (client, server) = tokio::io::duplex(1 << 16);
        let (input, output) = tokio::io::split(server);
        let (_keep, gate) = GateSoon::pending();
        let served = tokio::spawn(serve(gate, Writes::Off, (2000, 16), input, output));
        let (read, mut write) = tokio::io::split(client);
        let long = format!("{{\"x\":\"{}\"}}\n", "a".repeat(4000));
        let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
        let text = format!("nonsense\n\n{long}[]\n{initialize}\n");
        write.write_all(text.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(read).lines();
        let (mut codes, mut instructions) = (Vec::new(), serde_json::Value::Null);
        for _ in 0..4 {
            let line: serde_json::Value =
                serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
            codes.push(line.pointer("/error/code").and_then(serde_json::Value::as_i64));
            instructions = line.pointer("/result/instructions").cloned().unwrap_or_default();
        }
        let told = instructions.as_str().unwrap();
        assert!(told.contains("Writes are off") && told.contains("READ_ONLY_MODE=false"), "{told}");
        assert_eq!(codes, [Some(-32700), Some(-32600), Some(-32600), None]);
        write.shutdown().await.unwrap();
        served.await.unwrap().unwrap();
    }
}

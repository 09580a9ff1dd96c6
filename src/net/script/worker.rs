//! The thread that fetches the script, runs it and tries what it says.

use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use tokio::runtime::Runtime;
use url::Url;

use super::Choice;
use super::Known;
use super::Question;
use super::answer;
use super::engine::Engine;

/// The largest script, in bytes.
const LARGEST: usize = 1 << 20;

/// How long fetching it may take.
const FETCH: Duration = Duration::from_secs(8);

/// After how long it is fetched again.
const REFRESH: Duration = Duration::from_mins(5);

/// How long a proxy is tried.
const PROBE: Duration = Duration::from_secs(2);

/// Starts the thread. It ends when nobody can ask any more.
pub(super) fn start(
    url: Url,
    client: reqwest::Client,
    questions: mpsc::Receiver<Question>,
    known: Arc<Known>,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let worker = Worker::new(url, client, runtime, known);
    let thread = std::thread::Builder::new().name("proxy-script".to_owned());
    thread.spawn(move || worker.run(&questions)).map(|_| ())
}

struct Worker {
    url: Url,
    client: reqwest::Client,
    runtime: Runtime,
    engine: Engine,
    known: Arc<Known>,
    script: Option<String>,
    /// When it was last tried to fetch it.
    tried: Option<Instant>,
}

impl Worker {
    fn new(url: Url, client: reqwest::Client, runtime: Runtime, known: Arc<Known>) -> Self {
        Self { url, client, runtime, engine: Engine::default(), known, script: None, tried: None }
    }

    fn run(mut self, questions: &mpsc::Receiver<Question>) {
        while let Ok(Question { origin, answer }) = questions.recv() {
            // Who asked before may have had the same question.
            let choice = self.known.fresh(&origin).unwrap_or_else(|| {
                let choice = self.choice(&origin);
                self.known.keep(&origin, choice.clone());
                choice
            });
            // Who asked may have gone.
            let _ = answer.send(choice);
        }
    }

    fn choice(&mut self, origin: &Url) -> Choice {
        self.refresh();
        let (Some(script), Some(host)) = (&self.script, origin.host_str()) else { return Choice::Nothing };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match self.engine.run(script, origin.as_str(), host) {
            Ok(said) => choose(&said),
            Err(error) => {
                tracing::error!(url = %shown(&self.url), %error, "the proxy script failed");
                Choice::Nothing
            }
        }
    }

    fn refresh(&mut self) {
        // One that is missing is fetched at every question.
        if self.script.is_some() && self.tried.is_some_and(|tried| tried.elapsed() < REFRESH) {
            return;
        }
        self.tried = Some(Instant::now());
        match self.fetch() {
            Ok(script) => self.script = Some(script),
            Err(error) => {
                let kept = self.script.is_some();
                tracing::error!(url = %shown(&self.url), %error, kept, "the proxy script cannot be read");
            }
        }
    }

    fn fetch(&self) -> Result<String, String> {
        let bytes = if self.url.scheme() == "file" {
            let path = self.url.to_file_path().map_err(|()| "it names no file of this machine".to_owned())?;
            let size = std::fs::metadata(&path).map_err(|error| error.to_string())?.len();
            if size > LARGEST as u64 {
                return Err(too_large());
            }
            std::fs::read(path).map_err(|error| error.to_string())?
        } else {
            let fetching = download(&self.client, &self.url);
            let fetching = async { tokio::time::timeout(FETCH, fetching).await };
            self.runtime.block_on(fetching).map_err(|_| "no answer in time".to_owned())??
        };
        // Old scripts have comments in other encodings.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if text.contains("FindProxyForURL") { Ok(text) } else { Err("it is no proxy script".to_owned()) }
    }
}

async fn download(client: &reqwest::Client, url: &Url) -> Result<Vec<u8>, String> {
    let failed = |error: reqwest::Error| super::super::client::causes(&error);
    let mut answer = client.get(url.clone()).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(format!("its server answered {}", answer.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large() -> String {
    format!("it is larger than {LARGEST} bytes")
}

/// The address without what could be a secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.into()
}

/// The first way that works: a proxy that takes connections, or none. If none of them does, the first is as good as
/// any, and says what is wrong with it.
fn choose(said: &str) -> Choice {
    let ways = answer::read(said);
    let works = |way: &Choice| match way {
        Choice::Direct => true,
        Choice::Proxy(url) => is_there(url),
        Choice::Nothing => false,
    };
    match ways.as_slice() {
        [] => {
            tracing::error!(said = %answer::shown(said), "the proxy script names no way that is known");
            Choice::Nothing
        }
        // With no other choice, nothing is tried.
        [only] => only.clone(),
        [first, ..] => ways.iter().find(|way| works(way)).unwrap_or(first).clone(),
    }
}

fn is_there(proxy: &Url) -> bool {
    let Some(host) = proxy.host_str() else { return false };
    let port = proxy.port_or_known_default().unwrap_or(1080);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> =
        (host, port).to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    let there = addresses.iter().take(3).any(|address| TcpStream::connect_timeout(address, PROBE).is_ok());
    if !there {
        tracing::warn!(proxy = %proxy, "a proxy that the script names takes no connections; the next one is tried");
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ClientSettings;
    use crate::net::build_client;

    #[test]
    fn the_last_script_stays_until_another_can_be_read() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("proxy.pac");
        let url = Url::from_file_path(&file).unwrap();
        let client = build_client(&ClientSettings { plain: true, ..ClientSettings::default() }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut worker = Worker::new(url, client, runtime, Arc::default());
        let origin = Url::parse("https://jira.example.com/").unwrap();
        let through = |proxy: &str| Choice::Proxy(Url::parse(proxy).unwrap());
        // In Latin-1, as old scripts are.
        let first = b"// f\xfcr alle\nfunction FindProxyForURL() { return 'PROXY a:1' }";
        let second = b"function FindProxyForURL() { return 'PROXY b:1' }";
        let too_large = b" ".repeat(LARGEST + 1);
        let table: [(&[u8], Choice); 5] = [
            (b"<html>log in first</html>", Choice::Nothing),
            (first, through("http://a:1")),
            (b"<html>log in first</html>", through("http://a:1")),
            (&too_large, through("http://a:1")),
            (second, through("http://b:1")),
        ];
        for (text, wanted) in table {
            std::fs::write(&file, text).unwrap();
            worker.tried = None;
            assert_eq!(worker.choice(&origin), wanted);
        }
        std::fs::remove_file(&file).unwrap();
        worker.tried = None;
        assert_eq!(worker.choice(&origin), through("http://b:1"));
    }
}

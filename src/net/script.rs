//! Finds the proxy by a script (PAC), as the networks of large companies tell it to browsers.
//!
//! The script is code of somebody else, often fetched over plain http, so it runs with little memory, time and stack,
//! sees the host alone, and what goes wrong with it never means that a request goes out without a proxy.

mod answer;
mod engine;
mod nowhere;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::runtime::RuntimeFlavor;
use url::Url;

pub(super) use nowhere::NowhereResolver;

/// How long an answer of the script counts.
const FRESH: Duration = Duration::from_mins(1);

/// How long it counts that there was none: the repetitions of a request need not ask again.
const FAILED: Duration = Duration::from_secs(2);

/// How long a request waits for the script at most.
const WAIT: Duration = Duration::from_secs(15);

/// How many answers are kept; the origins that go through a script are few.
const MOST: usize = 256;

/// What the script said of one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Direct,
    Proxy(Url),
    /// It said nothing usable; the log has the cause.
    Nothing,
}

/// A question to the thread that runs the script.
struct Question {
    origin: Url,
    answer: mpsc::SyncSender<Choice>,
}

/// What the script said lately, by origin.
#[derive(Debug, Default)]
struct Known(Mutex<HashMap<String, (Instant, Choice)>>);

impl Known {
    fn fresh(&self, origin: &Url) -> Option<Choice> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, choice) = known.get(origin.as_str())?;
        let lasts = if *choice == Choice::Nothing { FAILED } else { FRESH };
        (since.elapsed() < lasts).then(|| choice.clone())
    }

    fn keep(&self, origin: &Url, choice: Choice) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(origin.as_str().to_owned(), (Instant::now(), choice));
    }
}

/// The script of one client. The thread that runs it ends with it.
#[derive(Debug)]
pub(super) struct Script {
    questions: mpsc::Sender<Question>,
    known: Arc<Known>,
    nowhere: Url,
}

impl Script {
    /// Starts the thread; the script is fetched at the first question, through the client, and again every few minutes.
    pub(super) fn start(url: Url, client: reqwest::Client) -> std::io::Result<Arc<Self>> {
        let (sender, receiver) = mpsc::channel();
        let nowhere = nowhere::address().map_err(std::io::Error::other)?;
        let known = Arc::new(Known::default());
        worker::start(url, client, receiver, Arc::clone(&known))?;
        Ok(Arc::new(Self { questions: sender, known, nowhere }))
    }

    /// The proxy for an address; nothing where the script says that none is needed.
    pub(super) fn choose(&self, url: &Url) -> Option<Url> {
        let mut origin = url.clone();
        // The path and the query are nobody's business: a script can tell them to the whole network by asking for a
        // name.
        origin.set_path("");
        origin.set_query(None);
        origin.set_fragment(None);
        let _ = origin.set_username("");
        let _ = origin.set_password(None);
        match self.known.fresh(&origin).unwrap_or_else(|| blocking(|| self.ask(origin))) {
            Choice::Direct => None,
            Choice::Proxy(proxy) => Some(proxy),
            Choice::Nothing => Some(self.nowhere.clone()),
        }
    }

    fn ask(&self, origin: Url) -> Choice {
        let (sender, receiver) = mpsc::sync_channel(1);
        if self.questions.send(Question { origin, answer: sender }).is_err() {
            return Choice::Nothing;
        }
        receiver.recv_timeout(WAIT).unwrap_or_else(|_| {
            tracing::error!("the proxy script gave no answer within {} seconds", WAIT.as_secs());
            Choice::Nothing
        })
    }
}

/// Waits without keeping other tasks from running, where there are other threads for them.
fn blocking<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ClientSettings;
    use crate::net::build_client;

    #[test]
    fn many_that_ask_at_once_wait_for_one_answer() {
        let slow = "function FindProxyForURL() { const end = Date.now() + 300; while (Date.now() < end); return 'DIRECT' }";
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("proxy.pac");
        std::fs::write(&file, slow).unwrap();
        let client = build_client(&ClientSettings { plain: true, ..ClientSettings::default() }).unwrap();
        let script = Script::start(Url::from_file_path(file).unwrap(), client).unwrap();
        let since = Instant::now();
        let asking = |_| {
            let script = Arc::clone(&script);
            std::thread::spawn(move || script.choose(&Url::parse("https://jira.example.com/x").unwrap()))
        };
        let asking: Vec<_> = (0..30).map(asking).collect();
        assert!(asking.into_iter().all(|thread| thread.join().unwrap().is_none()));
        assert!(
            since.elapsed() < Duration::from_secs(5),
            "one run each would take nine: {:?}",
            since.elapsed()
        );
    }
}

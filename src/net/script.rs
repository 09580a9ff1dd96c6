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

/// The script of one client. The thread that runs it ends with it.
#[derive(Debug)]
pub(super) struct Script {
    questions: mpsc::Sender<Question>,
    known: Mutex<HashMap<String, (Instant, Choice)>>,
    nowhere: Url,
}

impl Script {
    /// Starts the thread; the script is fetched at the first question, through the client, and again every few minutes.
    pub(super) fn start(url: Url, client: reqwest::Client) -> std::io::Result<Arc<Self>> {
        let (sender, receiver) = mpsc::channel();
        let nowhere = nowhere::address().map_err(std::io::Error::other)?;
        worker::start(url, client, receiver)?;
        Ok(Arc::new(Self { questions: sender, known: Mutex::default(), nowhere }))
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
        match self.choice(origin) {
            Choice::Direct => None,
            Choice::Proxy(proxy) => Some(proxy),
            Choice::Nothing => Some(self.nowhere.clone()),
        }
    }

    fn choice(&self, origin: Url) -> Choice {
        let key = origin.as_str().to_owned();
        if let Some((since, choice)) = self.known().get(&key)
            && since.elapsed() < if *choice == Choice::Nothing { FAILED } else { FRESH }
        {
            return choice.clone();
        }
        let choice = blocking(|| self.ask(origin));
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (Instant::now(), choice.clone()));
        choice
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

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Choice)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits without keeping other tasks from running, where there are other threads for them.
fn blocking<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}

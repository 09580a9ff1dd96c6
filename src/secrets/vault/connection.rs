//! Questions to a Vault of one or several addresses, and what its answers mean before anybody reads them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use http::StatusCode;

use super::VaultError;
use super::wire::Answer;
use super::wire::Lost;
use super::wire::Question;
use super::wire::Wire;
use crate::secrets::Notice;
use crate::secrets::Secret;
use crate::secrets::observer::Teller;

/// The addresses of one Vault.
#[derive(Debug)]
pub(super) struct Connection {
    addresses: Vec<String>,
    /// The one to begin with: that which answered last.
    first: AtomicUsize,
    wire: Arc<dyn Wire>,
    /// How long one request may take.
    deadline: Duration,
    teller: Teller,
    /// Whether what is suspicious was told since the last good answer.
    told: AtomicBool,
}

/// What to do after an answer that is none.
enum Failure {
    /// Another node may do better.
    Elsewhere(VaultError),
    /// This node may do better when it is asked once more.
    Again(VaultError),
    /// That is it.
    Final(VaultError),
}

impl Connection {
    pub(super) fn new(
        addresses: Vec<String>,
        wire: Arc<dyn Wire>,
        deadline: Duration,
        teller: Teller,
    ) -> Self {
        let (first, told) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { addresses, first, wire, deadline, teller, told }
    }

    /// Asks, and goes on to the next address where that may help. An answer that says the server is down or sealed is
    /// an error here, so that what remains is about the question.
    pub(super) async fn ask(
        &self,
        question: &Question,
        token: Option<&Secret>,
    ) -> Result<Answer, VaultError> {
        let first = self.first.load(Ordering::Relaxed);
        let mut result = Err(VaultError::NotYet);
        // One turn more, for a single node that is just becoming the active one.
        let turns = self.addresses.len().max(2);
        let mut again = false;
        for (turn, address) in self.addresses.iter().cycle().skip(first).take(turns).enumerate() {
            if turn >= self.addresses.len() && !again {
                break;
            }
            match self.ask_at(address, question, token).await {
                Ok(answer) => {
                    self.first.store((first + turn) % self.addresses.len(), Ordering::Relaxed);
                    result = Ok(answer);
                    break;
                }
                Err(Failure::Again(error)) => (result, again) = (Err(error), true),
                Err(Failure::Elsewhere(error)) => (result, again) = (Err(error), false),
                Err(Failure::Final(error)) => {
                    // The next question begins elsewhere: this one has waited long enough.
                    self.first.store((first + turn + 1) % self.addresses.len(), Ordering::Relaxed);
                    result = Err(error);
                    break;
                }
            }
        }
        self.note(&result);
        result
    }

    async fn ask_at(
        &self,
        address: &str,
        question: &Question,
        token: Option<&Secret>,
    ) -> Result<Answer, Failure> {
        let started = Instant::now();
        let sent = tokio::time::timeout(self.deadline, self.wire.send(address, question, token)).await;
        let sent = sent.unwrap_or_else(|_| Err(Lost::Broken("it timed out".to_owned())));
        let class = match &sent {
            Ok(answer) => class(answer.status),
            Err(_) => "none",
        };
        let operation = question.operation;
        self.teller.tell(Notice::Asked { operation, class, elapsed: started.elapsed() });
        sent.map_err(|lost| failure(address, lost)).and_then(|answer| usable(address, answer))
    }

    fn note(&self, result: &Result<Answer, VaultError>) {
        self.teller.tell(Notice::Up(result.is_ok()));
        match result {
            Ok(_) => self.told.store(false, Ordering::Relaxed),
            Err(error) if error.is_suspicious() && !self.told.swap(true, Ordering::Relaxed) => {
                self.teller.tell(Notice::Suspicious(error));
            }
            Err(_) => {}
        }
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

fn failure(address: &str, lost: Lost) -> Failure {
    let address = address.to_owned();
    let malformed = |what: &str, problem: &str| VaultError::Malformed {
        what: what.to_owned(),
        problem: problem.to_owned(),
    };
    match lost {
        Lost::Refused(reason) => Failure::Elsewhere(VaultError::Unreachable { address, reason }),
        Lost::Broken(reason) => Failure::Final(VaultError::Unreachable { address, reason }),
        Lost::Untrusted(reason) => Failure::Final(VaultError::Untrusted { address, reason }),
        Lost::TooLarge => Failure::Final(malformed("the request", "it is longer than 1 MiB")),
        Lost::Unsendable(problem) => Failure::Final(malformed("the login", problem)),
    }
}

fn usable(address: &str, answer: Answer) -> Result<Answer, Failure> {
    let status = answer.status.as_u16();
    let address = address.to_owned();
    let says = |address, status: u16| VaultError::Unreachable { address, reason: format!("status {status}") };
    Err(match status {
        503 if answer.says("sealed") => Failure::Elsewhere(VaultError::Sealed { address }),
        300..400 => Failure::Final(VaultError::Redirected { address, status }),
        429 => Failure::Final(VaultError::Busy { address, retry_after: answer.retry_after }),
        // Standby nodes, and those that lag behind.
        412 | 473 => Failure::Again(says(address, status)),
        472 | 474 | 503 => Failure::Elsewhere(says(address, status)),
        500.. => Failure::Final(says(address, status)),
        _ => return Ok(answer),
    })
}

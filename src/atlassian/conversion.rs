//! Conversions of texts that callers and Atlassian send, apart from the threads that answer everybody.
//!
//! A conversion is computing, and a long text keeps a thread busy for a second. Long ones hand their place among the
//! workers over to another thread, and no more of them run at a time than leave a core for everything else. Modules
//! that answer calls convert by these functions, and not by those of [`markup`] itself.

use std::num::NonZero;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::runtime::RuntimeFlavor;

use crate::markup;
use crate::markup::Converted;
use crate::markup::Detail;

/// From how many bytes on a text is long: to convert so many takes about a millisecond.
const LONG: usize = 64 * 1024;

/// The places for long conversions.
static PLACES: Places = Places { taken: Mutex::new(0), left: Condvar::new() };

/// [`markup::markdown_to_wiki`].
pub fn markdown_to_wiki(markdown: &str) -> Converted<String> {
    apart(markdown.len(), || markup::markdown_to_wiki(markdown))
}

/// [`markup::markdown_to_adf`].
pub fn markdown_to_adf(markdown: &str) -> Converted<Value> {
    apart(markdown.len(), || markup::markdown_to_adf(markdown))
}

/// [`markup::markdown_to_storage`].
pub fn markdown_to_storage(markdown: &str) -> Converted<String> {
    apart(markdown.len(), || markup::markdown_to_storage(markdown))
}

/// [`markup::written_to_storage`].
pub fn written_to_storage(text: &str) -> Converted<String> {
    apart(text.len(), || markup::written_to_storage(text))
}

/// [`markup::is_storage`].
pub fn is_storage(text: &str) -> bool {
    apart(text.len(), || markup::is_storage(text))
}

/// [`markup::wiki_to_markdown`].
pub fn wiki_to_markdown(wiki: &str, detail: Detail) -> Converted<String> {
    apart(wiki.len(), || markup::wiki_to_markdown(wiki, detail))
}

/// [`markup::adf_to_markdown`].
pub fn adf_to_markdown(adf: &Value, detail: Detail) -> Converted<String> {
    apart(size(adf), || markup::adf_to_markdown(adf, detail))
}

/// [`markup::storage_to_markdown`].
pub fn storage_to_markdown(storage: &str, detail: Detail) -> Converted<String> {
    apart(storage.len(), || markup::storage_to_markdown(storage, detail))
}

/// Works on a text of so many bytes: where it is long, without keeping other tasks from running.
pub fn apart<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    // In a runtime of one thread there is nobody else whose work could go on.
    let runtime = Handle::try_current().map(|handle| handle.runtime_flavor());
    if bytes < LONG || !matches!(runtime, Ok(RuntimeFlavor::MultiThread)) {
        return work();
    }
    tokio::task::block_in_place(|| {
        let _place = PLACES.take();
        work()
    })
}

/// About as many bytes as the document has; no more are counted than make it long.
fn size(document: &Value) -> usize {
    let mut bytes = 0;
    let mut rest = vec![document];
    while let Some(value) = rest.pop().filter(|_| bytes < LONG) {
        bytes += 16;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(values) => rest.extend(values),
            Value::Object(values) => rest.extend(values.values()),
            _ => {}
        }
    }
    bytes
}

struct Places {
    taken: Mutex<usize>,
    left: Condvar,
}

/// A place that is taken; it is free again when this is dropped, also by a panic.
struct Place<'a>(&'a Places);

impl Places {
    fn take(&self) -> Place<'_> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let most = cores.saturating_sub(1).max(1);
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.left.wait_while(taken, |taken| *taken >= most);
        *waiting.unwrap_or_else(PoisonError::into_inner) += 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc;

    use serde_json::json;

    use super::*;

    /// While the only worker converts, other tasks of the runtime go on: the conversion itself waits for one.
    #[test]
    fn a_long_conversion_leaves_the_worker_to_others() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (sender, receiver) = mpsc::channel();
        let done = runtime.block_on(async {
            let converting = tokio::spawn(async move { apart(LONG, move || receiver.recv().is_ok()) });
            tokio::spawn(async move { sender.send(()).is_ok() }).await.unwrap() && converting.await.unwrap()
        });
        assert!(done);
    }

    #[test]
    fn places_are_left_again_also_by_a_panic() {
        let places = Arc::new(Places { taken: Mutex::new(0), left: Condvar::new() });
        for _ in 0..100 {
            let inside = Arc::clone(&places);
            let ended = std::thread::spawn(move || {
                let _place = inside.take();
                panic!("a fault in a conversion");
            });
            assert!(ended.join().is_err());
        }
        assert_eq!(*places.taken.lock().unwrap(), 0);
    }

    #[test]
    fn short_texts_and_runtimes_of_one_thread_convert_in_place() {
        assert_eq!(markdown_to_wiki("**a**").value, "*a*");
        let long = "a ".repeat(LONG);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(async { markdown_to_wiki(&long).value }), long.trim());
    }

    #[test]
    fn the_size_of_a_document_is_that_of_its_texts() {
        assert!(size(&json!({ "type": "text", "text": "a".repeat(LONG) })) >= LONG);
        assert!(size(&json!(vec![json!({}); LONG])) >= LONG);
        assert!(size(&json!({ "type": "doc", "content": [{ "type": "paragraph" }] })) < 200);
    }
}

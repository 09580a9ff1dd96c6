//! From what a tool found to what the client gets: sifted by policy, shaped as text, closed with an outcome.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Gate;
use super::Passage;
use super::Refusal;
use crate::audit::Ended;
use crate::audit::Outcome;
use crate::audit::Trail;
use crate::policy::Access;
use crate::policy::Observed;
use crate::policy::Product;
use crate::policy::Question;
use crate::policy::Read;
use crate::policy::Resource;
use crate::tools::AnyTool;
use crate::tools::Block;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::PageLinks;
use crate::tools::sift_embedded;

/// What a client gets for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// There is no such tool, as far as this server says.
    Unknown,
    /// A result.
    Result {
        /// The result: compact JSON, or a sentence when it is an error.
        text: String,
        /// What a bare list cannot say of itself: whether it is complete and how to go on.
        note: Option<String>,
        /// Files and images besides.
        blocks: Vec<Block>,
        /// Whether the call failed.
        is_error: bool,
    },
}

impl Answer {
    /// A failed call.
    pub fn error(text: String) -> Self {
        Self::Result { text, note: None, blocks: Vec::new(), is_error: true }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Result { text, note, blocks, .. } => {
                let blocks: usize = blocks.iter().map(Block::size).sum();
                (text.len() + note.as_ref().map_or(0, String::len) + blocks) as u64
            }
        }
    }
}

/// A result after the policy.
#[derive(Debug)]
pub(super) struct Sifted {
    value: Value,
    note: Option<Value>,
    blocks: Vec<Block>,
    /// What the record says of it; its size is not known yet.
    ended: Ended,
}

impl Sifted {
    fn of(value: Value) -> Self {
        Self { value, note: None, blocks: Vec::new(), ended: Ended::default() }
    }

    /// Notes for the record how many items it has, if that is not noted yet, and how many were left out.
    fn counted(self, items: Option<usize>, withheld: u64) -> Self {
        let items = items.map(|items| items as u64).or(self.ended.items);
        Self { ended: Ended { items, withheld, ..self.ended }, ..self }
    }
}

/// What a client gets for a call that succeeded, and what the record says of it.
#[derive(Debug)]
pub(super) struct Shaped {
    pub(super) answer: Answer,
    pub(super) ended: Ended,
}

/// What a write came back with, if it lies elsewhere than what was decided on: somebody moved it meanwhile.
pub(super) fn misplaced<'o>(
    access: Access,
    decided: &[Resource],
    output: &'o Output,
) -> Option<&'o Resource> {
    let Output::Object { actual: Some(actual), .. } = output else { return None };
    (access == Access::Write && !decided.iter().any(|one| one.shares_place(actual))).then_some(actual)
}

/// Decides once more on a read, where the answers said something else of an object than it was decided on.
pub(super) fn decided_again(
    gate: &Passage<'_>,
    question: &Question<'_>,
    (_, access): (Product, Access),
    decided_on: &Observed,
) -> Result<(), Refusal> {
    if access == Access::Write || question.observed == decided_on {
        return Ok(());
    }
    gate.engine.review::<Read>(question)?;
    Ok(())
}

/// Drops what the caller may not view. The object itself is decided on again if Atlassian says it lies elsewhere.
pub(super) fn sift(
    gate: &Passage<'_>,
    question: &Question<'_>,
    (product, access): (Product, Access),
    mut output: Output,
) -> Result<Sifted, Refusal> {
    let all = gate.engine.shows_everything(product);
    let viewer = gate.engine.viewer(question.principal, question.session, question.observed);
    let withheld_links = if product == Product::Jira { page_links(gate, question, &mut output) } else { 0 };
    let tried = gate.engine.tried_viewer(question.principal, question.session, question.observed);
    let may_view = |item: &Resource| {
        let shown = all || viewer.may_view(item);
        if shown {
            gate.try_out(tried.as_ref(), item);
        }
        shown
    };
    match output {
        // They hang on what was decided on, and hold nothing that could be decided on.
        Output::Files { summary, blocks } => {
            let files = blocks.len();
            Ok(Sifted { blocks, ..Sifted::of(summary) }.counted(Some(files), 0))
        }
        Output::Object { actual: Some(actual), value } if access == Access::Write => {
            let value = if may_view(&actual) { value } else { out_of_sight(&value) };
            sift(gate, question, (product, access), Output::Object { actual: None, value })
        }
        Output::Object { actual, mut value } => {
            if let Some(actual) = actual
                && !gate.engine.decides_alone(question.tool)
                && !question.resources.contains(&actual)
            {
                let resources = [actual];
                gate.engine.review::<Read>(&Question { resources: &resources, ..*question })?;
            }
            let withheld = withheld_links + if all { 0 } else { sift_embedded(&mut value, &may_view) };
            if let (Value::Object(object), 1..) = (&mut value, withheld) {
                object.insert("withheld".into(), withheld.into());
            }
            Ok(Sifted::of(value).counted(None, withheld))
        }
        Output::Derived { items, mut envelope, derive } => {
            let found = items.len();
            let kept: Vec<Value> = items.into_iter().filter_map(|item| keep(item, &may_view)).collect();
            let (items, withheld) = (kept.len(), (found - kept.len()) as u64);
            gate.metrics.results_filtered(question.tool, withheld);
            derive(kept, &mut envelope);
            if withheld > 0 {
                envelope.insert("withheld".into(), withheld.into());
            }
            Ok(Sifted::of(Value::Object(envelope)).counted(Some(items), withheld))
        }
        Output::List { items, complete, next } => {
            let mut value = Value::Array(items);
            let withheld = if all { 0 } else { sift_embedded(&mut value, &may_view) };
            gate.metrics.results_filtered(question.tool, withheld);
            let Value::Array(items) = value else { return Ok(Sifted::of(value)) };
            let listed = listed(items, Map::new(), None, None, Rest { complete, withheld, next });
            Ok(listed.counted(None, withheld))
        }
        Output::Items { items, envelope, field, complete, total, next, sought, window, left_out } => {
            let found = items.len();
            let mut kept: Vec<Value> = items.into_iter().filter_map(|item| keep(item, &may_view)).collect();
            let mut withheld = (found - kept.len()) as u64;
            // A total may count what the caller may not see as well. It is told where nothing can be hidden, or where
            // the query asked for nothing but what the caller may see: then it counts what the caller could go through
            // page by page. An item that had to be withheld all the same shows that it did not.
            let own = withheld == 0;
            let total = total.filter(|total| all || (total.own && own)).map(|total| total.count);
            let beyond = window.and_then(|window| window.cut(&mut kept));
            if !all {
                withheld += kept.iter_mut().map(|item| sift_embedded(item, &may_view)).sum::<u64>();
            }
            withheld += left_out;
            gate.metrics.results_filtered(question.tool, withheld);
            let complete = complete && beyond.is_none();
            let rest = Rest { complete, withheld: if sought { 0 } else { withheld }, next: beyond.or(next) };
            Ok(listed(kept, envelope, field, total, rest).counted(None, withheld))
        }
    }
}

/// Takes out what links of issues tell of hidden pages, and counts the links that are left out.
fn page_links(gate: &Passage<'_>, question: &Question<'_>, output: &mut Output) -> u64 {
    if gate.engine.shows_everything(Product::Confluence) {
        return 0;
    }
    let viewer = gate.engine.viewer(question.principal, question.session, question.observed);
    let decides = gate.engine.decides_across(Product::Confluence, question.session);
    let links = PageLinks {
        is_known: &|url| gate.products.all(Product::Confluence).any(|site| site.has(url)),
        may_view: &|page| decides && viewer.may_view(page),
    };
    links.sift(output)
}

/// The result of a write on an object that went where its caller may not look: that it was done, and no more.
fn out_of_sight(value: &Value) -> Value {
    let message = value.get("message").cloned().unwrap_or_default();
    json!({"message": message, "not_shown": "it lies elsewhere now, where it is not visible to you"})
}

fn keep(item: Item, may_view: &dyn Fn(&Resource) -> bool) -> Option<Value> {
    let is_shown = !item.resources.is_empty() && item.resources.iter().all(may_view);
    is_shown.then_some(item.value)
}

struct Rest {
    complete: bool,
    withheld: u64,
    next: Option<String>,
}

impl Rest {
    fn write(self, into: &mut Map<String, Value>) {
        into.insert("complete".into(), self.complete.into());
        if self.withheld > 0 {
            into.insert("withheld".into(), self.withheld.into());
        }
        if let Some(next) = self.next {
            into.insert("next".into(), next.into());
        }
    }
}

fn listed(
    kept: Vec<Value>,
    envelope: Map<String, Value>,
    field: Option<&'static str>,
    total: Option<u64>,
    rest: Rest,
) -> Sifted {
    let ended = Ended { cut: !rest.complete, items: Some(kept.len() as u64), ..Ended::default() };
    let Some(field) = field else {
        let whole = rest.complete && rest.withheld == 0;
        let mut note = Map::new();
        if let Some(total) = total {
            note.insert("total".into(), total.into());
        }
        rest.write(&mut note);
        let note = (!whole).then_some(Value::Object(note));
        return Sifted { note, ended, ..Sifted::of(Value::Array(kept)) };
    };
    let mut value = Map::new();
    value.insert("total".into(), total.map_or(json!(-1), Value::from));
    value.extend(envelope);
    value.insert(field.into(), Value::Array(kept));
    rest.write(&mut value);
    Sifted { ended, ..Sifted::of(Value::Object(value)) }
}

/// Compact JSON in one text; a bare list that is cut has a second one.
pub(super) fn shape(sifted: Sifted) -> Shaped {
    let note = sifted.note.map(|note| note.to_string());
    // A file may be all there is to say.
    let is_said = sifted.value.is_null() && !sifted.blocks.is_empty();
    let text = if is_said { String::new() } else { sifted.value.to_string() };
    let answer = Answer::Result { text, note, blocks: sifted.blocks, is_error: false };
    let ended = Ended { bytes: answer.bytes(), ..sifted.ended };
    Shaped { answer, ended }
}

/// Writes the outcome, and gives the answer. A result that could not be written down says so beside it.
pub(super) async fn close(
    gate: &Gate,
    tool: &dyn AnyTool,
    mut trail: Trail,
    ended: Result<Shaped, Refusal>,
) -> Answer {
    let reference = trail.call().clone();
    let (answer, outcome) = match ended {
        Ok(Shaped { answer, ended }) => (answer, Outcome::Ok(ended)),
        Err(refusal) => {
            if let Some(cause) = refusal.operator() {
                tracing::warn!(call = %reference, tool = tool.spec().name, "{cause}");
            }
            if refusal.is_in_doubt() {
                trail.in_doubt();
            }
            let answer = match refusal {
                Refusal::Hidden => Answer::Unknown,
                _ => Answer::error(refusal.text(&reference)),
            };
            (answer, refusal.outcome(tool))
        }
    };
    gate.metrics.tool_result(tool.spec().name, answer.bytes());
    let unwritten = matches!(outcome, Outcome::AuditFailed);
    match (trail.close(outcome).await, answer) {
        (Ok(()), answer) => answer,
        // A call that was refused because the log fails has said so already.
        (Err(_), answer) if unwritten => answer,
        (Err(error), Answer::Result { text, note, blocks, is_error }) => {
            let told = if is_error {
                format!("{error} (reference {reference})")
            } else {
                format!("{error}; the result above is what Atlassian answered (reference {reference})")
            };
            let note = note.map_or(told.clone(), |note| format!("{note}\n{told}"));
            Answer::Result { text, note: Some(note), blocks, is_error }
        }
        (Err(error), Answer::Unknown) => Answer::error(error.to_string()),
    }
}

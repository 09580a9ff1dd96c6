//! What is checked of a message before anything parses it whole: size, depth, and that it is JSON-RPC.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;

use crate::audit::RefusalReason;

/// The limits of one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The most bytes of one message.
    pub(super) bytes: usize,
    /// The deepest nesting of arrays and objects.
    pub(super) depth: usize,
}

/// A message that was refused, with the JSON-RPC code to say so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refused {
    /// The JSON-RPC code: -32700 bad JSON, -32600 bad envelope, -32602 bad parameters.
    pub(super) code: i32,
    /// What is wrong.
    pub(super) message: String,
    /// The id of the request, where one could be read.
    pub(super) id: Value,
}

/// The outside of a message: what routing and authentication need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// The method; `None` for an answer of the client.
    pub(super) method: Option<String>,
    /// The id; null for a notification.
    pub(super) id: Value,
    /// The tool that is called, for `tools/call`.
    pub(super) tool: Option<String>,
    /// The site the tool is called for, where its arguments name one.
    pub(super) instance: Option<String>,
}

/// JSON is broken.
pub(super) const PARSE_ERROR: i32 = -32700;
/// It is JSON, but no request.
pub(super) const INVALID_REQUEST: i32 = -32600;
/// The parameters do not fit the method, or the tool is not known.
pub(super) const INVALID_PARAMS: i32 = -32602;

#[derive(Deserialize)]
struct Outside<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(default)]
    id: Option<Value>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CallParams<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// What is read of a tool's arguments here: which site's account must be asked.
#[derive(Deserialize)]
struct NamedInstance<'a> {
    #[serde(borrow, default)]
    instance: Option<Cow<'a, str>>,
}

/// Checks one message and reads its outside.
pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<Envelope, Refused> {
    let refused = |code, message: String, id| Refused { code, message, id };
    if bytes.len() > limits.bytes {
        return Err(refused(
            INVALID_REQUEST,
            format!("the message is larger than {} bytes", limits.bytes),
            Value::Null,
        ));
    }
    if depth(bytes) > limits.depth {
        return Err(refused(
            INVALID_REQUEST,
            format!("the message nests deeper than {} levels", limits.depth),
            Value::Null,
        ));
    }
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(refused(
            INVALID_REQUEST,
            "batches are not part of this protocol; send one message at a time".into(),
            Value::Null,
        ));
    }
    let outside: Outside<'_> = match serde_json::from_slice(bytes) {
        Ok(outside) => outside,
        Err(error) if error.is_data() => {
            return Err(refused(INVALID_REQUEST, format!("not a JSON-RPC message: {error}"), Value::Null));
        }
        Err(error) => return Err(refused(PARSE_ERROR, format!("not JSON: {error}"), Value::Null)),
    };
    check(&outside)
}

fn check(outside: &Outside<'_>) -> Result<Envelope, Refused> {
    let id = outside.id.clone().unwrap_or_default();
    let refused = |code, message: &str| Refused { code, message: message.to_owned(), id: id.clone() };
    if outside.jsonrpc.as_deref() != Some("2.0") {
        return Err(refused(INVALID_REQUEST, "`jsonrpc` must be \"2.0\""));
    }
    if !matches!(id, Value::Null | Value::String(_) | Value::Number(_)) {
        let wrong = Refused {
            code: INVALID_REQUEST,
            message: "`id` must be a text or a number".into(),
            id: Value::Null,
        };
        return Err(wrong);
    }
    let Some(method) = &outside.method else {
        if outside.result.is_some() || outside.error.is_some() {
            return Ok(Envelope { method: None, id, tool: None, instance: None });
        }
        return Err(refused(INVALID_REQUEST, "`method` is missing"));
    };
    if outside.params.is_some_and(|params| !params.get().starts_with('{') && params.get() != "null") {
        return Err(refused(INVALID_PARAMS, "`params` must be an object"));
    }
    let (mut tool, mut instance) = (None, None);
    if method == "tools/call" {
        let params = outside.params.map_or("{}", RawValue::get);
        let params: CallParams<'_> = serde_json::from_str(params).map_err(|_| {
            refused(INVALID_PARAMS, "`tools/call` takes `name`, a text, and `arguments`, an object")
        })?;
        if params
            .arguments
            .is_some_and(|arguments| !arguments.get().starts_with('{') && arguments.get() != "null")
        {
            return Err(refused(INVALID_PARAMS, "`arguments` must be an object"));
        }
        tool = Some(params.name.into_owned());
        instance = params.arguments.and_then(|arguments| {
            let named: NamedInstance<'_> = serde_json::from_str(arguments.get()).ok()?;
            named.instance.map(Cow::into_owned)
        });
    }
    Ok(Envelope { method: Some(method.to_string()), id, tool, instance })
}

impl Refused {
    /// Why, in the word of records.
    pub(super) fn reason(&self) -> RefusalReason {
        match self.code {
            PARSE_ERROR => RefusalReason::BadJson,
            INVALID_PARAMS => RefusalReason::BadParameters,
            _ => RefusalReason::BadEnvelope,
        }
    }

    /// The JSON-RPC message that says so.
    pub(super) fn to_message(&self) -> Value {
        error_message(&self.id, self.code, &self.message)
    }
}

/// A JSON-RPC error message.
pub(super) fn error_message(id: &Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

/// The deepest nesting outside strings, counted without parsing.
fn depth(bytes: &[u8]) -> usize {
    let (mut deepest, mut now) = (0_usize, 0_usize);
    let (mut in_text, mut escaped) = (false, false);
    for byte in bytes {
        match (in_text, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (true, false, b'"') => in_text = false,
            (true, ..) => {}
            (false, _, b'"') => in_text = true,
            (false, _, b'{' | b'[') => {
                now += 1;
                deepest = deepest.max(now);
            }
            (false, _, b'}' | b']') => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { bytes: 1000, depth: 8 };

    #[test]
    fn refusals_have_their_codes() {
        let deep = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{}{}}}",
            "[".repeat(20),
            "]".repeat(20)
        );
        let table: [(&str, Result<Option<&str>, i32>); 14] = [
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Ok(None)),
            (
                r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x","arguments":{}}}"#,
                Ok(Some("x")),
            ),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Ok(None)),
            ("{\"jsonrpc\":", Err(PARSE_ERROR)),
            ("nonsense", Err(PARSE_ERROR)),
            ("", Err(PARSE_ERROR)),
            ("[]", Err(INVALID_REQUEST)),
            ("1", Err(INVALID_REQUEST)),
            (r#"{"id":1,"method":"ping"}"#, Err(INVALID_REQUEST)),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, Err(INVALID_REQUEST)),
            (r#"{"jsonrpc":"2.0","id":1}"#, Err(INVALID_REQUEST)),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, Err(INVALID_PARAMS)),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":"y"}}"#,
                Err(INVALID_PARAMS),
            ),
            (&deep, Err(INVALID_REQUEST)),
        ];
        for (text, wanted) in table {
            let read =
                read(text.as_bytes(), LIMITS).map(|envelope| envelope.tool).map_err(|refused| refused.code);
            assert_eq!(read, wanted.map(|tool| tool.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn the_id_comes_back_where_it_can_be_read() {
        let refused = read(br#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, LIMITS).unwrap_err();
        assert_eq!(refused.to_message()["id"], 7);
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_word(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            match read(&bytes, LIMITS) {
                Ok(envelope) => prop_assert!(envelope.method.is_some() || envelope.tool.is_none()),
                Err(refused) => prop_assert!(refused.code <= -32600),
            }
        }
    }
}

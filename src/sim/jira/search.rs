//! Searching issues: `search` on Data Center, `search/jql` on Cloud, where the former is gone.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::call::parts;
use super::super::query::jql;
use super::super::world::Issue;
use super::super::world::World;
use super::fields::Wanted;
use super::list;
use super::refusal;
use super::render;

/// The parameters of a search, from the query or the body.
struct Request {
    jql: String,
    fields: Vec<String>,
    expand: String,
    start: usize,
    limit: Option<usize>,
    token: Option<String>,
}

const GONE: &str = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full \
    migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046";

pub(crate) fn answer(world: &World, call: &Call) -> Reply {
    let method = call.method.as_str();
    match (method, call.segments.get(4).map(String::as_str), call.is_cloud()) {
        ("GET" | "POST", None, true) => Err(refusal(410, GONE)),
        ("GET" | "POST", None, false) => classic(world, call),
        ("GET" | "POST", Some("jql"), true) => by_token(world, call),
        ("POST", Some("approximate-count"), true) => {
            let request = Request::read(call)?;
            Ok(Answer::json(&json!({"count": find(world, call, &request.jql)?.len()})))
        }
        _ => Err(super::not_found()),
    }
}

/// The issues that a query finds, or Jira's 400.
pub(crate) fn find<'a>(world: &'a World, call: &Call, text: &str) -> Result<Vec<&'a Issue>, Answer> {
    jql::search(world, call.user, text)
        .map_err(|mistakes| Answer::status(400, &json!({"errorMessages": mistakes, "errors": {}})))
}

/// A page of issues with start, limit and total, as `search` and the agile lists answer.
pub(crate) fn listed(world: &World, call: &Call, jql: &str) -> Reply {
    let mut request = Request::read(call)?;
    jql.clone_into(&mut request.jql);
    page(world, call, &request)
}

fn classic(world: &World, call: &Call) -> Reply {
    page(world, call, &Request::read(call)?)
}

fn page(world: &World, call: &Call, request: &Request) -> Reply {
    let found = find(world, call, &request.jql)?;
    let limit = request.limit.unwrap_or(50).min(1000);
    let issues = request.render(world, call, found.iter().skip(request.start).take(limit), "*navigable");
    let mut out = json!({"expand": "schema,names", "startAt": request.start, "maxResults": limit,
        "total": found.len(), "issues": issues});
    if request.expand.contains("names") {
        let names = request.wanted("*navigable").names();
        render::extend(&mut out, json!({"names": names}));
    }
    Ok(Answer::json(&out))
}

fn by_token(world: &World, call: &Call) -> Reply {
    let request = Request::read(call)?;
    if !jql::is_bounded(&request.jql) {
        let text =
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
        return Err(refusal(400, text));
    }
    let start = match &request.token {
        Some(token) => {
            read_token(token, &request.jql).ok_or_else(|| refusal(400, "The token is not valid."))?
        }
        None => 0,
    };
    let found = find(world, call, &request.jql)?;
    let limit = request.limit.unwrap_or(50).clamp(1, 100);
    let issues = request.render(world, call, found.iter().skip(start).take(limit), "id");
    let last = start + issues.len() >= found.len();
    let mut out = json!({"issues": issues, "isLast": last});
    if !last {
        render::extend(&mut out, json!({"nextPageToken": make_token(start + limit, &request.jql)}));
    }
    Ok(Answer::json(&out))
}

impl Request {
    fn read(call: &Call) -> Result<Self, Answer> {
        let own = |name: &str| call.parameter(name).map(str::to_owned);
        if call.method == http::Method::GET {
            return Ok(Self {
                jql: own("jql").unwrap_or_default(),
                fields: parts(call.parameter("fields")).into_iter().map(str::to_owned).collect(),
                expand: own("expand").unwrap_or_default(),
                start: call.number("startAt", 0),
                limit: own("maxResults").and_then(|limit| limit.parse().ok()),
                token: own("nextPageToken"),
            });
        }
        let body =
            call.json().filter(Value::is_object).ok_or_else(|| refusal(400, "The body is not JSON."))?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let number =
            |name: &str| body.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let list = |name: &str| -> Vec<String> {
            let items = body.get(name).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Ok(Self {
            jql: text("jql").unwrap_or_default(),
            fields: list("fields"),
            expand: text("expand").unwrap_or_else(|| list("expand").join(",")),
            start: number("startAt").unwrap_or(0),
            limit: number("maxResults"),
            token: text("nextPageToken"),
        })
    }

    fn wanted(&self, absent: &str) -> Wanted {
        Wanted::parse(&self.fields.iter().map(String::as_str).collect::<Vec<_>>(), absent)
    }

    fn render<'a>(
        &self,
        world: &World,
        call: &Call,
        issues: impl Iterator<Item = &'a &'a Issue>,
        absent: &str,
    ) -> Vec<Value> {
        if self.fields.is_empty() && absent == "id" {
            return issues.map(|issue| json!({"id": issue.id.to_string()})).collect();
        }
        let wanted = self.wanted(absent);
        issues
            .map(|issue| {
                let mut shown = render::issue(world, call, issue, &wanted);
                if self.expand.contains("changelog") {
                    render::extend(&mut shown, json!({"changelog": list::changes(call, issue)}));
                }
                shown
            })
            .collect()
    }
}

/// An opaque token: where to go on, bound to the query.
fn make_token(start: usize, jql: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{start}:{jql}"))
}

fn read_token(token: &str, jql: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (start, of) = text.split_once(':')?;
    start.parse().ok().filter(|_| of == jql)
}

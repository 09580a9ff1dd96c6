//! Every way to log in: what is configured and brought, what reaches Atlassian for it, and what is said when it is wrong.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;
use crate::support::line::Session;
use crate::support::outside::Outside;
use crate::support::outside::Seen;

/// What callers and operators keep to themselves.
const CANARY: &str = "canary-7f3a";

const CLOUD: [(&str, &str); 2] =
    [("JIRA_URL", "https://x.atlassian.net"), ("CONFLUENCE_URL", "https://x.atlassian.net/wiki")];
const CENTER: [(&str, &str); 2] =
    [("JIRA_URL", "https://jira.example.com/base"), ("CONFLUENCE_URL", "https://wiki.example.com")];
const NOWHERE: [(&str, &str); 2] = [("JIRA_URL", ""), ("CONFLUENCE_URL", "")];
const BEARER: &str = "Bearer canary-7f3a";
/// `ann@example.com:canary-7f3a`
const BASIC: &str = "Basic YW5uQGV4YW1wbGUuY29tOmNhbmFyeS03ZjNh";

type Pairs = &'static [(&'static str, &'static str)];

/// One way to log in, and what goes upstream for it.
struct Way {
    name: &'static str,
    addresses: [(&'static str, &'static str); 2],
    variables: Pairs,
    /// Headers of the caller; over stdio there are none.
    headers: Option<Pairs>,
    /// What the requests to Jira and to Confluence begin with.
    prefixes: [&'static str; 2],
    /// `Authorization` of every one of them.
    authorization: Option<&'static str>,
}

const WAYS: &[Way] = &[
    Way {
        name: "API token, Cloud",
        addresses: CLOUD,
        variables: &[
            ("JIRA_USERNAME", "ann@example.com"),
            ("JIRA_API_TOKEN", CANARY),
            ("CONFLUENCE_USERNAME", "ann@example.com"),
            ("CONFLUENCE_API_TOKEN", CANARY),
        ],
        headers: None,
        prefixes: ["https://x.atlassian.net/rest/api/", "https://x.atlassian.net/wiki/"],
        authorization: Some(BASIC),
    },
    Way {
        name: "user name and password, Data Center",
        addresses: CENTER,
        variables: &[
            ("JIRA_USERNAME", "ann@example.com"),
            ("JIRA_API_TOKEN", CANARY),
            ("CONFLUENCE_USERNAME", "ann@example.com"),
            ("CONFLUENCE_API_TOKEN", CANARY),
        ],
        headers: None,
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BASIC),
    },
    Way {
        name: "personal access token, Data Center",
        addresses: CENTER,
        variables: &[("JIRA_PERSONAL_TOKEN", CANARY), ("CONFLUENCE_PERSONAL_TOKEN", CANARY)],
        headers: None,
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "bring your own token, Cloud",
        addresses: CLOUD,
        variables: &[("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1"), ("ATLASSIAN_OAUTH_ACCESS_TOKEN", CANARY)],
        headers: None,
        prefixes: [
            "https://api.atlassian.com/ex/jira/cid-1/rest/api/",
            "https://api.atlassian.com/ex/confluence/cid-1/wiki/",
        ],
        authorization: Some(BEARER),
    },
    Way {
        name: "bring your own token, Cloud, no address",
        addresses: NOWHERE,
        variables: &[("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1"), ("ATLASSIAN_OAUTH_ACCESS_TOKEN", CANARY)],
        headers: None,
        prefixes: [
            "https://api.atlassian.com/ex/jira/cid-1/rest/api/",
            "https://api.atlassian.com/ex/confluence/cid-1/wiki/",
        ],
        authorization: Some(BEARER),
    },
    Way {
        name: "bring your own token, Data Center",
        addresses: CENTER,
        variables: &[("JIRA_OAUTH_ACCESS_TOKEN", CANARY), ("CONFLUENCE_OAUTH_ACCESS_TOKEN", CANARY)],
        headers: None,
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "the caller's personal token",
        addresses: CENTER,
        variables: &[
            ("JIRA_PERSONAL_TOKEN", "the-operators"),
            ("CONFLUENCE_PERSONAL_TOKEN", "the-operators"),
        ],
        headers: Some(&[("Authorization", "Token canary-7f3a")]),
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "the caller's bearer token, Data Center",
        addresses: CENTER,
        variables: &[],
        headers: Some(&[("Authorization", "bearer canary-7f3a")]),
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "the caller's Basic, Cloud",
        addresses: CLOUD,
        variables: &[
            ("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1"),
            ("ATLASSIAN_OAUTH_ACCESS_TOKEN", "the-operators"),
        ],
        headers: Some(&[("Authorization", BASIC)]),
        prefixes: ["https://x.atlassian.net/rest/api/", "https://x.atlassian.net/wiki/"],
        authorization: Some(BASIC),
    },
    Way {
        name: "the caller's bearer token, Cloud, the configured site",
        addresses: CLOUD,
        variables: &[("ATLASSIAN_OAUTH_ENABLE", "true"), ("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1")],
        headers: Some(&[("Authorization", BEARER)]),
        prefixes: [
            "https://api.atlassian.com/ex/jira/cid-1/rest/api/",
            "https://api.atlassian.com/ex/confluence/cid-1/wiki/",
        ],
        authorization: Some(BEARER),
    },
    Way {
        name: "multi-cloud, no address",
        addresses: NOWHERE,
        variables: &[("ATLASSIAN_OAUTH_ENABLE", "true")],
        headers: Some(&[("Authorization", BEARER), ("X-Atlassian-Cloud-Id", "cid-2")]),
        prefixes: [
            "https://api.atlassian.com/ex/jira/cid-2/rest/api/",
            "https://api.atlassian.com/ex/confluence/cid-2/wiki/",
        ],
        authorization: Some(BEARER),
    },
    Way {
        name: "multi-cloud, another site than the configured one",
        addresses: CLOUD,
        variables: &[("ATLASSIAN_OAUTH_ENABLE", "true"), ("ATLASSIAN_OAUTH_CLOUD_ID", "cid-1")],
        headers: Some(&[("Authorization", BEARER), ("X-Atlassian-Cloud-Id", "cid-2")]),
        prefixes: [
            "https://api.atlassian.com/ex/jira/cid-2/rest/api/",
            "https://api.atlassian.com/ex/confluence/cid-2/wiki/",
        ],
        authorization: Some(BEARER),
    },
    Way {
        name: "a personal token for each product",
        addresses: CENTER,
        variables: &[],
        headers: Some(&[
            ("X-Atlassian-Jira-Personal-Token", CANARY),
            ("X-Atlassian-Confluence-Personal-Token", CANARY),
        ]),
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "the configured addresses, named by the caller",
        addresses: CENTER,
        variables: &[],
        headers: Some(&[
            ("X-Atlassian-Jira-Url", "https://JIRA.example.com:443/base/"),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
            ("X-Atlassian-Confluence-Url", "https://wiki.example.com"),
            ("X-Atlassian-Confluence-Personal-Token", CANARY),
        ]),
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "the operator's, lent",
        addresses: CENTER,
        variables: &[
            ("JIRA_PERSONAL_TOKEN", CANARY),
            ("CONFLUENCE_PERSONAL_TOKEN", CANARY),
            ("ALLOW_GLOBAL_CRED_FALLBACK", "true"),
        ],
        headers: Some(&[]),
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "the operator's, lent, with what the caller brought ignored",
        addresses: CENTER,
        variables: &[
            ("JIRA_PERSONAL_TOKEN", CANARY),
            ("CONFLUENCE_PERSONAL_TOKEN", CANARY),
            ("ALLOW_GLOBAL_CRED_FALLBACK", "true"),
            ("IGNORE_HEADER_AUTH", "true"),
        ],
        headers: Some(&[("Authorization", "Bearer another")]),
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: Some(BEARER),
    },
    Way {
        name: "a session that is passed on",
        addresses: CENTER,
        variables: &[
            ("ATLASSIAN_EXTERNAL_AUTH_ENABLE", "true"),
            ("IGNORE_HEADER_AUTH", "true"),
            ("JIRA_PASSTHROUGH_HEADERS", "Cookie"),
            ("CONFLUENCE_PASSTHROUGH_HEADERS", "Cookie"),
        ],
        headers: Some(&[("Cookie", "session=canary-7f3a"), ("X-Other", "stays here")]),
        prefixes: ["https://jira.example.com/base/rest/api/2/", "https://wiki.example.com/rest/api/"],
        authorization: None,
    },
];

#[tokio::test]
async fn each_way_to_log_in_sends_what_it_says() {
    for way in WAYS {
        let outside = Outside::start().await;
        let (jira, confluence, output) = match way.headers {
            None => over_stdio(way, &outside).await,
            Some(headers) => over_http(way, headers, &outside).await,
        };
        assert_eq!(jira["key"], "OPS-1", "{}: {jira}", way.name);
        assert_eq!(confluence["metadata"]["id"], "65537", "{}: {confluence}", way.name);
        let seen = outside.take();
        let [to_jira, to_confluence] = way.prefixes;
        for prefix in [to_jira, to_confluence] {
            assert!(seen.iter().any(|seen| seen.url.starts_with(prefix)), "{}: {seen:#?}", way.name);
        }
        for seen in &seen {
            let known = seen.url.starts_with(to_jira) || seen.url.starts_with(to_confluence);
            assert!(known, "{}: {seen:#?}", way.name);
            assert_eq!(seen.header("authorization"), way.authorization, "{}: {seen:#?}", way.name);
            assert_eq!(seen.header("x-other"), None, "{}", way.name);
            if way.authorization.is_none() {
                assert_eq!(seen.header("cookie"), Some("session=canary-7f3a"), "{}", way.name);
            }
        }
        let first =
            seen.iter().find(|seen| seen.url.contains("/ex/confluence/") && seen.url.contains("/content/"));
        assert!(first.is_none(), "the gateway has no such endpoint: {first:?}");
        assert!(!output.contains(CANARY), "{}: {output}", way.name);
        assert!(!output.contains("Y2FuYXJ5") && !output.contains("canary"), "{}: {output}", way.name);
    }
}

fn variables(way: &Way, outside: &Outside, home: &std::path::Path) -> Vec<(&'static str, String)> {
    let own = way.addresses.iter().chain(way.variables);
    let mut all: Vec<_> = own.map(|(name, value)| (*name, (*value).to_owned())).collect();
    all.extend(outside.variables(home));
    all.push(("PORTCULLIS_LOG__LEVEL", "debug".to_owned()));
    all
}

/// Both products over stdio, and everything the server wrote.
async fn over_stdio(way: &Way, outside: &Outside) -> (Value, Value, String) {
    let home = tempfile::tempdir().unwrap();
    let mut all = vec![("JIRA_PERSONAL_TOKEN", String::new()), ("CONFLUENCE_PERSONAL_TOKEN", String::new())];
    all.extend(variables(way, outside, home.path()));
    let borrowed: Vec<(&'static str, &str)> =
        all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut session = Session::initialized(&borrowed).await;
    let mut found = Vec::new();
    for (tool, arguments) in CALLS {
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        let answer = session.ask("tools/call", json!({"name": tool, "arguments": arguments})).await;
        let text = answer.pointer("/result/content/0/text").and_then(Value::as_str).unwrap_or_default();
        let value = serde_json::from_str(text);
        found.push(value.unwrap_or_else(|_| panic!("{}: {answer}", way.name)));
    }
    let [jira, confluence]: [Value; 2] = found.try_into().unwrap();
    let audit = format!("{:?}", crate::support::audit(&session.home));
    let output = session.end().await.stderr + &audit;
    (jira, confluence, output)
}

const CALLS: [(&str, &str); 2] =
    [("jira_get_issue", r#"{"issue_key": "OPS-1"}"#), ("confluence_get_page", r#"{"page_id": "65537"}"#)];

/// Both products over HTTP, and everything the server wrote.
async fn over_http(way: &Way, headers: Pairs, outside: &Outside) -> (Value, Value, String) {
    let home = tempfile::tempdir().unwrap();
    let world =
        World::start(Setup { variables: variables(way, outside, home.path()), ..Setup::default() }).await;
    let mut found = Vec::new();
    for (tool, arguments) in CALLS {
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        let answer = call(&world, headers, tool, &arguments).await;
        let text = answer.pointer("/result/content/0/text").and_then(Value::as_str).unwrap_or_default();
        let value = serde_json::from_str(text);
        found.push(value.unwrap_or_else(|_| panic!("{}: {answer} {}", way.name, world.stderr())));
    }
    let [jira, confluence]: [Value; 2] = found.try_into().unwrap();
    let output = format!("{} {:?}", world.stderr(), world.audit());
    world.end();
    (jira, confluence, output)
}

async fn call(world: &World, headers: Pairs, tool: &str, arguments: &Value) -> Value {
    send(world, headers, "tools/call", json!({"name": tool, "arguments": arguments})).await
}

async fn send(world: &World, headers: Pairs, method: &str, params: Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut request = world.http.post(&world.endpoint).json(&message);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().json().await.unwrap()
}

/// A login that is wrong, and what the caller is told.
struct Wrong {
    name: &'static str,
    addresses: [(&'static str, &'static str); 2],
    variables: Pairs,
    headers: Pairs,
    says: &'static str,
}

const WRONG: &[Wrong] = &[
    Wrong {
        name: "nothing",
        addresses: CENTER,
        variables: &[("JIRA_PERSONAL_TOKEN", "the-operators")],
        headers: &[],
        says: "no credential: send `Authorization: Bearer",
    },
    Wrong {
        name: "a token for another product alone",
        addresses: CENTER,
        variables: &[("JIRA_PERSONAL_TOKEN", "the-operators")],
        headers: &[("X-Atlassian-Confluence-Personal-Token", CANARY)],
        says: "no credential for Jira came with the request",
    },
    Wrong {
        name: "a bearer token for Cloud without a site",
        addresses: CLOUD,
        variables: &[],
        headers: &[("Authorization", BEARER)],
        says: "send `X-Atlassian-Cloud-Id` with it",
    },
    Wrong {
        name: "a site where none may be chosen",
        addresses: CLOUD,
        variables: &[],
        headers: &[("Authorization", BEARER), ("X-Atlassian-Cloud-Id", "cid-2")],
        says: "ATLASSIAN_OAUTH_ENABLE=true",
    },
    Wrong {
        name: "a site that is no id",
        addresses: CLOUD,
        variables: &[("ATLASSIAN_OAUTH_ENABLE", "true")],
        headers: &[("Authorization", BEARER), ("X-Atlassian-Cloud-Id", "../admin")],
        says: "`X-Atlassian-Cloud-Id` is not the id of a site",
    },
    Wrong {
        name: "an address where none may be chosen",
        addresses: CENTER,
        variables: &[],
        headers: &[
            ("X-Atlassian-Jira-Url", "https://jira.other.example"),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
        ],
        says: "`X-Atlassian-Jira-Url` is not the configured address",
    },
    Wrong {
        name: "an address without a token",
        addresses: CENTER,
        variables: &[],
        headers: &[("X-Atlassian-Jira-Url", "https://jira.example.com/base")],
        says: "came without `X-Atlassian-Jira-Personal-Token`",
    },
    Wrong {
        name: "another way to the configured host",
        addresses: CENTER,
        variables: &[("MCP_ALLOWED_URL_DOMAINS", "example.com")],
        headers: &[
            ("X-Atlassian-Jira-Url", "http://jira.example.com/base"),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
        ],
        says: "`X-Atlassian-Jira-Url` is not the configured address",
    },
    Wrong {
        name: "the gateway as an address",
        addresses: CLOUD,
        variables: &[("MCP_ALLOWED_URL_DOMAINS", "atlassian.com")],
        headers: &[
            ("X-Atlassian-Jira-Url", "https://api.atlassian.com/ex/jira/cid-1"),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
        ],
        says: "`X-Atlassian-Jira-Url` is not the configured address",
    },
    Wrong {
        name: "an address of the inside, as a name with two dots at its end",
        addresses: NOWHERE,
        variables: &[],
        headers: &[
            ("X-Atlassian-Jira-Url", "http://127.0.0.1.."),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
        ],
        says: "this is not an address; write for example",
    },
    Wrong {
        name: "an address of the inside",
        addresses: CENTER,
        variables: &[("MCP_ALLOWED_URL_DOMAINS", "example.com")],
        headers: &[
            ("X-Atlassian-Jira-Url", "http://169.254.169.254"),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
        ],
        says: "`X-Atlassian-Jira-Url`: the address `169.254.169.254` is not public",
    },
    Wrong {
        name: "an address that is not on the list",
        addresses: CENTER,
        variables: &[("MCP_ALLOWED_URL_DOMAINS", "example.com")],
        headers: &[
            ("X-Atlassian-Jira-Url", "https://jira.example.com.evil.net"),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
        ],
        says: "is not among the allowed domains",
    },
    Wrong {
        name: "an address of the inside, where nothing is configured",
        addresses: NOWHERE,
        variables: &[],
        headers: &[
            ("X-Atlassian-Jira-Url", "http://localhost:9464"),
            ("X-Atlassian-Jira-Personal-Token", CANARY),
        ],
        says: "the host name `localhost` is not public",
    },
    Wrong {
        name: "a credential that is ignored, and none lent",
        addresses: CENTER,
        variables: &[("IGNORE_HEADER_AUTH", "true"), ("JIRA_PERSONAL_TOKEN", "the-operators")],
        headers: &[("Authorization", BEARER)],
        says: "credentials of callers are not used here (IGNORE_HEADER_AUTH)",
    },
    Wrong {
        name: "a session that did not come",
        addresses: CENTER,
        variables: &[
            ("ATLASSIAN_EXTERNAL_AUTH_ENABLE", "true"),
            ("IGNORE_HEADER_AUTH", "true"),
            ("JIRA_PASSTHROUGH_HEADERS", "Cookie"),
        ],
        headers: &[],
        says: "no session for Jira came with the request",
    },
];

#[tokio::test]
async fn what_is_wrong_with_a_login_is_said_and_nothing_is_sent() {
    for wrong in WRONG {
        let outside = Outside::start().await;
        let home = tempfile::tempdir().unwrap();
        let mut variables: Vec<_> = wrong
            .addresses
            .iter()
            .chain(wrong.variables)
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        variables.extend(outside.variables(home.path()));
        let world = World::start(Setup { variables, ..Setup::default() }).await;
        for (method, params) in [
            ("tools/call", json!({"name": "jira_get_issue", "arguments": {"issue_key": "OPS-1"}})),
            ("tools/call", json!({"name": "jira_nothing", "arguments": {}})),
        ] {
            let answer = send(&world, wrong.headers, method, params).await;
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(message.contains(wrong.says), "{}: {answer}", wrong.name);
            assert!(!answer.to_string().contains("canary"), "{}: {answer}", wrong.name);
        }
        let seen: Vec<Seen> = outside.take();
        assert!(seen.is_empty(), "{}: {seen:#?}", wrong.name);
        let output = format!("{} {:?}", world.stderr(), world.audit());
        assert!(!output.contains("canary"), "{}: {output}", wrong.name);
        world.end();
    }
}

#[tokio::test]
async fn a_list_of_tools_needs_a_credential_that_is_good_and_shows_the_product_it_is_good_for() {
    let outside = Outside::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut variables: Vec<_> = CENTER.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    variables.extend(outside.variables(home.path()));
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let listed = async |headers: Pairs| -> BTreeSet<String> {
        let answer = send(&world, headers, "tools/list", json!({})).await;
        let tools = answer.pointer("/result/tools").and_then(Value::as_array).cloned().unwrap_or_default();
        tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().split('_').next().unwrap().to_owned())
            .collect()
    };
    let both = BTreeSet::from(["jira".to_owned(), "confluence".to_owned()]);
    assert_eq!(listed(&[("Authorization", BEARER)]).await, both);
    let one = listed(&[("X-Atlassian-Jira-Personal-Token", CANARY)]).await;
    assert_eq!(one, BTreeSet::from(["jira".to_owned()]));
    outside.answer(("/myself", 401, json!({})));
    outside.answer(("/user/current", 401, json!({})));
    assert_eq!(listed(&[("Authorization", "Bearer not-good")]).await, BTreeSet::new());
    assert_eq!(listed(&[]).await, BTreeSet::new());
    world.end();
}

#[tokio::test]
async fn a_warm_call_opens_no_new_connection() {
    let outside = Outside::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut variables: Vec<_> = CENTER.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    variables.extend(outside.variables(home.path()));
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    let issue = json!({"issue_key": "OPS-1"});
    call(&world, &[("Authorization", BEARER)], "jira_get_issue", &issue).await;
    let before = outside.connections();
    for headers in [&[("Authorization", BEARER)], &[("Authorization", "Bearer another")]] {
        for _ in 0..10 {
            let answer = call(&world, headers, "jira_get_issue", &issue).await;
            assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
        }
    }
    assert_eq!(outside.connections(), before);
    world.end();
}

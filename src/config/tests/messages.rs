//! What is said of what is wrong: the place, the value unless it is a secret, the way out.

use super::CANARY;
use super::given;

fn assert_message(message: &str, expected: &str) {
    assert!(message.starts_with(expected), "{message}\n(expected) {expected}");
    assert!(!message.contains(CANARY), "{message}");
}

#[test]
fn of_files() {
    for (text, expected) in [
        ("[server]\n\nprot = 1\n", "3: server.prot is not a known setting; did you mean `server.port`?"),
        ("[serwer]\nport = 1", "1: serwer is not a known setting; did you mean `server`?"),
        ("port = 1", "1: port is not a known setting; it may belong to a section: `server.port`"),
        (
            "[jira.lab]\nulr = \"https://x\"",
            "2: jira.lab.ulr is not a known setting; did you mean `jira.url`?",
        ),
        (
            "[jira.Lab]\nurl = \"https://x\"",
            "1: jira.Lab: `Lab` is not the name of an instance such as `lab`",
        ),
        (
            "[jira.default]\nurl = \"https://x\"",
            "1: jira.default: `[jira]` is the default itself; write its settings there",
        ),
        ("[policy.lab]\ndirectory = \"x\"", "1: policy.lab is not a known setting"),
        (
            "[network]\nrequests_per_second = -1",
            "2: network.requests_per_second: `-1` is not a number from 0 to 10000",
        ),
        ("server = 1", "1: server: is not a section; write `[server]` on a line of its own"),
        ("[server]\nport = 70000", "2: server.port: `70000` is not a number from 0 to 65535"),
        ("[server]\nport = true", "2: server.port: is a boolean; write a number from 0 to 65535"),
        ("[log]\njson = 1", "2: log.json: is a number; write `true` or `false`"),
        ("[tools]\nenabled = []", "2: tools.enabled: is an empty list; leave it out for all"),
        (
            "[tools]\nenabled = [1]",
            "2: tools.enabled: is an array with other things than strings; write an array of strings",
        ),
        ("[jira]\nurl = \"\"", "2: jira.url: is empty; leave it out for the default"),
        ("[jira]\n\napi_token = canary-7f3a\n", "3: "),
        ("[jira\n", "1: "),
    ] {
        assert_message(&given(&[]).file(text).refused(), &format!("config.toml:{expected}"));
    }
}

#[test]
fn of_addresses() {
    for (value, expected) in [
        ("jira.example.com", "`jira.example.com` has no scheme; write https://jira.example.com"),
        ("ftp://jira", "`ftp://jira` is neither https nor http"),
        ("https://jira/?token=canary-7f3a", "`https://jira/` has a query; end the address before `?`"),
        ("https://jira/#a", "`https://jira/` has a fragment; end the address before `#`"),
        ("https://ann:canary-7f3a@jira", "has a user name or password in the address"),
        ("ann:canary-7f3a@jira", "has a user name or password in the address"),
        ("https://jira\\evil", "`https://jira\\\\evil` has a backslash"),
        ("https://", "`https://` is not an address: "),
    ] {
        assert_message(&given(&[("JIRA_URL", value)]).refused(), &format!("JIRA_URL: {expected}"));
    }
}

#[test]
fn of_variables() {
    for (name, value, expected) in [
        ("READ_ONLY_MODE", "maybe", ": `maybe` is neither yes nor no; write `true` or `false`"),
        (
            "TRANSPORT",
            "streamable_http",
            ": `streamable_http` is not one of `stdio`, `streamable-http`, `sse`; did you mean `streamable-http`?",
        ),
        ("JIRA_TIMEOUT", "1.5", ": `1.5` is not a number from 1 to 3600"),
        ("JIRA_PROJECTS_FILTER", "OPS;DEV", ": `OPS;DEV` is not a project key"),
        ("PORTCULLIS_SERVER__PROT", "1", " is not a known setting; did you mean `PORTCULLIS_SERVER__PORT`?"),
        (
            "PORTCULLIS_METRICS__ADDRESS",
            "9464",
            ": `9464` is not an address with a port; write for example `127.0.0.1:9464`, or `off`",
        ),
        ("STREAMABLE_HTTP_PATH", "mcp", ": `mcp` is not the path of an endpoint; write for example `/mcp`"),
        ("HOST", "http://x", ": `http://x` is not an address or a host name, for example `127.0.0.1`"),
        ("JIRA_PASSTHROUGH_HEADERS", "Host", ": `host` belongs to the connection or to this server"),
        ("ATLASSIAN_OAUTH_CLOUD_ID", "../x", ": `../x` is not the id of a site"),
        (
            "PORTCULLIS_SERVER__TRUSTED_PROXIES",
            "10.0.0.5,proxy.example.com",
            ": `proxy.example.com` is no address and no network; write for example `10.0.0.5` or `10.1.0.0/16`",
        ),
        ("PORTCULLIS_SERVER__TRUSTED_PROXIES", "10.1.0.0/33", ": `10.1.0.0/33` is no address and no network"),
        ("PORTCULLIS_SERVER__TRUSTED_PROXIES", "0.0.0.0/0", ": `0.0.0.0/0` is everybody"),
        (
            "PORTCULLIS_SERVER__TRUSTED_PROXIES",
            "::ffff:10.0.0.5",
            ": `::ffff:10.0.0.5` is an address of IPv4; write it as one",
        ),
        ("MCP_ALLOWED_URL_DOMAINS", "10.0.0.1", ": `10.0.0.1` is not a host name"),
        ("ATLASSIAN_RETRY_BACKOFF", "soon", ": `soon` is not a number from 0 to 60"),
        ("STATELESS", "true", " (server.stateless) only goes with TRANSPORT=streamable-http"),
    ] {
        assert_message(&given(&[(name, value)]).refused(), &format!("{name}{expected}"));
    }
}

#[test]
fn of_secrets() {
    for (name, value, expected) in [
        (
            "JIRA_PERSONAL_TOKEN",
            "vualt://canary-7f3a",
            "starts with `vualt://`, which is not a known kind of reference; use `vault://`, `file://`, `cred://` or \
             `env://` (did you mean `vault://`?)",
        ),
        (
            "JIRA_PERSONAL_TOKEN",
            "a\ncanary-7f3a",
            "holds a control character, such as a line break; remove it",
        ),
        ("JIRA_HTTPS_PROXY", "ftp://u:canary-7f3a@p", "is not the address of a proxy; write for example"),
        ("JIRA_CUSTOM_HEADERS", "canary-7f3a", "has a part without `=`; write `Name=value,Other=value`"),
        ("JIRA_CUSTOM_HEADERS", "Authorization=canary-7f3a", "`authorization` cannot be set here; "),
        ("JIRA_CUSTOM_HEADERS", "X-A=\u{7}canary-7f3a", "the value of `x-a` holds a control character"),
    ] {
        assert_message(&given(&[(name, value)]).refused(), &format!("{name}: {expected}"));
    }
}

#[test]
fn of_other_places_and_of_several_at_once() {
    for (message, expected) in [
        (given(&[]).dotenv("A=1\nPORT=x\n").refused(), ".env:2: PORT: `x` is not a number from 0 to 65535"),
        (given(&[]).dotenv("A=\"canary-7f3a\n").refused(), ".env:1: has a quote that is not closed"),
        (given(&[]).flags(&[("server.port", "x")]).refused(), "--port: `x` is not a number from 0 to 65535"),
        (
            given(&[("PORT", "1"), ("PORTCULLIS_SERVER__PORT", "2")]).refused(),
            "PORT and PORTCULLIS_SERVER__PORT are two names of one setting with different values; keep one",
        ),
        (
            given(&[("PORT", "x"), ("JIRA_TIMEOUT", "y")]).refused(),
            "JIRA_TIMEOUT: `y` is not a number from 1 to 3600\nPORT: `x` is not a number from 0 to 65535",
        ),
    ] {
        assert_message(&message, expected);
    }
    let mut missing = given(&[]);
    missing.sources.env_file = Some("nowhere.env".into());
    assert_message(&missing.refused(), "cannot read `nowhere.env`: ");
}

//! What must not start, does not: it names what is wrong, where, and what to do, and its exit code says which kind.

use std::collections::BTreeMap;
use std::net::TcpListener;

use serde_json::json;
use tempfile::TempDir;

use crate::support::Nobody;
use crate::support::Setup;
use crate::support::World;
use crate::support::free_address;
use crate::support::line::Session;
use crate::support::line::run;
use crate::support::tools_of_data_center;
use crate::support::usual;

const USAGE: i32 = 64;
const TEMPORARY: i32 = 75;
const CONFIGURATION: i32 = 78;

/// One command line that must be refused.
struct Refused<'a> {
    name: &'a str,
    /// Variables beside the usual ones; an empty value removes a usual one.
    variables: &'a [(&'static str, &'a str)],
    arguments: &'a [&'a str],
    code: i32,
    says: &'a [&'a str],
}

/// The variables of a server in front of an upstream that is never asked.
fn variables(home: &TempDir, more: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    let mut variables = usual("http://127.0.0.1:9", home, false);
    variables.insert("JIRA_PERSONAL_TOKEN", "canary-token".to_owned());
    variables.insert("CONFLUENCE_PERSONAL_TOKEN", "canary-token".to_owned());
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    variables
}

async fn assert_refused(home: &TempDir, refused: &[Refused<'_>]) {
    for Refused { name, variables: more, arguments, code, says } in refused {
        let ended = run(&variables(home, more), arguments).await;
        let (text, out) = (String::from_utf8_lossy(&ended.stderr), String::from_utf8_lossy(&ended.stdout));
        assert_eq!(ended.status.code(), Some(*code), "{name}: {text}");
        for part in *says {
            assert!(text.contains(part), "{name}: `{part}` is not in: {text}");
        }
        assert!(!text.contains("canary") && !text.contains("panicked"), "{name}: {text}");
        assert_eq!(out, "", "{name}: standard output belongs to the protocol");
    }
}

#[tokio::test]
async fn files_that_are_wrong_are_refused_by_file_and_line() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    std::fs::write(&file, "[jira]\nurl = \"https://jira.example.com\"\n\n[server]\nprot = 1\n").unwrap();
    let broken = home.path().join("broken.toml");
    std::fs::write(&broken, "[jira\n").unwrap();
    let (file, broken) = (file.display().to_string(), broken.display().to_string());
    let unknown = format!("{file}:5: server.prot is not a known setting; did you mean `server.port`?");
    let nowhere = home.path().join("nowhere.toml").display().to_string();
    assert_refused(
        &home,
        &[
            Refused {
                name: "an unknown key",
                variables: &[],
                arguments: &["--config", &file],
                code: CONFIGURATION,
                says: &[&unknown],
            },
            Refused {
                name: "no TOML",
                variables: &[],
                arguments: &["--config", &broken],
                code: CONFIGURATION,
                says: &["broken.toml:1: "],
            },
            Refused {
                name: "no such file",
                variables: &[],
                arguments: &["--config", &nowhere],
                code: CONFIGURATION,
                says: &["cannot read `", "nowhere.toml"],
            },
        ],
    )
    .await;
}

#[tokio::test]
async fn settings_that_are_missing_or_wrong_are_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    assert_refused(
        &home,
        &[
            Refused {
                name: "nothing at all",
                variables: &[
                    ("JIRA_URL", ""),
                    ("CONFLUENCE_URL", ""),
                    ("JIRA_PERSONAL_TOKEN", ""),
                    ("CONFLUENCE_PERSONAL_TOKEN", ""),
                ],
                arguments: &[],
                code: CONFIGURATION,
                says: &["neither Jira nor Confluence is configured", "JIRA_URL=https://"],
            },
            Refused {
                name: "no scheme",
                variables: &[("JIRA_URL", "jira.example.com")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["JIRA_URL: `jira.example.com` has no scheme; write https://jira.example.com"],
            },
            Refused {
                name: "an unknown variable of ours",
                variables: &[("PORTCULLIS_SERVER__PROT", "1")],
                arguments: &[],
                code: CONFIGURATION,
                says: &[
                    "PORTCULLIS_SERVER__PROT is not a known setting; did you mean `PORTCULLIS_SERVER__PORT`?",
                ],
            },
            Refused {
                name: "a bad value",
                variables: &[("JIRA_TIMEOUT", "soon"), ("READ_ONLY_MODE", "maybe")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["JIRA_TIMEOUT: `soon` is not a number from 1 to 3600", "READ_ONLY_MODE: `maybe`"],
            },
        ],
    )
    .await;
}

#[tokio::test]
async fn flags_and_combinations_that_do_not_fit_are_refused() {
    let home = tempfile::tempdir().unwrap();
    assert_refused(
        &home,
        &[
            Refused {
                name: "a bad flag",
                variables: &[],
                arguments: &["--port", "http"],
                code: CONFIGURATION,
                says: &["--port: `http` is not a number from 0 to 65535"],
            },
            Refused {
                name: "an unknown flag",
                variables: &[],
                arguments: &["--prot", "1"],
                code: USAGE,
                says: &["--prot", "--port"],
            },
            Refused {
                name: "a transport to come",
                variables: &[("TRANSPORT", "sse")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["`sse` is not there yet", "--transport streamable-http"],
            },
            Refused {
                name: "an address without a credential",
                variables: &[("CONFLUENCE_PERSONAL_TOKEN", "")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["confluence has an address but no credential", "set CONFLUENCE_PERSONAL_TOKEN"],
            },
            Refused {
                name: "a filter that is no key",
                variables: &[("JIRA_PROJECTS_FILTER", "OPS;DEV")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["JIRA_PROJECTS_FILTER: `OPS;DEV` is not a project key"],
            },
        ],
    )
    .await;
}

#[tokio::test]
async fn policies_that_are_wrong_are_refused_by_file_line_and_id() {
    let home = tempfile::tempdir().unwrap();
    let directory = |name: &str, text: Option<&str>| {
        let path = home.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        if let Some(text) = text {
            std::fs::write(path.join("own.cedar"), text).unwrap();
        }
        path.display().to_string()
    };
    let typo = "@id(\"read\")\npermit (principal, action in Mcp::Action::\"read\", resource);\n\n\
        @id(\"typo\")\npermit (principal, action == Mcp::Action::\"jira_get_isue\", resource);\n";
    let attribute = "@id(\"wrong\")\npermit (principal, action in Mcp::Action::\"read\", resource) when { resource.nothing };";
    let twice =
        "@id(\"a\") permit (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);";
    let (typo, syntax) =
        (directory("typo", Some(typo)), directory("syntax", Some("permit (principal, action resource);")));
    let (attribute, twice) = (directory("attribute", Some(attribute)), directory("twice", Some(twice)));
    let (empty, blank) = (directory("empty", None), directory("blank", Some("// nothing yet\n")));
    let nowhere = home.path().join("nowhere").display().to_string();
    let refused = |name, directory, says| (name, [("PORTCULLIS_POLICY__DIRECTORY", directory)], says);
    for (name, variables, says) in [
        refused("a name that is not there", typo.as_str(), &["own.cedar:5", "typo", "jira_get_issue"][..]),
        refused("a comma that is missing", &syntax, &["own.cedar:1"]),
        refused("an attribute that is not there", &attribute, &["own.cedar:2", "wrong", "nothing"]),
        refused("an id twice", &twice, &["own.cedar:2", "`a`"]),
        refused("no files", &empty, &["empty", ".cedar"]),
        refused("no policies", &blank, &["blank", "holds no policy"]),
        refused("no directory", &nowhere, &["nowhere", "cannot read"]),
    ] {
        for arguments in [&[][..], &["check"], &["--transport", "streamable-http"]] {
            let refused = Refused { name, variables: &variables, arguments, code: CONFIGURATION, says };
            assert_refused(&home, &[refused]).await;
        }
    }
    let checked = run(&variables(&home, &[]), &["policy", "check", &typo]).await;
    let text = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert_eq!(checked.status.code(), Some(CONFIGURATION), "{text}");
    assert!(text.contains("own.cedar:5") && text.contains("typo"), "{text}");
}

/// A path that cannot be: below a file.
fn below_a_file(home: &TempDir, name: &str) -> String {
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    file.join(name).display().to_string()
}

#[tokio::test]
async fn places_that_cannot_be_used_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let (audit, state) = (below_a_file(&home, "audit"), below_a_file(&home, "state"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (taken_port, taken_address) =
        (taken.local_addr().unwrap().port().to_string(), taken.local_addr().unwrap().to_string());
    let free = free_address().port().to_string();
    let http = ("TRANSPORT", "streamable-http");
    let off = ("PORTCULLIS_METRICS__ADDRESS", "off");
    assert_refused(
        &home,
        &[
            Refused {
                name: "the directory of the records",
                variables: &[("PORTCULLIS_AUDIT__DIRECTORY", &audit)],
                arguments: &[],
                code: CONFIGURATION,
                says: &["cannot open the audit log in", &audit],
            },
            Refused {
                name: "the directory of keys",
                variables: &[("PORTCULLIS_AUDIT__STATE_DIRECTORY", &state)],
                arguments: &[],
                code: CONFIGURATION,
                says: &["cannot use the audit key", &state],
            },
            Refused {
                name: "a certificate that is not there",
                variables: &[("JIRA_CA_FILE", &audit)],
                arguments: &[],
                code: CONFIGURATION,
                says: &["Jira", "CA file", &audit],
            },
            Refused {
                name: "a port that is taken",
                variables: &[http, off, ("PORT", &taken_port)],
                arguments: &[],
                code: TEMPORARY,
                says: &["cannot listen on", &taken_address, "HOST and PORT choose another"],
            },
            Refused {
                name: "a port for metrics that is taken",
                variables: &[http, ("PORT", &free), ("PORTCULLIS_METRICS__ADDRESS", &taken_address)],
                arguments: &[],
                code: TEMPORARY,
                says: &["cannot listen on", &taken_address, "PORTCULLIS_METRICS__ADDRESS chooses another"],
            },
        ],
    )
    .await;
}

#[tokio::test]
async fn secrets_that_cannot_be_read_are_refused_by_their_reference() {
    let home = tempfile::tempdir().unwrap();
    let secret = format!("file://{}", below_a_file(&home, "secret"));
    let empty = format!("file://{}", home.path().join("file").display());
    let directory = format!("file://{}", home.path().display());
    assert_refused(
        &home,
        &[
            Refused {
                name: "a secret that is not there",
                variables: &[("JIRA_PERSONAL_TOKEN", &secret)],
                arguments: &[],
                code: CONFIGURATION,
                says: &[&secret],
            },
            Refused {
                name: "a secret that is empty",
                variables: &[("JIRA_PERSONAL_TOKEN", &empty)],
                arguments: &[],
                code: CONFIGURATION,
                says: &[&empty, "empty"],
            },
            Refused {
                name: "a secret that is a directory",
                variables: &[("JIRA_PERSONAL_TOKEN", &directory)],
                arguments: &[],
                code: CONFIGURATION,
                says: &[&directory],
            },
            Refused {
                name: "a variable that is not there",
                variables: &[("JIRA_PERSONAL_TOKEN", "env://NOT_SET")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["`env://NOT_SET`", "not set"],
            },
            Refused {
                name: "a credential of systemd without systemd",
                variables: &[("JIRA_PERSONAL_TOKEN", "cred://jira-token")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["`cred://jira-token`", "LoadCredential=jira-token"],
            },
            Refused {
                name: "a secret of a vault that is not configured",
                variables: &[("JIRA_PERSONAL_TOKEN", "vault://kv/atlassian/jira#token")],
                arguments: &[],
                code: CONFIGURATION,
                says: &["vault.address is not set", "PORTCULLIS_VAULT__ADDRESS"],
            },
        ],
    )
    .await;
}

#[tokio::test]
async fn a_port_for_metrics_that_is_taken_does_not_end_stdio() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut session = Session::initialized(&[("PORTCULLIS_METRICS__ADDRESS", &address)]).await;
    session.ask("ping", json!({})).await;
    let ended = session.end().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn check_reads_everything_and_touches_no_network() {
    let home = tempfile::tempdir().unwrap();
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    upstream.set_nonblocking(true).unwrap();
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let variables =
        variables(&home, &[("JIRA_URL", &url), ("CONFLUENCE_URL", &url), ("ENABLED_TOOLS", "jira_serch")]);
    let checked = run(&variables, &["check"]).await;
    let (out, err) = (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert_eq!(checked.status.code(), Some(0), "{err}");
    assert!(out.contains(&url) && out.contains("the configuration is good"), "{out}");
    assert!(err.contains("no tool or toolset is called `jira_serch`"), "{err}");
    assert!(!out.contains("canary") && !err.contains("canary"), "{out} {err}");
    assert!(upstream.accept().is_err(), "nobody connected");
    assert!(!home.path().join("audit").exists(), "and nothing was written");
}

#[tokio::test]
async fn check_finds_files_that_are_not_there() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("there.pem");
    std::fs::write(&file, "-").unwrap();
    let there = file.display().to_string();
    for (missing, what) in [
        (("JIRA_CLIENT_CERT", "/nowhere/a.pem"), "client certificate `/nowhere/a.pem`"),
        (("JIRA_CLIENT_KEY", "/nowhere/b.pem"), "client key `/nowhere/b.pem`"),
        (("JIRA_CA_FILE", "/nowhere/c.pem"), "CA file `/nowhere/c.pem`"),
    ] {
        let mut given = vec![("JIRA_CLIENT_CERT", there.as_str()), ("JIRA_CLIENT_KEY", there.as_str())];
        given.retain(|(name, _)| *name != missing.0);
        given.push(missing);
        let checked = run(&variables(&home, &given), &["check"]).await;
        let err = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(checked.status.code(), Some(78), "{err}");
        assert!(err.contains(&format!("cannot read the {what}")), "{err}");
    }
}

#[tokio::test]
async fn writes_that_are_on_and_an_upstream_that_is_down_are_no_reason_not_to_start() {
    let nobody = Nobody::bind();
    let variables = vec![
        ("JIRA_URL", nobody.url()),
        ("CONFLUENCE_URL", nobody.url()),
        ("READ_ONLY_MODE", "false".to_owned()),
    ];
    let world = World::start(Setup { variables, ..Setup::default() }).await;
    assert_eq!(world.tools("alice-token").await, tools_of_data_center(|_| true));
    world.end();
}

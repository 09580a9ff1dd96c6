//! The edges between modules that src/lib.rs promises, read from the sources.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

/// For each module, the modules of this crate it may name.
const EDGES: &[(&str, &[&str])] = &[
    ("atlassian", &["audit", "ids", "markup", "net", "policy"]),
    ("audit", &["ids", "net", "policy", "telemetry"]),
    ("brake", &["policy"]),
    (
        "call",
        &["atlassian", "audit", "brake", "identity", "ids", "lookup", "net", "policy", "telemetry", "tools"],
    ),
    ("config", &["ids", "secrets"]),
    ("identity", &["atlassian", "audit", "ids", "lookup", "net", "policy", "secrets"]),
    ("ids", &[]),
    ("lookup", &["atlassian", "audit", "ids", "net", "policy"]),
    ("markup", &[]),
    ("mcp", &["audit", "call", "identity", "ids", "net", "policy", "tools"]),
    ("net", &["audit", "ids", "policy", "secrets", "telemetry"]),
    ("oauth", &["net", "secrets"]),
    ("policy", &["ids"]),
    ("secrets", &[]),
    ("sim", &[]),
    ("telemetry", &["ids", "policy"]),
    ("tools", &["atlassian", "audit", "ids", "lookup", "markup", "net", "policy"]),
];

/// Words that one module alone may use, and why it is a wall.
const WALLS: &[(&str, &[&str])] = &[
    ("reqwest::", &["net", "secrets"]),
    ("std::env::var", &["config"]),
    ("Permit::new(", &["audit"]),
    ("Allowed::new(", &["policy"]),
    (".execute(", &["atlassian", "lookup", "net", "secrets"]),
];

/// Every place that could make a connection of its own, and so skip a setting: all of `net` goes through one
/// builder, and Vault, which stands below it, has its own. Where the list is empty, nobody may.
const CLIENTS: &[(&str, &[&str])] = &[
    ("reqwest::Client::builder(", &["net/client.rs"]),
    ("reqwest::ClientBuilder::new(", &["secrets/vault/transport.rs"]),
    ("ClientConfig::builder", &["net/trust.rs", "secrets/vault/transport.rs"]),
    ("with_custom_certificate_verifier(", &["net/trust.rs"]),
    ("tls_backend_preconfigured(", &["net/client.rs", "secrets/vault/transport.rs"]),
    ("reqwest::Proxy", &["net/proxy.rs"]),
    ("build_client(", &["cli/connect.rs", "cli/tour.rs", "net/client.rs"]),
    (".proxy(", &["net/client.rs"]),
    (".no_proxy()", &["net/client.rs", "secrets/vault/transport.rs"]),
    (".redirect(", &["net/client.rs", "secrets/vault/transport.rs"]),
    ("danger_accept_invalid", &[]),
    ("Client::new(", &[]),
    ("Client::default(", &[]),
    ("reqwest::get(", &[]),
    ("VaultClient", &[]),
    ("hyper::client", &[]),
    ("hyper_util::client", &[]),
    // The thread of proxy scripts tries the proxies that one names; syslog is no HTTP.
    ("TcpStream::connect", &["net/script/worker.rs", "net/stream.rs"]),
    ("TcpSocket", &[]),
    // It sends nothing: that is how a machine learns its own address.
    ("UdpSocket", &["net/script/engine.rs"]),
    ("Policy::custom(", &[]),
];

#[test]
fn modules_name_only_what_they_may() {
    for (module, text, file) in sources() {
        if is_test(&file) {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == module) else { continue };
        for named in named_modules(&text) {
            assert!(
                named == module || allowed.contains(&named.as_str()),
                "{}: {module} names {named}",
                file.display()
            );
        }
    }
}

#[test]
fn walls_hold() {
    for (module, text, file) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if is_test(&file) {
            continue;
        }
        for (word, allowed) in WALLS {
            let used = code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            assert!(!used || allowed.contains(&module.as_str()), "{} uses `{word}`", file.display());
        }
    }
}

#[test]
fn clients_are_made_where_they_are_listed() {
    let sources = sources();
    for (word, listed) in CLIENTS {
        let using = |(_, text, file): &(String, String, PathBuf)| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let used = code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            (used && !is_test(file)).then(|| file.display().to_string().replace('\\', "/"))
        };
        let found: BTreeSet<String> = sources.iter().filter_map(using).collect();
        assert_eq!(found, listed.iter().map(|file| (*file).to_owned()).collect(), "`{word}`");
    }
}

#[test]
fn every_module_is_in_the_table() {
    let known: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).chain(["cli"]).collect();
    let found: BTreeSet<String> = sources().into_iter().map(|(module, ..)| module).collect();
    let unknown: Vec<&String> = found.iter().filter(|name| !known.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

fn is_test(file: &Path) -> bool {
    file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests")
}

/// Every file below src in its module, without lib.rs and main.rs.
fn sources() -> Vec<(String, String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut waiting = vec![root.clone()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).unwrap();
            let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            let module = first.trim_end_matches(".rs").to_owned();
            if path.extension().is_some_and(|kind| kind == "rs") && !matches!(module.as_str(), "lib" | "main")
            {
                found.push((module, std::fs::read_to_string(&path).unwrap(), below.to_path_buf()));
            }
        }
    }
    assert!(found.len() > 50, "the sources are there");
    found
}

fn named_modules(text: &str) -> BTreeSet<String> {
    let outside_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = outside_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>())
        .filter(|name| !name.is_empty())
        .collect()
}

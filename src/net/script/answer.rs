//! What a script says: `PROXY proxy.example.com:3128; SOCKS5 other:1080; DIRECT`.

use url::Url;

use super::Choice;
use crate::net::proxy::usable;

/// The ways in the order of the script. What cannot be understood is left out, and logged.
///
/// `SOCKS` is version 5, as in Firefox; names are resolved by the proxy. Nothing at all means that no proxy is needed,
/// as Netscape wrote ("Navigator Proxy Auto-Config File Format", 1996).
pub(super) fn read(answer: &str) -> Vec<Choice> {
    if answer.trim().is_empty() {
        return vec![Choice::Direct];
    }
    let parts = answer.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts
        .filter_map(|part| {
            let way = way(part);
            if way.is_none() {
                tracing::warn!(part = %shown(part), "the proxy script names a way that is not known");
            }
            way
        })
        .collect()
}

fn way(part: &str) -> Option<Choice> {
    let mut words = part.split_ascii_whitespace();
    let kind = words.next()?.to_ascii_uppercase();
    let address = words.next();
    if words.next().is_some() {
        return None;
    }
    let (scheme, port) = match (kind.as_str(), address) {
        ("DIRECT", None) => return Some(Choice::Direct),
        ("PROXY" | "HTTP", Some(_)) => ("http", 80),
        ("HTTPS", Some(_)) => ("https", 443),
        ("SOCKS" | "SOCKS5", Some(_)) => ("socks5h", 1080),
        ("SOCKS4", Some(_)) => ("socks4a", 1080),
        _ => return None,
    };
    let mut url = Url::parse(&format!("{scheme}://{}", address?)).ok()?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    // The client would take the port of http for all of them.
    if url.port_or_known_default().is_none() {
        url.set_port(Some(port)).ok()?;
    }
    // One that it cannot read, it would go around.
    usable("script's", Some(&url)).ok().flatten().map(Choice::Proxy)
}

/// What a script says, as far as a log may hold it: what stands before an `@` may be a password.
pub(super) fn shown(said: &str) -> String {
    let said = said.rsplit('@').next().unwrap_or_default();
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(choice: &Choice) -> &str {
        match choice {
            Choice::Direct => "direct",
            Choice::Proxy(url) => url.as_str(),
            Choice::Nothing => "nothing",
        }
    }

    #[test]
    fn ways_are_read_in_order_and_nonsense_is_left_out() {
        let table: [(&str, &[&str]); 15] = [
            ("DIRECT", &["direct"]),
            ("", &["direct"]),
            (" ; ", &[]),
            ("PROXY proxy.example.com:3128", &["http://proxy.example.com:3128/"]),
            ("proxy a:1; direct", &["http://a:1/", "direct"]),
            ("PROXY a;SOCKS b; HTTPS c", &["http://a/", "socks5h://b:1080", "https://c/"]),
            ("SOCKS5 b:2;SOCKS4 c:3", &["socks5h://b:2", "socks4a://c:3"]),
            ("PROXY [2001:db8::1]:3128", &["http://[2001:db8::1]:3128/"]),
            ("QUIC a:1; PROXY b:1", &["http://b:1/"]),
            ("PROXY", &[]),
            ("DIRECT a", &[]),
            ("PROXY user:canary@a:1", &[]),
            ("PROXY a:1/x; PROXY a:1?x; PROXY a:99999", &[]),
            ("PROXY a:1 b:2", &[]),
            ("PROXY a{b:1; SOCKS5 a{b:1; SOCKS a%b:1; SOCKS4 \u{e9}:1; PROXY a\"b:1", &[]),
        ];
        for (answer, wanted) in table {
            let found = read(answer);
            assert_eq!(found.iter().map(text).collect::<Vec<_>>(), wanted, "{answer}");
        }
    }

    #[test]
    fn a_log_holds_no_password() {
        for said in ["PROXY user:canary@a:1", "PROXY http://user:canary@x@a:1/y"] {
            assert!(!shown(said).contains("canary") && shown(said).contains("a:1"), "{said}");
        }
    }
}

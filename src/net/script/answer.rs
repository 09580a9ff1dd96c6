//! What a script says: `PROXY proxy.example.com:3128; SOCKS5 other:1080; DIRECT`.

use url::Url;

use super::Choice;

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
                let part: String = part.chars().take(100).collect();
                tracing::warn!(%part, "the proxy script names a way that is not known");
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
    Some(Choice::Proxy(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(choice: &Choice) -> &str {
        match choice {
            Choice::Direct => "direct",
            Choice::Proxy(url) => url.as_str(),
            Choice::Nothing => "nothing",
        }
    }

    #[test]
    fn ways_are_read_in_order_and_nonsense_is_left_out() {
        let table: [(&str, &[&str]); 14] = [
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
        ];
        for (answer, wanted) in table {
            let found = read(answer);
            assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), wanted, "{answer}");
        }
    }
}

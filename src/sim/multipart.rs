//! Forms with files, as far as the tools send them.

use bytes::Bytes;

/// One part of a form.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) bytes: Bytes,
}

/// The parts of a form; its boundary is its first line.
pub(crate) fn parts(body: &Bytes) -> Option<Vec<Part>> {
    let end = find(body, b"\r\n")?;
    let boundary = body.get(..end).filter(|line| line.starts_with(b"--"))?;
    let next = [b"\r\n", boundary].concat();
    let (mut parts, mut at) = (Vec::new(), boundary.len());
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let head = find(rest, b"\r\n\r\n")?;
        let content = at + head + 4;
        let length = find(body.get(content..)?, &next)?;
        let head = String::from_utf8_lossy(rest.get(..head)?).into_owned();
        parts.push(Part {
            name: quoted(&head, " name=")?,
            filename: quoted(&head, "filename="),
            kind: head.lines().find_map(|line| value(line, "content-type: ")),
            bytes: body.slice(content..content + length),
        });
        at = content + length + next.len();
    }
}

fn value(line: &str, name: &str) -> Option<String> {
    let given = line.get(..name.len()).filter(|given| given.eq_ignore_ascii_case(name))?;
    line.strip_prefix(given).map(|value| value.trim().to_owned())
}

fn quoted(head: &str, name: &str) -> Option<String> {
    let (_, rest) = head.split_once(name)?;
    let (value, _) = rest.strip_prefix('"')?.split_once('"')?;
    Some(value.to_owned())
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_taken_apart() {
        let body = Bytes::from(
            "--x\r\nContent-Disposition: form-data; name=\"minorEdit\"\r\n\r\ntrue\r\n--x\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n\
             a\r\nb\r\n--x--\r\n",
        );
        let parts = parts(&body).unwrap();
        assert_eq!((parts[0].name.as_str(), parts[0].bytes.as_ref()), ("minorEdit", &b"true"[..]));
        assert_eq!(parts[1].filename.as_deref(), Some("a.txt"));
        assert_eq!((parts[1].kind.as_deref(), parts[1].bytes.as_ref()), (Some("text/plain"), &b"a\r\nb"[..]));
        assert!(super::parts(&Bytes::from("{}")).is_none());
    }
}

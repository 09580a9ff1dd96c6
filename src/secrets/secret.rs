//! A value that must not be seen: wiped when dropped, absent from every `Debug`.

use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// A secret text. There is no way to print it; [`Secret::expose`] is the one way to read it. Clones share the one copy.
#[derive(Clone)]
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// Takes the text over; the copy inside is wiped when the last clone is dropped.
    pub fn new(text: impl Into<String>) -> Self {
        // `String -> Box<str>` may move the bytes when there is spare room, which leaves the old ones unwiped:
        // copy first, so that the original is wiped as well.
        let text = Zeroizing::new(text.into());
        Self(Arc::new(SecretString::from(text.as_str())))
    }

    /// The text itself. Hand it to the wire or a comparison, never to a message.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_expose_shows_the_text() {
        let secret = Secret::new("hunter2-canary");
        assert_eq!(secret.expose(), "hunter2-canary");
        assert_eq!(format!("{secret:?} {:#?}", Some(secret.clone())), "Secret(..) Some(\n    Secret(..),\n)");
    }
}

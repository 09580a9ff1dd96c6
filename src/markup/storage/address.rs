//! The addresses that stand for references of Confluence: `page:SPACE/Title#anchor`, `attachment:name`, `#anchor`.

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Page {
        space: String,
        title: String,
        anchor: String,
    },
    Attachment(String),
    /// A place on the same page.
    Anchor(String),
}

impl Target {
    /// What the address stands for; nothing if it is one of the web.
    pub(super) fn parse(url: &str) -> Option<Self> {
        if let Some(anchor) = url.strip_prefix('#') {
            return (!anchor.is_empty()).then(|| Self::Anchor(anchor.to_owned()));
        }
        if let Some(name) = url.strip_prefix("attachment:") {
            return (!name.is_empty()).then(|| Self::Attachment(name.to_owned()));
        }
        let (space, rest) = url.strip_prefix("page:")?.split_once('/')?;
        let (title, anchor) = rest.split_once('#').unwrap_or((rest, ""));
        let title = title.replace("%23", "#").replace("%25", "%");
        let (space, anchor) = (space.to_owned(), anchor.to_owned());
        (!title.is_empty()).then_some(Self::Page { space, title, anchor })
    }

    /// The address, if it can stand for this.
    pub(super) fn url(&self) -> Option<String> {
        let url = match self {
            Self::Anchor(anchor) => format!("#{anchor}"),
            Self::Attachment(name) => format!("attachment:{name}"),
            Self::Page { space, title, anchor } => {
                // Only what would be read as an escape is escaped, so that titles stay readable.
                let title = title.replace("%2", "%252").replace('#', "%23");
                let mark = if anchor.is_empty() { "" } else { "#" };
                format!("page:{space}/{title}{mark}{anchor}")
            }
        };
        (is_line(&url) && Self::parse(&url).as_ref() == Some(self)).then_some(url)
    }

    /// The text of a link that has none of its own.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Page { title, .. } => title,
            Self::Attachment(name) => name,
            Self::Anchor(anchor) => anchor,
        }
    }
}

/// How a parameter of a macro is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// The page or file alone.
    Bare,
    /// In an `ac:link`.
    Link,
}

impl Form {
    /// How a parameter of this value is written if nothing else is said.
    pub(super) fn usual(value: &str) -> Self {
        match Target::parse(value) {
            Some(Target::Page { anchor, .. }) if anchor.is_empty() => Self::Link,
            Some(Target::Attachment(_)) => Self::Bare,
            _ => Self::Text,
        }
    }

    /// What is said of a parameter that is written in another way.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bare => "bare",
            Self::Link => "link",
        }
    }

    /// The key that it is said under.
    pub(super) fn key(parameter: &str) -> String {
        format!("#form:{parameter}")
    }

    pub(super) fn parse(said: &str) -> Option<Self> {
        [Self::Text, Self::Bare, Self::Link].into_iter().find(|form| form.as_str() == said)
    }
}

/// Whether the address of an image is one of the web, and no name of a file.
pub(super) fn is_web(url: &str) -> bool {
    url.contains("://") || url.starts_with('/')
}

/// Whether the text is one line without white space around it, as an address or a title has to be.
pub(super) fn is_line(text: &str) -> bool {
    text.trim() == text && !text.chars().any(char::is_control)
}

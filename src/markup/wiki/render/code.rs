//! Code in macros.

use super::super::super::document::Code;
use super::super::super::document::Extra;
use super::super::parameters;
use super::Writer;

/// The languages that Jira highlights; any other name would show an error above the code.
const LANGUAGES: [&str; 32] = [
    "actionscript",
    "ada",
    "applescript",
    "bash",
    "c",
    "c#",
    "c++",
    "cpp",
    "css",
    "erlang",
    "go",
    "groovy",
    "haskell",
    "html",
    "java",
    "javascript",
    "js",
    "json",
    "lua",
    "none",
    "nyan",
    "objc",
    "perl",
    "php",
    "python",
    "r",
    "ruby",
    "scala",
    "sh",
    "sql",
    "swift",
    "xml",
];

impl Writer<'_> {
    pub(super) fn code_block(&mut self, block: &Code, extra: Option<&Extra>) {
        let (info, code) = (block.language.as_str(), block.text.as_str());
        let name = info.split_whitespace().next().unwrap_or_default();
        let name: String =
            name.chars().filter(|letter| letter.is_ascii_graphic() && !"{}|=,".contains(*letter)).collect();
        let language = alias(&name.to_ascii_lowercase()).to_owned();
        let is_fenced_in = code.contains("{code");
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let tag = match language.as_str() {
            "" if code.contains("{noformat}") && !is_fenced_in => {
                pairs.push(("", "none"));
                "code"
            }
            "" => "noformat",
            _ if is_fenced_in => "noformat",
            known if LANGUAGES.contains(&known) => {
                pairs.push(("", known));
                "code"
            }
            _ => {
                pairs.push(("", "none"));
                if block.title.is_empty() {
                    pairs.push(("title", &name));
                } else {
                    self.notes
                        .add(format!("the language `{name}` of code was left out: Jira does not know it"));
                }
                "code"
            }
        };
        if !block.title.is_empty() {
            pairs.push(("title", &block.title));
        }
        let mut written = String::new();
        parameters::write(&mut written, &pairs, extra, '|');
        let open = if written.is_empty() { format!("{{{tag}}}") } else { format!("{{{tag}:{written}}}") };
        let close = format!("{{{tag}}}");
        // No escape exists inside the macro.
        let body = code.replace(&close, &close.replace('{', "{ "));
        if body != code {
            self.notes
                .add(format!("`{close}` in code became `{}`: there is no escape", close.replace('{', "{ ")));
        }
        self.out.extend([open.as_str(), "\n", &body, "\n", &close]);
    }
}

fn alias(language: &str) -> &str {
    match language {
        "py" | "python3" => "python",
        "shell" | "zsh" | "console" => "bash",
        "cs" | "csharp" => "c#",
        "golang" => "go",
        "jsx" | "node" => "javascript",
        "objective-c" => "objc",
        "rb" => "ruby",
        "text" | "txt" | "plain" | "plaintext" => "",
        other => other,
    }
}

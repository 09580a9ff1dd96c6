//! Change one section of a page.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::given::Written as Format;
use super::kept;
use super::present;
use super::present::Current;
use super::present::Outcome;
use crate::atlassian::confluence::BodyFormat;
use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::Feature;
use crate::atlassian::confluence::PageEdit;
use crate::atlassian::confluence::With;
use crate::atlassian::conversion;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::lookup::Target;
use crate::markup;
use crate::markup::Converted;
use crate::markup::Part;
use crate::markup::Section;
use crate::markup::SectionError;
use crate::markup::Wanted;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_update_page_section`.
#[derive(Debug)]
pub(crate) struct UpdatePageSection;

/// Arguments of `confluence_update_page_section`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    page_id: PageId,
    /// The heading's text; if several have it, with its level, as in ### Setup.
    heading_text: String,
    /// What stands below the heading from now on, down to the next one of its level.
    new_content: String,
    /// markdown, wiki or storage.
    #[serde(default = "super::create_page::markdown")]
    content_format: String,
    /// Do not notify watchers (Data Center).
    #[serde(default)]
    is_minor_edit: bool,
    /// For the page's history.
    version_comment: Option<String>,
    /// The version you read; the update is refused if there is a newer one.
    base_version: Option<u64>,
}

impl Tool for UpdatePageSection {
    const SPEC: Spec = Spec {
        name: "confluence_update_page_section",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Replace what stands below one heading of a Confluence page; every byte outside of that \
                      section stays as it is. Safer than confluence_update_page for a small change.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Page],
        long_text: &["new_content"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Page(args.page_id.clone(), With::Body)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if heading(&args.heading_text).title.is_empty() {
            return Err(ToolError::Arguments("`heading_text` is empty".to_owned()));
        }
        Format::parse(&args.content_format).map(|_| ())
    }

    async fn run(args: Args, mut context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let current = Current::read(&mut context, permit, &args.page_id).await?;
        current.check_base(&confluence, permit, args.base_version).await?;
        let Converted { value: content, notes } = content(&args)?;
        let storage = current.storage()?;
        let body = replaced(storage, &args.heading_text, &content)?;
        let edit = PageEdit {
            kind: current.kind,
            title: current.title(),
            body: &body,
            format: BodyFormat::Storage,
            parent: None,
            number: current.number,
            minor: args.is_minor_edit,
            message: args.version_comment.as_deref(),
        };
        present::edit(&confluence, permit, &args.page_id, &edit).await?;
        let mut outcome = Outcome::new(format!("The section of page {} was updated.", args.page_id));
        outcome.notes(&notes);
        outcome.removed(&kept::removed(storage, &body));
        if args.is_minor_edit && !confluence.has(Feature::MinorEdits) {
            outcome.say("not_minor", present::NOT_MINOR);
        }
        Ok(outcome.with_page_read(&confluence, permit, &args.page_id, ContentForm::None).await)
    }
}

/// The new content as storage. Confluence converts wiki markup for whole pages alone, so a section's is converted here.
fn content(args: &Args) -> Result<Converted<String>, ToolError> {
    Ok(match Format::parse(&args.content_format)? {
        Format::Markdown => conversion::written_to_storage(&args.new_content),
        Format::Storage => Converted { value: args.new_content.clone(), notes: Vec::new() },
        Format::Wiki => {
            let converted = conversion::apart(args.new_content.len(), || {
                markup::convert(markup::Format::Wiki, markup::Format::Storage, &args.new_content)
            });
            converted.map_err(|error| ToolError::Arguments(format!("`new_content`: {error}")))?
        }
    })
}

/// The heading that is meant: `### Setup` is one of the third level.
fn heading(text: &str) -> Wanted<'_> {
    let text = text.trim();
    let title = text.trim_start_matches('#');
    let level = u8::try_from(text.len() - title.len()).ok().filter(|level| (1..=6).contains(level));
    match level {
        Some(level) if title.starts_with(' ') => {
            Wanted { title: title.trim(), level: Some(level), index: None }
        }
        _ => Wanted { title: text, level: None, index: None },
    }
}

/// The page with the section replaced. New content that begins with the heading itself stands in its place.
fn replaced(storage: &str, heading_text: &str, content: &str) -> Result<String, ToolError> {
    let literal = Wanted { title: heading_text.trim(), level: None, index: None };
    let wanted = heading(heading_text);
    let part = |wanted: Wanted<'_>| {
        let first = markup::sections(content).ok().and_then(|sections| sections.into_iter().next());
        let repeats = first.is_some_and(|first| {
            let before = content.get(..first.whole.start).unwrap_or_default();
            before.trim().is_empty()
                && first.title.to_lowercase() == wanted.title.to_lowercase()
                && wanted.level.is_none_or(|level| level == first.level)
        });
        if repeats { Part::Whole } else { Part::Body }
    };
    let found = markup::replace_section(storage, wanted, part(wanted), content);
    let found = match found {
        // A heading may begin with a number sign itself.
        Err(SectionError::Missing { .. }) if wanted.level.is_some() => {
            markup::replace_section(storage, literal, part(literal), content).or(found)
        }
        found => found,
    };
    found.map_err(|error| {
        ToolError::Arguments(match error {
            SectionError::Ambiguous { wanted, headings } => format!(
                "`heading_text`: several headings are `{wanted}`: {}. Give it with its level, such as `## {wanted}`; \
                 those of one level are told apart only by raw storage in confluence_update_page",
                named(&headings)
            ),
            SectionError::Missing { wanted, headings } => format!(
                "`heading_text`: no heading of the page is `{wanted}`; its headings are {}",
                named(&headings)
            ),
            SectionError::Page(_) => format!("`page_id`: {error}"),
            SectionError::Content(_) | SectionError::Live => format!("`new_content`: {error}"),
        })
    })
}

fn named(headings: &[Section]) -> String {
    if headings.is_empty() {
        return "none at all".to_owned();
    }
    let named = headings
        .iter()
        .take(50)
        .map(|section| format!("`{} {}`", "#".repeat(usize::from(section.level)), section.title));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if headings.len() > 50 {
        named.push_str(" and more");
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str =
        "<h1>Top</h1><p>a  </p><h2>Setup</h2><p>b</p><h3>Setup</h3><p>c</p><h2># 1</h2><p>d</p>";

    #[test]
    fn a_section_is_found_or_the_headings_are_told() {
        let table = [
            ("top", Ok("<h1>Top</h1><p>x</p>")),
            (
                "### Setup",
                Ok("<h1>Top</h1><p>a  </p><h2>Setup</h2><p>b</p><h3>Setup</h3><p>x</p><h2># 1</h2><p>d</p>"),
            ),
            (
                "# 1",
                Ok("<h1>Top</h1><p>a  </p><h2>Setup</h2><p>b</p><h3>Setup</h3><p>c</p><h2># 1</h2><p>x</p>"),
            ),
            ("Setup", Err("several headings are `Setup`: `## Setup`, `### Setup`")),
            ("#### Setup", Err("`# Top`, `## Setup`, `### Setup`, `## # 1`")),
            ("Nope", Err("no heading of the page is `Nope`; its headings are `# Top`")),
        ];
        for (heading, wanted) in table {
            let found = replaced(PAGE, heading, "<p>x</p>").map_err(|error| error.to_string());
            match (found, wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{heading}"),
                (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{heading}: {found}"),
                (found, _) => panic!("{heading}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_heading_that_is_given_again_does_not_stand_there_twice() {
        let table = [
            ("<h3>Setup</h3><p>x</p>", "<h3>Setup</h3><p>x</p>"),
            ("<h2>Other</h2><p>x</p>", "<h3>Setup</h3><h2>Other</h2><p>x</p>"),
        ];
        for (content, wanted) in table {
            let page = replaced(PAGE, "### Setup", content).unwrap();
            assert!(page.ends_with(&format!("<p>b</p>{wanted}<h2># 1</h2><p>d</p>")), "{page}");
        }
        assert!(replaced(PAGE, "Top", "<p>open").is_err());
        assert!(replaced(PAGE, "Top", "<script>x</script>").is_err());
    }
}

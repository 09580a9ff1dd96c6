//! Search pages by text or CQL.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::ContentForm;
use crate::atlassian::confluence::Found;
use crate::atlassian::confluence::PageView;
use crate::atlassian::confluence::SearchHit;
use crate::atlassian::confluence::SearchPage;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::InvalidId;
use crate::ids::SpaceKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::policy::Sight;
use crate::tools::Context;
use crate::tools::Item;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::Total;

/// The tool `confluence_search`.
#[derive(Debug)]
pub(crate) struct Search;

/// Arguments of `confluence_search`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Plain words, or CQL such as: type = page AND space = DOCS AND title ~ "runbook".
    query: String,
    /// How many results at most.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    limit: u64,
    /// Only these spaces, comma separated keys.
    spaces_filter: Option<String>,
}

/// What Confluence's own search box searches.
const SITE_SEARCH: &str = "siteSearch";

fn ten() -> u64 {
    10
}

impl Tool for Search {
    const SPEC: Spec = Spec {
        name: "confluence_search",
        product: Product::Confluence,
        toolset: "confluence_pages",
        core: true,
        description: "Search Confluence by plain words or CQL across all spaces you may see. Gives titles, excerpts \
                      and ids for confluence_get_page. Results you may not see are left out.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Instance(Product::Confluence)],
        long_text: &["query"],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(_args: &Args) -> Vec<Target> {
        vec![Target::Instance(Product::Confluence)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.query.trim().is_empty() {
            return Err(ToolError::Arguments("`query` is empty; give words or CQL".to_owned()));
        }
        cql(args, &asked_spaces(args)?, SITE_SEARCH).map(|_| ())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        let sight = context.sight(Product::Confluence);
        let Found { page, exact } = find(&args, &confluence, (&sight, context.spaces), permit).await?;
        let view = PageView { content: ContentForm::Excerpt, ..PageView::bare(&confluence) };
        let SearchPage { hits, total, more, left_out } = page;
        let total = total.map(|count| Total { count, own: exact });
        let items = hits.into_iter().map(|hit| item(&view, hit)).collect();
        let next = more.then(|| {
            let on =
                "go on by CQL: ORDER BY lastmodified DESC, then AND lastmodified < the date of the last one";
            if args.limit < 50 { format!("raise limit (at most 50), or {on}") } else { on.to_owned() }
        });
        Ok(Output::Items {
            items,
            envelope: Map::new(),
            field: None,
            complete: !more,
            total,
            next,
            sought: true,
            window: None,
            left_out,
        })
    }
}

/// Searches as asked; plain words go to the text index where a server does not know the site search.
async fn find(
    args: &Args,
    confluence: &Confluence<'_>,
    sight: (&Sight<'_>, &[SpaceKey]),
    permit: &Permit<Read>,
) -> Result<Found, ToolError> {
    let spaces = asked_spaces(args)?;
    let found = confluence.find(permit, &cql(args, &spaces, SITE_SEARCH)?, args.limit, sight).await;
    match found {
        Err(error) if error.status() == Some(400) && !is_cql(&args.query) => {
            Ok(confluence.find(permit, &cql(args, &spaces, "text")?, args.limit, sight).await?)
        }
        found => Ok(found?),
    }
}

/// The query as CQL, with what narrows it; plain words are looked for in a field.
fn cql(args: &Args, restrictions: &[String], field: &str) -> Result<String, ToolError> {
    let asked = if is_cql(&args.query) {
        args.query.clone()
    } else {
        format!("{field} ~ {}", query::quoted(&args.query))
    };
    query::restrict(&asked, restrictions).map_err(|error| ToolError::Arguments(format!("`query`: {error}")))
}

fn item(view: &PageView<'_>, hit: SearchHit) -> Item {
    let SearchHit { resource, mut hit } = hit;
    let mut content = match hit.get_mut("content").map(Value::take) {
        Some(Value::Object(content)) => content,
        _ => without_content(&hit),
    };
    if let Some(excerpt) = hit.get("excerpt") {
        content.insert("excerpt".into(), excerpt.clone());
    }
    Item {
        resources: resource.into_iter().collect(),
        value: Value::Object(view.show(&Value::Object(content))),
    }
}

/// What was found is not content but a space or the like: it has a title and a link of its own.
fn without_content(hit: &Value) -> Map<String, Value> {
    let space = hit.get("space");
    let modified = hit.get("lastModified").filter(|when| when.as_str().is_some_and(|when| !when.is_empty()));
    let version = modified.map(|when| json!({"when": when}));
    let parts = [
        ("id", space.and_then(|space| space.get("id"))),
        ("type", hit.get("entityType")),
        ("title", hit.get("title")),
        ("space", space),
        ("version", version.as_ref()),
    ];
    let given = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
    given.chain([("_links".to_owned(), json!({"webui": hit.get("url")}))]).collect()
}

/// The spaces the caller keeps to, as a condition of CQL.
fn asked_spaces(args: &Args) -> Result<Vec<String>, ToolError> {
    let asked: Vec<SpaceKey> = query::listed(args.spaces_filter.as_deref().unwrap_or_default())
        .iter()
        .map(|key| SpaceKey::parse(key))
        .collect::<Result<_, InvalidId>>()
        .map_err(|error| ToolError::Arguments(format!("`spaces_filter`: {error}")))?;
    let spaces: Vec<String> =
        asked.iter().map(|key| format!("space = {}", query::key_value(key.spelled()))).collect();
    Ok((!spaces.is_empty()).then(|| spaces.join(" OR ")).into_iter().collect())
}

/// Whether a query is CQL: it has an operator of CQL outside quotes.
pub(super) fn is_cql(text: &str) -> bool {
    let mut quote = None;
    let mut bare = String::with_capacity(text.len());
    for character in text.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            (None, other) => bare.push(other),
        }
    }
    let lower = bare.to_ascii_lowercase();
    bare.contains(['=', '~', '<', '>'])
        || [" in (", " not in ", "order by "].iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlassian::confluence::Looks;
    use crate::atlassian::confluence::Names;
    use crate::atlassian::confluence::People;

    #[test]
    fn words_and_cql_are_told_apart() {
        let table = [
            ("project plan", false),
            ("say \"a = b\"", false),
            ("type=page AND space=DEV", true),
            ("title ~ plan", true),
            ("space in (DEV, OPS)", true),
            ("what's new", false),
        ];
        for (text, wanted) in table {
            assert_eq!(is_cql(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_query_is_narrowed_or_refused_before_anything_is_asked() {
        let table = [
            ("plan \"b\"", None, Ok("siteSearch ~ \"plan \\\"b\\\"\"")),
            ("plan", Some("DEV"), Ok("(siteSearch ~ \"plan\") AND (space = DEV)")),
            (
                "type = page ORDER BY title",
                Some("DEV,~ann"),
                Ok("(type = page) AND (space = DEV OR space = \"~ann\") ORDER BY title"),
            ),
            ("type = page) OR (type = blogpost", Some("DEV"), Err("`query`: the query's brackets")),
            ("plan", Some("A) OR (space = B"), Err("`spaces_filter`: `A) OR (space = B` is not")),
            (" ", None, Err("`query` is empty")),
        ];
        for (query, spaces, wanted) in table {
            let args = Args { query: query.into(), limit: 1, spaces_filter: spaces.map(str::to_owned) };
            let problem = Search::check(&args).err().map(|error| error.to_string());
            match wanted {
                Err(wanted) => assert!(problem.unwrap_or_default().contains(wanted), "{query}"),
                Ok(wanted) => {
                    assert_eq!(problem, None, "{query}");
                    let spaces = asked_spaces(&args).unwrap();
                    assert_eq!(cql(&args, &spaces, SITE_SEARCH).unwrap(), wanted);
                }
            }
        }
    }

    #[test]
    fn whatever_is_found_has_its_title_and_link() {
        let table = [
            (
                json!({
                    "content": {"id": "1", "type": "page", "title": "Runbook", "space": {"key": "OPS"}},
                    "excerpt": "e", "title": "@@@hl@@@Runbook@@@endhl@@@",
                }),
                json!(["1", "page", "Runbook", "/pages/viewpage.action?pageId=1", "e"]),
            ),
            (
                json!({
                    "space": {"id": 7, "key": "OPS", "name": "Operations"}, "entityType": "space",
                    "title": "Operations", "excerpt": "@@@hl@@@a@@@endhl@@@ b", "url": "/display/OPS",
                    "lastModified": "2024-02-01T10:00:00.000Z",
                }),
                json!(["7", "space", "Operations", "/display/OPS", "a b", "2024-02-01 10:00:00 UTC"]),
            ),
        ];
        let (base, deployment) = ("", crate::atlassian::Deployment::DataCenter);
        let view = PageView {
            base,
            deployment,
            content: ContentForm::Excerpt,
            looks: Looks::default(),
            people: People::default(),
            names: Names::default(),
            not_included: Map::new(),
        };
        for (hit, wanted) in table {
            let shown = item(&view, SearchHit { resource: None, hit }).value;
            let parts = ["/id", "/type", "/title", "/url", "/content/value", "/updated"];
            let parts: Vec<Value> = parts.iter().filter_map(|part| shown.pointer(part).cloned()).collect();
            assert_eq!(Value::Array(parts), wanted);
        }
    }
}

//! Find people.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::search::is_cql;
use crate::atlassian::Deployment;
use crate::atlassian::confluence::Confluence;
use crate::atlassian::confluence::Listing;
use crate::atlassian::confluence::by_name;
use crate::atlassian::confluence::shown_person;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `confluence_search_user`.
#[derive(Debug)]
pub(crate) struct SearchUser;

/// Arguments of `confluence_search_user`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// A name, a part of it or an e-mail address, or CQL such as: user.fullname ~ "Ann".
    query: String,
    /// How many at most.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 50))]
    limit: u64,
    /// Only members of this group, Data Center only; the default is everybody.
    #[serde(default = "everybody")]
    group_name: String,
}

fn ten() -> u64 {
    10
}

/// The group that everybody is in.
const EVERYBODY: &str = "confluence-users";

fn everybody() -> String {
    EVERYBODY.to_owned()
}

impl Tool for SearchUser {
    const SPEC: Spec = Spec {
        name: "confluence_search_user",
        product: Product::Confluence,
        toolset: "confluence_users",
        core: false,
        description: "Find people of Confluence by name: account ids or user names for other tools.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Instance(Product::Confluence)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(_args: &Args) -> Vec<Target> {
        vec![Target::Instance(Product::Confluence)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        if args.query.trim().is_empty() {
            return Err(ToolError::Arguments("`query` is empty; give a name".to_owned()));
        }
        query::split(&cql(&args.query))
            .map(|_| ())
            .map_err(|error| ToolError::Arguments(format!("`query`: {error}")))
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let confluence = context.confluence()?;
        permit.whole(Product::Confluence)?;
        let Listing { items, complete } = find(&args, &confluence, permit).await?;
        let next = (!complete).then(|| "raise limit (at most 50) or give more of the name".to_owned());
        Ok(Output::List { items: items.iter().map(shown_person).collect(), complete, next })
    }
}

async fn find(args: &Args, confluence: &Confluence<'_>, permit: &Permit<Read>) -> Result<Listing, ToolError> {
    let group = args.group_name.trim();
    let members = async || {
        let name = name_in(&args.query).ok_or_else(|| {
            ToolError::Arguments(
                "in a group people are found by a name alone; give one as `query`".to_owned(),
            )
        })?;
        Ok::<_, ToolError>(confluence.members_called(permit, group, &name, args.limit).await?)
    };
    if confluence.deployment() == Deployment::DataCenter && group != EVERYBODY {
        return members().await;
    }
    let found = if is_cql(&args.query) {
        confluence.people_found(permit, args.query.trim(), args.limit).await
    } else {
        confluence.people_named(permit, &args.query, args.limit).await
    };
    match found {
        // Versions whose searches know no people.
        Err(error) if error.status() == Some(400) && name_in(&args.query).is_some() => {
            match members().await {
                Err(_) => Err(error.into()),
                found => found,
            }
        }
        found => Ok(found?),
    }
}

/// The query as CQL; a name is looked for in full names.
fn cql(text: &str) -> String {
    if is_cql(text) { text.trim().to_owned() } else { by_name(text) }
}

/// The name that a query looks for, if it looks for nothing else.
fn name_in(text: &str) -> Option<String> {
    let text = text.trim();
    if !is_cql(text) {
        return Some(text.to_owned());
    }
    let (field, value) = text.split_once('~')?;
    if !field.trim().eq_ignore_ascii_case("user.fullname") {
        return None;
    }
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (query::quoted(&inner.replace("\\\"", "\"")) == format!("\"{inner}\""))
        .then(|| inner.replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_quotes_is_one_name() {
        let table = [
            ("Ann", "user.fullname ~ \"Ann\"", Some("Ann")),
            ("O\"Neil", "user.fullname ~ \"O\\\"Neil\"", Some("O\"Neil")),
            ("user.fullname ~ \"Ann\"", "user.fullname ~ \"Ann\"", Some("Ann")),
            ("user.fullname ~ \"O\\\"Neil\"", "user.fullname ~ \"O\\\"Neil\"", Some("O\"Neil")),
            ("user.fullname ~ \"Ann\" OR user = \"x\"", "user.fullname ~ \"Ann\" OR user = \"x\"", None),
            ("user = \"x\"", "user = \"x\"", None),
        ];
        for (given, wanted, name) in table {
            assert_eq!(cql(given), wanted);
            assert_eq!(name_in(given).as_deref(), name, "{given}");
        }
    }

    #[test]
    fn a_query_that_could_reach_around_is_refused() {
        for query in ["", "user.fullname ~ \"a\") OR (type = page", "user.fullname ~ \"a"] {
            let args = Args { query: query.to_owned(), limit: 1, group_name: everybody() };
            assert!(SearchUser::check(&args).is_err(), "{query}");
        }
    }
}

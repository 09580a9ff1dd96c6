//! The tools: one file each, in one explicit, sorted list.
//!
//! A tool is declared once: its [`Spec`], its typed arguments, its effect, what it touches and how it runs. The
//! MCP schema, the Cedar action, `readOnlyHint`, `docs/TOOLS.md` and what a typed client lets it do follow from that.

mod arguments;
mod confluence;
mod context;
mod files;
mod jira;
mod links;
mod offer;
mod options;
mod output;
mod page_links;
mod page_tokens;
mod schema;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

pub use arguments::INSTANCE;
pub use arguments::InvalidArguments;
pub use arguments::bound;
pub use arguments::has_argument;
pub use arguments::take_instance;
pub use context::Context;
pub use context::ToolError;
pub use links::take_links;
pub use offer::Offer;
pub use offer::named_tools;
pub use offer::named_toolsets;
pub use options::Options;
pub use options::SlaMetric;
pub use output::Block;
pub use output::Item;
pub use output::Output;
pub use output::Total;
pub use output::Window;
use output::add;
pub use output::sift_embedded;
pub(crate) use page_links::PageLinks;
pub use page_tokens::NoPageTokens;
pub use page_tokens::PageTokens;

use crate::audit::Admissible;
use crate::audit::Admitted;
use crate::audit::Permit;
use crate::lookup::Target;
use crate::policy::Access;
use crate::policy::InputField;
use crate::policy::InputKind;
use crate::policy::InputValue;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::ToolFacts;

/// Every tool, sorted by name. Adding one is one file and one word here.
pub static ALL: &[&dyn AnyTool] = &[
    &confluence::AddComment,
    &confluence::AddInlineComment,
    &confluence::AddLabel,
    &confluence::CheckContentPermissions,
    &confluence::CopyPage,
    &confluence::CreatePage,
    &confluence::CreatePageFromTemplate,
    &confluence::DeleteAttachment,
    &confluence::DeletePage,
    &confluence::DownloadAttachment,
    &confluence::DownloadContentAttachments,
    &confluence::GetAttachments,
    &confluence::GetComments,
    &confluence::GetInlineComments,
    &confluence::GetLabels,
    &confluence::GetPage,
    &confluence::GetPageChildren,
    &confluence::GetPageDiff,
    &confluence::GetPageHistory,
    &confluence::GetPageImages,
    &confluence::GetPageRestrictions,
    &confluence::GetPageTemplate,
    &confluence::GetPageViews,
    &confluence::GetSpacePageTree,
    &confluence::GetSpacePermissions,
    &confluence::ListPageTemplates,
    &confluence::MovePage,
    &confluence::ReplyToComment,
    &confluence::Search,
    &confluence::SearchUser,
    &confluence::SetPageRestrictions,
    &confluence::UpdatePage,
    &confluence::UpdatePageSection,
    &confluence::UploadAttachment,
    &confluence::UploadAttachments,
    &jira::AddComment,
    &jira::AddIssuesToSprint,
    &jira::AddWatcher,
    &jira::AddWorklog,
    &jira::AssignIssue,
    &jira::BatchCreateIssues,
    &jira::BatchCreateVersions,
    &jira::BatchGetChangelogs,
    &jira::CreateCustomerRequest,
    &jira::CreateIssue,
    &jira::CreateIssueLink,
    &jira::CreateRemoteIssueLink,
    &jira::CreateSprint,
    &jira::CreateVersion,
    &jira::DeleteIssue,
    &jira::DownloadAttachments,
    &jira::EditComment,
    &jira::GetAgileBoards,
    &jira::GetAllProjects,
    &jira::GetBoardIssues,
    &jira::GetCreateFields,
    &jira::GetCrossProjectDependencies,
    &jira::GetFieldOptions,
    &jira::GetIssue,
    &jira::GetIssueDates,
    &jira::GetIssueDevelopmentInfo,
    &jira::GetIssueImages,
    &jira::GetIssueProformaForms,
    &jira::GetIssueSla,
    &jira::GetIssueWatchers,
    &jira::GetIssuesDevelopmentInfo,
    &jira::GetLinkTypes,
    &jira::GetProformaFormDetails,
    &jira::GetProjectComponents,
    &jira::GetProjectEpicHierarchy,
    &jira::GetProjectFields,
    &jira::GetProjectIssueTypes,
    &jira::GetProjectIssues,
    &jira::GetProjectVersions,
    &jira::GetQueueIssues,
    &jira::GetRequestTypeFields,
    &jira::GetRequestTypes,
    &jira::GetServiceDeskForProject,
    &jira::GetServiceDeskQueues,
    &jira::GetSprintIssues,
    &jira::GetSprintsFromBoard,
    &jira::GetTransitions,
    &jira::GetUserProfile,
    &jira::GetWorklog,
    &jira::LinkToEpic,
    &jira::MoveIssue,
    &jira::MoveIssuesToBacklog,
    &jira::RemoveIssueLink,
    &jira::RemoveWatcher,
    &jira::Search,
    &jira::SearchAssignableUsers,
    &jira::SearchFields,
    &jira::SearchProjects,
    &jira::TransitionIssue,
    &jira::UpdateIssue,
    &jira::UpdateProformaFormAnswers,
    &jira::UpdateSprint,
    &jira::UpdateVersion,
];

/// The tool of this name.
pub fn find(name: &str) -> Option<&'static dyn AnyTool> {
    ALL.binary_search_by(|tool| tool.spec().name.cmp(name)).ok().and_then(|index| ALL.get(index).copied())
}

/// What policies know of every tool.
pub fn facts() -> Vec<ToolFacts> {
    ALL.iter().map(|tool| tool.facts()).collect()
}

/// What a tool is, besides its arguments.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The full name, `jira_...` or `confluence_...`.
    pub name: &'static str,
    /// The product it works on.
    pub product: Product,
    /// The toolset it belongs to, for `TOOLSETS`.
    pub toolset: &'static str,
    /// Whether the toolset is one of the defaults, `TOOLSETS=default`.
    pub core: bool,
    /// What it does, for a model that has to choose.
    pub description: &'static str,
    /// Whether it can destroy what is there.
    pub destructive: bool,
    /// Whether only Cloud has the operation.
    pub cloud_only: bool,
    /// The types of what it touches.
    pub resources: &'static [ResourceKind],
    /// Arguments with long free text: policies see their length alone.
    pub long_text: &'static [&'static str],
    /// Other names an argument is known by: (alias, argument).
    pub aliases: &'static [(&'static str, &'static str)],
}

/// A tool, as its file declares it.
pub trait Tool: Send + Sync + 'static {
    /// What it is.
    const SPEC: Spec;
    /// Whether it reads or writes.
    type Effect: Admissible;
    /// Its arguments.
    type Args: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static;

    /// Whether a call goes on without the issues it names that are not visible, and says of each of them that it is not.
    const APART: bool = false;

    /// What a call with these arguments touches.
    fn targets(args: &Self::Args) -> Vec<Target>;

    /// Refuses arguments that are well-typed but make no sense together, before anything is asked of Atlassian.
    fn check(_args: &Self::Args) -> Result<(), ToolError> {
        Ok(())
    }

    /// Runs the call, on a permit for exactly what [`Self::targets`] named.
    fn run(
        args: Self::Args,
        context: Context<'_>,
        permit: &Permit<Self::Effect>,
    ) -> impl Future<Output = Result<Output, ToolError>> + Send;
}

/// A tool behind one type, for the list.
pub trait AnyTool: Send + Sync {
    /// What it is.
    fn spec(&self) -> &'static Spec;
    /// Whether it reads or writes.
    fn access(&self) -> Access;
    /// The JSON Schema of its arguments.
    fn schema(&self) -> Arc<Map<String, Value>>;
    /// What policies know of it.
    fn facts(&self) -> ToolFacts;
    /// Reads the arguments.
    fn decode(&self, arguments: Map<String, Value>) -> Result<Box<dyn Decoded>, InvalidArguments>;
}

/// A call with its arguments read.
pub trait Decoded: Send + Sync {
    /// The arguments in canonical form.
    fn arguments(&self) -> &Map<String, Value>;
    /// The arguments as policies see them.
    fn input(&self) -> BTreeMap<String, InputValue>;
    /// What the call touches.
    fn targets(&self) -> Vec<Target>;
    /// Whether it goes on without what is not visible.
    fn is_apart(&self) -> bool;
    /// Runs it. A permit of the wrong effect is an error; the line never hands one.
    fn run(
        self: Box<Self>,
        context: Context<'_>,
        admitted: Admitted,
    ) -> BoxFuture<'_, Result<Output, ToolError>>;
}

struct Typed<T: Tool> {
    args: T::Args,
    canonical: Map<String, Value>,
}

impl<T: Tool> AnyTool for T {
    fn spec(&self) -> &'static Spec {
        const { &T::SPEC }
    }

    fn access(&self) -> Access {
        <T::Effect as crate::policy::Effect>::ACCESS
    }

    fn schema(&self) -> Arc<Map<String, Value>> {
        schema::of::<T>()
    }

    fn facts(&self) -> ToolFacts {
        let spec = self.spec();
        ToolFacts {
            name: spec.name,
            product: spec.product,
            toolset: spec.toolset,
            access: self.access(),
            destructive: spec.destructive,
            resources: spec.resources,
            input: input_fields(spec, &self.schema()),
        }
    }

    fn decode(&self, arguments: Map<String, Value>) -> Result<Box<dyn Decoded>, InvalidArguments> {
        let given = arguments::coerce(self.spec(), &self.schema(), arguments)?;
        let args: T::Args = arguments::typed(Value::Object(given))?;
        T::check(&args).map_err(|error| InvalidArguments::senseless(&error))?;
        let Ok(Value::Object(mut canonical)) = serde_json::to_value(&args) else {
            return Err(InvalidArguments::unreadable());
        };
        canonical.retain(|_, value| !value.is_null());
        Ok(Box::new(Typed::<T> { args, canonical }))
    }
}

impl<T: Tool> Decoded for Typed<T> {
    fn arguments(&self) -> &Map<String, Value> {
        &self.canonical
    }

    fn input(&self) -> BTreeMap<String, InputValue> {
        let values = self.canonical.iter().filter_map(|(name, value)| {
            let value = match value {
                Value::String(text) if T::SPEC.long_text.contains(&name.as_str()) => {
                    InputValue::Number(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
                }
                Value::String(text) => InputValue::Text(text.clone()),
                Value::Number(number) => InputValue::Number(number.as_i64()?),
                Value::Bool(flag) => InputValue::Flag(*flag),
                _ => return None,
            };
            Some((name.clone(), value))
        });
        values.collect()
    }

    fn targets(&self) -> Vec<Target> {
        T::targets(&self.args)
    }

    fn is_apart(&self) -> bool {
        T::APART
    }

    fn run(
        self: Box<Self>,
        context: Context<'_>,
        admitted: Admitted,
    ) -> BoxFuture<'_, Result<Output, ToolError>> {
        Box::pin(async move {
            let permit = T::Effect::take(admitted).ok_or(ToolError::WrongPermit)?;
            T::run(self.args, context, &permit).await
        })
    }
}

fn input_fields(spec: &Spec, schema: &Map<String, Value>) -> Vec<InputField> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let field = |(name, property): (&String, &Value)| {
        let kind = match property.get("type").and_then(Value::as_str)? {
            "string" if spec.long_text.contains(&name.as_str()) => InputKind::Length,
            "string" => InputKind::Text,
            "integer" => InputKind::Number,
            "boolean" => InputKind::Flag,
            _ => return None,
        };
        Some(InputField { name: name.clone(), kind, required: required.contains(&name.as_str()) })
    };
    properties.into_iter().flatten().filter_map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_complete() {
        let names: Vec<&str> = ALL.iter().map(|tool| tool.spec().name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        for tool in ALL {
            assert!(find(tool.spec().name).is_some());
            assert!(tool.spec().name.starts_with(tool.spec().product.as_str()));
        }
        assert!(find("jira_nothing").is_none());
    }

    #[test]
    fn a_tool_costs_few_bytes_in_the_list() {
        for tool in ALL {
            let bytes = serde_json::to_string(&tool.schema()).unwrap().len() + tool.spec().description.len();
            assert!(bytes <= 2400, "{} takes {bytes} bytes", tool.spec().name);
        }
    }
}

//! What a request asks for.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::desk;
use crate::audit::Permit;
use crate::ids::RequestTypeId;
use crate::ids::ServiceDeskId;
use crate::lookup::Target;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::ResourceKind;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_get_request_type_fields`.
#[derive(Debug)]
pub(crate) struct GetRequestTypeFields;

/// Arguments of `jira_get_request_type_fields`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// From `jira_get_service_desk_for_project`.
    service_desk_id: ServiceDeskId,
    /// From `jira_get_request_types`.
    request_type_id: RequestTypeId,
}

impl Tool for GetRequestTypeFields {
    const SPEC: Spec = Spec {
        name: "jira_get_request_type_fields",
        product: Product::Jira,
        toolset: "jira_service_desk",
        core: false,
        description: "List the fields that a customer request of one type takes, and which are required.",
        destructive: false,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Instance(Product::Jira)],
        long_text: &[],
        aliases: &[],
    };
    type Effect = Read;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Part(Part::ServiceDesk(args.service_desk_id.clone()))]
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Read>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let answer = jira.request_fields(permit, &args.service_desk_id, &args.request_type_id).await?;
        let fields = answer.get("requestTypeFields").and_then(Value::as_array).ok_or(ToolError::Absent)?;
        let value = json!({
            "service_desk_id": args.service_desk_id.as_str(),
            "request_type_id": args.request_type_id.as_str(),
            "fields": fields.iter().map(desk::field).collect::<Vec<_>>(),
            "can_raise_on_behalf_of": answer.get("canRaiseOnBehalfOf"),
            "can_add_request_participants": answer.get("canAddRequestParticipants"),
        });
        Ok(Output::Object { actual: None, value })
    }
}

//! Raise a customer request.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::given;
use super::request_values;
use crate::atlassian::jira::Jira;
use crate::atlassian::jira::NewRequest;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::RequestTypeId;
use crate::ids::ServiceDeskId;
use crate::lookup::Target;
use crate::net::File;
use crate::net::UpstreamError;
use crate::policy::Part;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;
use crate::tools::add;
use crate::tools::uploads;

/// The tool `jira_create_customer_request`.
#[derive(Debug)]
pub(crate) struct CreateCustomerRequest;

/// Arguments of `jira_create_customer_request`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// From `jira_get_service_desk_for_project`.
    service_desk_id: ServiceDeskId,
    /// From `jira_get_request_types`.
    request_type_id: RequestTypeId,
    /// JSON by field id (see `jira_get_request_type_fields`), such as {"summary": "..."}.
    request_field_values: String,
    /// The customer it is raised for: account id on Cloud, user name on Data Center.
    raise_on_behalf_of: Option<String>,
    /// More people, comma separated or a JSON list.
    request_participants: Option<String>,
    /// JSON such as `[{"filename": "log.txt", "content_base64": "..."}]`.
    attachments: Option<String>,
    /// Refuse if it cannot be raised for the customer, instead of raising it in your own name.
    #[serde(default)]
    strict_on_behalf: bool,
}

impl Args {
    fn values(&self) -> Result<Map<String, Value>, ToolError> {
        given::object("request_field_values", Some(&self.request_field_values))
    }

    fn participants(&self) -> Result<Vec<String>, ToolError> {
        let text = self.request_participants.as_deref().map(str::trim).unwrap_or_default();
        if !text.starts_with('[') {
            return Ok(query::listed(text));
        }
        let wrong = || {
            let text = "`request_participants` must be names separated by commas, or a JSON list of them";
            ToolError::Arguments(text.to_owned())
        };
        serde_json::from_str(text).map_err(|_| wrong())
    }

    fn customer(&self) -> Option<&str> {
        self.raise_on_behalf_of.as_deref().map(str::trim).filter(|name| !name.is_empty())
    }
}

impl Tool for CreateCustomerRequest {
    const SPEC: Spec = Spec {
        name: "jira_create_customer_request",
        product: Product::Jira,
        toolset: "jira_service_desk",
        core: false,
        description: "Raise a customer request at a Jira service desk, for oneself or a customer, with files. Returns its key and portal address. For other issues use jira_create_issue.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Project, ResourceKind::Issue, ResourceKind::Instance(Product::Jira)],
        long_text: &["request_field_values", "attachments"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        let desk = Target::Part(Part::ServiceDesk(args.service_desk_id.clone()));
        let named = given::named(&args.values().unwrap_or_default());
        std::iter::once(desk).chain(named).collect()
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        args.participants()?;
        uploads::given("attachments", args.attachments.as_deref())?;
        let values = args.values()?;
        given::check("request_field_values", &values)?;
        if values.is_empty() {
            let text =
                "`request_field_values` is empty; jira_get_request_type_fields lists what a request takes";
            return Err(ToolError::Arguments(text.to_owned()));
        }
        Ok(())
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let files = uploads::given("attachments", args.attachments.as_deref())?;
        let root = context.options.attachment_directory.as_deref();
        let files = uploads::read(("attachments", "content_base64"), files, root).await?;
        let fields = jira.request_fields(permit, &args.service_desk_id, &args.request_type_id).await?;
        let shaped = request_values::shaped(&jira, permit, &fields, args.values()?).await?;
        let participants = args.participants()?;
        let mut wanted = NewRequest {
            desk: args.service_desk_id.clone(),
            kind: args.request_type_id.clone(),
            values: shaped.value,
            customer: args.customer().map(str::to_owned),
            participants: participants.clone(),
        };
        let mut warnings = Vec::new();
        let created = match jira.create_request(permit, &wanted).await {
            Err(error)
                if !args.strict_on_behalf && wanted.customer.is_some() && is_about_customer(&error) =>
            {
                warnings.push(format!(
                    "it could not be raised for the customer and is in your own name: {error}"
                ));
                wanted.customer = None;
                jira.create_request(permit, &wanted).await?
            }
            created => created?,
        };
        let key = created.get("issueKey").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !files.is_empty() {
            let public = IssueKey::parse(&key).is_ok_and(|key| !context.options.is_internal(&key.project()));
            attach(&jira, permit, &args.service_desk_id, &key, files, public).await.map_err(|error| {
                let done = format!("request {key} was created, without its files");
                ToolError::Partial { done, error: Box::new(error.into()) }
            })?;
        }
        let mode = match (args.customer(), wanted.customer.is_some()) {
            (None, _) => "created_direct",
            (Some(_), true) => "created_on_behalf_of",
            (Some(_), false) => "created_as_agent_fallback",
        };
        let mut value = json!({
            "request_id": created.get("issueId"), "request_key": key, "portal_url": portal(&jira, &args, &created),
            "created_mode": mode, "links": created.get("_links"),
        });
        if let Some(customer) = args.customer() {
            add(&mut value, "on_behalf_user", customer);
        }
        if !participants.is_empty() {
            add(&mut value, "request_participants", json!(participants));
        }
        if !warnings.is_empty() {
            add(&mut value, "warnings", json!(warnings));
        }
        if !shaped.notes.is_empty() {
            add(&mut value, "notes", json!(shaped.notes));
        }
        Ok(Output::Object { actual: None, value })
    }
}

async fn attach(
    jira: &Jira<'_>,
    permit: &Permit<Write>,
    desk: &ServiceDeskId,
    key: &str,
    files: Vec<File>,
    public: bool,
) -> Result<(), UpstreamError> {
    let key = IssueKey::parse(key)
        .map_err(|_| UpstreamError::malformed(Product::Jira, "the request has no key"))?;
    let mut uploaded = Vec::with_capacity(files.len());
    for file in files {
        uploaded.push(jira.upload_to_desk(permit, desk, file).await?);
    }
    jira.attach_to_request(permit, desk, &key, uploaded, public).await
}

/// Whether a refusal is about the customer: then nothing was created, and one's own name may do.
fn is_about_customer(error: &UpstreamError) -> bool {
    const SAYS: [&str; 6] = [
        "onbehalf",
        "on behalf",
        "unknown user",
        "user does not exist",
        "invalid customer",
        "customer account",
    ];
    let text = error.to_string().to_lowercase();
    matches!(error.status(), Some(400 | 403)) && SAYS.iter().any(|says| text.contains(says))
}

/// Where customers see it: as Jira says, or where portals are.
fn portal(jira: &Jira<'_>, args: &Args, created: &Value) -> String {
    let key = created.get("issueKey").and_then(Value::as_str).unwrap_or_default();
    match created.pointer("/_links/web").and_then(Value::as_str) {
        Some(address) if address.starts_with("http") => address.to_owned(),
        Some(path) => format!("{}{path}", jira.base()),
        None => format!("{}/servicedesk/customer/portal/{}/{key}", jira.base(), args.service_desk_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_about_the_customer_is_tried_again() {
        let answered = |status, text: &str| {
            let body = json!({"errorMessage": text}).to_string();
            UpstreamError::from_answer(Product::Jira, status, None, body.as_bytes())
        };
        let table = [
            (400, "You cannot raise requests on behalf of others", true),
            (403, "raiseOnBehalfOf: no permission", true),
            (400, "Summary is required", false),
            (500, "on behalf", false),
        ];
        for (status, text, wanted) in table {
            assert_eq!(is_about_customer(&answered(status, text)), wanted, "{text}");
        }
    }

    #[test]
    fn participants_are_a_list_in_either_form() {
        let args = |text: &str| -> Args {
            let given = json!({"service_desk_id": "4", "request_type_id": "10", "request_field_values": "{}", "request_participants": text});
            serde_json::from_value(given).unwrap()
        };
        assert_eq!(args("ann, bob").participants().unwrap(), ["ann", "bob"]);
        assert_eq!(args(r#"["ann"]"#).participants().unwrap(), ["ann"]);
        assert!(args("[1").participants().is_err());
        assert!(CreateCustomerRequest::check(&args("")).unwrap_err().to_string().contains("is empty"));
    }
}

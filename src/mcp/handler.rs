//! rmcp's handler: lists the tools a caller could ever use, and hands calls to the line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::ServerHandler;
use rmcp::model::CacheScope;
use rmcp::model::CallToolRequestParams;
use rmcp::model::CallToolResponse;
use rmcp::model::CallToolResult;
use rmcp::model::ContentBlock;
use rmcp::model::CustomRequest;
use rmcp::model::CustomResult;
use rmcp::model::ErrorCode;
use rmcp::model::Implementation;
use rmcp::model::InitializeRequestParams;
use rmcp::model::InitializeResult;
use rmcp::model::ListToolsResult;
use rmcp::model::PaginatedRequestParams;
use rmcp::model::ResourceContents;
use rmcp::model::ServerCapabilities;
use rmcp::model::ServerConfig;
use rmcp::model::SubscriptionFilter;
use rmcp::model::Tool;
use rmcp::model::ToolAnnotations;
use rmcp::service::RequestContext;
use rmcp::service::SubscriptionContext;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::GateSoon;
use super::Writes;
use super::authenticate::Accepted;
use crate::call;
use crate::call::Answer;
use crate::call::Gate;
use crate::identity::Login;
use crate::identity::Presented;
use crate::policy::Access;
use crate::policy::Principal;
use crate::policy::Product;
use crate::policy::Session;
use crate::tools::AnyTool;
use crate::tools::Block;
use crate::tools::INSTANCE;

/// How long a client of the new era may keep its list of tools, in milliseconds.
const LIST_LIFETIME_MS: u64 = 300_000;

/// How many lists are remembered: there are as many as there are kinds of callers.
const MOST_LISTS: usize = 64;

const INSTRUCTIONS: &str =
    "Jira and Confluence, each call allowed by policy and audited. Text comes and goes as Markdown.";

const WRITES_OFF: &str = "Writes are off: only tools that read are listed. Whoever runs the server turns writes on with \
                          READ_ONLY_MODE=false, or with policies that permit them.";

/// Methods that exist: ill-typed parameters for one of them are -32602, not an unknown method.
const METHODS: [&str; 7] = [
    "initialize",
    "ping",
    "tools/list",
    "tools/call",
    "server/discover",
    "subscriptions/listen",
    "logging/setLevel",
];

/// How many clients may listen for changes at once: fewer than there may be connections, so that calls have theirs.
const MOST_LISTENERS: usize = 256;

/// The server, as rmcp sees it.
#[derive(Debug, Clone)]
pub(super) struct Handler {
    gate: GateSoon,
    instructions: Arc<str>,
    lists: Lists,
    /// Whether a client of an older era is told when the tools may have changed: there is a way to it.
    tells_of_changes: bool,
    listeners: Arc<Semaphore>,
    /// Ended when the server begins to stop.
    closing: CancellationToken,
}

type Lists = Arc<Mutex<HashMap<BTreeSet<&'static str>, Arc<[Tool]>>>>;

impl Handler {
    pub(super) fn new(gate: GateSoon, writes: Writes) -> Self {
        let instructions = match writes {
            Writes::Off => format!("{INSTRUCTIONS} {WRITES_OFF}"),
            Writes::ByPolicy => INSTRUCTIONS.to_owned(),
        };
        Self {
            gate,
            instructions: instructions.into(),
            lists: Lists::default(),
            tells_of_changes: false,
            listeners: Arc::new(Semaphore::new(MOST_LISTENERS)),
            closing: CancellationToken::new(),
        }
    }

    /// The same, letting go of who only listens when this ends.
    pub(super) fn closing_with(self, closing: CancellationToken) -> Self {
        Self { closing, ..self }
    }

    /// The same for a connection on which a client can be told something that it did not ask for.
    pub(super) fn that_tells_of_changes(self) -> Self {
        Self { tells_of_changes: true, ..self }
    }

    async fn gate(&self) -> Result<Arc<Gate>, ErrorData> {
        self.gate.get().await.ok_or_else(|| ErrorData::internal_error("the server is shutting down", None))
    }

    /// The list for one visible set, made once.
    fn list(&self, visible: BTreeSet<&'static str>, gate: &Gate) -> Vec<Tool> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= MOST_LISTS {
            lists.clear();
        }
        let described = |tool| described(tool, gate);
        let make = |visible: &BTreeSet<&'static str>| -> Arc<[Tool]> {
            gate.offer.tools().filter(|tool| visible.contains(tool.spec().name)).map(described).collect()
        };
        lists.entry(visible).or_insert_with_key(make).to_vec()
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let tools = ServerCapabilities::builder().enable_tools().enable_tool_list_changed();
        let mut info = ServerConfig::new(tools.build());
        info.server_info = Implementation::new("portcullis", env!("CARGO_PKG_VERSION"));
        info.instructions = Some(self.instructions.to_string());
        info
    }

    /// Clients of an older era are told over a connection or a session, and there are no sessions.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut info = self.negotiate_initialize(&request)?;
        if let Some(tools) = &mut info.capabilities.tools {
            tools.list_changed = tools.list_changed.filter(|_| self.tells_of_changes);
        }
        Ok(info)
    }

    /// Clients of the new era ask to be told.
    fn accepted_subscription_filter(&self, _requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    /// Tells a client that listens to ask for its tools anew, whenever other policies come into force.
    async fn listen(&self, listener: SubscriptionContext) -> Result<(), ErrorData> {
        let Ok(_place) = self.listeners.try_acquire() else {
            let text = "too many clients listen for changes; ask for the list when its `ttlMs` is over";
            return Err(ErrorData::internal_error(text, None));
        };
        let mut changes = self.gate().await?.policies.changes();
        loop {
            tokio::select! {
                () = listener.cancelled() => return Ok(()),
                () = self.closing.cancelled() => return Ok(()),
                changed = changes.changed() => {
                    if changed.is_err() || listener.sink().notify_tool_list_changed().await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let gate = self.gate().await?;
        let presented = presented(&context);
        let accepted = context.extensions.get::<http::request::Parts>();
        let accepted = accepted.and_then(|parts| parts.extensions.get::<Arc<[Accepted]>>());
        let accepted = accepted.map(AsRef::as_ref).unwrap_or_default();
        let visible = visible_tools(&gate, &presented, accepted);
        gate.metrics.tools_list();
        let mut result = ListToolsResult::with_all_items(self.list(visible, &gate));
        result.ttl_ms = Some(LIST_LIFETIME_MS);
        result.cache_scope = Some(CacheScope::Private);
        Ok(result)
    }

    async fn call_tool(
        &self,
        params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let gate = self.gate().await?;
        let request = call::Request {
            tool: params.name.into_owned(),
            arguments: params.arguments.unwrap_or_default(),
            presented: presented(&context),
            trace_id: trace_id(&context),
        };
        let name = request.tool.clone();
        // The client's leaving drops the call, and with it the request upstream; the trail writes `abandoned`.
        let answer = tokio::select! {
            answer = call::call(&gate, request) => answer,
            () = context.ct.cancelled() => {
                return Err(ErrorData::internal_error("the client went away", None));
            }
        };
        match answer {
            Answer::Unknown => {
                Err(ErrorData::invalid_params(format!("unknown tool `{}`", shortened(&name)), None))
            }
            Answer::Result { text, note, blocks, is_error } => {
                let texts = [Some(text), note].into_iter().flatten().filter(|text| !text.is_empty());
                let texts = texts.map(ContentBlock::text);
                let content = texts.chain(blocks.into_iter().map(block)).collect();
                let result =
                    if is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
                Ok(result.into())
            }
        }
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = shortened(&request.method);
        if METHODS.contains(&request.method.as_str()) {
            return Err(ErrorData::invalid_params(format!("the parameters do not fit `{method}`"), None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("unknown method `{method}`"), None))
    }
}

/// A part of a result as MCP has it.
fn block(block: Block) -> ContentBlock {
    match block {
        Block::Json(value) => ContentBlock::text(value.to_string()),
        Block::Image { bytes, media_type } => ContentBlock::image(STANDARD.encode(bytes), media_type),
        Block::File { uri, bytes, media_type } => {
            let blob = STANDARD.encode(bytes);
            let mime_type = Some(media_type);
            ContentBlock::resource(ResourceContents::BlobResourceContents {
                uri,
                mime_type,
                blob,
                meta: None,
            })
        }
    }
}

/// The tools that the caller could ever be allowed, at any site.
fn visible_tools(gate: &Gate, presented: &Presented, accepted: &[Accepted]) -> BTreeSet<&'static str> {
    let mut visible = BTreeSet::new();
    let engine = gate.policies.current();
    let mut add = |product: Product, principal: Option<&Principal>, session: &Session| {
        let of_product = |name: &&'static str| name.starts_with(product.as_str());
        visible.extend(engine.visible_tools(principal, session).into_iter().filter(of_product));
    };
    if matches!(presented.login, Login::Operator) {
        for product in [Product::Jira, Product::Confluence] {
            for site in gate.products.all(product) {
                // Who that is, is asked at the first call: the list must not change then.
                add(product, None, &gate.identity.session(presented, site.main(), "stdio"));
            }
        }
    }
    for Accepted { route, principal, .. } in accepted {
        let session = gate.identity.session_of(presented, route);
        add(route.instance.upstream.product(), principal.as_ref(), &session);
    }
    visible
}

/// A tool as clients see it; the hints come from the same effect that the policy and the clients go by.
fn described(tool: &'static dyn AnyTool, gate: &Gate) -> Tool {
    let products = &gate.products;
    let spec = tool.spec();
    let mut schema = tool.schema();
    if products.has_several(spec.product)
        && let Some(Value::Object(properties)) = Arc::make_mut(&mut schema).get_mut("properties")
    {
        let title = spec.product.title();
        let default = products.main(spec.product).map(|main| format!("; {} if left out", main.name()));
        let description = format!("Which {title}{}.", default.unwrap_or_default());
        let names = products.names(spec.product);
        properties.insert(
            INSTANCE.to_owned(),
            json!({"type": "string", "enum": names, "description": description}),
        );
    }
    // That it writes is the default of a tool without the hint.
    let annotations = match tool.access() {
        Access::Read => ToolAnnotations::new().read_only(true),
        Access::Write => ToolAnnotations::new().destructive(spec.destructive),
    };
    Tool::new(Cow::Borrowed(spec.name), Cow::Borrowed(spec.description), schema).with_annotations(annotations)
}

/// Who calls: what the HTTP layer found out, or the operator over stdio.
fn presented(context: &RequestContext<RoleServer>) -> Presented {
    let named = |info: Implementation| format!("{} {}", info.name, info.version);
    let parts = context.extensions.get::<http::request::Parts>();
    match parts.and_then(|parts| parts.extensions.get::<Presented>()) {
        // Without sessions, rmcp knows of an older client no more than its own default name; ours is the User-Agent.
        Some(presented) => match context.meta.client_info() {
            Some(info) => Presented { client: named(info), ..presented.clone() },
            None => presented.clone(),
        },
        // Over HTTP nobody is the operator, whatever was left out on the way.
        None if parts.is_some() => Presented {
            login: Login::Own(Arc::default()),
            named: None,
            passed: Arc::default(),
            client: String::new(),
            address: None,
            proxy: None,
            transport: "http",
        },
        None => {
            let client = context.client_info().map(named).unwrap_or_default();
            let passed = Arc::default();
            Presented {
                login: Login::Operator,
                named: None,
                passed,
                client,
                address: None,
                proxy: None,
                transport: "stdio",
            }
        }
    }
}

/// The trace id of a W3C `traceparent`, which clients put into `_meta`.
fn trace_id(context: &RequestContext<RoleServer>) -> Option<String> {
    let parent = context.meta.get("traceparent")?.as_str()?;
    let id = parent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

fn shortened(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}

//! The engine with the tools, callers and policies of the tests.

mod attributes;
mod boundary;
mod candidates;
mod cases;
mod decide;
mod every_tool;
mod explain;
mod generated;
mod limits;
mod load;
mod matrix;
mod mistakes;
mod narrow;
mod narrow_at_random;
mod policies;
mod properties;
#[cfg(feature = "prove")]
mod prove;
mod shadow;
mod traps;
mod visible;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cedar_policy::Entity;
use tempfile::TempDir;

use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Denied;
use crate::policy::DenyReason;
use crate::policy::Engine;
use crate::policy::EngineSettings;
use crate::policy::InputField;
use crate::policy::InputKind;
use crate::policy::InputValue;
use crate::policy::LoginFacts;
use crate::policy::Observed;
use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Question;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::policy::Session;
use crate::policy::ToolFacts;
use crate::policy::Write;
use crate::policy::entities::Stored;
use crate::policy::entities::Types;

/// Sees everything: what most own policies of the tests begin with.
const SEE_ALL: &str = r#"
@id("see-all")
permit (principal, action in [Mcp::Action::"jira:view_item", Mcp::Action::"confluence:view_item"], resource);
"#;

/// Reads everything.
const READ_ALL: &str = r#"
@id("read-all")
permit (principal, action in Mcp::Action::"read", resource);
"#;

/// Does everything.
const ALL: &str = r#"
@id("all")
permit (principal, action, resource);
"#;

fn field(name: &str, kind: InputKind, required: bool) -> InputField {
    InputField { name: name.to_owned(), kind, required }
}

/// The six tools of the tests.
fn tools() -> Vec<ToolFacts> {
    let tool = |name, product, access, resources, input| ToolFacts {
        name,
        product,
        toolset: if product == Product::Jira { "jira_issues" } else { "confluence_pages" },
        access,
        destructive: false,
        resources,
        input,
    };
    let text = |name, required| field(name, InputKind::Text, required);
    vec![
        tool(
            "jira_get_issue",
            Product::Jira,
            Access::Read,
            &[ResourceKind::Issue],
            vec![text("issue_key", true), field("comment_limit", InputKind::Number, false)],
        ),
        tool(
            "jira_search",
            Product::Jira,
            Access::Read,
            &[ResourceKind::Instance(Product::Jira)],
            vec![field("jql", InputKind::Length, true), field("limit", InputKind::Number, false)],
        ),
        tool(
            "jira_add_comment",
            Product::Jira,
            Access::Write,
            &[ResourceKind::Issue],
            vec![
                text("issue_key", true),
                field("body", InputKind::Length, true),
                field("public", InputKind::Flag, false),
            ],
        ),
        tool(
            "confluence_get_page",
            Product::Confluence,
            Access::Read,
            &[ResourceKind::Page],
            vec![text("page_id", true)],
        ),
        tool(
            "confluence_search",
            Product::Confluence,
            Access::Read,
            &[ResourceKind::Instance(Product::Confluence)],
            vec![field("query", InputKind::Length, true)],
        ),
        tool(
            "confluence_create_page",
            Product::Confluence,
            Access::Write,
            &[ResourceKind::Space, ResourceKind::Page],
            vec![text("space_key", true), text("title", true), text("parent_id", false)],
        ),
    ]
}

/// A boundary of the default instance, where there is no other.
fn default_only<Key>(keys: Vec<Key>) -> BTreeMap<InstanceName, Vec<Key>> {
    BTreeMap::from([(InstanceName::default(), keys)])
}

fn settings(source: PolicySource) -> EngineSettings {
    EngineSettings::alone(source)
}

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

fn load_from(path: &Path, change: impl FnOnce(&mut EngineSettings)) -> Result<Engine, PolicyError> {
    let mut settings = settings(PolicySource::Directory(path.to_owned()));
    change(&mut settings);
    Engine::load(&tools(), &settings)
}

/// An engine on these policies.
fn engine(policies: &[&str]) -> Engine {
    let directory = directory(&[("own.cedar", &policies.join("\n"))]);
    load_from(directory.path(), |_| ()).unwrap_or_else(|error| panic!("{error}"))
}

fn profile(source: PolicySource) -> Engine {
    Engine::load(&tools(), &settings(source)).unwrap()
}

fn user(groups: &[&str]) -> Principal {
    Principal {
        kind: PrincipalKind::User,
        id: "ann".to_owned(),
        groups: Some(groups.iter().map(|group| (*group).to_owned()).collect()),
    }
}

fn session() -> Session {
    Session {
        method: "pat",
        client: "editor".to_owned(),
        address: Some("10.0.0.1".parse().unwrap()),
        instance: InstanceName::default(),
        deployment: "datacenter",
        read_only: false,
        now_ms: 1_760_000_000_123,
        login: LoginFacts::default(),
    }
}

fn project(key: &str) -> ProjectKey {
    ProjectKey::parse(key).unwrap()
}

fn space(key: &str) -> SpaceKey {
    SpaceKey::parse(key).unwrap()
}

/// An issue where its key says it is.
fn issue(key: &str) -> Resource {
    let key = IssueKey::parse(key).unwrap();
    Resource::Issue { project: Some(key.project()), key }
}

fn unresolved_issue(key: &str) -> Resource {
    Resource::Issue { key: IssueKey::parse(key).unwrap(), project: None }
}

fn page(id: &str, key: &str) -> Resource {
    Resource::Page { id: PageId::parse(id).unwrap(), space: Some(space(key)) }
}

/// The entities of a question, without actions.
fn entities(principal: &Principal, resource: &Resource, at: &InstanceName) -> Vec<Entity> {
    let (types, unknown) = (Types::parse().unwrap(), Observed::default());
    let chain = types.resource(resource, at, &unknown);
    let mut entities = types.resource_entities(resource, &chain, at, &unknown).unwrap();
    entities.push(types.principal(principal).entity());
    entities
}

/// The same as a store of ours takes them.
fn stored(entities: &[Entity]) -> Vec<Stored> {
    entities.iter().map(|entity| Arc::new(entity.as_ref().clone())).collect()
}

/// The arguments a call of the tool always has.
fn input(tool: &str, resources: &[Resource]) -> BTreeMap<String, InputValue> {
    let id = resources.first().map(|resource| resource.id().to_owned()).unwrap_or_default();
    let text = |name: &str, text: &str| (name.to_owned(), InputValue::Text(text.to_owned()));
    match tool {
        "jira_get_issue" => BTreeMap::from([text("issue_key", &id)]),
        "jira_add_comment" => BTreeMap::from([text("issue_key", &id), text("body", "hello")]),
        "jira_search" => BTreeMap::from([text("jql", "project = OPS")]),
        "confluence_get_page" => BTreeMap::from([text("page_id", &id)]),
        "confluence_search" => BTreeMap::from([text("query", "hello")]),
        "confluence_create_page" => BTreeMap::from([text("space_key", &id), text("title", "Hello")]),
        other => panic!("no input for {other}"),
    }
}

/// A call that is asked in the way its tool is declared.
fn ask_with(
    engine: &Engine,
    principal: &Principal,
    session: &Session,
    tool: &'static str,
    resources: &[Resource],
    input: &BTreeMap<String, InputValue>,
) -> Result<Vec<String>, Denied> {
    fn policies<E: crate::policy::Effect>(allowed: &Allowed<E>) -> Vec<String> {
        allowed.decision().policies.clone()
    }
    let question = Question { principal, session, tool, resources, input, observed: &Observed::default() };
    let access = tools().iter().find(|facts| facts.name == tool).map(|facts| facts.access);
    match access {
        Some(Access::Write) => engine.decide::<Write>(&question).map(|allowed| policies(&allowed)),
        Some(Access::Read) | None => engine.decide::<Read>(&question).map(|allowed| policies(&allowed)),
    }
}

fn ask(
    engine: &Engine,
    principal: &Principal,
    tool: &'static str,
    resources: &[Resource],
) -> Result<Vec<String>, Denied> {
    ask_with(engine, principal, &session(), tool, resources, &input(tool, resources))
}

/// `None` if allowed, else why not.
fn verdict(
    engine: &Engine,
    principal: &Principal,
    tool: &'static str,
    resources: &[Resource],
) -> Option<DenyReason> {
    ask(engine, principal, tool, resources).err().map(|denied| denied.reason)
}

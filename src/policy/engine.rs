//! The loaded policies, ready to be asked.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest;
use cedar_policy::ActionConstraint;
use cedar_policy::Authorizer;
use cedar_policy::Entities;
use cedar_policy::Schema;

use crate::policy::EngineSettings;
use crate::policy::Needs;
use crate::policy::PolicyError;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Session;
use crate::policy::ToolFacts;
use crate::policy::alone;
use crate::policy::candidates::Candidates;
use crate::policy::check;
use crate::policy::entities::Chain;
use crate::policy::entities::Types;
use crate::policy::generated;
use crate::policy::limit::Limit;
use crate::policy::limit::Usage;
use crate::policy::properties::Properties;
use crate::policy::record;
use crate::policy::schema::schema_text;
use crate::policy::schema::view_action;
use crate::policy::set;
use crate::policy::set::Loaded;
use crate::policy::set::LoadedPolicy;
use crate::policy::source::PolicyFile;

/// Decides every call. It never changes: a reload makes a new one.
pub struct Engine {
    /// What a proof record says of them.
    proven: Option<Vec<String>>,
    pub(super) schema: Schema,
    pub(super) types: Types,
    pub(super) authorizer: Authorizer,
    pub(super) tools: BTreeMap<&'static str, ToolRule>,
    jira: ViewRule,
    confluence: ViewRule,
    groups: HashSet<String>,
    /// The permits that may be used so often.
    pub(super) limits: BTreeMap<String, Limit>,
    pub(super) usage: Usage,
    pub(super) shadow: Option<Shadow>,
    policy_hash: String,
    schema_hash: String,
}

/// Policies that are tried and not enforced.
pub(super) struct Shadow {
    /// What would decide if they were in force with the others.
    pub(super) engine: Box<Engine>,
    pub(super) ids: BTreeSet<String>,
}

/// What is known of a tool before any call.
#[derive(Debug)]
pub(super) struct ToolRule {
    pub(super) facts: ToolFacts,
    pub(super) action: ActionRule,
    /// The action and the actions that show its resources.
    pub(super) base: Entities,
    /// The outcome, where it is one and the same for every call.
    pub(super) alone: Option<bool>,
}

/// What is known of showing an object of one product.
#[derive(Debug)]
pub(super) struct ViewRule {
    pub(super) action: ActionRule,
    /// Whether everybody may see every object, whatever it is.
    pub(super) all: bool,
    pub(super) base: Entities,
}

/// An action and the policies whose scope takes it. No other policy can match, fire or err.
#[derive(Debug)]
pub(super) struct ActionRule {
    pub(super) chain: Chain,
    pub(super) candidates: Arc<Candidates>,
    /// Whether one of them may look at the arguments.
    pub(super) reads_input: bool,
    /// The attributes that some of them name.
    pub(super) needs: Needs,
}

impl Engine {
    /// The properties that a proof record says hold of these policies; nothing where no proof is asked for.
    pub fn proven(&self) -> Option<&[String]> {
        self.proven.as_deref()
    }

    /// Reads, checks and indexes the policies. Anything doubtful is an error.
    pub fn load(tools: &[ToolFacts], settings: &EngineSettings) -> Result<Self, PolicyError> {
        Self::load_with_policies(tools, settings).map(|(engine, _)| engine)
    }

    /// The same, with the policies that are in force.
    pub(super) fn load_with_policies(
        tools: &[ToolFacts],
        settings: &EngineSettings,
    ) -> Result<(Self, Vec<LoadedPolicy>), PolicyError> {
        let text = schema_text(tools);
        let schema = schema(tools, &text)?;
        let loaded = load_policies(settings, &schema)?;
        let schema_hash = hash([text.as_bytes()]);
        let mut engine = Self::of(tools, schema.clone(), schema_hash.clone(), &loaded.enforced)?;
        if let Some(file) = &settings.require_proof {
            let properties = Properties::of(&settings.source)?;
            record::require(file, engine.policy_hash(), &schema_hash, &properties)?;
            engine.proven = Some(properties.all.iter().map(|property| property.name.clone()).collect());
        }
        if !loaded.shadow.is_empty() {
            let together = Self::of(tools, schema, schema_hash, &loaded.together())?;
            let ids = loaded.shadow.into_iter().map(|policy| policy.id).collect();
            engine.shadow = Some(Shadow { engine: Box::new(together), ids });
        }
        Ok((engine, loaded.enforced))
    }

    /// The engine of these policies.
    fn of(
        tools: &[ToolFacts],
        schema: Schema,
        schema_hash: String,
        loaded: &[LoadedPolicy],
    ) -> Result<Self, PolicyError> {
        let types = Types::parse().map_err(|error| PolicyError::Tools(error.to_string()))?;
        let mut index = Index::new(&schema, &types, loaded)?;
        let jira = index.view(Product::Jira)?;
        let confluence = index.view(Product::Confluence)?;
        let mut rules = BTreeMap::new();
        for facts in tools {
            let rule = index.tool(facts, &jira, &confluence)?;
            if rules.insert(facts.name, rule).is_some() {
                return Err(PolicyError::Tools(format!("two tools are called `{}`", facts.name)));
            }
        }
        Ok(Self {
            proven: None,
            tools: rules,
            jira,
            confluence,
            groups: loaded.iter().flat_map(|policy| check::groups(&policy.policy)).collect(),
            limits: loaded.iter().filter_map(limited).collect(),
            usage: Usage::default(),
            shadow: None,
            policy_hash: hash_policies(loaded),
            schema_hash,
            authorizer: Authorizer::new(),
            schema,
            types,
        })
    }

    /// The hash of the policy set: SHA-256 over the ids and canonical texts of the policies that are in force.
    pub fn policy_hash(&self) -> &str {
        &self.policy_hash
    }

    /// The hash of the set with the policies that are only tried, if there are any.
    pub fn shadow_hash(&self) -> Option<&str> {
        self.shadow.as_ref().map(|shadow| shadow.engine.policy_hash())
    }

    /// Goes on with the counts of the set whose place this one takes.
    pub(super) fn succeeding(self, before: &Self) -> Self {
        Self { usage: before.usage.clone(), ..self }
    }

    /// The hash of the schema's text: SHA-256.
    pub fn schema_hash(&self) -> &str {
        &self.schema_hash
    }

    /// Whether a policy names a group of this product, so that callers' groups must be asked for. A policy that is only
    /// tried is such a policy as well.
    pub fn asks_groups(&self, product: Product) -> bool {
        self.widest().groups.iter().any(|group| check::origin(group) == Some(product))
    }

    /// Whether a policy names this group.
    pub(super) fn names_group(&self, group: &str) -> bool {
        self.widest().groups.contains(group)
    }

    /// With the policies that are only tried, if there are any.
    fn widest(&self) -> &Self {
        self.shadow.as_ref().map_or(self, |shadow| &*shadow.engine)
    }

    /// Whether every call of the tool is decided alike, so that its resources need not be looked up. Policies that are only
    /// tried need to know where things lie as well.
    pub fn decides_alone(&self, tool: &str) -> bool {
        let alone = |engine: &Self| engine.tools.get(tool).is_some_and(|rule| rule.alone.is_some());
        alone(self) && alone(self.widest())
    }

    /// The attributes that must be known of what a call of the tool names or finds: those that policies name which decide
    /// on the tool, or on what of its product may be seen.
    pub fn needs(&self, tool: &str) -> Needs {
        let needs = |rule: &ToolRule| rule.action.needs.and(self.view(rule.facts.product).action.needs);
        self.tools.get(tool).map(needs).unwrap_or_default()
    }

    /// Whether the policies let everybody see every object of the product: then nothing of a result is left out.
    ///
    /// Not what [`Self::decides_alone`] says of a tool that searches: its policies do not decide on what it finds.
    pub fn shows_everything(&self, product: Product) -> bool {
        self.view(product).all
    }

    /// Whether it is known of a caller in one product what decides on things of the other: policies name none of its
    /// groups, and it is the default instance.
    pub fn decides_across(&self, other: Product, session: &Session) -> bool {
        let names_groups = self.groups.iter().any(|group| check::origin(group) == Some(other));
        session.instance.is_default() && !names_groups
    }

    pub(super) fn view(&self, product: Product) -> &ViewRule {
        match product {
            Product::Jira => &self.jira,
            Product::Confluence => &self.confluence,
        }
    }

    /// Whether a principal whose groups were not asked could be misjudged on this product.
    pub(super) fn needs_groups(&self, product: Product) -> bool {
        self.groups.iter().any(|group| check::origin(group).is_none_or(|origin| origin == product))
    }
}

/// Its hashes only: policies are long.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("policy_hash", &self.policy_hash)
            .field("schema_hash", &self.schema_hash)
            .finish_non_exhaustive()
    }
}

/// Finds the policies and entities of each action.
struct Index<'a> {
    types: &'a Types,
    loaded: &'a [LoadedPolicy],
    actions: Entities,
    /// Actions of the same groups have the same policies.
    sets: BTreeMap<Vec<&'a str>, Arc<Candidates>>,
}

impl<'a> Index<'a> {
    fn new(schema: &Schema, types: &'a Types, loaded: &'a [LoadedPolicy]) -> Result<Self, PolicyError> {
        let actions = schema.action_entities().map_err(|error| PolicyError::Tools(error.to_string()))?;
        Ok(Self { types, loaded, actions, sets: BTreeMap::new() })
    }

    fn action(&mut self, name: &str) -> Result<ActionRule, PolicyError> {
        let uid = self.types.action(name);
        let Some(ancestors) = self.actions.ancestors(&uid) else {
            return Err(PolicyError::Tools(format!("it lacks the action `{uid}`")));
        };
        let mut ancestors: Vec<_> = ancestors.cloned().collect();
        ancestors.sort();
        let chain = Chain { uid, ancestors };
        let candidates = self.candidates(&chain)?;
        let reads_input = candidates.reads_input;
        let needs = candidates.all_needs();
        Ok(ActionRule { chain, candidates, reads_input, needs })
    }

    fn candidates(&mut self, action: &Chain) -> Result<Arc<Candidates>, PolicyError> {
        let taken: Vec<&LoadedPolicy> =
            self.loaded.iter().filter(|loaded| takes(&loaded.action, action)).collect();
        let key: Vec<&str> = taken.iter().map(|loaded| loaded.id.as_str()).collect();
        if let Some(set) = self.sets.get(&key) {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(Candidates::new(taken.iter().map(|loaded| (&loaded.policy, &loaded.looks)))?);
        self.sets.insert(key, Arc::clone(&set));
        Ok(set)
    }

    fn view(&mut self, product: Product) -> Result<ViewRule, PolicyError> {
        let action = self.action(view_action(product))?;
        let base = base(&[&action])?;
        let kinds = match product {
            Product::Jira => [ResourceKind::Project, ResourceKind::Issue],
            Product::Confluence => [ResourceKind::Space, ResourceKind::Page],
        };
        let all = alone::outcome(self.types, &kinds, &action.candidates.all, |_| &action.candidates.all)
            == Some(true);
        Ok(ViewRule { action, all, base })
    }

    fn tool(
        &mut self,
        facts: &ToolFacts,
        jira: &ViewRule,
        confluence: &ViewRule,
    ) -> Result<ToolRule, PolicyError> {
        let action = self.action(facts.name)?;
        let base = base(&[&action, &jira.action, &confluence.action])?;
        let view = |product| match product {
            Product::Jira => &jira.action.candidates.all,
            Product::Confluence => &confluence.action.candidates.all,
        };
        let alone = alone::outcome(self.types, facts.resources, &action.candidates.all, view);
        Ok(ToolRule { facts: facts.clone(), action, base, alone })
    }
}

/// A store of these actions, each of which says itself which groups it is in.
fn base(actions: &[&ActionRule]) -> Result<Entities, PolicyError> {
    let actions = actions.iter().map(|rule| rule.chain.entity());
    Entities::from_entities(actions, None).map_err(|error| PolicyError::Tools(error.to_string()))
}

fn limited(loaded: &LoadedPolicy) -> Option<(String, Limit)> {
    // What is wrong with a limit was said when the file was checked.
    Some((loaded.id.clone(), Limit::of(&loaded.policy).ok().flatten()?))
}

pub(super) fn takes(constraint: &ActionConstraint, action: &Chain) -> bool {
    match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => *uid == action.uid,
        ActionConstraint::In(uids) => {
            uids.iter().any(|uid| *uid == action.uid || action.ancestors.contains(uid))
        }
    }
}

pub(super) fn schema(tools: &[ToolFacts], text: &str) -> Result<Schema, PolicyError> {
    for tool in tools {
        tool.check().map_err(|wrong| PolicyError::Tools(format!("`{}` {wrong}", tool.name)))?;
    }
    let (schema, warnings) =
        Schema::from_cedarschema_str(text).map_err(|error| PolicyError::Tools(error.to_string()))?;
    match warnings.into_iter().next() {
        None => Ok(schema),
        Some(warning) => Err(PolicyError::Tools(warning.to_string())),
    }
}

pub(super) fn load_policies(settings: &EngineSettings, schema: &Schema) -> Result<Loaded, PolicyError> {
    load_files(settings.source.read()?, &settings.source.path(), settings, schema)
}

/// The policies of these files, and those that come from settings.
pub(super) fn load_files(
    mut files: Vec<PolicyFile>,
    path: &Path,
    settings: &EngineSettings,
    schema: &Schema,
) -> Result<Loaded, PolicyError> {
    files.push(generated::policies(settings, schema));
    let loaded = set::load(&files, schema, settings).map_err(PolicyError::Invalid)?;
    if loaded.enforced.iter().all(|policy| policy.file == generated::FILE) {
        return Err(PolicyError::NoPolicies(path.to_owned()));
    }
    Ok(loaded)
}

/// Each part is preceded by its length, so that no two sets run together.
pub(super) fn hash_policies(loaded: &[LoadedPolicy]) -> String {
    let parts: Vec<Vec<u8>> = loaded
        .iter()
        .flat_map(|policy| [policy.id.as_bytes(), policy.canonical.as_bytes()])
        .map(|part| [&(part.len() as u64).to_be_bytes(), part].concat())
        .collect();
    hash(parts.iter().map(Vec::as_slice))
}

pub(super) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.into_iter().for_each(|part| context.update(part));
    hex::encode(context.finish())
}

//! Sets that permit tools and show nothing: every result would be empty, every object not visible.

use cedar_policy::Effect;
use cedar_policy::PrincipalConstraint;
use cedar_policy::ResourceConstraint;
use cedar_policy::Schema;

use crate::policy::Problem;
use crate::policy::Product;
use crate::policy::ToolFacts;
use crate::policy::engine::takes;
use crate::policy::entities::Types;
use crate::policy::schema::view_action;
use crate::policy::set::LoadedPolicy;

/// Tools whose results hold no project, issue, space or page.
const SHOW_NO_ITEM: [&str; 4] =
    ["confluence_search_user", "jira_get_link_types", "jira_get_user_profile", "jira_search_fields"];

/// The first permit of each product that lets a tool be called, where nothing of the product is ever shown.
pub(super) fn problems(loaded: &[LoadedPolicy], schema: &Schema, tools: &[ToolFacts]) -> Vec<Problem> {
    let (Ok(types), Ok(actions)) = (Types::parse(), schema.action_entities()) else { return Vec::new() };
    let taking = |name: &str| -> Vec<&LoadedPolicy> {
        let chain = types.action_chain(&actions, name);
        loaded.iter().filter(|policy| takes(&policy.policy.action_constraint(), &chain)).collect()
    };
    let shows = |product| {
        let view = taking(view_action(product));
        let permitted = view.iter().any(|policy| policy.policy.effect() == Effect::Permit);
        permitted && !view.iter().any(|policy| forbids_all(policy))
    };
    let blind = |product: &Product| {
        let mut tools = tools.iter().filter(|tool| tool.product == *product);
        let (tool, permit) = tools.find_map(|tool| {
            let taking = if SHOW_NO_ITEM.contains(&tool.name) { Vec::new() } else { taking(tool.name) };
            let permits = |policy: &&LoadedPolicy| {
                policy.policy.effect() == Effect::Permit && !is_for_other(policy, *product)
            };
            let permit = taking.into_iter().find(permits)?;
            Some((tool, permit))
        })?;
        Some(problem(permit, tool, *product))
    };
    [Product::Jira, Product::Confluence]
        .iter()
        .filter(|product| !shows(**product))
        .filter_map(blind)
        .collect()
}

fn forbids_all(policy: &LoadedPolicy) -> bool {
    let policy = &policy.policy;
    policy.effect() == Effect::Forbid
        && !policy.has_non_scope_constraint()
        && policy.principal_constraint() == PrincipalConstraint::Any
        && policy.resource_constraint() == ResourceConstraint::Any
}

/// Whether the scope names objects of the other product: a group of actions has tools of both.
fn is_for_other(policy: &LoadedPolicy, product: Product) -> bool {
    let of = match policy.policy.resource_constraint() {
        ResourceConstraint::Any => return false,
        ResourceConstraint::In(named) | ResourceConstraint::Eq(named) => named.type_name().namespace(),
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => kind.namespace(),
    };
    [Product::Jira, Product::Confluence].iter().any(|other| *other != product && other.title() == of)
}

fn problem(permit: &LoadedPolicy, tool: &ToolFacts, product: Product) -> Problem {
    let (name, view, title) = (tool.name, view_action(product), product.title());
    Problem {
        file: permit.file.clone(),
        line: permit.line,
        column: 1,
        policy: Some(permit.id.clone()),
        message: format!(
            "permits `{name}`, but no policy lets anybody see anything of {title}, so every result is empty and \
             every object is not visible"
        ),
        help: Some(format!("permit `Mcp::Action::\"{view}\"` as well")),
        excerpt: None,
    }
}

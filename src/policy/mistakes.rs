//! What is easily mistaken in a policy that Cedar takes, or refuses without a word on why: a comparison that can never
//! hold.

use std::ops::Range;

use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::Schema;
use cedar_policy_core::ast::BinaryOp;
use cedar_policy_core::ast::EntityUID;
use cedar_policy_core::ast::Expr;
use cedar_policy_core::ast::ExprKind;
use cedar_policy_core::ast::Literal;
use cedar_policy_core::ast::Var;
use cedar_policy_core::parser::Loc;

use crate::ids::InstanceName;
use crate::policy::EngineSettings;
use crate::policy::annotations;
use crate::policy::check;
use crate::policy::instead;
use crate::policy::misplaced;

/// Something in a policy that can never hold.
#[derive(Debug)]
pub(super) struct Mistake {
    /// Where it is written, in bytes.
    pub(super) place: Option<Range<usize>>,
    /// What is wrong.
    pub(super) message: String,
    /// What to write instead.
    pub(super) help: String,
    /// Whether nothing that is not known here could make it right.
    pub(super) certain: bool,
}

/// What is mistaken in a policy.
pub(super) fn find(policy: &Policy, schema: &Schema, settings: &EngineSettings) -> Vec<Mistake> {
    let condition = cedar_policy_core::ast::Policy::condition(policy.as_ref());
    let mut found: Vec<Mistake> =
        condition.subexpressions().filter_map(|part| mistake(part, schema, settings)).collect();
    found.extend(misplaced::find(policy, schema));
    found.extend(annotations::mistaken(policy));
    found
}

/// Where something is written.
pub(super) fn place(at: Option<&Loc>) -> Option<Range<usize>> {
    at.map(|at| at.start()..at.end())
}

fn mistake(part: &Expr, schema: &Schema, settings: &EngineSettings) -> Option<Mistake> {
    match part.expr_kind() {
        ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 } => {
            let (variable, entity) = compared(arg1, arg2).or_else(|| compared(arg2, arg1))?;
            match variable {
                Var::Principal if is_group(entity.entity_type()) => Some(group(entity)),
                Var::Action if schema.action_groups().any(|group| group.as_ref() == entity) => {
                    Some(action_group(entity))
                }
                _ => None,
            }
        }
        ExprKind::BinaryApp { op: BinaryOp::In, arg1, arg2 } => match compared(arg1, arg2)? {
            (Var::Principal, entity) if is_account(entity.entity_type()) => Some(account(entity)),
            _ => None,
        },
        ExprKind::HasAttr { expr, attr } => absent(part, expr, attr, schema),
        ExprKind::Is { expr, entity_type } => {
            let of_principal = matches!(expr.expr_kind(), ExprKind::Var(Var::Principal));
            (of_principal && is_group(entity_type)).then(|| Mistake {
                place: place(entity_type.loc()),
                message: "a group is never itself the one who asks".to_owned(),
                help: "write `principal in Id::Group::\"...\"`".to_owned(),
                certain: true,
            })
        }
        ExprKind::Lit(Literal::EntityUID(uid)) => user(uid, settings),
        _ => None,
    }
}

/// A variable and the entity that it is compared with.
fn compared<'e>(variable: &Expr, entity: &'e Expr) -> Option<(Var, &'e EntityUID)> {
    match (variable.expr_kind(), entity.expr_kind()) {
        (ExprKind::Var(variable), ExprKind::Lit(Literal::EntityUID(uid))) => Some((*variable, uid.as_ref())),
        _ => None,
    }
}

fn is_group(kind: &cedar_policy_core::ast::EntityType) -> bool {
    kind.to_string() == "Id::Group"
}

fn is_account(kind: &cedar_policy_core::ast::EntityType) -> bool {
    ["Id::User", "Id::Service"].contains(&kind.to_string().as_str())
}

/// It holds for that account, so it may be what is meant.
fn account(uid: &EntityUID) -> Mistake {
    let name: &str = uid.eid().as_ref();
    Mistake {
        place: place(uid.loc()),
        message: format!("`{uid}` is one account and no group"),
        help: format!(
            "write `principal == {uid}`, or `principal in Id::Group::\"jira:{name}\"` if it is a group"
        ),
        certain: false,
    }
}

/// A test for an attribute that nothing has: it never holds, so what it guards never does.
fn absent(part: &Expr, of: &Expr, name: &str, schema: &Schema) -> Option<Mistake> {
    let (message, help) = match of.expr_kind() {
        ExprKind::Var(Var::Resource)
            if schema.as_ref().entity_types().all(|kind| kind.attr(name).is_none()) =>
        {
            (format!("no resource has `{name}`"), instead::attributes(name, schema))
        }
        ExprKind::Var(Var::Principal) => (
            format!("a principal has no attributes, so also no `{name}`"),
            "write `principal in Id::Group::\"jira:...\"` or `principal == Id::User::\"...\"`".to_owned(),
        ),
        _ => return None,
    };
    Some(Mistake { place: place(part.source_loc()), message, help, certain: true })
}

fn group(uid: &EntityUID) -> Mistake {
    Mistake {
        place: place(uid.loc()),
        message: format!("`{uid}` is a group, and a group is never itself the one who asks"),
        help: format!("write `principal in {uid}`"),
        certain: true,
    }
}

fn action_group(uid: &EntityUID) -> Mistake {
    Mistake {
        place: place(uid.loc()),
        message: format!("`{uid}` is a group of actions, and a group is never itself what is called"),
        help: format!("write `action in {uid}`"),
        certain: true,
    }
}

/// A user of a Data Center is always named in small letters.
fn user(uid: &EntityUID, settings: &EngineSettings) -> Option<Mistake> {
    if uid.entity_type().to_string() != "Id::User" {
        return None;
    }
    let given: &str = uid.eid().as_ref();
    let (instance, name) = check::within_instance(given);
    let small = name.to_lowercase();
    let site = instance.trim_end_matches('/');
    let site = if site.is_empty() { InstanceName::default() } else { InstanceName::parse(site).ok()? };
    let certain = match &settings.data_centers {
        Some(sites) if !sites.contains(&site) => return None,
        sites => sites.is_some(),
    };
    (small != name).then(|| {
        let written = EntityUid::from(uid.clone());
        let right = EntityUid::from_type_name_and_id(
            written.type_name().clone(),
            cedar_policy::EntityId::new(format!("{instance}{small}")),
        );
        let sure = if certain { "" } else { ", unless this is an account id of Cloud" };
        Mistake {
            place: place(uid.loc()),
            message: format!(
                "`{written}` matches nobody{sure}: users of a Data Center are named in small letters"
            ),
            help: format!("write `{right}`"),
            certain,
        }
    })
}

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
use crate::policy::check;

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
    condition.subexpressions().filter_map(|part| mistake(part, schema, settings)).collect()
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

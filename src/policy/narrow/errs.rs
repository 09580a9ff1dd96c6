//! Conditions that may err: an item on which a policy errs is denied, whatever the others say of it.

use cedar_policy::pst::BinaryOp;
use cedar_policy::pst::Clause;
use cedar_policy::pst::Expr;
use cedar_policy::pst::Policy;
use cedar_policy::pst::UnaryOp;

/// Whether some item may make the policy err. What is not known as safe may.
pub(super) fn may_err(policy: &Policy) -> bool {
    let conditions = policy.body().clauses().iter().map(|clause| match clause {
        Clause::When(condition) | Clause::Unless(condition) => condition,
    });
    !conditions.into_iter().all(|condition| is_safe(condition))
}

/// Validation has seen to it that types fit and that what may be absent is asked for first; arithmetic overflows.
fn is_safe(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(_) | Expr::Var(_) => true,
        Expr::UnaryOp { op: UnaryOp::Not | UnaryOp::IsEmpty, expr }
        | Expr::GetAttr { expr, .. }
        | Expr::HasAttr { expr, .. }
        | Expr::Like { expr, .. } => is_safe(expr),
        Expr::Is { expr, in_expr, .. } => is_safe(expr) && in_expr.as_deref().is_none_or(is_safe),
        Expr::BinaryOp { op, left, right } => is_comparison(*op) && is_safe(left) && is_safe(right),
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            is_safe(cond) && is_safe(then_expr) && is_safe(else_expr)
        }
        Expr::Set(values) => values.iter().all(|value| is_safe(value)),
        _ => false,
    }
}

fn is_comparison(operator: BinaryOp) -> bool {
    matches!(
        operator,
        BinaryOp::Eq
            | BinaryOp::NotEq
            | BinaryOp::Less
            | BinaryOp::LessEq
            | BinaryOp::Greater
            | BinaryOp::GreaterEq
            | BinaryOp::And
            | BinaryOp::Or
            | BinaryOp::In
            | BinaryOp::Contains
            | BinaryOp::ContainsAll
            | BinaryOp::ContainsAny
    )
}

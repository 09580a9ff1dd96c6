//! What would have to change for a denied call to be allowed, in words for somebody who did not write the policies.

use cedar_policy::PrincipalConstraint;

use super::Explainer;
use super::Finding;
use super::PartFinding;
use super::Step;
use crate::policy::Product;
use crate::policy::Sample;
use crate::policy::check;

/// The settings that policies are made of, by how the ids of those policies begin.
const SETTINGS: [(&str, &str); 6] = [
    ("portcullis:read-only", "READ_ONLY_MODE"),
    ("portcullis:projects-filter", "JIRA_PROJECTS_FILTER"),
    ("portcullis:spaces-filter", "CONFLUENCE_SPACES_FILTER"),
    ("portcullis:internal-only", "JIRA_INTERNAL_ONLY_PROJECTS"),
    ("portcullis:enabled-tools", "ENABLED_TOOLS"),
    ("portcullis:toolsets", "TOOLSETS"),
];

/// One paragraph for everything that stands in the way.
pub(super) fn changes(explainer: &Explainer, sample: &Sample, steps: &[Step]) -> Vec<String> {
    let mut changes: Vec<String> = Vec::new();
    let mut missing: Vec<(String, &Step, Vec<&str>)> = Vec::new();
    for step in steps.iter().filter(|step| !step.allowed) {
        if let Some(error) = &step.error {
            let change = format!("what policies look at must be known: {error}. Say it with --attribute");
            if !changes.contains(&change) {
                changes.push(change);
            }
            continue;
        }
        let erred = step.policies.iter().filter(|finding| finding.error.is_some()).map(error);
        let forbidding = step.policies.iter().filter(|finding| finding.matches && finding.effect == "forbid");
        for change in erred.chain(forbidding.map(|finding| forbidden(explainer, finding))) {
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
        if step.policies.iter().any(|finding| finding.matches && finding.effect == "permit") {
            continue;
        }
        let lacking = nearest(explainer, step);
        match missing.iter_mut().find(|(text, ..)| *text == lacking) {
            Some((.., actions)) if actions.contains(&step.action.as_str()) => {}
            Some((.., actions)) => actions.push(&step.action),
            None => missing.push((lacking, step, vec![&step.action])),
        }
    }
    changes.extend(missing.into_iter().map(|(text, step, actions)| {
        format!("{text}. A permit of its own would be:\n{}", permit(sample, step, &actions))
    }));
    changes
}

fn error(finding: &Finding) -> String {
    format!(
        "{} cannot be evaluated, and any error denies: {}",
        named(finding),
        finding.error.as_deref().unwrap_or_default()
    )
}

/// A forbid that matches beats every permit: which of its parts could be otherwise.
fn forbidden(explainer: &Explainer, finding: &Finding) -> String {
    let setting = SETTINGS.iter().find(|(start, _)| finding.policy.starts_with(start));
    if let Some((_, setting)) = setting {
        return format!("{} forbids it. It is made from the setting {setting}: change that", named(finding));
    }
    let advice = explainer.loaded.iter().find(|policy| policy.id == finding.policy);
    let advice = advice.and_then(|policy| policy.policy.annotation("advice")).unwrap_or_default();
    let mut text = format!("{} forbids it, whatever any permit says: \"{advice}\"", named(finding));
    let parts = &finding.parts;
    // `has x` only guards what looks at `x`.
    let guards = |part: &PartFinding| {
        let guarded = part.text.split_once(" has ").map(|(_, name)| name);
        guarded.is_some_and(|name| {
            parts.iter().any(|other| other.text != part.text && other.text.contains(name))
        })
    };
    let spared: Vec<String> = parts.iter().filter(|part| !guards(part)).map(spares).collect();
    if spared.is_empty() {
        text.push_str(". It has no exception; only a change of that policy allows the call");
    } else {
        text.push_str(". It would not if ");
        text.push_str(&spared.join(", or if "));
    }
    text
}

fn spares(part: &PartFinding) -> String {
    let becomes = if part.part == "unless" { "were true" } else { "were not true" };
    format!("`{}` (line {}) {becomes}{}", part.text, part.line, values(part))
}

/// The permits that fail in the fewest parts, best those that are about the right place.
fn nearest(explainer: &Explainer, step: &Step) -> String {
    let permits: Vec<&Finding> = step.policies.iter().filter(|finding| finding.effect == "permit").collect();
    let failing = |finding: &Finding| {
        let failed: Vec<&str> =
            finding.parts.iter().filter(|part| part.holds != Some(true)).map(|part| part.part).collect();
        (failed.len(), failed.contains(&"resource"))
    };
    let Some(least) = permits.iter().map(|permit| failing(permit)).min() else {
        let groups = explainer.engine.types.action_chain(&explainer.actions, &step.action).ancestors;
        let groups: Vec<&str> = groups.iter().map(|group| group.id().unescaped()).collect();
        return format!(
            "no policy permits `{}`: no permit names it or one of the groups of actions it is in ({})",
            step.action,
            groups.join(", ")
        );
    };
    let near = permits.iter().filter(|permit| failing(permit) == least).take(3);
    let told = near.map(|permit| {
        let failed = permit.parts.iter().filter(|part| part.holds == Some(false));
        let needs: Vec<String> = failed.map(|part| needs(explainer, permit, step, part)).collect();
        format!("{}: {}", named(permit), needs.join("; and "))
    });
    format!("no policy permits it. Nearest is {}", told.collect::<Vec<_>>().join(". As near is "))
}

/// A permit for this caller's first group, or for the caller alone, on this place.
fn permit(sample: &Sample, step: &Step, actions: &[&str]) -> String {
    let who = match sample.principal.groups.iter().flatten().next() {
        Some(group) => format!("principal in Id::Group::\"{group}\""),
        None => format!("principal == {}", sample.principal),
    };
    let actions: Vec<String> = actions.iter().map(|name| format!("Mcp::Action::\"{name}\"")).collect();
    let what = match actions.as_slice() {
        [one] => format!("action == {one}"),
        many => format!("action in [{}]", many.join(", ")),
    };
    let place = step.place.as_ref().unwrap_or(&step.resource);
    format!("@id(\"choose-a-name\")\npermit (\n  {who},\n  {what},\n  resource in {place}\n);")
}

/// What a part of a permit asks for that this call has not.
fn needs(explainer: &Explainer, finding: &Finding, step: &Step, part: &PartFinding) -> String {
    let line = part.line;
    match part.part {
        "principal" => {
            let policy = explainer.loaded.iter().find(|policy| policy.id == finding.policy);
            let constraint = policy.map(|policy| policy.policy.principal_constraint());
            let Some(PrincipalConstraint::In(group) | PrincipalConstraint::IsIn(_, group)) = constraint
            else {
                return format!("the caller would have to be another: `{}` (line {line})", part.text);
            };
            let group = group.id().unescaped();
            let place = match check::origin(group) {
                Some(Product::Jira) => "in Jira",
                Some(Product::Confluence) => "in Confluence",
                None => "at the identity provider",
            };
            format!(
                "the caller would have to be a member of `{group}` (line {line}), which is decided {place}"
            )
        }
        "resource" => {
            let lies = step.place.as_ref().map(|place| format!(" in {place}")).unwrap_or_default();
            let wanted = part.text.trim_start_matches("resource in ").trim_start_matches("resource == ");
            format!(
                "the call would have to be on `{wanted}` (line {line}), and it is on {}{lies}",
                step.resource
            )
        }
        "unless" => format!("`{}` (line {line}) would have to be false{}", part.text, values(part)),
        _ => format!("`{}` (line {line}) would have to be true{}", part.text, values(part)),
    }
}

fn values(part: &PartFinding) -> String {
    if part.values.is_empty() { String::new() } else { format!(" (here {})", part.values.join(", ")) }
}

fn named(finding: &Finding) -> String {
    format!("the {} `{}` ({}:{})", finding.effect, finding.policy, finding.file, finding.line)
}

//! The rules for the arguments in records, as the file has them, held against the tools there are.

use glob::Pattern;

use super::Failure;
use crate::audit::Level;
use crate::audit::Rule;
use crate::audit::Rules;
use crate::config::AuditRule;
use crate::policy::Access;
use crate::policy::Product;
use crate::tools;
use crate::tools::AnyTool;

/// Reads the rules. One that no call can fit, or that shows an argument no tool has, is a mistake.
pub(super) fn read(given: &[AuditRule]) -> Result<Rules, Failure> {
    let rule = |(index, given): (usize, &AuditRule)| {
        rule(given)
            .map_err(|problem| Failure::configuration(format!("audit.rules: rule {}: {problem}", index + 1)))
    };
    given.iter().enumerate().map(rule).collect::<Result<Vec<Rule>, Failure>>().map(Rules::new)
}

fn rule(given: &AuditRule) -> Result<Rule, String> {
    let rule = Rule {
        tool: pattern(given.tool.as_ref())?,
        product: given.product.as_deref().map(product).transpose()?,
        access: given.access.as_deref().map(access).transpose()?,
        principal: pattern(given.principal.as_ref())?,
        project: pattern(given.project.as_ref())?,
        space: pattern(given.space.as_ref())?,
        level: given.level.as_deref().map_or(Ok(Level::default()), level)?,
        clear: given.clear.clone(),
    };
    let fits = |tool: &&&dyn AnyTool| rule.is_of_tool(tool.spec().name, tool.spec().product, tool.access());
    let tools: Vec<&&dyn AnyTool> = tools::ALL.iter().filter(fits).collect();
    if tools.is_empty() {
        return Err("no tool fits it; `portcullis tools` lists them".to_owned());
    }
    for name in &rule.clear {
        if !tools.iter().any(|tool| tools::has_argument(**tool, name)) {
            return Err(format!("no tool that it is for has an argument `{}`", name.escape_debug()));
        }
    }
    Ok(rule)
}

fn pattern(text: Option<&String>) -> Result<Option<Pattern>, String> {
    text.map(|text| Pattern::new(text).map_err(|error| error.to_string())).transpose()
}

fn product(word: &str) -> Result<Product, String> {
    let known = [Product::Jira, Product::Confluence].into_iter().find(|product| product.as_str() == word);
    known.ok_or_else(|| format!("`{word}` is no product"))
}

fn access(word: &str) -> Result<Access, String> {
    let known = [Access::Read, Access::Write].into_iter().find(|access| access.as_str() == word);
    known.ok_or_else(|| format!("`{word}` is no access"))
}

fn level(word: &str) -> Result<Level, String> {
    let known = [Level::Metadata, Level::Arguments].into_iter().find(|level| level.as_str() == word);
    known.ok_or_else(|| format!("`{word}` is no level"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_no_call_can_fit_is_a_mistake() {
        let text = |text: &str| Some(text.to_owned());
        let any = AuditRule::default;
        let table = [
            (AuditRule { tool: text("jira_*"), level: text("arguments"), ..any() }, Ok(())),
            (AuditRule { clear: vec!["issue_key".into()], ..any() }, Ok(())),
            (AuditRule { tool: text("jria_*"), ..any() }, Err("no tool fits it")),
            (AuditRule { tool: text("jira_get_*"), access: text("write"), ..any() }, Err("no tool fits it")),
            (AuditRule { clear: vec!["isue_key".into()], ..any() }, Err("`isue_key`")),
            (
                AuditRule { product: text("confluence"), clear: vec!["issue_key".into()], ..any() },
                Err("`issue_key`"),
            ),
        ];
        for (given, wanted) in table {
            match (rule(&given), wanted) {
                (Ok(_), Ok(())) => {}
                (Err(told), Err(says)) => assert!(told.contains(says), "{given:?}: {told}"),
                (read, _) => panic!("{given:?}: {read:?}"),
            }
        }
        let mistake = AuditRule { tool: text("jria_*"), ..any() };
        assert!(read(&[any(), mistake]).is_err());
        assert!(read(&[any()]).is_ok());
    }
}

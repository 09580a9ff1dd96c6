//! Files of policies become one valid set, or a list of everything that is wrong with them.

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::ActionConstraint;
use cedar_policy::Policy;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::Schema;
use cedar_policy::ValidationError;
use cedar_policy::ValidationMode;
use cedar_policy::ValidationWarning;
use cedar_policy::Validator;
use cedar_policy::ffi::DetailedError;

use crate::policy::EngineSettings;
use crate::policy::Problem;
use crate::policy::check;
use crate::policy::looks::Looks;
use crate::policy::source::PolicyFile;

/// One policy that may be asked.
#[derive(Debug, Clone)]
pub(super) struct LoadedPolicy {
    pub(super) id: String,
    pub(super) policy: Policy,
    pub(super) action: ActionConstraint,
    pub(super) looks: Looks,
    pub(super) file: String,
    /// The line it begins on, from 1.
    pub(super) line: usize,
    /// Its text as it is written.
    pub(super) text: String,
    /// Its text without comments and in one layout, for the hash.
    pub(super) canonical: String,
}

impl LoadedPolicy {
    /// Whether it is only tried.
    pub(super) fn is_shadow(&self) -> bool {
        self.policy.annotation("mode").is_some()
    }
}

/// Policies that are in order, each list sorted by id.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    /// Those that are in force.
    pub(super) enforced: Vec<LoadedPolicy>,
    /// Those that are only tried.
    pub(super) shadow: Vec<LoadedPolicy>,
}

impl Loaded {
    /// All of them, as they would be if those that are tried were in force.
    pub(super) fn together(&self) -> Vec<LoadedPolicy> {
        let mut all: Vec<LoadedPolicy> = self.enforced.iter().chain(&self.shadow).cloned().collect();
        all.sort_by(|left, right| left.id.cmp(&right.id));
        all
    }
}

/// Reads and checks all files.
pub(super) fn load(
    files: &[PolicyFile],
    schema: &Schema,
    settings: &EngineSettings,
) -> Result<Loaded, Vec<Problem>> {
    let validator = Validator::new(schema.clone());
    let mut loaded: BTreeMap<String, LoadedPolicy> = BTreeMap::new();
    let mut problems = Vec::new();
    for file in files {
        let reader = Reader { file, lines: Lines::of(&file.text), validator: &validator, settings };
        let policies = reader.read(&mut problems);
        for (policy, offset) in policies {
            let id = policy.id.clone();
            match loaded.get(&id) {
                Some(first) => {
                    let message = format!("its id is already used in `{}`; choose another", first.file);
                    problems.push(reader.problem(offset, Some(&id), message));
                }
                None => _ = loaded.insert(id, policy),
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (shadow, enforced) = loaded.into_values().partition(LoadedPolicy::is_shadow);
    Ok(Loaded { enforced, shadow })
}

struct Reader<'a> {
    file: &'a PolicyFile,
    lines: Lines,
    validator: &'a Validator,
    settings: &'a EngineSettings,
}

impl Reader<'_> {
    /// The file's policies with the offset at which each begins.
    fn read(&self, problems: &mut Vec<Problem>) -> Vec<(LoadedPolicy, usize)> {
        let set = match PolicySet::from_str(&self.file.text) {
            Ok(set) => set,
            Err(errors) => {
                problems.extend(errors.iter().map(|error| self.located(&DetailedError::from(error), None)));
                return Vec::new();
            }
        };
        for template in set.templates() {
            let offset = self.file.text.find(&template.to_cedar()).unwrap_or_default();
            problems.push(self.problem(offset, None, "templates are not supported; write out the policy"));
        }
        let mut policies = Vec::new();
        for (policy, offset) in self.located_policies(&set) {
            match check::id(&policy, self.file.built_in).and_then(|id| self.named(&policy, id, offset)) {
                Ok(policy) => policies.push((policy, offset)),
                Err(message) => problems.push(self.problem(offset, None, message)),
            }
        }
        self.check(&policies, problems);
        policies
    }

    /// The policies in the order of the file, with their offsets.
    fn located_policies(&self, set: &PolicySet) -> Vec<(Policy, usize)> {
        let mut policies: Vec<&Policy> = set.policies().collect();
        policies.sort_by_key(|policy| {
            let number = policy.id().to_string();
            number.trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX)
        });
        let mut from = 0;
        policies
            .into_iter()
            .map(|policy| {
                let text = policy.to_cedar().unwrap_or_default();
                let found = self.file.text.get(from..).and_then(|rest| rest.find(&text));
                let offset = found.map_or(from, |found| from + found);
                if found.is_some() {
                    from = offset + text.len();
                }
                (policy.clone(), offset)
            })
            .collect()
    }

    fn check(&self, policies: &[(LoadedPolicy, usize)], problems: &mut Vec<Problem>) {
        let mut set = PolicySet::new();
        for (policy, offset) in policies {
            // A second use of an id is said by `load`; here it must only not hide the rest.
            if set.add(policy.policy.clone()).is_err() {
                continue;
            }
            let found = check::problems(&policy.policy, self.validator.schema(), self.settings);
            problems
                .extend(found.into_iter().map(|message| self.problem(*offset, Some(&policy.id), message)));
        }
        self.validate(&set, problems);
    }

    /// Cedar's strict validation. Its warnings are errors: a policy that is never asked is a hole.
    fn validate(&self, set: &PolicySet, problems: &mut Vec<Problem>) {
        let result = self.validator.validate(set, ValidationMode::Strict);
        let (follow, errors): (Vec<_>, Vec<_>) = result
            .validation_errors()
            .partition(|error| matches!(error, ValidationError::InvalidActionApplication(_)));
        let mut found: Vec<Problem> = errors.into_iter().map(|error| self.invalid(error)).collect();
        // What follows from an error that is already listed would only hide it.
        for error in follow {
            if !is_named(&found, error.policy_id()) {
                found.push(self.invalid(error));
            }
        }
        for warning in result.validation_warnings() {
            let unused = matches!(
                warning,
                ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_)
            );
            if !(unused && (self.file.built_in || is_named(&found, warning.policy_id()))) {
                found.push(self.located(&DetailedError::from(warning), Some(warning.policy_id())));
            }
        }
        // Cedar repeats an error for every action the policy covers, in no order.
        found.sort_by(|left, right| {
            (left.line, left.column, &left.message).cmp(&(right.line, right.column, &right.message))
        });
        found.dedup_by(|next, kept| {
            (next.line, next.column, &next.policy) == (kept.line, kept.column, &kept.policy)
        });
        problems.append(&mut found);
    }

    fn invalid(&self, error: &ValidationError) -> Problem {
        let mut detail = DetailedError::from(error);
        if matches!(error, ValidationError::UnrecognizedActionId(_)) {
            detail.help = self.nearest_action(&detail);
        }
        self.located(&detail, Some(error.policy_id()))
    }

    fn nearest_action(&self, detail: &DetailedError) -> Option<String> {
        let place = detail.source_locations.first()?;
        let text = self.file.text.get(place.loc.start..place.loc.end)?;
        let given = text.split('"').nth(1)?;
        let schema = self.validator.schema();
        let names = schema.actions().map(|uid| uid.id().unescaped().to_owned());
        let nearest = names
            .map(|name| (strsim::normalized_damerau_levenshtein(&name, given), name))
            .max_by(|left, right| left.0.total_cmp(&right.0))?;
        (nearest.0 > 0.5).then(|| format!("did you mean `Mcp::Action::\"{}\"`?", nearest.1))
    }

    /// What Cedar found, at the place it found it.
    fn located(&self, detail: &DetailedError, policy: Option<&PolicyId>) -> Problem {
        let offset = detail.source_locations.first().map_or(0, |label| label.loc.start);
        let id = policy.map(ToString::to_string).or_else(|| self.enclosing_id(offset));
        let prefix = format!("for policy `{}`, ", id.as_deref().unwrap_or_default());
        let message = detail.message.strip_prefix(&prefix).unwrap_or(&detail.message);
        let message = match &detail.help {
            Some(help) => format!("{message}; {help}"),
            None => message.to_owned(),
        };
        self.problem(offset, id.as_deref(), message)
    }

    /// The id written last before a place that does not parse.
    fn enclosing_id(&self, offset: usize) -> Option<String> {
        let before = self.file.text.get(..offset)?;
        let policy = before.rsplit_once(';').map_or(before, |(_, policy)| policy);
        let (_, id) = policy.rsplit_once("@id(\"")?;
        Some(id.split_once('"')?.0.to_owned())
    }

    fn named(&self, policy: &Policy, id: String, offset: usize) -> Result<LoadedPolicy, String> {
        let canonical = canonical(policy).ok_or("has no canonical text; write it in a simpler way")?;
        Ok(LoadedPolicy {
            text: policy.to_cedar().unwrap_or_else(|| canonical.clone()),
            looks: Looks::of(policy),
            action: policy.action_constraint(),
            policy: policy.new_id(PolicyId::new(&id)),
            id,
            file: self.file.name.clone(),
            line: self.lines.number(offset),
            canonical,
        })
    }

    fn problem(&self, offset: usize, policy: Option<&str>, message: impl Into<String>) -> Problem {
        let line = self.file.text.get(self.lines.start(offset)..offset).unwrap_or_default();
        Problem {
            file: self.file.name.clone(),
            line: self.lines.number(offset),
            column: line.chars().count() + 1,
            policy: policy.map(str::to_owned),
            message: message.into(),
        }
    }
}

/// Where the lines of a text end. Counting them anew for each policy takes longer than all the rest of a long file.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// How many end before this place.
    fn before(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset)
    }

    /// The number of the line at this place, from 1.
    fn number(&self, offset: usize) -> usize {
        self.before(offset) + 1
    }

    /// Where that line begins.
    fn start(&self, offset: usize) -> usize {
        let last = self.before(offset).checked_sub(1).and_then(|last| self.0.get(last));
        last.map_or(0, |end| end + 1)
    }
}

fn is_named(problems: &[Problem], id: &PolicyId) -> bool {
    let id = id.to_string();
    problems.iter().any(|problem| problem.policy.as_ref() == Some(&id))
}

fn canonical(policy: &Policy) -> Option<String> {
    Policy::from_json(None, policy.to_json().ok()?).ok()?.to_cedar()
}

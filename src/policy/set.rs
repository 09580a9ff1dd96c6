//! Files of policies become one valid set, or a list of everything that is wrong with them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use cedar_policy::ActionConstraint;
use cedar_policy::ParseErrors;
use cedar_policy::Policy;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::Schema;
use cedar_policy::ValidationError;
use cedar_policy::ValidationMode;
use cedar_policy::ValidationWarning;
use cedar_policy::Validator;
use cedar_policy::ffi::DetailedError;
use cedar_policy_core::parser::parse_policyset;

use crate::policy::EngineSettings;
use crate::policy::Excerpt;
use crate::policy::Problem;
use crate::policy::check;
use crate::policy::instead;
use crate::policy::looks::Looks;
use crate::policy::mistakes;
use crate::policy::source::PolicyFile;
use crate::policy::unparsed;

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
    /// What is likely wrong, as far as can be told without the configuration.
    pub(super) warnings: Vec<Problem>,
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
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    for file in files {
        let reader = Reader { file, lines: Lines::of(&file.text), validator: &validator, settings };
        let policies = reader.read(&mut problems, &mut warnings);
        for (policy, offset) in policies {
            let id = policy.id.clone();
            match loaded.get(&id) {
                Some(first) => {
                    let message = format!("its id is already used in `{}`; choose another", first.file);
                    problems.push(reader.problem(offset..offset, Some(&id), message));
                }
                None => _ = loaded.insert(id, policy),
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (shadow, enforced) = loaded.into_values().partition(LoadedPolicy::is_shadow);
    Ok(Loaded { enforced, shadow, warnings })
}

/// How many errors of a file that does not parse are looked at for what to write instead: each may parse it anew, and what
/// is no file of policies at all has one error after the other.
const MOST_HELPED: usize = 20;

struct Reader<'a> {
    file: &'a PolicyFile,
    lines: Lines,
    validator: &'a Validator,
    settings: &'a EngineSettings,
}

impl Reader<'_> {
    /// The file's policies with the offset at which each begins.
    fn read(&self, problems: &mut Vec<Problem>, warnings: &mut Vec<Problem>) -> Vec<(LoadedPolicy, usize)> {
        let set = match PolicySet::from_str(&self.file.text) {
            Ok(set) => set,
            Err(errors) => {
                problems.extend(self.unparsed(&errors));
                return Vec::new();
            }
        };
        for template in set.templates() {
            let offset = self.file.text.find(&template.to_cedar()).unwrap_or_default();
            let message = "templates are not supported; write out the policy";
            problems.push(self.problem(offset..offset, None, message));
        }
        let mut policies = Vec::new();
        for (policy, offset) in self.located_policies(&set) {
            match check::id(&policy, self.file.built_in).and_then(|id| self.named(&policy, id, offset)) {
                Ok(policy) => policies.push((policy, offset)),
                Err(message) => problems.push(self.problem(offset..offset, None, message)),
            }
        }
        self.check(&policies, problems, warnings);
        policies
    }

    /// Why the file does not parse: all that Cedar says, and what its own types add to that. It is never nothing, or the
    /// file would be taken for one without policies.
    fn unparsed(&self, errors: &ParseErrors) -> Vec<Problem> {
        let typed = parse_policyset(&self.file.text).err();
        let mut typed = typed.iter().flat_map(|typed| typed.iter()).take(MOST_HELPED);
        let mut found: Vec<Problem> = errors
            .iter()
            .map(|error| {
                let mut detail = DetailedError::from(error);
                let place = place_of(&detail);
                let help = typed.next().and_then(|error| unparsed::instead(error, &self.file.text, place));
                detail.help = help.or(detail.help);
                self.located(&detail, None)
            })
            .collect();
        found.sort_by_key(|problem| (problem.line, problem.column));
        found
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

    fn check(
        &self,
        policies: &[(LoadedPolicy, usize)],
        problems: &mut Vec<Problem>,
        warnings: &mut Vec<Problem>,
    ) {
        let schema = self.validator.schema();
        let (mut set, mut mistaken) = (PolicySet::new(), Vec::new());
        for (policy, offset) in policies {
            // A second use of an id is said by `load`; here it must only not hide the rest.
            if set.add(policy.policy.clone()).is_err() {
                continue;
            }
            let found = check::problems(&policy.policy, schema, self.settings);
            problems.extend(found.into_iter().map(|found| {
                self.problem(found.place.unwrap_or(*offset..*offset), Some(&policy.id), found.message)
            }));
            for mistake in mistakes::find(&policy.policy, schema, self.settings) {
                let place = mistake.place.unwrap_or(*offset..*offset);
                let found = self.problem(place, Some(&policy.id), mistake.message);
                let found = Problem { help: Some(mistake.help), ..found };
                if mistake.certain { &mut mistaken } else { &mut *warnings }.push(found);
            }
        }
        self.validate(&set, mistaken, problems);
    }

    /// Cedar's strict validation. Its warnings are errors: a policy that is never asked is a hole.
    fn validate(&self, set: &PolicySet, mut mistaken: Vec<Problem>, problems: &mut Vec<Problem>) {
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
            if unused && (self.file.built_in || is_named(&found, warning.policy_id())) {
                continue;
            }
            let told = self.located(&DetailedError::from(warning), Some(warning.policy_id()));
            // That the policy is never asked is what Cedar says; which word in it makes it so is known here.
            let known = mistaken.iter().position(|mistake| unused && mistake.policy == told.policy);
            found.push(match known {
                Some(known) => explained(mistaken.remove(known), told),
                None => told,
            });
        }
        found.append(&mut mistaken);
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
        let written = self.file.text.get(place_of(&detail)).unwrap_or_default();
        detail.help = instead::of_invalid(error, written, self.validator.schema()).or(detail.help);
        self.located(&detail, Some(error.policy_id()))
    }

    /// What Cedar found, at the place it found it.
    fn located(&self, detail: &DetailedError, policy: Option<&PolicyId>) -> Problem {
        let place = place_of(detail);
        let id = policy.map(ToString::to_string).or_else(|| self.enclosing_id(place.start));
        let prefix = format!("for policy `{}`, ", id.as_deref().unwrap_or_default());
        let message = detail.message.strip_prefix(&prefix).unwrap_or(&detail.message);
        Problem { help: detail.help.clone(), ..self.problem(place, id.as_deref(), message) }
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

    /// What is wrong at a place in the file; an empty one is as good as the character that follows.
    fn problem(&self, place: Range<usize>, policy: Option<&str>, message: impl Into<String>) -> Problem {
        let start = self.lines.start(place.start);
        let before = self.file.text.get(start..place.start).unwrap_or_default();
        let line = self.file.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let meant = self.file.text.get(place.clone()).and_then(|meant| meant.lines().next());
        Problem {
            file: self.file.name.clone(),
            line: self.lines.number(place.start),
            column: before.chars().count() + 1,
            policy: policy.map(str::to_owned),
            message: message.into(),
            help: None,
            excerpt: Some(Excerpt {
                text: line.to_owned(),
                width: meant.map_or(1, |meant| meant.chars().count()),
            }),
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

/// Where Cedar found something, in bytes.
fn place_of(detail: &DetailedError) -> Range<usize> {
    detail.source_locations.first().map_or(0..0, |label| label.loc.start..label.loc.end)
}

/// What Cedar says, at the word that makes it so.
fn explained(mistake: Problem, told: Problem) -> Problem {
    let why = mistake.help.iter().fold(mistake.message, |why, help| format!("{why}; {help}"));
    Problem { message: told.message, help: Some(why), ..mistake }
}

fn is_named(problems: &[Problem], id: &PolicyId) -> bool {
    let id = id.to_string();
    problems.iter().any(|problem| problem.policy.as_ref() == Some(&id))
}

fn canonical(policy: &Policy) -> Option<String> {
    Policy::from_json(None, policy.to_json().ok()?).ok()?.to_cedar()
}

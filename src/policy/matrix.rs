//! Who may do what where: every group against every tool against every project and space the policies name.
//!
//! Cedar evaluates with the arguments and the session unknown, for a member of one group whom no policy names and an
//! object that no policy names: what it cannot tell then depends on the call.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use cedar_policy::Decision;
use cedar_policy::Entities;
use cedar_policy::Entity;
use cedar_policy::EntityUid;
use cedar_policy::PartialEntities;
use cedar_policy::PartialEntityUid;
use cedar_policy::PartialRequest;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::Schema;
use serde::Serialize;
use serde::Serializer;

use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::Attribute;
use crate::policy::Explainer;
use crate::policy::Limit;
use crate::policy::Needs;
use crate::policy::Observed;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Resource;
use crate::policy::ResourceKind;
use crate::policy::ToolFacts;
use crate::policy::check;
use crate::policy::entities::Chain;
use crate::policy::sample::place_of;
use crate::policy::schema::view_action;

/// A member of a group that nobody has named.
const SOMEBODY: &str = "somebody whom no policy names";

/// Places that stand for all that are not named.
const OTHER_PROJECT: &str = "OTHERPROJECT";
const OTHER_SPACE: &str = "OTHERSPACE";

/// What a group may do with a tool in a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Every call is allowed, as often as this says.
    Allowed(HowOften),
    /// No call is allowed.
    Denied,
    /// It depends on the arguments, the session or the object; what is allowed is so as often as this says.
    Depends(HowOften),
    /// The tool is never called on such an object.
    None,
}

/// The limits of all permits that may permit something; none where there is one without a limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HowOften(pub BTreeSet<Limit>);

impl Cell {
    /// Where a place has objects of both kinds.
    fn either(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allowed(one), Self::Allowed(other)) => Self::Allowed(one.and(other)),
            (Self::Denied, Self::Denied) => Self::Denied,
            (one, other) => Self::Depends(one.how_often().and(other.how_often())),
        }
    }

    fn how_often(self) -> HowOften {
        match self {
            Self::Allowed(how_often) | Self::Depends(how_often) => how_often,
            Self::Denied | Self::None => HowOften::default(),
        }
    }
}

impl HowOften {
    /// Where each of both is asked for.
    fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// As in tables, for example `allowed, 20/h`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, how_often) = match self {
            Self::Allowed(how_often) => ("allowed", Some(how_often)),
            Self::Denied => ("denied", None),
            Self::Depends(how_often) => ("depends", Some(how_often)),
            Self::None => ("-", None),
        };
        f.write_str(word)?;
        let mut before = ", ";
        for limit in how_often.iter().flat_map(|how_often| &how_often.0) {
            write!(f, "{before}{}", limit.written())?;
            before = " or ";
        }
        Ok(())
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            cell => serializer.collect_str(cell),
        }
    }
}

/// Everything of one product.
#[derive(Debug, Clone, Serialize)]
pub struct Matrix {
    /// `jira` or `confluence`.
    pub product: &'static str,
    /// What the cells of a row are about: the whole of the product, and projects or spaces.
    pub places: Vec<String>,
    /// Tools that every group may use alike.
    pub classes: Vec<Class>,
}

/// Tools with equal rows.
#[derive(Debug, Clone, Serialize)]
pub struct Class {
    /// Their names.
    pub tools: Vec<String>,
    /// One for each set of groups with equal cells.
    pub rows: Vec<Row>,
}

/// What members of one group may do, each alone.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The groups; `none` is somebody in no group that a policy names.
    pub groups: Vec<String>,
    /// A cell for each place.
    pub cells: Vec<Cell>,
}

/// The row of callers without a group.
const NO_GROUP: &str = "none";

impl Explainer {
    /// The matrix of each product, with these groups, projects and spaces besides those that the policies name.
    ///
    /// # Errors
    /// If a name is none, or Cedar cannot evaluate.
    pub fn matrix(
        &self,
        tools: &[ToolFacts],
        groups: &[String],
        projects: &[String],
        spaces: &[String],
    ) -> Result<Vec<Matrix>, String> {
        if let Some(problem) = groups.iter().find_map(|group| check::group_literal(group)) {
            return Err(problem);
        }
        let named = self.loaded.iter().flat_map(|policy| check::groups(&policy.policy));
        let groups: BTreeSet<String> = named.chain(groups.iter().cloned()).collect();
        [(Product::Jira, projects), (Product::Confluence, spaces)]
            .into_iter()
            .map(|(product, more)| self.of_product(product, tools, &groups, &self.places(product, more)?))
            .collect()
    }

    fn of_product(
        &self,
        product: Product,
        tools: &[ToolFacts],
        groups: &BTreeSet<String>,
        places: &[Place],
    ) -> Result<Matrix, String> {
        let known = |group: &&String| check::origin(group).is_none_or(|origin| origin == product);
        let members: Vec<(&str, Principal)> = std::iter::once((NO_GROUP, somebody(None)))
            .chain(groups.iter().filter(known).map(|group| (group.as_str(), somebody(Some(group)))))
            .collect();
        let view = self.policies(view_action(product))?;
        let mut classes: BTreeMap<Vec<Vec<Cell>>, Vec<String>> = BTreeMap::new();
        for tool in tools.iter().filter(|tool| tool.product == product) {
            let policies = self.policies(tool.name)?;
            let row = |(_, member): &(&str, Principal)| {
                places.iter().map(|place| self.cell(member, tool, (&policies, &view), place)).collect()
            };
            let rows: Vec<Vec<Cell>> = members.iter().map(row).collect::<Result<_, String>>()?;
            classes.entry(rows).or_default().push(tool.name.to_owned());
        }
        let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        Ok(Matrix {
            product: product.as_str(),
            places: places.iter().map(|place| place.label.clone()).collect(),
            classes: classes
                .into_iter()
                .map(|(rows, tools)| Class { tools, rows: merged(&names, rows) })
                .collect(),
        })
    }

    fn cell(
        &self,
        member: &Principal,
        tool: &ToolFacts,
        (policies, view): (&PolicySet, &PolicySet),
        place: &Place,
    ) -> Result<Cell, String> {
        let mut cells = BTreeSet::new();
        for resource in place.resources.iter().filter(|resource| tool.resources.contains(&resource.kind())) {
            let seen = match resource {
                Resource::Instance(_) => Cell::Allowed(HowOften::default()),
                _ => self.outcome(member, view, view_action(tool.product), place, resource)?,
            };
            let called = self.outcome(member, policies, tool.name, place, resource)?;
            cells.insert(match (seen, called) {
                (Cell::Denied, _) | (_, Cell::Denied) => Cell::Denied,
                (Cell::Allowed(_), called) => called,
                (_, Cell::Allowed(how_often) | Cell::Depends(how_often)) => Cell::Depends(how_often),
                (_, Cell::None) => Cell::None,
            });
        }
        Ok(cells.into_iter().reduce(Cell::either).unwrap_or(Cell::None))
    }

    fn outcome(
        &self,
        member: &Principal,
        policies: &PolicySet,
        action: &str,
        place: &Place,
        resource: &Resource,
    ) -> Result<Cell, String> {
        let (types, schema) = (&self.engine.types, &self.engine.schema);
        let mut entities = vec![types.principal(member).entity()];
        let unknown = Observed::default();
        let own = types.resource(resource, &place.instance, &unknown);
        entities.extend(types.resource_entities(resource, &own, &place.instance, &unknown)?);
        let needs = policies.policies().map(Needs::of_policy).fold(Needs::default(), Needs::and);
        let entities = known(entities, &own, needs.of(resource.kind()), schema)?;
        let request = PartialRequest::new(
            PartialEntityUid::from_concrete(types.principal(member).uid),
            types.action(action),
            PartialEntityUid::from_concrete(own.uid),
            None,
            schema,
        );
        let request = request.map_err(|error| error.to_string())?;
        let response = policies.tpe(&request, &entities, schema).map_err(|error| error.to_string())?;
        Ok(match response.decision() {
            Some(Decision::Allow) => Cell::Allowed(self.how_often(response.true_permits())),
            Some(Decision::Deny) => Cell::Denied,
            None => Cell::Depends(self.how_often(response.true_permits().chain(response.residual_permits()))),
        })
    }

    fn how_often<'p>(&self, permits: impl Iterator<Item = &'p PolicyId>) -> HowOften {
        let limits: Option<BTreeSet<Limit>> =
            permits.map(|id| self.engine.limits.get::<str>(id.as_ref()).copied()).collect();
        HowOften(limits.unwrap_or_default())
    }

    fn policies(&self, action: &str) -> Result<PolicySet, String> {
        let policies = self.candidates(action).map(|policy| policy.policy.clone());
        PolicySet::from_policies(policies).map_err(|error| error.to_string())
    }

    /// The whole of the product, every project or space that is named, and one that is not.
    fn places(&self, product: Product, more: &[String]) -> Result<Vec<Place>, String> {
        let (kind, other) = match product {
            Product::Jira => (ResourceKind::Project, OTHER_PROJECT),
            Product::Confluence => (ResourceKind::Space, OTHER_SPACE),
        };
        let container = self.engine.types.resource_type(kind);
        let literals = self.loaded.iter().flat_map(|policy| policy.policy.entity_literals());
        let mut uids: BTreeSet<EntityUid> = literals.filter(|uid| uid.type_name() == container).collect();
        let uid =
            |id: &str| EntityUid::from_type_name_and_id(container.clone(), cedar_policy::EntityId::new(id));
        for given in more {
            // Keys are canonical in policies.
            let (instance, id) = place_of(&uid(given))?;
            uids.insert(uid(&instance.qualify(&place(product, &id)?.0)));
        }
        let mut places = vec![Place {
            label: format!("all of {}", product.title()),
            instance: InstanceName::default(),
            resources: vec![Resource::Instance(product)],
        }];
        for uid in &uids {
            let (instance, id) = place_of(uid)?;
            let label = uid.id().unescaped().to_owned();
            places.push(Place { label, instance, resources: place(product, &id)?.1 });
        }
        let label = if uids.is_empty() { "anywhere" } else { "elsewhere" }.to_owned();
        let resources = place(product, other)?.1;
        places.push(Place { label, instance: InstanceName::default(), resources });
        Ok(places)
    }
}

/// A column: an object of each kind in one project or space.
struct Place {
    label: String,
    instance: InstanceName,
    resources: Vec<Resource>,
}

/// The key in its canonical form, and the objects that stand for all of that project or space.
fn place(product: Product, key: &str) -> Result<(String, Vec<Resource>), String> {
    match product {
        Product::Jira => {
            let project = ProjectKey::parse(key).map_err(|error| error.to_string())?;
            let key = IssueKey::parse(&format!("{project}-2000000000")).map_err(|error| error.to_string())?;
            let issue = Resource::Issue { key, project: Some(project.clone()) };
            Ok((project.to_string(), vec![Resource::Project(project), issue]))
        }
        Product::Confluence => {
            let space = SpaceKey::parse(key).map_err(|error| error.to_string())?;
            let id = PageId::parse("2000000000").map_err(|error| error.to_string())?;
            let page = Resource::Page { id, space: Some(space.clone()) };
            Ok((space.to_string(), vec![Resource::Space(space), page]))
        }
    }
}

fn somebody(group: Option<&String>) -> Principal {
    let groups = Some(group.into_iter().cloned().collect());
    Principal { kind: PrincipalKind::User, id: SOMEBODY.to_owned(), groups }
}

/// Groups with equal cells share a row; the order of the groups stays.
fn merged(groups: &[&str], cells: Vec<Vec<Cell>>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (group, cells) in groups.iter().zip(cells) {
        match rows.iter_mut().find(|row| row.cells == cells) {
            Some(row) => row.groups.push((*group).to_owned()),
            None => rows.push(Row { groups: vec![(*group).to_owned()], cells }),
        }
    }
    rows
}

/// What is known of the place of a resource. What policies name of the resource besides is not known: then it depends.
fn known(
    entities: Vec<Entity>,
    own: &Chain,
    needs: Needs,
    schema: &Schema,
) -> Result<PartialEntities, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    if needs.is_empty() {
        let entities = Entities::from_entities(entities, None).map_err(|error| text(&error))?;
        return PartialEntities::from_concrete(entities, schema).map_err(|error| text(&error));
    }
    let mut all = Vec::with_capacity(entities.len());
    for entity in entities {
        let mut json = entity.to_json_value().map_err(|error| text(&error))?;
        let uid = entity.uid();
        let named = uid == own.uid
            || (needs.contains(Attribute::Category)
                && uid.type_name().to_string() == ResourceKind::Project.type_name());
        if let (true, Some(json)) = (named, json.as_object_mut()) {
            json.remove("attrs");
            if needs.contains(Attribute::Ancestors) {
                json.remove("parents");
            }
        }
        all.push(json);
    }
    PartialEntities::from_json_value(all.into(), schema).map_err(|error| text(&error))
}

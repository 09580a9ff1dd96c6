//! How many requests the look-ups of a call take: as many for what is absent as for what is hidden.
//!
//! A sprint that is there leads on to its board and its projects, one that is not ends the search at once, and with a
//! page it is the other way round. Of what is there it is asked as well what policies name of it. Who counts, or takes the
//! time, could tell the two apart.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::Target;
use crate::atlassian::Deployment;
use crate::ids::SpaceName;
use crate::policy::Attribute;
use crate::policy::Needs;
use crate::policy::Part;
use crate::policy::ResourceKind;

/// The requests of a call's look-ups.
#[derive(Debug, Default)]
pub(super) struct Cost {
    /// That were sent.
    sent: AtomicUsize,
    /// That it could have taken at most.
    most: AtomicUsize,
}

impl Cost {
    /// Notes requests.
    pub(super) fn sent(&self, requests: usize) {
        self.sent.fetch_add(requests, Ordering::Relaxed);
    }

    /// Notes that a target is looked for, of which policies name this.
    pub(super) fn sought(&self, target: &Target, deployment: Deployment, needs: Needs) {
        self.most.fetch_add(most(target, deployment) + most_of(target, needs), Ordering::Relaxed);
    }

    /// How many requests fewer than at most were sent.
    pub(super) fn left(&self) -> usize {
        self.most.load(Ordering::Relaxed).saturating_sub(self.sent.load(Ordering::Relaxed))
    }

    /// Adds what other look-ups of the call took.
    pub(super) fn join(&self, other: &Self) {
        self.sent.fetch_add(other.sent.load(Ordering::Relaxed), Ordering::Relaxed);
        self.most.fetch_add(other.most.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// The longest way to where a target lies.
fn most(target: &Target, deployment: Deployment) -> usize {
    let of_either = |data_center, cloud| match deployment {
        Deployment::DataCenter => data_center,
        Deployment::Cloud => cloud,
    };
    // A page or a draft; on Cloud a page, a blog post, a draft of either, and its space.
    let page = of_either(2, 5);
    match target {
        // What fields name is looked for one by one, and counted so.
        Target::Instance(_) | Target::InFields(_) => 0,
        Target::Issue(..) | Target::WithSubtasks(_) | Target::Project(_) => 1,
        Target::Space(_) | Target::SpaceNamed(SpaceName::Key(_)) => 1,
        // Data Center has no way to ask for them.
        Target::SpaceNamed(SpaceName::Id(_)) => of_either(0, 1),
        Target::Page(..) => page,
        // On Cloud the space comes first.
        Target::PageTitled(..) => of_either(1, 2),
        Target::Part(part) => match part {
            Part::Issue(_) | Part::ServiceDesk(_) | Part::Link(_) => 1,
            // The projects that it shows.
            Part::Board(_) => 2,
            Part::Sprint(_) => 3,
            // Its project.
            Part::Version(_) => 2,
            // On Cloud a footer comment or an inline comment; then the page.
            Part::Comment(_) => of_either(1, 2) + page,
            Part::Attachment(_) => 1 + page,
            // Data Center has no way to ask for them.
            Part::Template(_) => of_either(0, 1),
        },
    }
}

/// The most requests by which it is found out what policies name of a target that is there.
fn most_of(target: &Target, needs: Needs) -> usize {
    let named = |kind| usize::from(!needs.of(kind).is_empty());
    // Who is kept from a page above is kept from it: that is asked once the pages above are known.
    let page = named(ResourceKind::Page) + usize::from(needs.contains(Attribute::Restricted));
    // A project does not come with what lies in it.
    let project = named(ResourceKind::Project);
    match target {
        Target::Page(..) | Target::PageTitled(..) => page,
        Target::Part(part) => match part {
            Part::Comment(_) | Part::Attachment(_) => page,
            // Its ends come with some of their fields.
            Part::Link(_) => named(ResourceKind::Issue) + 2 * project,
            Part::Issue(_) | Part::Board(_) | Part::Sprint(_) | Part::ServiceDesk(_) | Part::Version(_) => {
                project
            }
            Part::Template(_) => 0,
        },
        // An issue comes with what policies name of it. Of its subtasks it is asked only for who may see it.
        Target::Issue(..) | Target::WithSubtasks(_) | Target::Project(_) => project,
        Target::Instance(_) | Target::InFields(_) => 0,
        Target::Space(_) | Target::SpaceNamed(_) => 0,
    }
}

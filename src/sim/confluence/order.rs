//! The order of the pages below one.

use super::super::world::Page;
use super::super::world::PageKind;
use super::super::world::World;

/// Where a page goes among its siblings.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Among {
    Last,
    Before(u64),
    After(u64),
}

/// Puts a page below another, or at the top of its space, in its place; a page is never below itself.
pub(crate) fn put(world: &mut World, id: u64, parent: Option<u64>, among: Among) {
    let parent = parent.filter(|above| *above != id);
    let Some(space) = world.pages.get(&id).map(|page| page.space.id) else { return };
    let is_beside = |page: &&Page| {
        page.id != id && page.kind == PageKind::Page && page.space.id == space && page.parent == parent
    };
    let mut siblings: Vec<&Page> = world.pages.values().filter(is_beside).collect();
    siblings.sort_by_key(|page| (page.position, page.id));
    let mut ordered: Vec<u64> = siblings.into_iter().map(|page| page.id).collect();
    let at = |beside: u64| ordered.iter().position(|sibling| *sibling == beside);
    let place = match among {
        Among::Last => None,
        Among::Before(beside) => at(beside),
        Among::After(beside) => at(beside).map(|place| place + 1),
    };
    ordered.insert(place.unwrap_or(ordered.len()), id);
    for (place, sibling) in ordered.into_iter().enumerate() {
        if let Some(page) = world.pages.get_mut(&sibling) {
            page.position = place as u64;
        }
    }
    if let Some(page) = world.pages.get_mut(&id) {
        page.parent = parent;
    }
}

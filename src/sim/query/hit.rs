//! What a CQL search can find, seen as one kind of thing.

use jiff::Timestamp;

use crate::sim::data;
use crate::sim::world::Attachment;
use crate::sim::world::Page;
use crate::sim::world::PageComment;
use crate::sim::world::Space;
use crate::sim::world::User;
use crate::sim::world::World;

/// Something a search can find.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hit<'a> {
    Page(&'a Page),
    Comment(&'a Page, &'a PageComment),
    Attachment(&'a Page, &'a Attachment),
    Space(&'static Space),
    User(&'static User),
}

impl<'a> Hit<'a> {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Page(page) => page.kind.as_str(),
            Self::Comment(..) => "comment",
            Self::Attachment(..) => "attachment",
            Self::Space(_) => "space",
            Self::User(_) => "user",
        }
    }

    pub(crate) fn id(self) -> u64 {
        match self {
            Self::Page(page) => page.id,
            Self::Comment(_, comment) => comment.id,
            Self::Attachment(_, attachment) => attachment.id,
            Self::Space(space) => space.id,
            Self::User(_) => 0,
        }
    }

    pub(crate) fn title(self) -> String {
        match self {
            Self::Page(page) => page.title.clone(),
            Self::Comment(page, _) => format!("Re: {}", page.title),
            Self::Attachment(_, attachment) => attachment.name.clone(),
            Self::Space(space) => space.name.to_owned(),
            Self::User(user) => user.display.to_owned(),
        }
    }

    /// The page it is or belongs to.
    pub(crate) fn page(self) -> Option<&'a Page> {
        match self {
            Self::Page(page) | Self::Comment(page, _) | Self::Attachment(page, _) => Some(page),
            Self::Space(_) | Self::User(_) => None,
        }
    }

    pub(crate) fn space(self) -> Option<&'static Space> {
        match self {
            Self::Space(space) => Some(space),
            _ => self.page().map(|page| page.space),
        }
    }

    pub(crate) fn body(self) -> &'a str {
        match self {
            Self::Page(page) => &page.body,
            Self::Comment(_, comment) => &comment.body,
            Self::Attachment(..) | Self::Space(_) | Self::User(_) => "",
        }
    }

    pub(crate) fn created(self) -> Option<Timestamp> {
        match self {
            Self::Page(page) => Some(page.created),
            Self::Comment(_, comment) => Some(comment.when),
            Self::Attachment(_, attachment) => Some(attachment.created),
            Self::Space(_) | Self::User(_) => None,
        }
    }

    pub(crate) fn modified(self) -> Option<Timestamp> {
        match self {
            Self::Page(page) => Some(page.modified()),
            _ => self.created(),
        }
    }

    pub(crate) fn creator(self) -> Option<&'static User> {
        match self {
            Self::Page(page) => Some(page.creator),
            Self::Comment(_, comment) => Some(comment.by),
            Self::Attachment(_, attachment) => Some(attachment.author),
            Self::User(user) => Some(user),
            Self::Space(_) => None,
        }
    }
}

/// All that `user` may find.
pub(crate) fn everything<'a>(world: &'a World, user: &User) -> impl Iterator<Item = Hit<'a>> {
    let pages = world.pages.values().filter(|page| world.may_read(user, page));
    let content = pages.flat_map(|page| {
        let comments = page.comments.iter().map(move |comment| Hit::Comment(page, comment));
        let attachments = page.attachments.iter().map(move |attachment| Hit::Attachment(page, attachment));
        std::iter::once(Hit::Page(page)).chain(comments).chain(attachments)
    });
    let spaces = data::SPACES.iter().filter(|space| user.may_view(space)).map(Hit::Space);
    content.chain(spaces).chain(data::USERS.iter().map(Hit::User))
}

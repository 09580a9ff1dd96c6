//! Files attached to pages: uploads of version 1, lists and deletion of version 2.

use serde_json::Value;
use serde_json::json;

use super::super::answer::Answer;
use super::super::answer::Reply;
use super::super::call::Call;
use super::super::multipart;
use super::super::world::Attachment;
use super::super::world::Page;
use super::super::world::World;
use super::content;
use super::content::Content;
use super::create;
use super::failure;
use super::no_content;
use super::render;
use super::render::Expand;
use super::v2;
use super::visible;

/// Attaches files. A name that is there already is refused, but where it is to be replaced: by PUT, or by its id.
pub(crate) fn write(world: &mut World, call: &Call, id: &str, rest: &[&str]) -> Reply {
    let page = visible(world, call, id)?.id;
    let parts = multipart::parts(&call.body).ok_or_else(|| failure(400, "The request is no form."))?;
    let comment = parts.iter().find(|part| part.name == "comment");
    let comment = comment.map(|part| String::from_utf8_lossy(&part.bytes).into_owned()).unwrap_or_default();
    let file = parts.iter().find(|part| part.name == "file");
    let (Some(file), Some(name)) = (file, file.and_then(|file| file.filename.clone())) else {
        return Err(failure(400, "At least one attachment file was expected but none was found."));
    };
    let (when, fresh) = (world.tick(), world.next_id());
    let page = world.pages.get_mut(&page).ok_or_else(|| no_content(id))?;
    let named = |item: &&mut Attachment| match rest {
        [attachment, "data"] => format!("att{}", item.id) == *attachment,
        _ => item.name == name,
    };
    let known = page.attachments.iter_mut().find(named);
    let replaces = matches!(rest, [_, "data"]) || call.method == http::Method::PUT;
    let stored = match (known, rest) {
        (Some(_), _) if !replaces => {
            let text =
                format!("Cannot add a new attachment with same file name as an existing attachment: {name}");
            return Err(failure(400, &text));
        }
        (Some(item), _) => {
            item.bytes = file.bytes.clone();
            item.version += 1;
            item.comment = comment;
            item.clone()
        }
        (None, []) => {
            let kind = file.kind.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
            let bytes = file.bytes.clone();
            let item = Attachment {
                id: fresh,
                name,
                kind,
                bytes,
                author: call.user,
                created: when,
                version: 1,
                comment,
            };
            page.attachments.push(item.clone());
            item
        }
        (None, _) => return Err(no_content(id)),
    };
    let shown = render::attachment(call, page, &stored, &Expand::parse("version,container"));
    let one = matches!(rest, [_, "data"]);
    Ok(Answer::json(&if one { shown } else { render::results(call, vec![shown], 50) }))
}

/// Version 2's lists and single files.
pub(crate) fn read(world: &World, call: &Call, path: &[&str]) -> Reply {
    match path {
        [kind, id, "attachments"] => {
            let page = v2::visible(world, call, kind, id)?;
            let fits = |item: &&Attachment| {
                call.parameter("filename").is_none_or(|name| item.name == name)
                    && call.parameter("mediaType").is_none_or(|kind| item.kind == kind)
            };
            Ok(v2::listed(call, page.attachments.iter().filter(fits).map(|item| shown(page, item)).collect()))
        }
        ["attachments", id] => match content::find(world, call, id) {
            Some(Content::Attachment(page, item)) => Ok(Answer::json(&shown(page, item))),
            _ => Err(v2::missing()),
        },
        _ => Err(v2::missing()),
    }
}

/// By number only: version 2 takes no `att` here.
pub(crate) fn delete(world: &mut World, call: &Call, id: &str) -> Reply {
    if id.parse::<u64>().is_err() {
        return Err(v2::invalid("Provided value for 'id' is not the correct type."));
    }
    let Some(Content::Attachment(page, item)) = content::find(world, call, id) else {
        return Err(v2::missing());
    };
    let (page, item) = (page.id, item.id);
    create::remove(world, page, Some(item));
    Ok(Answer::empty(204))
}

fn shown(page: &Page, item: &Attachment) -> Value {
    let download = render::download_path(page, item);
    json!({"id": format!("att{}", item.id), "status": "current", "title": item.name,
        "createdAt": render::time(item.created), v2::named_as(page): page.id.to_string(), "mediaType": item.kind,
        "mediaTypeDescription": "", "comment": item.comment, "fileId": format!("file-{}", item.id),
        "fileSize": item.bytes.len(), "webuiLink": format!("/pages/viewpageattachments.action?pageId={}", page.id),
        "downloadLink": download,
        "version": {"number": item.version, "createdAt": render::time(item.created), "message": "",
            "minorEdit": false, "authorId": item.author.account_id},
        "_links": {"download": download}})
}

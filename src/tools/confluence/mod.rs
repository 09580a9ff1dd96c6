//! The tools for Confluence.

mod add_comment;
mod add_inline_comment;
mod attached;
mod create_page;
mod decorate;
mod delete_attachment;
mod discussion;
mod download_attachment;
mod download_content_attachments;
mod emoji;
mod get_attachments;
mod get_comments;
mod get_inline_comments;
mod get_page;
mod get_page_images;
mod reply_to_comment;
mod search;
mod upload_attachment;
mod upload_attachments;

pub(super) use add_comment::AddComment;
pub(super) use add_inline_comment::AddInlineComment;
pub(super) use create_page::CreatePage;
pub(super) use delete_attachment::DeleteAttachment;
pub(super) use download_attachment::DownloadAttachment;
pub(super) use download_content_attachments::DownloadContentAttachments;
pub(super) use get_attachments::GetAttachments;
pub(super) use get_comments::GetComments;
pub(super) use get_inline_comments::GetInlineComments;
pub(super) use get_page::GetPage;
pub(super) use get_page_images::GetPageImages;
pub(super) use reply_to_comment::ReplyToComment;
pub(super) use search::Search;
pub(super) use upload_attachment::UploadAttachment;
pub(super) use upload_attachments::UploadAttachments;

//! Pages and blog posts: one thing on the first API, two collections of the second.

use serde_json::Value;

use crate::net::UpstreamError;

/// What is written at length: the second API has the two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// A page.
    Page,
    /// A blog post.
    BlogPost,
}

impl PageKind {
    /// What a page that was read is; nothing if it is a comment, a file or the like.
    pub fn of(page: &Value) -> Option<Self> {
        match page.get("type").and_then(Value::as_str) {
            Some("page") => Some(Self::Page),
            Some("blogpost") => Some(Self::BlogPost),
            _ => None,
        }
    }

    /// Its name in the first API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::BlogPost => "blogpost",
        }
    }

    /// Where the second API has it.
    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::Page => "pages",
            Self::BlogPost => "blogposts",
        }
    }
}

/// Asks the second API for a page and, where there is none of that id, for a blog post: ids are given once. What is
/// neither is told in the words that the page was refused with.
pub(super) async fn either<T, F>(ask: impl Fn(PageKind) -> F) -> Result<(PageKind, T), UpstreamError>
where
    F: Future<Output = Result<T, UpstreamError>>,
{
    let absent = match ask(PageKind::Page).await {
        Err(error) if error.is_absent() => error,
        page => return Ok((PageKind::Page, page?)),
    };
    match ask(PageKind::BlogPost).await {
        Err(error) if error.is_absent() => Err(absent),
        post => Ok((PageKind::BlogPost, post?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Product;

    #[tokio::test]
    async fn a_blog_post_is_asked_for_only_where_there_is_no_page() {
        type Answers = [Result<u8, u16>; 2];
        type Row = (Answers, Result<(PageKind, u8), (u16, &'static str)>);
        let table: [Row; 5] = [
            ([Ok(1), Ok(2)], Ok((PageKind::Page, 1))),
            ([Err(404), Ok(2)], Ok((PageKind::BlogPost, 2))),
            ([Err(404), Err(404)], Err((404, "Page"))),
            ([Err(403), Ok(2)], Err((403, "Page"))),
            ([Err(404), Err(500)], Err((500, "BlogPost"))),
        ];
        for (answers, wanted) in table {
            let ask = |kind: PageKind| async move {
                let answer = if kind == PageKind::Page { answers[0] } else { answers[1] };
                answer.map_err(|status| {
                    let body = format!("{{\"message\": \"{kind:?}\"}}");
                    UpstreamError::from_answer(Product::Confluence, status, None, body.as_bytes())
                })
            };
            match (either(ask).await, wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{answers:?}"),
                (Err(error), Err((status, by))) => {
                    assert_eq!(error.status(), Some(status), "{answers:?}");
                    assert!(error.to_string().contains(&format!(": {by}")), "{answers:?}: {error}");
                }
                (found, wanted) => panic!("{answers:?}: {found:?} in place of {wanted:?}"),
            }
        }
    }
}

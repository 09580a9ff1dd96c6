//! What hangs on a hidden page, or lies in a hidden space, in front of the sample upstream: no number, query or message
//! tells it, on both deployments.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

/// Runbooks is hidden from everybody, one page of a space that is open.
const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("runbooks") @advice("not this page")
forbid (principal, action in Mcp::Action::"confluence", resource == Confluence::Page::"65538");
"#;
/// A comment on it, and a comment and a file on a page that is open.
const COMMENT: &str = "655381";
const OPEN_COMMENT: &str = "655391";
const OPEN_FILE: &str = "655394";

const NOT_THERE: &str = "does not exist or is not visible to you";

async fn world(cloud: bool) -> World {
    World::start(Setup { policies: Some(POLICIES), cloud, ..Setup::default() }).await
}

#[tokio::test]
async fn the_number_of_a_comment_or_a_file_is_no_page() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        for id in ["65538", COMMENT, OPEN_COMMENT, OPEN_FILE] {
            for (tool, arguments) in [
                ("confluence_get_page", json!({"page_id": id})),
                ("confluence_get_page_history", json!({"page_id": id, "version": 1})),
                ("confluence_get_page_children", json!({"parent_id": id})),
                ("confluence_get_comments", json!({"page_id": id})),
                ("confluence_get_labels", json!({"page_id": id})),
                ("confluence_get_attachments", json!({"content_id": id})),
                ("confluence_add_comment", json!({"page_id": id, "body": "x"})),
                ("confluence_add_label", json!({"page_id": id, "name": "x"})),
                ("confluence_update_page", json!({"page_id": id, "title": "x", "content": "x"})),
                ("confluence_delete_page", json!({"page_id": id})),
                (
                    "confluence_create_page",
                    json!({"space_key": "DOCS", "title": "x", "content": "x", "parent_id": id}),
                ),
            ] {
                let refused = world.call("alice-token", tool, arguments).await;
                assert!(
                    refused.is_error && refused.text.contains(NOT_THERE),
                    "{cloud} {tool} {id}: {refused:?}"
                );
            }
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        world.end();
    }
}

#[tokio::test]
async fn the_number_of_a_page_is_neither_a_comment_nor_a_file() {
    for cloud in [false, true] {
        for world in [world(cloud).await, World::writing(cloud).await] {
            for (id, comment) in [("65539", true), ("65539", false), (OPEN_COMMENT, false), (OPEN_FILE, true)]
            {
                let calls: &[(&str, Value)] = if comment {
                    &[("confluence_reply_to_comment", json!({"comment_id": id, "body": "x"}))]
                } else {
                    &[
                        ("confluence_download_attachment", json!({"attachment_id": id})),
                        ("confluence_delete_attachment", json!({"attachment_id": id})),
                    ]
                };
                for (tool, arguments) in calls {
                    let refused = world.call("alice-token", tool, arguments.clone()).await;
                    let told = refused.text.contains(NOT_THERE) && refused.text.contains(id);
                    assert!(refused.is_error && told, "{cloud} {tool} {id}: {refused:?}");
                }
            }
            world.call("alice-token", "confluence_get_page", json!({"page_id": "65539"})).await.json();
            world.end();
        }
    }
}

#[tokio::test]
async fn a_search_finds_nothing_that_hangs_on_a_hidden_page() {
    for cloud in [false, true] {
        let world = world(cloud).await;
        let search = async |query: &str| {
            world.call_all("alice-token", "confluence_search", json!({"query": query, "limit": 50})).await
        };
        let comments = search("type = comment AND creator = \"bob\"").await;
        let list: Value = serde_json::from_str(comments.text.lines().next().unwrap()).unwrap();
        let ids: Vec<&str> = list.as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap()).collect();
        assert!(!ids.is_empty() && ids.iter().all(|id| !id.starts_with("65538")), "{cloud}: {ids:?}");
        assert!(!comments.text.contains("withheld"), "{cloud}: {comments:?}");
        let files = search("type = attachment AND title ~ \"notes\"").await;
        assert!(files.text.contains("655394"), "{cloud}: {files:?}");

        // Where Confluence does not tell what a comment is on, it is left out.
        let lost = json!({"results": [{"content": {"id": OPEN_COMMENT, "type": "comment", "title": "Re: x",
            "space": {"key": "DOCS", "name": "Docs"}}, "excerpt": "e"}], "totalSize": 1});
        world.faults(json!([{"path": "/search", "body": lost, "status": 200}])).await;
        let lost = search("type = comment").await;
        assert!(lost.text.starts_with("[]") && !lost.text.contains(OPEN_COMMENT), "{cloud}: {lost:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_hidden_space_and_an_absent_one_are_one_answer_at_one_cost() {
    for cloud in [false, true] {
        let world = World::closed(cloud).await;
        // Who alice is has been asked by then.
        world.call("alice-token", "confluence_get_page", json!({"page_id": "65539"})).await.json();
        for (tool, more) in [
            ("confluence_get_space_page_tree", json!({})),
            ("confluence_create_page", json!({"title": "x", "content": "x"})),
            ("confluence_list_page_templates", json!({})),
        ] {
            let mut told = Vec::new();
            for key in ["SECRETS", "NOWHERE"] {
                let mut arguments = json!({"space_key": key});
                arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                let before = world.requests().await.len();
                // alice may see the space in Confluence; the policies hide it from all but the group security.
                let refused = world.call("alice-token", tool, arguments).await;
                assert!(refused.is_error, "{cloud} {tool} {key}: {refused:?}");
                let (text, _) = refused.text.split_once(" (reference").unwrap();
                told.push((text.replace(key, "X"), world.requests().await.len() - before));
            }
            assert_eq!(told[0], told[1], "{cloud} {tool}");
            assert_eq!(told[0].0, format!("space X {NOT_THERE}"), "{cloud} {tool}");
        }
        let open = json!({"space_key": "DOCS", "title": "Placed", "content": "x"});
        world.call("alice-token", "confluence_create_page", open.clone()).await.json();
        let before = world.requests().await.len();
        let again = json!({"space_key": "DOCS", "limit": 5});
        world.call("alice-token", "confluence_get_space_page_tree", again).await.json();
        let asked = world.requests().await.split_off(before);
        let spaces = asked
            .iter()
            .filter(|request| request.contains("/space/") || request.ends_with("/spaces"))
            .count();
        assert_eq!(spaces, usize::from(cloud), "a space is looked for once: {asked:?}");
        world.end();
    }
}

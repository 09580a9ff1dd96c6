//! Blog posts in front of the sample upstream: what can be done with a page can be done with them, on both deployments.

use serde_json::Value;
use serde_json::json;

use crate::support::World;

/// A blog post of DOCS with comments, files, an emoji and two versions.
const POST: &str = "65643";
/// One of SECRETS, with a comment and a file.
const CLOSED_POST: &str = "82027";

/// What alice is told of a call on the post.
async fn told(world: &World, tool: &str, more: Value) -> Value {
    let mut arguments = json!({"page_id": POST});
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.call("alice-token", tool, arguments).await.json()
}

#[tokio::test]
async fn a_blog_post_is_read_with_all_that_is_around_it() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let read = told(&world, "confluence_get_page", json!({})).await["metadata"].take();
        assert_eq!(
            (&read["type"], &read["title"], &read["space"]["key"], &read["version"], &read["emoji"]),
            (&json!("blogpost"), &json!("Backup drill of October"), &json!("DOCS"), &json!(2), &json!("🚀")),
            "{cloud}: {read}"
        );
        let url = read["url"].as_str().unwrap();
        let wanted = if cloud { "/wiki/spaces/DOCS/blog/" } else { "/display/DOCS/2026/" };
        assert!(url.contains(wanted) && !url.contains("viewpage.action"), "{cloud}: {url}");
        assert_eq!(
            (&read["ancestors"], read["attachments"].as_array().unwrap().len()),
            (&json!([]), 2),
            "{cloud}: {read}"
        );
        assert!(read["author"].as_str().unwrap().contains(' '), "{cloud}: {read}");
        assert!(read.get("not_included").is_none(), "{cloud}: {read}");

        let old = told(&world, "confluence_get_page_history", json!({"version": 1})).await;
        assert_eq!(
            (&old["type"], old["content"]["value"].as_str().map(str::trim)),
            (&json!("blogpost"), Some("Draft 1 of the page.")),
            "{cloud}: {old}"
        );
        let diff =
            told(&world, "confluence_get_page_diff", json!({"from_version": 1, "to_version": 2})).await;
        assert!(diff["diff"].as_str().unwrap().contains("\n+# Backup drill of October"), "{cloud}: {diff}");

        let labels = told(&world, "confluence_get_labels", json!({})).await;
        assert_eq!((&labels[0]["name"], &labels[1]["name"]), (&json!("news"), &json!("backup")), "{cloud}");
        let rights = told(&world, "confluence_get_page_restrictions", json!({})).await;
        assert_eq!(rights["read"]["users"], json!([]), "{cloud}: {rights}");
        if cloud {
            let views = told(&world, "confluence_get_page_views", json!({})).await;
            assert_eq!(views["page_title"], "Backup drill of October", "{views}");
        }
        world.end();
    }
}

#[tokio::test]
async fn a_blog_post_is_discussed_labelled_and_gets_files() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call =
            async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await.json();
        let added = told(&world, "confluence_add_comment", json!({"body": "Well *done*"})).await;
        let id = &added["comment"]["id"];
        let reply = call("confluence_reply_to_comment", json!({"comment_id": id, "body": "thanks"})).await;
        assert_eq!(&reply["comment"]["parent_comment_id"], id, "{cloud}: {reply}");
        let place = json!({"body": "where?", "text_selection": "and below"});
        let inline = told(&world, "confluence_add_inline_comment", place).await;
        assert_eq!(inline["comment"]["location"], "inline", "{cloud}: {inline}");
        let all = told(&world, "confluence_get_comments", json!({})).await;
        let bodies: Vec<&str> =
            all.as_array().unwrap().iter().map(|comment| comment["body"].as_str().unwrap()).collect();
        for body in ["Still *valid*?", "Yes.", "Which node?", "Well *done*", "thanks", "where?"] {
            assert!(bodies.contains(&body), "{cloud}: {body} in {bodies:?}");
        }

        let labels = told(&world, "confluence_add_label", json!({"name": "drill"})).await;
        assert_eq!(labels.as_array().unwrap().len(), 3, "{cloud}: {labels}");

        let file = json!({"content_id": POST, "content_base64": "eA==", "filename": "x.txt"});
        let attached = call("confluence_upload_attachment", file).await["attachment"].clone();
        let listed = call("confluence_get_attachments", json!({"content_id": POST})).await;
        assert_eq!(listed["total"], 3, "{cloud}: {listed}");
        let id = listed["attachments"].as_array().unwrap().iter().find(|file| file["title"] == "x.txt");
        assert_eq!(id.unwrap()["id"], attached["id"], "{cloud}: {listed}");
        let one = json!({"attachment_id": attached["id"]});
        assert!(!world.call_all("alice-token", "confluence_download_attachment", one.clone()).await.is_error);
        assert_eq!(
            call("confluence_delete_attachment", one).await["attachment_id"],
            attached["id"],
            "{cloud}"
        );
        let images =
            world.call_all("alice-token", "confluence_get_page_images", json!({"content_id": POST})).await;
        assert!(!images.is_error && images.text.contains("\"downloaded\":1"), "{cloud}: {images:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_blog_post_is_changed_found_and_deleted() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let looks = json!({"title": "Drill of November", "content": "# All\n\nwell\n\n## Part\n\nold", "emoji": "🎉",
            "version_comment": "renamed", "base_version": 2});
        let updated = told(&world, "confluence_update_page", looks).await;
        assert_eq!(
            (&updated["page"]["type"], &updated["page"]["version"], &updated["page"]["emoji"]),
            (&json!("blogpost"), &json!(3), &json!("🎉")),
            "{cloud}: {updated}"
        );
        let section = json!({"heading_text": "Part", "new_content": "new"});
        assert_eq!(
            told(&world, "confluence_update_page_section", section).await["page"]["version"],
            4,
            "{cloud}"
        );
        let text = told(&world, "confluence_get_page", json!({"convert_to_markdown": false})).await;
        assert_eq!(
            text["metadata"]["content"]["value"], "<h1>All</h1><p>well</p><h2>Part</h2><p>new</p>",
            "{cloud}: {text}"
        );

        let search = async |query: &str| {
            let arguments = json!({"query": query});
            world.call("alice-token", "confluence_search", arguments).await.json()
        };
        let found = search("type = blogpost AND title ~ \"Drill\"").await;
        assert_eq!(
            (found.as_array().unwrap().len(), &found[0]["id"], &found[0]["type"]),
            (1, &json!(POST), &json!("blogpost")),
            "{cloud}: {found}"
        );
        assert!(found[0]["url"].as_str().unwrap().contains("/2026/"), "{cloud}: {found}");
        assert_eq!(search("type = page AND title ~ \"Drill\"").await, json!([]), "{cloud}");
        let tree = json!({"space_key": "DOCS", "limit": 1000});
        let tree = world.call("alice-token", "confluence_get_space_page_tree", tree).await;
        assert!(!tree.text.contains(POST), "{cloud}: {tree:?}");

        for (tool, arguments) in [
            ("confluence_move_page", json!({"page_id": POST, "target_parent_id": "65539"})),
            (
                "confluence_copy_page",
                json!({"source_page_id": POST, "destination_space_key": "DOCS", "new_title": "A copy"}),
            ),
        ] {
            let refused = world.call("alice-token", tool, arguments).await;
            let wanted = if cloud { "400: Only pages can be" } else { "blog post" };
            assert!(refused.is_error && refused.text.contains(wanted), "{cloud} {tool}: {refused:?}");
        }

        assert_eq!(told(&world, "confluence_delete_page", json!({})).await["success"], true, "{cloud}");
        for tool in ["confluence_get_page", "confluence_delete_page", "confluence_get_labels"] {
            let gone = world.call("alice-token", tool, json!({"page_id": POST})).await;
            assert!(gone.is_error && !gone.text.contains("success"), "{cloud} {tool}: {gone:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn no_blog_post_of_a_closed_space_is_read_or_written() {
    for cloud in [false, true] {
        let world = World::closed(cloud).await;
        let (comment, file) = (format!("{CLOSED_POST}1"), format!("att{CLOSED_POST}4"));
        for (tool, arguments) in [
            ("confluence_get_page", json!({"page_id": CLOSED_POST})),
            ("confluence_get_page_history", json!({"page_id": CLOSED_POST, "version": 1})),
            ("confluence_get_comments", json!({"page_id": CLOSED_POST})),
            ("confluence_get_labels", json!({"page_id": CLOSED_POST})),
            ("confluence_add_comment", json!({"page_id": CLOSED_POST, "body": "x"})),
            ("confluence_reply_to_comment", json!({"comment_id": comment, "body": "x"})),
            ("confluence_download_attachment", json!({"attachment_id": file})),
            ("confluence_update_page", json!({"page_id": CLOSED_POST, "title": "x", "content": "x"})),
            ("confluence_delete_page", json!({"page_id": CLOSED_POST})),
        ] {
            let refused = world.call("alice-token", tool, arguments).await;
            let hidden = refused.text.contains("does not exist or is not visible to you");
            assert!(refused.is_error && hidden, "{cloud} {tool}: {refused:?}");
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        let open = world.call("carol-token", "confluence_get_page", json!({"page_id": CLOSED_POST})).await;
        assert_eq!(open.json()["metadata"]["type"], "blogpost", "{cloud}");
        let query = json!({"query": "type = blogpost"});
        let found = world.call("alice-token", "confluence_search", query).await;
        assert!(found.text.contains(POST) && !found.text.contains("incident"), "{cloud}: {found:?}");
        world.end();
    }
}

#[tokio::test]
async fn nothing_is_below_a_blog_post() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let below = json!({"parent_id": POST});
        let below = world.call("alice-token", "confluence_get_page_children", below).await.json();
        assert_eq!((&below["results"], &below["complete"]), (&json!([]), &json!(true)), "{cloud}: {below}");
        world.end();
    }
}

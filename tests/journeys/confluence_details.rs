//! Details of what Confluence's tools take and show, the same on both deployments.

use serde_json::Value;
use serde_json::json;

use crate::support::World;

const RUNBOOKS: &str = "65538";
/// A page with two files.
const RESTART: &str = "65539";

async fn call(world: &World, tool: &str, arguments: Value) -> Value {
    world.call("alice-token", tool, arguments).await.json()
}

async fn refused(world: &World, tool: &str, arguments: Value) -> String {
    let called = world.call("alice-token", tool, arguments).await;
    assert!(called.is_error, "{tool}: {called:?}");
    called.text
}

#[tokio::test]
async fn an_empty_text_empties_a_page_and_makes_an_empty_one() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for (place, (text, format)) in
            [("", "markdown"), ("   ", "markdown"), ("", "storage"), ("", "wiki")].into_iter().enumerate()
        {
            let title = format!("Empty {place}");
            let new = json!({"space_key": "DOCS", "title": title, "content": text, "content_format": format});
            let id = call(&world, "confluence_create_page", new).await["page"]["id"].clone();
            let storage = async || {
                let page = json!({"page_id": id, "convert_to_markdown": false});
                call(&world, "confluence_get_page", page).await["metadata"]["content"]["value"].take()
            };
            assert_eq!(storage().await.as_str().map(str::trim), Some(""), "{cloud} {title}");
            let some = json!({"page_id": id, "title": title, "content": "# Some\n\ntext"});
            call(&world, "confluence_update_page", some).await;
            assert_ne!(storage().await, "", "{cloud} {title}");
            let none = json!({"page_id": id, "title": title, "content": text, "content_format": format});
            call(&world, "confluence_update_page", none).await;
            assert_eq!(storage().await, "", "{cloud} {title}");
        }
        // What Markdown does not show goes as well, and is told.
        let none = json!({"page_id": RUNBOOKS, "title": "Runbooks", "content": ""});
        let emptied = call(&world, "confluence_update_page", none).await;
        assert!(!emptied["removed"].as_array().unwrap().is_empty(), "{cloud}: {emptied}");
        world.end();
    }
}

#[tokio::test]
async fn a_page_shows_its_looks_and_who_attached_its_files() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let looks = |page: &Value| (page["emoji"].clone(), page["page_width"].clone());
        let new = json!({"space_key": "DOCS", "title": "Wide", "content": "x", "emoji": "🚀", "page_width": "full-width"});
        let page = call(&world, "confluence_create_page", new).await["page"].take();
        let wanted = (json!("🚀"), json!("full-width"));
        assert_eq!(looks(&page), wanted, "{cloud}: {page}");
        let read = json!({"page_id": page["id"]});
        let read = call(&world, "confluence_get_page", read).await["metadata"].take();
        assert_eq!(looks(&read), wanted, "{cloud}: {read}");
        let update = json!({"page_id": page["id"], "title": "Wide", "content": "y", "page_width": "max"});
        let updated = call(&world, "confluence_update_page", update).await["page"].take();
        assert_eq!(looks(&updated), (json!("🚀"), json!("max")), "{cloud}: {updated}");
        let again = json!({"page_id": page["id"], "title": "Wide", "emoji": updated["emoji"]});
        let again = call(&world, "confluence_update_page", again).await["page"].take();
        assert_eq!(looks(&again), (json!("🚀"), json!("max")), "{cloud}: {again}");
        let plain = call(&world, "confluence_get_page", json!({"page_id": "65549"})).await;
        assert_eq!(plain["metadata"].get("page_width"), None, "{cloud}: {plain}");

        let read = call(&world, "confluence_get_page", json!({"page_id": RESTART})).await["metadata"].take();
        let files = read["attachments"].as_array().unwrap();
        for file in files {
            assert!(file["author_display_name"].as_str().unwrap().contains(' '), "{cloud}: {file}");
        }
        assert_eq!(files.len(), 2, "{cloud}: {read}");
        let before = world.requests().await.len();
        call(&world, "confluence_get_page", json!({"page_id": "65549"})).await;
        let asked = world.requests().await.split_off(before);
        assert!(asked.iter().filter(|request| request.contains("/user")).count() <= 2, "{asked:?}");
        world.end();
    }
}

#[tokio::test]
async fn children_come_with_authors_and_with_texts_that_expand_asks_for() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let children = async |more: Value| {
            let mut arguments = json!({"parent_id": RUNBOOKS, "limit": 3});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            call(&world, "confluence_get_page_children", arguments).await["results"].take()
        };
        for child in children(json!({})).await.as_array().unwrap() {
            for key in ["created", "updated", "author", "version", "version_author"] {
                assert!(child[key].is_string() || child[key].is_u64(), "{cloud}: no {key} in {child}");
            }
            assert!(child["author"].as_str().unwrap().contains(' '), "{cloud}: {child}");
            assert_eq!(child.get("content"), None, "{cloud}: {child}");
        }
        for child in children(json!({"expand": "body.storage,version,history"})).await.as_array().unwrap() {
            assert_eq!(child["content"]["format"], "markdown", "{cloud}: {child}");
            assert!(child["version"].is_u64(), "{cloud}: {child}");
        }
        world.end();
    }
}

#[tokio::test]
async fn what_is_cut_or_empty_says_so_in_the_words_of_the_reference() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let tree = json!({"space_key": "DOCS", "limit": 3});
        let tree = call(&world, "confluence_get_space_page_tree", tree).await;
        assert_eq!(
            (&tree["total_pages"], &tree["complete"], &tree["has_more"], &tree["next_start"]),
            (&json!(-1), &json!(false), &json!(true), &json!(3)),
            "{cloud}: {tree}"
        );
        assert_eq!(tree["hint"], "Results truncated at 3 pages. Increase limit to see more.", "{cloud}");
        let whole = json!({"space_key": "DOCS", "limit": 1000});
        let whole = call(&world, "confluence_get_space_page_tree", whole).await;
        assert_eq!((&whole["complete"], whole.get("hint")), (&json!(true), None), "{cloud}: {whole}");

        let rights = json!({"space_id": "DOCS", "limit": 1});
        let rights = call(&world, "confluence_get_space_permissions", rights).await;
        let next = rights["_links"]["next"].as_str();
        assert_eq!(next.is_some(), cloud, "{rights}");
        assert!(next.is_none_or(|next| next.contains("cursor=")), "{rights}");

        for (tool, message) in [
            ("confluence_download_content_attachments", "No attachments found for content 65541"),
            ("confluence_get_page_images", "No image attachments found"),
        ] {
            let none = call(&world, tool, json!({"content_id": "65541"})).await;
            assert_eq!(
                (&none["message"], &none["downloaded"]),
                (&json!(message), &json!(0)),
                "{cloud} {tool}"
            );
        }
        world.end();
    }
}

#[tokio::test]
async fn a_diff_names_the_people_that_a_page_names() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let mention =
            if cloud { "ri:account-id=\"5b10ac8d82e05b22cc7d4ef1\"" } else { "ri:userkey=\"JIRAUSER10001\"" };
        let body = format!("<p>Ask <ac:link><ri:user {mention} /></ac:link>.</p>");
        let update = json!({"page_id": RESTART, "title": "Restart the edge proxies", "content": body, "content_format": "storage"});
        let version =
            call(&world, "confluence_update_page", update).await["page"]["version"].as_u64().unwrap();
        let shown = call(&world, "confluence_get_page", json!({"page_id": RESTART})).await;
        let shown = shown["metadata"]["content"]["value"].as_str().unwrap().trim().to_owned();
        assert!(!shown.contains("[~userkey") && !shown.contains("[~accountid"), "{cloud}: {shown}");
        let between = json!({"page_id": RESTART, "from_version": version - 1, "to_version": version});
        let diff = call(&world, "confluence_get_page_diff", between).await;
        assert!(diff["diff"].as_str().unwrap().contains(&format!("\n+{shown}")), "{cloud}: {diff} {shown}");
        let old = json!({"page_id": RESTART, "version": 1});
        assert_eq!(
            call(&world, "confluence_get_page_history", old).await["attachments_as_of"],
            "now",
            "{cloud}"
        );
        world.end();
    }
}

#[tokio::test]
async fn links_lead_to_pages_however_they_are_written() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let site = world.sim.url();
        for link in [
            format!("{site}/wiki/spaces/DOCS/pages/{RUNBOOKS}/Runbooks"),
            format!("{site}/spaces/DOCS/pages/{RUNBOOKS}/Runbooks"),
            format!("{site}/pages/viewpage.action?pageId={RUNBOOKS}"),
            format!("/spaces/DOCS/pages/{RUNBOOKS}/Runbooks"),
        ] {
            let read = call(&world, "confluence_get_page", json!({"page_id": link})).await;
            assert_eq!(read["metadata"]["id"], RUNBOOKS, "{cloud} {link}");
        }
        let other = format!("//evil.example.com/spaces/DOCS/pages/{RUNBOOKS}/x");
        let text = refused(&world, "confluence_get_page", json!({"page_id": other})).await;
        assert!(text.contains("does not lead to"), "{cloud}: {text}");
        world.end();
    }
}

#[tokio::test]
async fn what_is_not_there_is_named_and_not_explained_away() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let text = refused(&world, "confluence_add_comment", json!({"page_id": "999999", "body": "x"})).await;
        assert!(text.contains("page 999999") && text.contains("does not exist"), "{cloud}: {text}");
        assert!(!text.contains("must be given"), "{cloud}: {text}");
        let reply = json!({"comment_id": RUNBOOKS, "body": "x"});
        let text = refused(&world, "confluence_reply_to_comment", reply).await;
        assert!(
            text.starts_with(&format!("comment {RUNBOOKS}"))
                && text.contains("does not exist or is not visible"),
            "{cloud}: {text}"
        );
        if cloud {
            world.faults(json!([{"path": "/template/", "status": 403, "body": {"message": "no"}}])).await;
            let new = json!({"space_key": "DOCS", "title": "T", "template_id": "999999"});
            let text = refused(&world, "confluence_create_page_from_template", new).await;
            assert!(text.contains("template 999999") && text.contains("does not exist"), "{text}");
            // The reference is random, and may hold any number.
            let said = text.split(" (reference").next().unwrap();
            assert!(!said.contains("403") && !said.contains("account"), "{text}");
        }
        world.end();
    }
}

#[tokio::test]
async fn people_are_found_by_a_part_of_their_names_and_by_their_addresses() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for query in ["Oper", "ali", "alice@example.com"] {
            let found = call(&world, "confluence_search_user", json!({"query": query})).await;
            let names: Vec<&str> =
                found.as_array().unwrap().iter().map(|hit| hit["title"].as_str().unwrap()).collect();
            assert!(names.contains(&"Alice Operations"), "{cloud} {query}: {names:?}");
            assert!(query != "alice@example.com" || names.len() == 1, "{cloud}: {names:?}");
        }
        let none = call(&world, "confluence_search_user", json!({"query": "zoe"})).await;
        assert_eq!(none, json!([]), "{cloud}");
        let unsure = json!({"page_id": RESTART, "read_users": ["me", "Operat"]});
        let text = refused(&world, "confluence_set_page_restrictions", unsure).await;
        assert!(text.contains("similar are") && text.contains("Dave Operations ("), "{cloud}: {text}");
        world.end();
    }
}

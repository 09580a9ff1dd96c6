//! Drafts in front of the sample upstream: who began one reads it, for all others it is not there, and nothing publishes
//! it by mistake.

use serde_json::json;

use crate::support::World;

/// alice's, in DOCS.
const DRAFT: &str = "65737";
const POST: &str = "65742";
/// carol's, in SECRETS.
const CLOSED: &str = "82123";

#[tokio::test]
async fn a_draft_resolves_for_who_began_it_and_is_absent_for_all_others() {
    for cloud in [false, true] {
        let world = World::closed(cloud).await;
        for (id, kind, title) in
            [(DRAFT, "page", "Restart the core switches"), (POST, "blogpost", "Plans for the winter")]
        {
            let read = world.call("alice-token", "confluence_get_page", json!({"page_id": id})).await;
            let read = read.json()["metadata"].take();
            assert_eq!(
                (&read["status"], &read["type"], &read["title"], &read["space"]["key"]),
                (&json!("draft"), &json!(kind), &json!(title), &json!("DOCS")),
                "{cloud}: {read}"
            );
            assert!(read["content"]["value"].as_str().unwrap().contains(title), "{cloud}: {read}");
            let record =
                world.audit().into_iter().find(|record| record.to_string().contains("draft -> space"));
            assert!(record.is_some(), "{cloud}: the look-up is written down");
        }
        let told = async |token: &str, id: &str| {
            let before = world.requests().await.len();
            let called = world.call(token, "confluence_get_page", json!({"page_id": id})).await;
            assert!(called.is_error, "{cloud}: {called:?}");
            let (text, _) = called.text.split_once("visible to you").unwrap_or_else(|| panic!("{called:?}"));
            (text.replace(id, "ID"), world.requests().await.len() - before)
        };
        // Who bob is has been asked before.
        told("bob-token", "99999998").await;
        let absent = told("bob-token", "99999999").await;
        assert_eq!(told("bob-token", DRAFT).await, absent, "{cloud}");
        assert_eq!(told("bob-token", CLOSED).await, absent, "{cloud}");
        let open = world.call("carol-token", "confluence_get_page", json!({"page_id": CLOSED})).await.json();
        assert_eq!(open["metadata"]["status"], "draft", "{cloud}: {open}");
        let published = world.call("alice-token", "confluence_get_page", json!({"page_id": "65538"})).await;
        assert!(published.json()["metadata"].get("status").is_none(), "{cloud}");

        let query = json!({"query": "title ~ \"switches\" OR title ~ \"winter\""});
        let found = world.call("alice-token", "confluence_search", query).await;
        assert!(!found.text.contains(DRAFT) && !found.text.contains(POST), "{cloud}: {found:?}");
        world.end();
    }
}

#[tokio::test]
async fn no_tool_publishes_or_discards_a_draft() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for (tool, more) in [
            ("confluence_update_page", json!({"title": "x", "content": "x"})),
            ("confluence_update_page_section", json!({"heading_text": "Steps", "new_content": "x"})),
            ("confluence_delete_page", json!({})),
        ] {
            let mut arguments = json!({"page_id": DRAFT});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let refused = world.call("alice-token", tool, arguments).await;
            assert!(refused.is_error, "{cloud} {tool}: {refused:?}");
            let looked_up = !(cloud && tool == "confluence_delete_page");
            assert!(!looked_up || refused.text.contains("is a draft"), "{cloud} {tool}: {refused:?}");
        }
        let requests = world.requests().await;
        let written = |request: &&String| request.starts_with("PUT") || request.starts_with("POST");
        assert_eq!(requests.iter().find(written), None, "{cloud}: {requests:?}");
        let still = world.call("alice-token", "confluence_get_page", json!({"page_id": DRAFT})).await.json();
        assert_eq!(still["metadata"]["status"], "draft", "{cloud}: {still}");
        world.end();
    }
}

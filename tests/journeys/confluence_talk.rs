//! Comments and files of Confluence in front of the sample upstream: what is written can be read back, on both
//! deployments, nothing leads around the policy, and what fails is not called done.

use serde_json::Value;
use serde_json::json;

use crate::support::World;

/// A page with comments of every kind and two files.
const PAGE: &str = "65539";

/// The parts of a result besides its text.
async fn blocks(world: &World, tool: &str, arguments: Value) -> Vec<Value> {
    let answer = world.rpc("alice-token", "tools/call", json!({"name": tool, "arguments": arguments})).await;
    let content = answer.pointer("/result/content").and_then(Value::as_array);
    content.unwrap_or_else(|| panic!("no result: {answer}")).clone()
}

#[tokio::test]
async fn a_discussion_is_told_whole() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call =
            async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await.json();

        let added = call("confluence_add_comment", json!({"page_id": PAGE, "body": "A **bold** word"})).await;
        let id = added["comment"]["id"].as_str().unwrap_or_else(|| panic!("{cloud}: {added}")).to_owned();
        assert_eq!(added["comment"]["body"], "A **bold** word", "{cloud}: {added}");
        assert_eq!(added["comment"]["author"], "Alice Operations", "{cloud}: {added}");

        let answer = json!({"comment_id": id, "body": "> quoted\n\n- yes"});
        let answer = call("confluence_reply_to_comment", answer).await;
        assert_eq!(answer["comment"]["parent_comment_id"], json!(id), "{cloud}: {answer}");
        let deeper = json!({"comment_id": answer["comment"]["id"], "body": "deeper"});
        call("confluence_reply_to_comment", deeper).await;

        let place = json!({"page_id": PAGE, "body": "on it", "text_selection": "and below"});
        let inline = call("confluence_add_inline_comment", place).await;
        assert_eq!(inline["comment"]["original_selection"], "and below", "{cloud}: {inline}");
        let below = json!({"comment_id": inline["comment"]["id"], "body": "below it"});
        let below = call("confluence_reply_to_comment", below).await;
        assert_eq!(below["comment"]["location"], "inline", "{cloud}: {below}");

        let all = call("confluence_get_comments", json!({"page_id": PAGE})).await;
        let told: Vec<(&str, &str, bool)> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                let text = |name: &str| it[name].as_str().unwrap_or_else(|| panic!("{cloud}: {it}"));
                assert!(text("author").contains(' ') && text("created").ends_with(" UTC"), "{cloud}: {it}");
                (text("body"), text("location"), it["parent_comment_id"].is_string())
            })
            .collect();
        let mut wanted = [
            ("Still *valid*?", "footer", false),
            ("Yes.", "footer", true),
            ("A **bold** word", "footer", false),
            ("> quoted\n\n- yes", "footer", true),
            ("deeper", "footer", true),
            ("Which node?", "inline", false),
            ("on it", "inline", false),
            ("below it", "inline", true),
        ];
        // Cloud has the two kinds one after the other, Data Center all by their age.
        let mut here = told.clone();
        here.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(here, wanted, "{cloud}: {all}");
        let place_of = |body: &str| told.iter().position(|it| it.0 == body).unwrap();
        assert_eq!(
            place_of("A **bold** word") + 2,
            place_of("deeper"),
            "{cloud}: replies stand below: {all}"
        );

        let inline = call("confluence_get_inline_comments", json!({"page_id": PAGE})).await;
        assert_eq!((&inline["count"], &inline["complete"]), (&json!(3), &json!(true)), "{cloud}: {inline}");
        world.end();
    }
}

#[tokio::test]
async fn a_comment_on_text_that_is_not_there_changes_nothing() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        for (more, wanted) in [
            (json!({"text_selection": "no such words"}), "is not on the page"),
            (json!({"text_selection": "e"}), "times; give `text_selection_match_count`"),
            (json!({"text_selection": "and below", "text_selection_match_index": 1}), "the first is 0"),
            (json!({"text_selection": " "}), "`text_selection` is empty"),
            (json!({"text_selection": "and below", "body": " "}), "`body` is empty"),
        ] {
            let mut arguments = json!({"page_id": PAGE, "body": "x"});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let refused = world.call("alice-token", "confluence_add_inline_comment", arguments).await;
            assert!(refused.is_error && refused.text.contains(wanted), "{cloud} {more}: {refused:?}");
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_file_lives_from_its_upload_to_its_end() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call =
            async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await.json();

        let new = json!({
            "content_id": PAGE, "content_base64": "Zmlyc3Q=", "filename": "a b+c%.txt", "comment": "größer",
        });
        let attached = call("confluence_upload_attachment", new.clone()).await["attachment"].clone();
        assert_eq!((&attached["version"], &attached["size"]), (&json!(1), &json!(5)), "{cloud}: {attached}");
        let mut again = new;
        again["content_base64"] = json!("c2Vjb25k");
        let newer = call("confluence_upload_attachment", again).await["attachment"].clone();
        let version = (&newer["id"], &newer["version"]);
        assert_eq!(version, (&attached["id"], &json!(2)), "{cloud}: a name that is there gets a new version");

        let named = json!({"content_id": PAGE, "filename": "a b+c%.txt"});
        let listed = call("confluence_get_attachments", named).await;
        let file = &listed["attachments"][0];
        assert_eq!((&listed["total"], &listed["complete"]), (&json!(1), &json!(true)), "{cloud}: {listed}");
        assert_eq!(file["version"]["by"]["displayName"], "Alice Operations", "{cloud}: {listed}");
        assert_eq!(file["metadata"]["comment"], "größer", "{cloud}: {listed}");
        assert_eq!(file["extensions"]["mediaType"], "text/plain", "{cloud}: {listed}");

        let one =
            blocks(&world, "confluence_download_attachment", json!({"attachment_id": file["id"]})).await;
        assert_eq!((one.len(), &one[0]["resource"]["blob"]), (1, &json!("c2Vjb25k")), "{cloud}: {one:?}");
        let id = file["id"].as_str().unwrap();
        assert_eq!(one[0]["resource"]["uri"], format!("attachment:///{id}/a%20b%2Bc%25.txt"), "{cloud}");

        let several = json!({
            "content_id": PAGE,
            "file_paths": [
                {"filename": "x.txt", "content_base64": "eA=="}, {"filename": "y.bin", "content_base64": "eQ=="},
            ],
        });
        let several = call("confluence_upload_attachments", several).await;
        assert_eq!(several["attachments"]["uploaded"].as_array().unwrap().len(), 2, "{cloud}: {several}");

        let window = json!({"content_id": PAGE, "media_type": "text/plain", "start": 1, "limit": 1});
        let window = call("confluence_get_attachments", window).await;
        assert_eq!((&window["total"], &window["next"]), (&json!(3), &json!("start 2")), "{cloud}: {window}");

        let all =
            blocks(&world, "confluence_download_content_attachments", json!({"content_id": PAGE})).await;
        assert_eq!(all.len(), 6, "{cloud}: a summary and five files: {all:?}");
        let images = blocks(&world, "confluence_get_page_images", json!({"content_id": PAGE})).await;
        assert_eq!((images.len(), &images[1]["mimeType"]), (2, &json!("image/png")), "{cloud}: {images:?}");

        let gone = json!({"attachment_id": id});
        assert_eq!(call("confluence_delete_attachment", gone.clone()).await["attachment_id"], json!(id));
        for tool in ["confluence_delete_attachment", "confluence_download_attachment"] {
            let absent = world.call("alice-token", tool, gone.clone()).await;
            assert!(absent.is_error && !absent.text.contains("was deleted"), "{cloud} {tool}: {absent:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn what_fails_is_not_called_done() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let files = json!({
            "content_id": PAGE,
            "file_paths": [
                {"filename": "x.txt", "content_base64": "eA=="}, {"filename": "y.txt", "content_base64": "eQ=="},
            ],
        });
        let uploads = if cloud { "PUT" } else { "POST" };
        let fault = |times: Value| {
            json!([{
                "method": uploads, "path": "child/attachment", "status": 500, "body": {"message": "no"},
                "times": times,
            }])
        };
        world.faults(fault(json!(1))).await;
        let some = world.call("alice-token", "confluence_upload_attachments", files.clone()).await.json();
        assert_eq!(some["attachments"]["success"], false, "{cloud}: {some}");
        assert_eq!(some["attachments"]["failed"][0]["filename"], "x.txt", "{cloud}: {some}");
        assert_eq!(some["attachments"]["uploaded"][0]["filename"], "y.txt", "{cloud}: {some}");
        world.faults(fault(Value::Null)).await;
        let none = world.call("alice-token", "confluence_upload_attachments", files).await;
        assert!(none.is_error && none.text.contains("answered 500: no"), "{cloud}: {none:?}");

        let login = json!([{"path": "download", "kind": "html"}]);
        world.faults(login).await;
        let page = json!({"attachment_id": "att655394"});
        let read = world.call("alice-token", "confluence_download_attachment", page).await;
        assert!(read.is_error && read.text.contains("in place of the file"), "{cloud}: {read:?}");
        for (status, kind) in [(404, Value::Null), (401, Value::Null), (200, json!("html"))] {
            let mut fault =
                json!({"method": "DELETE", "path": ".", "status": status, "body": {"message": "no"}});
            if kind.is_string() {
                fault = json!({"method": "DELETE", "path": ".", "kind": kind});
            }
            world.faults(json!([fault])).await;
            let file = json!({"attachment_id": "655394"});
            let kept = world.call("alice-token", "confluence_delete_attachment", file).await;
            assert!(kept.is_error && !kept.text.contains("was deleted"), "{cloud} {status}: {kept:?}");
        }
        world.faults(json!([])).await;
        let still =
            world.call("alice-token", "confluence_get_attachments", json!({"content_id": PAGE})).await;
        assert!(still.text.contains("att655394"), "{cloud}: {still:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_list_without_end_is_cut_and_says_so() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let next = "/wiki/api/v2/x?cursor=again";
        let endless = json!({"results": [{"id": "655391", "title": "t"}], "_links": {"next": next}});
        world.faults(json!([{"method": "GET", "path": "comment", "status": 200, "body": endless}])).await;
        let answer = blocks(&world, "confluence_get_comments", json!({"page_id": PAGE})).await;
        let note = answer[1]["text"].as_str().unwrap_or_else(|| panic!("{cloud}: {answer:?}"));
        assert!(note.contains("\"complete\":false") && note.contains("more comments"), "{cloud}: {note}");
        let lost =
            json!([{"method": "GET", "path": "comment|attachments", "status": 200, "body": {"size": 0}}]);
        world.faults(lost).await;
        for (tool, argument) in
            [("confluence_get_comments", "page_id"), ("confluence_get_inline_comments", "page_id")]
        {
            let empty = world.call("alice-token", tool, json!({argument: PAGE})).await;
            assert!(empty.is_error && empty.text.contains("no list of results"), "{cloud} {tool}: {empty:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn no_comment_and_no_file_leads_into_a_closed_space() {
    for cloud in [false, true] {
        let world = World::closed(cloud).await;
        let file = json!([{"filename": "a.txt", "content_base64": "eA=="}]);
        for (tool, arguments) in [
            ("confluence_get_comments", json!({"page_id": "81923"})),
            ("confluence_get_inline_comments", json!({"page_id": "81923"})),
            ("confluence_add_comment", json!({"page_id": "81923", "body": "x"})),
            ("confluence_reply_to_comment", json!({"comment_id": "819231", "body": "x"})),
            ("confluence_reply_to_comment", json!({"comment_id": "819233", "body": "x"})),
            (
                "confluence_add_inline_comment",
                json!({"page_id": "81923", "body": "x", "text_selection": "first"}),
            ),
            (
                "confluence_upload_attachment",
                json!({"content_id": "81923", "content_base64": "eA==", "filename": "a.txt"}),
            ),
            ("confluence_upload_attachments", json!({"content_id": "81923", "file_paths": file})),
            ("confluence_get_attachments", json!({"content_id": "81923"})),
            ("confluence_download_attachment", json!({"attachment_id": "att819234"})),
            ("confluence_download_content_attachments", json!({"content_id": "81923"})),
            ("confluence_get_page_images", json!({"content_id": "81923"})),
            ("confluence_delete_attachment", json!({"attachment_id": "819234"})),
        ] {
            let refused = world.call("alice-token", tool, arguments.clone()).await;
            let hidden = refused.text.contains("does not exist or is not visible to you");
            assert!(refused.is_error && hidden, "{cloud} {tool} {arguments}: {refused:?}");
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        for (tool, arguments) in [
            ("confluence_reply_to_comment", json!({"comment_id": "655393", "body": "x"})),
            ("confluence_add_comment", json!({"page_id": PAGE, "body": "x"})),
            ("confluence_get_attachments", json!({"content_id": PAGE})),
            ("confluence_delete_attachment", json!({"attachment_id": "att655394"})),
        ] {
            let open = world.call("alice-token", tool, arguments.clone()).await;
            assert!(!open.is_error, "{cloud} {tool} {arguments}: {open:?}");
        }
        world.end();
    }
}

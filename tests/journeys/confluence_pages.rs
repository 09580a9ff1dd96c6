//! Writing pages of Confluence in front of the sample upstream: what is written can be read back, on both deployments,
//! nothing is lost that nobody changed, and nothing leads around the policy.

mod constructs;

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

/// The word that is changed.
const WORD: &str = "sparrow";

/// A page that was just created.
struct Made<'w> {
    world: &'w World,
    id: String,
}

impl<'w> Made<'w> {
    async fn of(world: &'w World, title: &str, storage: &str) -> Self {
        let page =
            json!({"space_key": "DOCS", "title": title, "content": storage, "content_format": "storage"});
        let made = world.call("alice-token", "confluence_create_page", page).await.json();
        let id = made["page"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        Self { world, id }
    }

    async fn read(&self, markdown: bool) -> Value {
        let page = json!({"page_id": self.id, "convert_to_markdown": markdown});
        self.world.call("alice-token", "confluence_get_page", page).await.json()["metadata"].take()
    }

    async fn text(&self, markdown: bool) -> String {
        self.read(markdown).await["content"]["value"].as_str().unwrap().to_owned()
    }

    async fn update(&self, more: Value) -> crate::support::Called {
        let mut page = json!({"page_id": self.id, "title": "T"});
        page.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.world.call("alice-token", "confluence_update_page", page).await
    }
}

#[tokio::test]
async fn a_page_that_is_read_changed_and_written_back_differs_by_the_change_alone() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let mut problems = Vec::new();
        for number in 0..50 {
            let storage = constructs::page(number);
            let page = Made::of(&world, &format!("Lossless {number}"), &storage).await;
            assert_eq!(page.text(false).await, storage);
            let read = page.text(true).await;
            let words = read.matches(WORD).count();
            assert!(words > 0, "{read}");
            // Each of them in turn, on Cloud one a page: it may stand in a heading, a cell, a macro or code.
            for word in (0..words).filter(|word| !cloud || *word == number % words) {
                let at = read.match_indices(WORD).nth(word).unwrap().0;
                let changed = format!("{}changed{}", &read[..at], &read[at + WORD.len()..]);
                let title = format!("Lossless {number}");
                let updated = page.update(json!({"title": title, "content": changed})).await;
                let now = page.text(false).await;
                let differs_by_it = storage.match_indices(WORD).any(|(at, _)| {
                    now == format!("{}changed{}", &storage[..at], &storage[at + WORD.len()..])
                });
                if !differs_by_it {
                    problems.push(format!("{number}:\n{storage}\n{read}\n{now}\n{updated:?}"));
                }
                let back = json!({"title": title, "content": storage, "content_format": "storage"});
                assert!(!page.update(back).await.is_error);
            }
        }
        assert!(problems.is_empty(), "{cloud}: {} problems\n{}", problems.len(), problems.join("\n\n"));
        world.end();
    }
}

#[tokio::test]
async fn of_two_writers_the_second_is_told_and_nothing_is_lost() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let page = Made::of(&world, "Two writers", "<p>first</p>").await;
        assert_eq!(page.read(true).await["version"], 1);
        let mine = json!({"title": "Two writers", "content": "alice's", "base_version": 1});
        assert_eq!(page.update(mine.clone()).await.json()["page"]["version"], 2);
        let late = json!({"page_id": page.id, "title": "Two writers", "content": "bob's", "base_version": 1});
        let refused = world.call("bob-token", "confluence_update_page", late).await;
        assert!(
            refused.is_error && refused.text.contains("at version 2, by Alice Operations"),
            "{cloud}: {refused:?}"
        );
        let section = json!({"page_id": page.id, "heading_text": "x", "new_content": "y", "base_version": 1});
        assert!(world.call("bob-token", "confluence_update_page_section", section).await.is_error);
        assert_eq!(page.text(true).await.trim(), "alice's");

        // Both read the same version, and one is faster: Confluence itself refuses the other.
        let path = if cloud { "/api/v2/pages/" } else { "/rest/api/content/" };
        let hold =
            json!({"method": "PUT", "path": format!("{path}{}$", page.id), "times": 1, "delay_ms": 1500});
        world.faults(json!([hold])).await;
        let slow = json!({"title": "Two writers", "content": "slow"});
        let fast = json!({"page_id": page.id, "title": "Two writers", "content": "fast"});
        let second = async {
            let before = world.requests().await.iter().filter(|request| request.starts_with("PUT")).count();
            world
                .until("the first PUT", async || {
                    let puts =
                        world.requests().await.iter().filter(|request| request.starts_with("PUT")).count();
                    puts > before
                })
                .await;
            world.call("bob-token", "confluence_update_page", fast).await
        };
        let (slow, fast) = tokio::join!(page.update(slow), second);
        assert!(!fast.is_error, "{cloud}: {fast:?}");
        assert!(
            slow.is_error
                && slow.text.contains("at version 3, by Bob")
                && slow.text.contains("Nothing was overwritten"),
            "{cloud}: {slow:?}"
        );
        assert_eq!(page.text(true).await.trim(), "fast");
        world.end();
    }
}

#[tokio::test]
async fn a_page_keeps_what_is_not_given_and_takes_what_is() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let page = Made::of(&world, "Keeps", "<p>text  with <ac:emoticon ac:name=\"smile\" /></p>").await;
        let looks = json!({"title": "Renamed", "emoji": "🚀", "page_width": "full-width", "is_minor_edit": true,
            "version_comment": "a name", "parent_id": "65539"});
        let updated = page.update(looks).await.json();
        assert_eq!(
            (&updated["page"]["title"], &updated["page"]["emoji"], &updated["page"]["version"]),
            (&json!("Renamed"), &json!("🚀"), &json!(2)),
            "{cloud}: {updated}"
        );
        assert_eq!(updated["not_minor"].is_string(), cloud, "what Cloud cannot do is said: {updated}");
        let above = updated["page"]["ancestors"].as_array().unwrap().last().unwrap()["id"].clone();
        assert_eq!(above, "65539", "{cloud}: {updated}");
        assert_eq!(page.text(false).await, "<p>text  with <ac:emoticon ac:name=\"smile\" /></p>");

        let updated = page.update(json!({"title": "Renamed", "content": "new"})).await.json();
        assert_eq!(updated["page"]["emoji"], "🚀", "what is not given stays: {updated}");
        let above = updated["page"]["ancestors"].as_array().unwrap().last().unwrap()["id"].clone();
        assert_eq!(above, "65539", "{cloud}: {updated}");
        let updated = page.update(json!({"title": "Renamed", "content": "new", "emoji": ""})).await.json();
        assert!(updated["page"].get("emoji").is_none(), "{cloud}: {updated}");

        for (wrong, wanted) in [
            (json!({"content": "x", "page_width": "bogus"}), "`page_width`"),
            (json!({"content": "x", "emoji": "smile"}), "`emoji`"),
            (json!({"content": "x", "table_layout": "narrow"}), "`table_layout`"),
            (json!({"content": "x", "content_format": "html"}), "`content_format`"),
            (json!({"content_file": "../secret"}), "tools.attachment_directory"),
        ] {
            let before = world.requests().await.iter().filter(|request| !request.starts_with("GET")).count();
            let refused = page.update(wrong).await;
            assert!(refused.is_error && refused.text.contains(wanted), "{cloud}: {refused:?}");
            let after = world.requests().await.iter().filter(|request| !request.starts_with("GET")).count();
            assert_eq!(before, after, "nothing is written");
        }
        world.end();
    }
}

#[tokio::test]
async fn macros_stay_unless_somebody_takes_them_out() {
    let world = World::writing(false).await;
    let storage = "<p>text</p><ac:structured-macro ac:name=\"toc\" ac:schema-version=\"1\" ac:macro-id=\"t-1\" />\
                   <p style=\"text-align: center;\">middle</p>";
    let page = Made::of(&world, "T", storage).await;
    // A model that leaves out the comments it was shown does not take away what they say.
    let read = page.text(true).await;
    let bare: String = read.lines().filter(|line| !line.starts_with("<!--")).collect::<Vec<_>>().join("\n");
    let updated = page.update(json!({"content": bare.replace("text", "words")})).await.json();
    assert!(updated.get("removed").is_none(), "{updated}");
    assert_eq!(page.text(false).await, storage.replace("<p>text", "<p>words"));
    let updated = page.update(json!({"content": "no more"})).await.json();
    assert_eq!(updated["removed"], json!(["macro toc"]), "{updated}");
    assert_eq!(page.text(false).await, "<p>no more</p>");
    world.end();
}

#[tokio::test]
async fn a_section_is_replaced_and_nothing_else() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let storage = "<h1>Top</h1>\n<p>a  b</p><h2>Setup</h2><p>old</p><h2>Use</h2><p><br/></p>";
        let page = Made::of(&world, "Sections", storage).await;
        let section = json!({"page_id": page.id, "heading_text": "Setup", "new_content": "**new**"});
        let updated = world.call("alice-token", "confluence_update_page_section", section).await.json();
        assert_eq!(updated["page"]["version"], 2, "{cloud}: {updated}");
        let wanted = storage.replace("<p>old</p>", "<p><strong>new</strong></p>");
        assert_eq!(page.text(false).await, wanted);
        let missing = json!({"page_id": page.id, "heading_text": "Nope", "new_content": "x"});
        let refused = world.call("alice-token", "confluence_update_page_section", missing).await;
        assert!(refused.is_error && refused.text.contains("`# Top`, `## Setup`, `## Use`"), "{refused:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_page_moves_is_copied_and_goes_to_the_trash() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call = async |tool: &str, arguments: Value| world.call("carol-token", tool, arguments).await;
        let page = Made::of(&world, "Wanders", "<p>text</p>").await;
        let last =
            |shown: &Value| shown["page"]["ancestors"].as_array().unwrap().last().unwrap()["id"].clone();
        let below = json!({"page_id": page.id, "target_parent_id": "65539"});
        let moved = call("confluence_move_page", below).await.json();
        assert_eq!(last(&moved), "65539", "{cloud}: {moved}");
        let beside = json!({"page_id": page.id, "target_parent_id": "65539", "position": "above"});
        let moved = call("confluence_move_page", beside).await.json();
        assert_ne!(last(&moved), "65539", "{cloud}: {moved}");
        let away = json!({"page_id": page.id, "target_space_key": "SECRETS"});
        let moved = call("confluence_move_page", away).await.json();
        assert_eq!(moved["page"]["space"]["key"], "SECRETS", "{cloud}: {moved}");
        let elsewhere =
            json!({"page_id": page.id, "target_space_key": "SECRETS", "target_parent_id": "65539"});
        let refused = call("confluence_move_page", elsewhere).await;
        assert!(refused.is_error && refused.text.contains("not in the space"), "{cloud}: {refused:?}");

        let copy = json!({"source_page_id": page.id, "destination_space_key": "DOCS", "new_title": "A copy",
            "destination_parent_id": "65539", "copy_attachments": false});
        let copied = call("confluence_copy_page", copy.clone()).await.json();
        assert_eq!(copied["page"]["space"]["key"], "DOCS", "{cloud}: {copied}");
        assert!(copied["not_copied"].to_string().contains("attachments"), "{cloud}: {copied}");
        let id = copied["page"]["id"].as_str().unwrap();
        let read =
            call("confluence_get_page", json!({"page_id": id, "convert_to_markdown": false})).await.json();
        assert_eq!(read["metadata"]["content"]["value"], "<p>text</p>", "{cloud}: {read}");
        let twice = call("confluence_copy_page", copy).await;
        assert!(twice.is_error && twice.text.contains("already exists"), "{cloud}: {twice:?}");

        assert_eq!(call("confluence_delete_page", json!({"page_id": id})).await.json()["success"], true);
        for tool in ["confluence_get_page", "confluence_delete_page"] {
            let gone = call(tool, json!({"page_id": id})).await;
            assert!(gone.is_error && !gone.text.contains("success"), "{cloud} {tool}: {gone:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn a_page_stands_where_it_was_put_among_its_siblings() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let children = async || {
            let below = json!({"parent_id": "65546"});
            let below = world.call("alice-token", "confluence_get_page_children", below).await.json();
            let ids = below["results"].as_array().unwrap().iter().map(|page| page["id"].clone());
            ids.collect::<Vec<Value>>()
        };
        assert_eq!(children().await, ["65547", "65548", "65549", "65550"], "{cloud}");
        let table: [(&str, &str, &str, &[&str]); 5] = [
            ("65550", "65547", "above", &["65550", "65547", "65548", "65549"]),
            ("65547", "65549", "below", &["65550", "65548", "65549", "65547"]),
            ("65539", "65549", "before", &["65550", "65548", "65539", "65549", "65547"]),
            ("65550", "65546", "append", &["65548", "65539", "65549", "65547", "65550"]),
            ("65539", "65538", "append", &["65548", "65549", "65547", "65550"]),
        ];
        for (page, target, position, wanted) in table {
            let there = json!({"page_id": page, "target_parent_id": target, "position": position});
            let moved = world.call("alice-token", "confluence_move_page", there).await;
            assert!(!moved.is_error, "{cloud} {page} {position} {target}: {moved:?}");
            assert_eq!(children().await, wanted, "{cloud} {page} {position} {target}");
            let tree = json!({"space_key": "DOCS", "limit": 1000});
            let tree = world.call("alice-token", "confluence_get_space_page_tree", tree).await.json();
            let below = tree["pages"].as_array().unwrap().iter().filter(|page| page["parent_id"] == "65546");
            assert_eq!(below.map(|page| page["id"].clone()).collect::<Vec<_>>(), wanted, "{cloud}: {tree}");
        }
        world.end();
    }
}

#[tokio::test]
async fn a_page_is_made_from_a_template_where_there_are_any() {
    let world = World::writing(true).await;
    let page = json!({"space_key": "DOCS", "title": "From a template", "template_id": "90001", "parent_id": "65537"});
    let made = world.call("alice-token", "confluence_create_page_from_template", page.clone()).await.json();
    assert_eq!(made["fields_to_fill"], json!(["topic"]), "{made}");
    let id = made["id"].as_str().unwrap();
    let raw = json!({"page_id": id, "convert_to_markdown": false});
    let read = world.call("alice-token", "confluence_get_page", raw).await.json();
    let text = read["metadata"]["content"]["value"].as_str().unwrap();
    assert!(text.ends_with("<p>About [topic].</p>") && !text.contains("at:"), "{text}");
    world.end();
    let world = World::writing(false).await;
    let refused = world.call("alice-token", "confluence_create_page_from_template", page).await;
    assert!(refused.is_error && refused.text.contains("confluence_create_page"), "{refused:?}");
    world.end();
}

#[tokio::test]
async fn a_page_comes_from_a_file_of_the_operator_and_a_live_document_has_its_looks() {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("page.md"), "# From a file").unwrap();
    let variables = vec![
        ("READ_ONLY_MODE", "false".to_owned()),
        ("PORTCULLIS_TOOLS__ATTACHMENT_DIRECTORY", files.path().display().to_string()),
    ];
    let world = World::start(Setup { variables, cloud: true, ..Setup::default() }).await;
    let page = json!({"space_key": "DOCS", "title": "Live", "content_file": "page.md", "subtype": "live",
        "emoji": "🚀", "page_width": "max", "include_content": true});
    let made = world.call("alice-token", "confluence_create_page", page).await.json();
    assert_eq!(
        (&made["page"]["content"]["value"], &made["page"]["emoji"]),
        (&json!("# From a file"), &json!("🚀"))
    );
    assert!(made.get("properties_not_set").is_none(), "{made}");
    let id = made["page"]["id"].as_str().unwrap();
    let read = world.call("alice-token", "confluence_get_page", json!({"page_id": id})).await.json();
    assert_eq!(read["metadata"]["emoji"], "🚀", "{read}");
    world.end();
}

#[tokio::test]
async fn no_tool_writes_into_a_closed_space_or_out_of_it() {
    for cloud in [false, true] {
        let world = World::closed(cloud).await;
        for (tool, arguments) in [
            ("confluence_update_page", json!({"page_id": "81921", "title": "x", "content": "x"})),
            ("confluence_update_page", json!({"page_id": "65539", "title": "x", "parent_id": "81921"})),
            (
                "confluence_update_page_section",
                json!({"page_id": "81921", "heading_text": "x", "new_content": "x"}),
            ),
            ("confluence_delete_page", json!({"page_id": "81921"})),
            ("confluence_move_page", json!({"page_id": "81921", "target_space_key": "DOCS"})),
            ("confluence_move_page", json!({"page_id": "65539", "target_space_key": "SECRETS"})),
            ("confluence_move_page", json!({"page_id": "65539", "target_parent_id": "81921"})),
            (
                "confluence_copy_page",
                json!({"source_page_id": "81921", "destination_space_key": "DOCS", "new_title": "x"}),
            ),
            (
                "confluence_copy_page",
                json!({"source_page_id": "65539", "destination_space_key": "SECRETS", "new_title": "x"}),
            ),
            (
                "confluence_copy_page",
                json!({"source_page_id": "65539", "destination_space_key": "DOCS", "new_title": "x", "destination_parent_id": "81921"}),
            ),
            (
                "confluence_create_page",
                json!({"space_key": "DOCS", "title": "x", "content": "x", "parent_id": "81921"}),
            ),
        ] {
            let refused = world.call("alice-token", tool, arguments.clone()).await;
            let hidden = refused.text.contains("does not exist or is not visible to you");
            assert!(refused.is_error && hidden, "{cloud} {tool} {arguments}: {refused:?}");
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_write_that_fails_is_no_success() {
    let faults = [
        json!({"status": 401}),
        json!({"status": 403, "body": {"message": "no"}}),
        json!({"status": 404, "body": {"message": "gone"}}),
        json!({"status": 500}),
        json!({"kind": "html"}),
        json!({"kind": "reset"}),
        json!({"status": 200, "headers": {"Content-Type": "application/json"}, "body": "{\"a\":"}),
    ];
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let calls = [
            ("confluence_create_page", json!({"space_key": "DOCS", "title": "F", "content": "x"})),
            ("confluence_update_page", json!({"page_id": "65539", "title": "F", "content": "x"})),
            ("confluence_delete_page", json!({"page_id": "65539"})),
            ("confluence_move_page", json!({"page_id": "65539", "target_space_key": "SECRETS"})),
            (
                "confluence_copy_page",
                json!({"source_page_id": "65539", "destination_space_key": "SECRETS", "new_title": "F"}),
            ),
        ];
        for fault in &faults {
            for method in ["POST", "PUT", "DELETE"] {
                let mut fault = fault.clone();
                fault["method"] = json!(method);
                world.faults(json!([fault])).await;
                for (tool, arguments) in &calls {
                    let uses = match *tool {
                        "confluence_update_page" => "PUT",
                        "confluence_delete_page" => "DELETE",
                        "confluence_move_page" if cloud => "PUT",
                        _ => "POST",
                    };
                    if uses == method {
                        let answer = world.call("carol-token", tool, arguments.clone()).await;
                        assert!(answer.is_error, "{cloud} {tool} {fault}: {answer:?}");
                    }
                }
            }
        }
        world.faults(json!([])).await;
        let there =
            world.call("carol-token", "confluence_get_page", json!({"page_id": "65539"})).await.json();
        assert_eq!(there["metadata"]["space"]["key"], "DOCS", "{there}");
        world.end();
    }
}

#[tokio::test]
async fn a_new_page_shows_its_space_and_the_pages_above_it() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call =
            async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await.json();
        let made = json!({"space_key": "docs", "title": "Made", "content": "x", "parent_id": "65539"});
        let made = call("confluence_create_page", made).await;
        let copied = json!({"source_page_id": "65540", "destination_space_key": "DOCS",
            "destination_parent_id": "65539", "new_title": "Copied"});
        let copied = call("confluence_copy_page", copied).await;
        for page in [&made["page"], &copied["page"]] {
            let above = page["ancestors"].as_array().unwrap();
            assert_eq!(above.last().map(|last| &last["id"]), Some(&json!("65539")), "{cloud}: {page}");
            assert!(above.len() > 1, "{cloud}: {page}");
            assert_eq!(page["space"]["key"], "DOCS", "{cloud}: {page}");
        }
        world.end();
    }
}

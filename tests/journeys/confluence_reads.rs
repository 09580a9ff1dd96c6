//! Confluence's tools for reading and rights in front of the sample upstream, on both deployments: what is set can be
//! read back, nothing leads into a closed space, and no fault looks like an answer.

use serde_json::Value;
use serde_json::json;

use crate::support::World;

/// Runbooks, which has pages below it and two versions.
const RUNBOOKS: &str = "65538";
/// A page below Runbooks.
const RESTART: &str = "65539";

fn texts(list: &Value, key: &str) -> Vec<String> {
    let items = list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter();
    items.map(|item| item[key].as_str().unwrap_or_else(|| panic!("no {key}: {item}")).to_owned()).collect()
}

#[tokio::test]
async fn a_label_is_read_back() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call =
            async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await.json();
        let added = call("confluence_add_label", json!({"page_id": RUNBOOKS, "name": "Journey"})).await;
        let read = call("confluence_get_labels", json!({"page_id": RUNBOOKS})).await;
        assert_eq!(texts(&added, "label"), texts(&read, "label"), "{cloud}");
        assert!(texts(&read, "name").contains(&"journey".to_owned()), "{cloud}: {read}");
        world
            .faults(json!([{"method": "POST", "path": "/label", "body": {"results": []}, "status": 200}]))
            .await;
        let lost = world
            .call("alice-token", "confluence_add_label", json!({"page_id": RUNBOOKS, "name": "x"}))
            .await;
        assert!(lost.is_error && lost.text.contains("does not have it"), "{cloud}: {lost:?}");
        world.end();
    }
}

#[tokio::test]
async fn children_are_listed_in_parts_that_make_the_whole() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let children = async |more: Value| {
            let mut arguments = json!({"parent_id": RUNBOOKS});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            world.call("alice-token", "confluence_get_page_children", arguments).await.json()
        };
        let all = children(json!({})).await;
        let ids = texts(&all["results"], "id");
        assert_eq!(
            (ids.len(), &all["complete"], &all["count"]),
            (6, &json!(true), &json!(6)),
            "{cloud}: {all}"
        );
        let mut found = Vec::new();
        let mut start = 0;
        loop {
            let part = children(json!({"limit": 3, "start": start, "include_folders": false})).await;
            found.extend(texts(&part["results"], "id"));
            let Some(next) = part["next"].as_str() else { break };
            start = next.strip_prefix("start=").unwrap().parse().unwrap();
        }
        assert_eq!(found, ids, "{cloud}");
        let whole = children(json!({"include_content": true, "limit": 2})).await;
        for child in whole["results"].as_array().unwrap() {
            assert_eq!(child["space"]["key"], "DOCS", "{cloud}: {child}");
            assert_eq!(child["content"]["format"], "markdown", "{cloud}: {child}");
            assert!(child["author"].as_str().unwrap().contains(' '), "{cloud}: {child}");
        }
        world.end();
    }
}

#[tokio::test]
async fn a_tree_has_every_page_below_its_parent() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let tree = async |limit: u64| {
            let arguments = json!({"space_key": "DOCS", "limit": limit});
            world.call("alice-token", "confluence_get_space_page_tree", arguments).await.json()
        };
        let whole = tree(1000).await;
        assert_eq!(
            (&whole["total_pages"], &whole["has_more"]),
            (&json!(28), &json!(false)),
            "{cloud}: {whole}"
        );
        let pages = whole["pages"].as_array().unwrap();
        for (place, page) in pages.iter().enumerate() {
            let Some(parent) = page["parent_id"].as_str() else {
                assert_eq!(page["depth"], 0, "{cloud}: {page}");
                continue;
            };
            let above = pages.iter().position(|above| above["id"] == parent).unwrap();
            assert!(above < place, "{cloud}: {page}");
            assert_eq!(
                page["depth"].as_u64(),
                pages[above]["depth"].as_u64().map(|depth| depth + 1),
                "{page}"
            );
        }
        let part = tree(5).await;
        assert_eq!((&part["total_pages"], &part["has_more"]), (&json!(-1), &json!(true)), "{cloud}: {part}");
        assert!(part["next"].as_str().unwrap().contains("raise limit"), "{cloud}: {part}");
        world.end();
    }
}

#[tokio::test]
async fn former_versions_are_read_and_compared() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call = async |tool: &str, arguments: Value| world.call("alice-token", tool, arguments).await;
        let old =
            call("confluence_get_page_history", json!({"page_id": RUNBOOKS, "version": 1})).await.json();
        assert_eq!(
            old["content"]["value"].as_str().map(str::trim),
            Some("Draft 1 of the page."),
            "{cloud}: {old}"
        );
        assert_eq!((&old["version"], &old["space"]["key"]), (&json!(1), &json!("DOCS")), "{cloud}: {old}");
        let raw = json!({"page_id": RUNBOOKS, "version": 1, "convert_to_markdown": false});
        let raw = call("confluence_get_page_history", raw).await.json();
        assert_eq!(raw["content"]["value"], "<p>Draft 1 of the page.</p>", "{cloud}: {raw}");
        let arguments = json!({"page_id": RUNBOOKS, "from_version": 1, "to_version": 2});
        let diff = call("confluence_get_page_diff", arguments).await.json();
        let text = diff["diff"].as_str().unwrap();
        assert!(
            text.starts_with("--- v1\n+++ v2\n@@ ") && text.contains("\n-Draft 1 of the page."),
            "{text}"
        );
        assert!(text.contains("\n+# Runbooks"), "{cloud}: {text}");
        let same = json!({"page_id": RUNBOOKS, "from_version": 2, "to_version": 2});
        assert_eq!(call("confluence_get_page_diff", same).await.json()["diff"], "", "{cloud}");
        for (tool, arguments) in [
            ("confluence_get_page_history", json!({"page_id": RUNBOOKS, "version": 9})),
            ("confluence_get_page_diff", json!({"page_id": RUNBOOKS, "from_version": 9, "to_version": 1})),
        ] {
            let refused = call(tool, arguments).await;
            assert!(refused.is_error && refused.text.contains("no version 9"), "{cloud}: {refused:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn what_cloud_alone_has_is_said_on_data_center() {
    let calls = [
        ("confluence_get_page_views", json!({"page_id": RUNBOOKS})),
        ("confluence_list_page_templates", json!({"space_key": "DOCS"})),
        ("confluence_get_page_template", json!({"template_id": "90001"})),
    ];
    let world = World::writing(false).await;
    for (tool, arguments) in &calls {
        let refused = world.call("alice-token", tool, arguments.clone()).await;
        assert!(refused.is_error && refused.text.contains("only Cloud"), "{tool}: {refused:?}");
    }
    world.end();
    let world = World::writing(true).await;
    let call = async |place: usize| {
        let (tool, arguments) = &calls[place];
        world.call("alice-token", tool, arguments.clone()).await.json()
    };
    let views = call(0).await;
    assert_eq!(
        (&views["page_title"], &views["total_views"]),
        (&json!("Runbooks"), &json!(65538 % 97)),
        "{views}"
    );
    let templates = call(1).await;
    assert_eq!((&templates["total"], &templates["complete"]), (&json!(1), &json!(true)), "{templates}");
    let template = call(2).await;
    assert!(template["body"].as_str().unwrap().starts_with("<h1>Goal</h1>"), "{template}");
    assert!(template["markdown"].as_str().unwrap().contains("**there**"), "{template}");
    world.end();
}

#[tokio::test]
async fn restrictions_are_read_back_and_keep_others_out() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let call = async |token: &str, tool: &str, arguments: Value| world.call(token, tool, arguments).await;
        let set =
            async |arguments: Value| call("alice-token", "confluence_set_page_restrictions", arguments).await;
        let done = set(json!({
            "page_id": RESTART, "read_users": ["Alice Operations", "Carol Security"], "read_groups": ["ops"],
        }))
        .await
        .json();
        let read =
            call("alice-token", "confluence_get_page_restrictions", json!({"page_id": RESTART})).await.json();
        assert_eq!(done["restrictions"], read, "{cloud}");
        assert_eq!(
            (read["read"]["users"].as_array().unwrap().len(), &read["read"]["groups"]),
            (2, &json!(["ops"]))
        );
        // What is not said stays.
        set(json!({"page_id": RESTART, "edit_users": ["me"]})).await.json();
        let both =
            call("alice-token", "confluence_get_page_restrictions", json!({"page_id": RESTART})).await.json();
        assert_eq!(
            (&both["read"], both["update"]["users"].as_array().unwrap().len()),
            (&read["read"], 1),
            "{both}"
        );
        let hidden = call("bob-token", "confluence_get_page", json!({"page_id": RESTART})).await;
        assert!(hidden.is_error, "{cloud}: {hidden:?}");
        let check = async |who: &str, operation: &str| {
            let arguments = json!({"content_id": RESTART, "user_identifier": who, "operation": operation});
            call("alice-token", "confluence_check_content_permissions", arguments).await.json()
        };
        for (who, operation, wanted) in [
            ("bob@example.com", "read", false),
            ("Carol Security", "read", true),
            ("Carol Security", "update", false),
            ("Alice Operations", "update", true),
        ] {
            let checked = check(who, operation).await;
            assert_eq!(checked["hasPermission"], wanted, "{cloud} {who} {operation}: {checked}");
            assert_eq!(checked["errors"].as_array().unwrap().is_empty(), wanted, "{cloud}: {checked}");
            assert_eq!(checked.get("not_known").is_some(), !cloud, "{cloud}: {checked}");
        }
        for (group, wanted) in [("ops", None), ("nobodies", Some("there is no group `nobodies`"))] {
            let arguments = json!({"content_id": RESTART, "user_identifier": group, "operation": "read",
                "subject_type": "group"});
            let checked = call("alice-token", "confluence_check_content_permissions", arguments).await;
            assert_eq!(checked.is_error, wanted.is_some(), "{cloud}: {checked:?}");
            assert!(checked.text.contains(wanted.unwrap_or_default()), "{cloud}: {checked:?}");
        }
        let cleared = json!({"page_id": RESTART, "read_users": [], "read_groups": [], "edit_users": [], "edit_groups": []});
        let open = set(cleared).await.json();
        let nobody = json!({"users": [], "groups": []});
        assert_eq!(open["restrictions"], json!({"read": nobody, "update": nobody}), "{cloud}");
        world.end();
    }
}

#[tokio::test]
async fn inherited_restrictions_count() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let set = json!({"page_id": RUNBOOKS, "read_users": ["me"]});
        world.call("alice-token", "confluence_set_page_restrictions", set).await.json();
        let own = json!({"page_id": RESTART});
        let own = world.call("alice-token", "confluence_get_page_restrictions", own).await.json();
        assert_eq!(own["read"]["users"], json!([]), "{cloud}");
        let check = json!({"content_id": RESTART, "user_identifier": "Bob Development", "operation": "read"});
        let checked = world.call("alice-token", "confluence_check_content_permissions", check).await.json();
        assert_eq!(checked["hasPermission"], false, "{cloud}: {checked}");
        world.end();
    }
}

#[tokio::test]
async fn nobody_is_locked_out_and_nobody_unknown_is_let_in() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let unknown = json!({"page_id": RESTART, "read_users": ["me", "Zoe Nobody"]});
        let refused = world.call("alice-token", "confluence_set_page_restrictions", unknown).await;
        assert!(refused.is_error && refused.text.contains("`Zoe Nobody`"), "{cloud}: {refused:?}");
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        for list in [json!({"read_users": ["carol@example.com"]}), json!({"edit_groups": ["security"]})] {
            let mut arguments = json!({"page_id": RESTART});
            arguments.as_object_mut().unwrap().extend(list.as_object().unwrap().clone());
            let refused = world.call("alice-token", "confluence_set_page_restrictions", arguments).await;
            assert!(refused.is_error, "{cloud}: {refused:?}");
            assert!(refused.text.contains("any more; add `me`"), "{cloud}: {refused:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn the_permissions_of_a_space_come_in_parts() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let mut found = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let arguments = json!({"space_id": "DOCS", "limit": 3, "cursor": cursor});
            let part = world.call("alice-token", "confluence_get_space_permissions", arguments).await.json();
            found.extend(part["results"].as_array().unwrap().clone());
            assert_eq!(part["complete"].as_bool().unwrap(), part.get("cursor").is_none(), "{cloud}: {part}");
            let Some(next) = part.get("cursor") else { break };
            cursor = next.clone();
        }
        assert_eq!(found.len(), 4, "{cloud}: {found:?}");
        assert_eq!(found[0]["principal"]["id"], "jira-users", "{cloud}");
        assert_eq!(found[0]["operation"], json!({"key": "read", "targetType": "space"}), "{cloud}");
        if !cloud {
            // bob is no administrator of the space: that is said, and a check says what it could not look at.
            let refused = world
                .call("bob-token", "confluence_get_space_permissions", json!({"space_id": "DOCS"}))
                .await;
            assert!(refused.is_error && refused.text.contains("403"), "{refused:?}");
            let check = json!({"content_id": RESTART, "user_identifier": "carol", "operation": "read"});
            let checked = world.call("bob-token", "confluence_check_content_permissions", check).await.json();
            assert_eq!(checked["hasPermission"], Value::Null, "{checked}");
            assert!(checked["not_known"].to_string().contains("permissions of space DOCS"), "{checked}");
        }
        world.end();
    }
}

#[tokio::test]
async fn people_are_found_by_name_and_never_by_a_trick() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let find =
            async |arguments: Value| world.call("alice-token", "confluence_search_user", arguments).await;
        let found = find(json!({"query": "Operations"})).await.json();
        assert_eq!(texts(&found, "title"), ["Alice Operations", "Dave Operations"], "{cloud}: {found}");
        let id = if cloud { "account_id" } else { "username" };
        assert!(found[0]["user"][id].is_string(), "{cloud}: {found}");
        assert_eq!(find(json!({"query": "O\"Neil"})).await.json(), json!([]), "{cloud}");
        let requests = world.log().await;
        let asked = requests.last().unwrap().to_string();
        assert!(asked.contains("O%5C%22Neil") || asked.contains("O\\\\\\\"Neil"), "{cloud}: {asked}");
        // Content is nothing that is found here.
        let tricked = find(json!({"query": "title ~ \"Runbooks\""})).await;
        assert!(tricked.is_error || tricked.json() == json!([]), "{cloud}: {tricked:?}");
        if !cloud {
            let members = find(json!({"query": "dave", "group_name": "ops"})).await.json();
            assert_eq!(texts(&members, "title"), ["Dave Operations"], "{members}");
            assert_eq!(find(json!({"query": "bob", "group_name": "ops"})).await.json(), json!([]));
            let absent = find(json!({"query": "bob", "group_name": "nobody"})).await;
            assert!(absent.is_error, "{absent:?}");
        }
        world.end();
    }
}

#[tokio::test]
async fn no_tool_leads_into_a_closed_space() {
    for cloud in [false, true] {
        let world = World::closed(cloud).await;
        let page = "81923";
        let mut calls = vec![
            ("confluence_get_page_children", json!({"parent_id": page})),
            ("confluence_get_space_page_tree", json!({"space_key": "SECRETS"})),
            ("confluence_get_labels", json!({"page_id": page})),
            ("confluence_add_label", json!({"page_id": page, "name": "x"})),
            ("confluence_get_page_history", json!({"page_id": page, "version": 1})),
            ("confluence_get_page_diff", json!({"page_id": page, "from_version": 1, "to_version": 2})),
            ("confluence_get_page_views", json!({"page_id": page})),
            ("confluence_list_page_templates", json!({"space_key": "SECRETS"})),
            ("confluence_get_page_restrictions", json!({"page_id": page})),
            ("confluence_set_page_restrictions", json!({"page_id": page, "read_users": ["me"]})),
            (
                "confluence_check_content_permissions",
                json!({"content_id": page, "user_identifier": "me", "operation": "read"}),
            ),
            ("confluence_get_space_permissions", json!({"space_id": "SECRETS"})),
        ];
        if cloud {
            calls.push(("confluence_get_page_template", json!({"template_id": "998307"})));
            calls.push(("confluence_get_space_permissions", json!({"space_id": "98307"})));
        }
        for (tool, arguments) in calls {
            let refused = world.call("alice-token", tool, arguments.clone()).await;
            let hidden = refused.text.contains("does not exist or is not visible to you");
            assert!(refused.is_error && hidden, "{cloud} {tool} {arguments}: {refused:?}");
        }
        let requests = world.requests().await;
        assert!(requests.iter().all(|request| request.starts_with("GET ")), "{cloud}: {requests:?}");
        let carol = world
            .call("carol-token", "confluence_get_space_page_tree", json!({"space_key": "SECRETS"}))
            .await;
        assert_eq!(carol.json()["total_pages"], 6, "{cloud}");
        world.end();
    }
}

#[tokio::test]
async fn no_fault_looks_like_an_answer() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        world.call("alice-token", "confluence_get_page", json!({"page_id": RUNBOOKS})).await.json();
        let mut calls = vec![
            ("confluence_get_page_children", json!({"parent_id": RUNBOOKS})),
            ("confluence_get_space_page_tree", json!({"space_key": "DOCS"})),
            ("confluence_get_labels", json!({"page_id": RUNBOOKS})),
            ("confluence_add_label", json!({"page_id": RUNBOOKS, "name": "x"})),
            ("confluence_get_page_history", json!({"page_id": RUNBOOKS, "version": 1})),
            ("confluence_get_page_diff", json!({"page_id": RUNBOOKS, "from_version": 1, "to_version": 2})),
            ("confluence_get_page_restrictions", json!({"page_id": RUNBOOKS})),
            ("confluence_set_page_restrictions", json!({"page_id": RUNBOOKS, "read_groups": ["ops"]})),
            (
                "confluence_check_content_permissions",
                json!({"content_id": RUNBOOKS, "user_identifier": "me", "operation": "read"}),
            ),
            ("confluence_get_space_permissions", json!({"space_id": "DOCS"})),
            ("confluence_search_user", json!({"query": "Ann"})),
            ("confluence_search", json!({"query": "runbook"})),
        ];
        if cloud {
            calls.push(("confluence_get_page_views", json!({"page_id": RUNBOOKS, "include_title": false})));
            calls.push(("confluence_list_page_templates", json!({})));
            calls.push(("confluence_get_page_template", json!({"template_id": "90001"})));
        }
        let faults = [
            json!({"status": 500, "body": {"message": "broken"}}),
            json!({"status": 401, "body": {}}),
            json!({"status": 403, "body": {"message": "no"}}),
            json!({"status": 200, "body": {}}),
            json!({"status": 200, "body": []}),
            json!({"kind": "html"}),
            json!({"kind": "truncate", "body": {"results": []}}),
        ];
        for fault in faults {
            world.faults(json!([fault])).await;
            for (tool, arguments) in &calls {
                let failed = world.call("alice-token", tool, arguments.clone()).await;
                // An empty list is what a space without permissions has.
                let empty = fault["body"] == json!([]) && *tool == "confluence_get_space_permissions";
                assert!(failed.is_error || empty, "{cloud} {tool} {fault}: {failed:?}");
            }
        }
        world.end();
    }
}

#[tokio::test]
async fn a_list_without_end_ends() {
    for cloud in [false, true] {
        let world = World::writing(cloud).await;
        let endless = json!({
            "results": [{"id": "1", "name": "x", "prefix": "global"}],
            "_links": {"next": "/rest/api/x?cursor=again&start=1"},
        });
        world.faults(json!([{"path": "/labels?$", "status": 200, "body": endless}])).await;
        let labels = world.call("alice-token", "confluence_get_labels", json!({"page_id": RUNBOOKS})).await;
        assert!(!labels.json().as_array().unwrap().is_empty(), "{cloud}");
        assert!(world.requests().await.len() < 60, "{cloud}");
        world.end();
    }
}

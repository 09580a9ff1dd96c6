//! Jira and Confluence Data Center.

use serde_json::json;

use super::Client;
use super::Deployment;
use super::texts;
use super::with_query;

fn alice() -> Client {
    Client::new(Deployment::DataCenter)
}

#[tokio::test]
async fn credentials_are_checked() {
    let sim = alice();
    let basic = |pair: &str| {
        use base64::Engine;
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair))
    };
    let table = [
        ("Bearer alice-token".to_owned(), 200),
        ("bearer svc-token".to_owned(), 200),
        (basic("alice:alice-token"), 200),
        (basic("alice@example.com:alice-token"), 401),
        (basic("alice:bob-token"), 401),
        ("Bearer dave-token".to_owned(), 401),
        ("Bearer ".to_owned(), 401),
        ("Basic !!".to_owned(), 401),
        ("alice-token".to_owned(), 401),
        (String::new(), 401),
    ];
    for (authorization, wanted) in table {
        for path in ["/rest/api/2/myself", "/rest/api/user/current"] {
            let response = sim.with(&authorization).raw("GET", path, None).await;
            assert_eq!(response.status().as_u16(), wanted, "{authorization} {path}");
            assert_eq!(response.headers().contains_key("www-authenticate"), wanted == 401);
        }
    }
    let html = sim.with("Bearer wrong").raw("GET", "/rest/api/2/myself", None).await;
    assert!(html.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
}

#[tokio::test]
async fn myself_has_groups_when_expanded() {
    let sim = alice();
    let plain = sim.get("/rest/api/2/myself").await;
    assert_eq!(plain.pointer("/groups"), Some(&json!({"size": 2, "items": []})));
    let expanded = sim.get("/rest/api/2/myself?expand=groups").await;
    assert_eq!(texts(&expanded["groups"]["items"], "/name"), ["jira-users", "ops"]);
    assert_eq!((expanded["name"].as_str(), expanded.get("accountId")), (Some("alice"), None));
    let member = sim.get("/rest/api/user/memberof?username=carol").await;
    assert_eq!(texts(&member["results"], "/name"), ["jira-users", "security"]);
}

#[tokio::test]
async fn an_issue_has_the_fields_asked_for() {
    let sim = alice();
    let issue = sim.get("/rest/api/2/issue/OPS-2").await;
    assert_eq!(issue.pointer("/fields/project/key").unwrap(), "OPS");
    assert!(issue.pointer("/fields/description").unwrap().is_string());
    assert!(issue.pointer("/fields/comment/comments").is_some());
    let keys = |issue: &serde_json::Value| -> Vec<String> {
        issue["fields"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&sim.get("/rest/api/2/issue/OPS-2?fields=summary,status").await), ["summary", "status"]);
    assert!(
        !keys(&sim.get("/rest/api/2/issue/OPS-2?fields=*all,-comment").await).contains(&"comment".to_owned())
    );
    assert!(keys(&sim.get("/rest/api/2/issue/OPS-2?fields=-summary").await).contains(&"comment".to_owned()));
    assert!(
        !keys(&sim.get("/rest/api/2/issue/OPS-2?fields=*navigable").await).contains(&"worklog".to_owned())
    );
    let more = "/rest/api/2/issue/OPS-2?fields=summary&expand=names,changelog,renderedFields,transitions\
        &properties=sample&updateHistory=false";
    let more = sim.get(more).await;
    assert_eq!(more["names"], json!({"summary": "Summary"}));
    assert_eq!(more.pointer("/changelog/total"), Some(&json!(2)));
    assert_eq!(texts(&more["transitions"], "/name"), ["Send to review", "Finish", "Reopen"]);
    assert!(more.pointer("/renderedFields/description").unwrap().as_str().unwrap().starts_with("<p>"));
    assert!(more.pointer("/properties/sample/index").is_some());
}

#[tokio::test]
async fn a_moved_issue_answers_with_its_new_key() {
    let sim = alice();
    let moved = sim.get("/rest/api/2/issue/OPS-900").await;
    assert_eq!(moved["key"], "DEV-30");
    assert_eq!(moved["id"], sim.get("/rest/api/2/issue/DEV-30").await["id"]);
}

#[tokio::test]
async fn what_an_account_may_not_see_does_not_exist() {
    let sim = alice();
    let bob = sim.with("Bearer bob-token");
    let missing = bob.send("GET", "/rest/api/2/issue/SECRET-999", None).await;
    assert_eq!(missing, (404, json!({"errorMessages": ["Issue Does Not Exist"], "errors": {}})));
    assert_eq!(bob.send("GET", "/rest/api/2/issue/SECRET-1", None).await, missing);
    for path in ["/rest/api/2/project/SECRET", "/rest/api/content/81921", "/rest/api/space/SECRETS"] {
        assert_eq!((sim.status(path).await, bob.status(path).await), (200, 404), "{path}");
    }
    for (jql, bob_sees, alice_sees) in [("project = SECRET", 400, 200), ("key = SECRET-1", 400, 200)] {
        let path = with_query("/rest/api/2/search", &[("jql", jql)]);
        assert_eq!((bob.status(&path).await, sim.status(&path).await), (bob_sees, alice_sees), "{jql}");
    }
    let all = bob.get("/rest/api/2/search?maxResults=1000&fields=project").await;
    assert!(all["issues"].as_array().unwrap().len() > 60);
    assert!(!texts(&all["issues"], "/fields/project/key").contains(&"SECRET"));
    // A link to an issue that cannot be seen is not shown.
    let link =
        |issue: &serde_json::Value| issue.pointer("/fields/issuelinks").unwrap().as_array().unwrap().len();
    let path = "/rest/api/2/issue/DEV-23";
    assert_eq!((link(&sim.get(path).await), link(&bob.get(path).await)), (1, 0));
    let cql = with_query("/rest/api/search", &[("cql", "space = SECRETS")]);
    assert_eq!(bob.get(&cql).await["totalSize"], 0);
}

#[tokio::test]
async fn comments_are_paged_kept_and_refused() {
    let sim = alice();
    let path = "/rest/api/2/issue/OPS-10/comment";
    let before = sim.get(path).await["total"].as_u64().unwrap();
    let added = sim.post(path, json!({"body": "Taken *over*."})).await;
    assert_eq!(added.pointer("/author/name").unwrap(), "alice");
    let newest = sim.get(&format!("{path}?orderBy=-created&maxResults=1")).await;
    assert_eq!((newest["total"].as_u64(), &newest["comments"][0]["id"]), (Some(before + 1), &added["id"]));
    let past = sim.get(&format!("{path}?startAt=99")).await;
    assert_eq!(past["comments"], json!([]));
    let refused = [
        json!({"body": ""}),
        json!({"body": {"type": "doc"}}),
        json!({}),
        json!({"body": "x", "visibility": {"type": "group", "value": "security"}}),
        json!({"body": "x", "visibility": {"type": "world", "value": "all"}}),
    ];
    for body in refused {
        let (status, answer) = sim.send("POST", path, Some(body.clone())).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["errors"].is_object() && answer["errorMessages"].is_array(), "{answer}");
    }
    let limited = json!({"body": "only ops", "visibility": {"type": "group", "value": "ops"}});
    sim.post(path, limited).await;
    let total = |client: Client| async move { client.get(path).await["total"].as_u64().unwrap() };
    let bob = total(sim.with("Bearer bob-token")).await;
    assert_eq!(total(sim).await, bob + 1);
}

#[tokio::test]
async fn search_pages_sorts_and_words_mistakes() {
    let sim = alice();
    let search = |jql: &'static str, start: &'static str| {
        with_query(
            "/rest/api/2/search",
            &[("jql", jql), ("startAt", start), ("maxResults", "2"), ("fields", "key")],
        )
    };
    let page = sim.get(&search("project = OPS ORDER BY key ASC", "1")).await;
    assert_eq!((page["total"].as_u64(), texts(&page["issues"], "/key")), (Some(30), vec!["OPS-2", "OPS-3"]));
    let posted = sim.post("/rest/api/2/search", json!({"jql": "key in (OPS-3, DEV-1) order by key"})).await;
    assert_eq!(texts(&posted["issues"], "/key"), ["DEV-1", "OPS-3"]);
    let (status, answer) = sim.send("GET", &search("project = ", "0"), None).await;
    assert_eq!(status, 400);
    assert!(answer["errorMessages"][0].as_str().unwrap().contains("(line 1, character 11)"), "{answer}");
    assert_eq!(sim.status("/rest/api/2/search/jql?jql=project=OPS").await, 404);
    assert_eq!(sim.status("/rest/api/3/issue/OPS-1").await, 404);
}

#[tokio::test]
async fn an_issue_lives() {
    let sim = alice();
    let fields = json!({"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "New",
        "labels": ["a"], "priority": {"name": "High"}, "customfield_10016": 3, "assignee": {"name": "dave"}});
    let made = sim.post("/rest/api/2/issue", json!({"fields": fields})).await;
    assert_eq!(made["key"], "OPS-31");
    let path = "/rest/api/2/issue/OPS-31";
    let refused = json!({"fields": {"summary": "Changed", "nonsense": 1}});
    assert_eq!(sim.send("PUT", path, Some(refused)).await.0, 400);
    assert_eq!(sim.get(path).await["fields"]["summary"], "New");
    let update =
        json!({"fields": {"summary": "Newer"}, "update": {"labels": [{"add": "b"}, {"remove": "a"}]}});
    assert_eq!(sim.send("PUT", path, Some(update)).await.0, 204);
    let assigned = sim.send("PUT", &format!("{path}/assignee"), Some(json!({"name": null}))).await;
    assert_eq!(assigned.0, 204);
    let lost = json!({"update": {"components": [{"add": {"name": "Network"}}]}});
    assert_eq!(sim.send("PUT", path, Some(lost)).await.0, 400);
    let step = json!({"transition": {"id": "31"}, "update": {"comment": [{"add": {"body": "Done."}}]}});
    assert_eq!(sim.send("POST", &format!("{path}/transitions"), Some(step.clone())).await.0, 204);
    assert_eq!(sim.send("POST", &format!("{path}/transitions"), Some(step)).await.0, 400);
    let log = sim.post(&format!("{path}/worklog"), json!({"timeSpent": "1d 30m"})).await;
    assert_eq!(log["timeSpentSeconds"], 30_600);
    let issue = sim.get(path).await;
    let fields = &issue["fields"];
    assert_eq!(texts(&fields["comment"]["comments"], "/body"), ["Done."]);
    assert_eq!((&fields["summary"], &fields["labels"]), (&json!("Newer"), &json!(["b"])));
    assert_eq!((&fields["assignee"], &fields["status"]["name"]), (&json!(null), &json!("Done")));
    let done =
        sim.get(&with_query("/rest/api/2/search", &[("jql", "status = Done AND resolved >= -1d")])).await;
    assert!(texts(&done["issues"], "/key").contains(&"OPS-31"));
    assert_eq!(sim.send("DELETE", path, None).await.0, 204);
    assert_eq!(sim.status(path).await, 404);
}

#[tokio::test]
async fn the_other_jira_reads_have_their_shapes() {
    let sim = alice();
    let boards = sim.get("/rest/agile/1.0/board").await;
    assert_eq!(texts(&boards["values"], "/name"), ["OPS board", "DEV board", "SECRET board"]);
    let sprints = sim.get("/rest/agile/1.0/board/2/sprint?state=active").await;
    assert_eq!(texts(&sprints["values"], "/name"), ["Sprint 2"]);
    assert!(sim.get("/rest/agile/1.0/board/1/issue?jql=status=Done").await["total"].as_u64().unwrap() > 0);
    assert_eq!(sim.status("/rest/agile/1.0/board/1/issue?jql=project=OPS)%20OR%20(project=DEV").await, 400);
    assert_eq!(sim.get("/rest/api/2/project").await.as_array().unwrap().len(), 4);
    assert_eq!(sim.get("/rest/api/2/project/dev").await["key"], "DEV");
    assert_eq!(sim.get("/rest/api/2/user?username=bob").await["displayName"], "Bob Development");
    assert_eq!(sim.get("/rest/api/2/user/search?username=ops").await.as_array().unwrap().len(), 0);
    assert!(texts(&sim.get("/rest/api/2/field").await, "/name").contains(&"Story Points"));
    assert_eq!(sim.get("/rest/api/2/serverInfo").await["deploymentType"], "Server");
    for part in ["worklog", "remotelink", "transitions", "watchers", "properties"] {
        sim.get(&format!("/rest/api/2/issue/OPS-3/{part}")).await;
    }
    let attachment = sim.get("/rest/api/2/issue/OPS-2?fields=attachment").await;
    let address = attachment.pointer("/fields/attachment/0/content").unwrap().as_str().unwrap();
    let file = sim.raw("GET", address.strip_prefix("http://sim.test").unwrap(), None).await;
    assert_eq!(file.headers()["content-type"], "text/plain");
    let types = sim.get("/rest/api/2/issue/createmeta/SD/issuetypes").await;
    assert_eq!(texts(&types["values"], "/name"), ["Service Request"]);
    let fields = sim.get("/rest/api/2/issue/createmeta/OPS/issuetypes/10001").await;
    assert!(texts(&fields["values"], "/fieldId").contains(&"customfield_10030"));
}

#[tokio::test]
async fn a_service_desk_comment_is_public_or_not() {
    let sim = alice();
    let path = "/rest/servicedeskapi/request/SD-1/comment";
    let internal = sim.post(path, json!({"body": "for the team", "public": false})).await;
    assert_eq!(internal["public"], false);
    let seen = sim.get(&format!("/rest/api/2/issue/SD-1/comment/{}", internal["id"].as_str().unwrap())).await;
    assert_eq!(seen["jsdPublic"], false);
    let wrong = "/rest/servicedeskapi/request/OPS-1/comment";
    assert_eq!(sim.send("POST", wrong, Some(json!({"body": "x"}))).await.0, 404);
}

#[tokio::test]
async fn a_page_lives() {
    let sim = alice();
    let home = sim.get("/rest/api/content/65537?expand=body.storage,version,space,children.attachment").await;
    assert_eq!(home["space"]["key"], "DOCS");
    assert!(home["body"]["storage"]["value"].as_str().unwrap().contains("ac:structured-macro"));
    let draft = json!({"type": "page", "title": "New page", "space": {"key": "DOCS"}, "ancestors": [{"id": "65538"}],
        "body": {"storage": {"value": "<p>Text</p>", "representation": "storage"}}});
    let made = sim.post("/rest/api/content", draft.clone()).await;
    assert_eq!(texts(&made["ancestors"], "/id"), ["65537", "65538"]);
    let (status, taken) = sim.send("POST", "/rest/api/content", Some(draft)).await;
    assert_eq!((status, taken["statusCode"].as_u64()), (400, Some(400)));
    let broken = json!({"type": "page", "title": "Broken", "space": {"key": "DOCS"},
        "body": {"storage": {"value": "<p>Text</b>", "representation": "storage"}}});
    assert_eq!(sim.send("POST", "/rest/api/content", Some(broken)).await.0, 400);
    let path = format!("/rest/api/content/{}", made["id"].as_str().unwrap());
    let change = |number: u64| {
        json!({"type": "page", "title": "New page", "version": {"number": number, "message": "second"},
            "body": {"wiki": {"value": "h1. Title\n\n* one\n* two", "representation": "wiki"}}})
    };
    assert_eq!(sim.send("PUT", &path, Some(change(1))).await.0, 409);
    let changed = sim.send("PUT", &path, Some(change(2))).await.1;
    let body = "<h1>Title</h1><ul><li>one</li><li>two</li></ul>";
    assert_eq!(changed.pointer("/body/storage/value").unwrap(), body);
    let old = sim.get(&format!("{path}?version=1&expand=body.storage")).await;
    assert_eq!(old.pointer("/body/storage/value").unwrap(), "<p>Text</p>");
    sim.post(&format!("{path}/label"), json!([{"prefix": "global", "name": "Draft"}])).await;
    let cql =
        [("cql", "label = draft and ancestor = 65537 and title ~ \"new\""), ("expand", "content.version")];
    let found = sim.get(&with_query("/rest/api/search", &cql)).await;
    assert_eq!(found["totalSize"], 1);
    assert_eq!(found.pointer("/results/0/content/version/number"), Some(&json!(2)));
    assert_eq!(found.pointer("/results/0/resultGlobalContainer/title").unwrap(), "Operations Handbook");
    assert_eq!(sim.send("DELETE", &path, None).await.0, 204);
    assert_eq!(sim.status(&path).await, 404);
}

#[tokio::test]
async fn the_other_confluence_reads_have_their_shapes() {
    let sim = alice();
    let by_title = with_query(
        "/rest/api/content",
        &[("spaceKey", "DOCS"), ("title", "Glossary & Abbreviations"), ("expand", "body.view,ancestors")],
    );
    let found = sim.get(&by_title).await;
    assert_eq!(
        (found["size"].as_u64(), &found["results"][0]["title"]),
        (Some(1), &json!("Glossary & Abbreviations"))
    );
    let children = sim.get("/rest/api/content/65537/child/page?limit=2").await;
    assert_eq!((children["size"].as_u64(), children["_links"]["next"].is_string()), (Some(2), true));
    let comments = sim.get("/rest/api/content/65539/child/comment?depth=all&expand=body.view,version").await;
    assert_eq!(texts(&comments["results"], "/extensions/location"), ["footer", "footer", "inline"]);
    let attachments = sim.get("/rest/api/content/65539/child/attachment?filename=graph.png").await;
    let address = attachments.pointer("/results/0/_links/download").unwrap().as_str().unwrap();
    assert_eq!(sim.raw("GET", address, None).await.headers()["content-type"], "image/png");
    assert_eq!(texts(&sim.get("/rest/api/space").await["results"], "/key"), ["DOCS", "SECRETS"]);
    assert_eq!(
        texts(&sim.get("/rest/api/content/65539/label").await["results"], "/name"),
        ["runbook", "edge"]
    );
    let (status, missing) = sim.send("GET", "/rest/api/content/404404", None).await;
    assert_eq!((status, missing["statusCode"].as_u64()), (404, Some(404)));
    assert_eq!(missing["message"], "No content found with id: ContentId{id=404404}");
    assert_eq!(sim.status("/wiki/rest/api/content/65537").await, 404);
    assert_eq!(sim.status("/rest/api/search?cql=nonsense%20=%201").await, 400);
}

#[tokio::test]
async fn properties_have_versions() {
    let sim = alice();
    let path = "/rest/api/content/65537/property";
    sim.post(path, json!({"key": "width", "value": {"max": true}})).await;
    assert_eq!(sim.send("POST", path, Some(json!({"key": "width", "value": 1}))).await.0, 409);
    let one = format!("{path}/width");
    let put = |number: u64| json!({"key": "width", "value": 2, "version": {"number": number}});
    assert_eq!(sim.send("PUT", &one, Some(put(1))).await.0, 409);
    assert_eq!(sim.send("PUT", &one, Some(put(2))).await.0, 200);
    assert_eq!(sim.get(&one).await["value"], 2);
    assert_eq!(texts(&sim.get(path).await["results"], "/key"), ["width"]);
    assert_eq!(sim.send("DELETE", &one, None).await.0, 204);
    assert_eq!(sim.status(&one).await, 404);
}

#[tokio::test]
async fn the_samples_have_hostile_text() {
    let sim = alice();
    let issue = sim.get("/rest/api/2/issue/OPS-25?fields=description").await;
    let page = sim.get("/rest/api/content/65556?expand=body.storage").await;
    for text in [&issue["fields"]["description"], &page["body"]["storage"]["value"]] {
        let text = text.as_str().unwrap();
        assert!(
            text.contains('\u{202e}') && text.contains('\u{200b}') && text.to_lowercase().contains("ignore")
        );
    }
}

#[tokio::test]
async fn what_is_set_of_an_issue_is_shown_whole() {
    let sim = alice();
    let fields = json!({"project": {"key": "OPS"}, "issuetype": {"name": "Epic"}, "summary": "Long",
        "customfield_10011": "Short", "components": [{"name": "Network"}, {"name": "Storage"}]});
    let made = sim.post("/rest/api/2/issue", json!({"fields": fields})).await;
    let issue = sim.get(&format!("/rest/api/2/issue/{}", made["key"].as_str().unwrap())).await;
    assert_eq!(texts(&issue["fields"]["components"], "/name"), ["Network", "Storage"]);
    assert_eq!(issue["fields"]["customfield_10011"], "Short");
    assert_eq!(sim.get("/rest/api/group/ops").await["name"], "ops");
    assert_eq!(sim.status("/rest/api/group/nobody").await, 404);
}

#[test]
fn no_issue_is_resolved_before_it_was_started() {
    let world = crate::sim::world::World::sample();
    let mut resolved = 0;
    for issue in world.issues.values() {
        let steps: Vec<_> = issue.history.iter().map(|change| change.created).collect();
        assert!(steps.is_sorted() && steps.iter().all(|step| *step >= issue.created), "{}", issue.key);
        if let Some(end) = issue.resolved {
            resolved += 1;
            assert!(steps.last().is_none_or(|last| *last <= end), "{}", issue.key);
        }
    }
    assert!(resolved > 0);
}

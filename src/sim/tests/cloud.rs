//! Jira and Confluence Cloud.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use serde_json::json;

use super::Client;
use super::Deployment;
use super::texts;
use super::with_query;

fn alice() -> Client {
    let basic = BASE64_STANDARD.encode("alice@example.com:alice-token");
    Client::new(Deployment::Cloud).with(&format!("Basic {basic}"))
}

#[tokio::test]
async fn accounts_have_ids_and_no_names() {
    let sim = alice();
    let me = sim.get("/rest/api/3/myself?expand=groups").await;
    assert_eq!((me["accountId"].as_str(), me.get("name")), (Some("5b10ac8d82e05b22cc7d4ef1"), None));
    assert_eq!(sim.get("/wiki/rest/api/user/current").await["accountId"], me["accountId"]);
    let challenge = sim.with("").raw("GET", "/wiki/api/v2/spaces", None).await;
    assert_eq!(challenge.status().as_u16(), 401);
    assert!(challenge.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn search_has_moved_and_pages_by_token() {
    let sim = alice();
    for path in ["/rest/api/2/search?jql=project=OPS", "/rest/api/3/search?jql=project=OPS"] {
        assert_eq!(sim.status(path).await, 410, "{path}");
    }
    let mut keys: Vec<String> = Vec::new();
    let mut body = json!({"jql": "project = OPS ORDER BY key", "fields": ["summary"], "maxResults": 12});
    loop {
        let page = sim.post("/rest/api/3/search/jql", body.clone()).await;
        keys.extend(texts(&page["issues"], "/key").into_iter().map(str::to_owned));
        assert_eq!(page["isLast"].as_bool().unwrap(), page.get("nextPageToken").is_none());
        let Some(token) = page.get("nextPageToken") else { break };
        body["nextPageToken"] = token.clone();
    }
    assert_eq!((keys.len(), keys[0].as_str(), keys[29].as_str()), (30, "OPS-1", "OPS-30"));
    let only_ids = sim.get(&with_query("/rest/api/3/search/jql", &[("jql", "key = OPS-1")])).await;
    assert_eq!(only_ids["issues"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id"]);
    let refused = [
        json!({"jql": "ORDER BY key"}),
        json!({"jql": ""}),
        json!({"jql": "project = DEV", "nextPageToken": body["nextPageToken"]}),
        json!({"jql": "nonsense = 1"}),
    ];
    for body in refused {
        assert_eq!(sim.send("POST", "/rest/api/3/search/jql", Some(body.clone())).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn version_3_speaks_adf_and_version_2_wiki() {
    let sim = alice();
    let document = sim.get("/rest/api/3/issue/OPS-1?fields=description").await;
    assert_eq!(document.pointer("/fields/description/type").unwrap(), "doc");
    assert_eq!(document.pointer("/fields/description/content/0/type").unwrap(), "heading");
    assert!(sim.get("/rest/api/2/issue/OPS-1?fields=description").await["fields"]["description"].is_string());
    let strong = json!({"type": "text", "text": "sure", "marks": [{"type": "strong"}]});
    let paragraph = json!({"type": "paragraph", "content": [{"type": "text", "text": "I am "}, strong]});
    let body = json!({"type": "doc", "version": 1, "content": [paragraph]});
    let added = sim.post("/rest/api/3/issue/OPS-1/comment", json!({"body": body})).await;
    assert_eq!(added["body"], body);
    let id = added["id"].as_str().unwrap();
    assert_eq!(sim.get(&format!("/rest/api/2/issue/OPS-1/comment/{id}")).await["body"], "I am *sure*");
    let refused: [Value; 5] = [
        json!("text"),
        json!({"type": "doc", "version": 2, "content": []}),
        json!({"type": "doc", "version": 1, "content": [{"type": "script"}]}),
        json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]}),
        json!({"type": "doc", "version": 1, "content": []}),
    ];
    for body in refused {
        let (status, answer) =
            sim.send("POST", "/rest/api/3/issue/OPS-1/comment", Some(json!({"body": body}))).await;
        assert_eq!((status, answer["errors"]["comment"].is_string()), (400, true), "{body}");
    }
}

#[tokio::test]
async fn confluence_lives_below_wiki() {
    let sim = alice();
    assert_eq!(sim.status("/rest/api/content/65537").await, 404);
    let gateway =
        ["/ex/confluence/cid-1/wiki/rest/api/content/65537", "/ex/confluence/cid-1/api/v2/pages/65537"];
    for path in gateway.into_iter().chain(["/ex/jira/cid-1/rest/api/3/issue/OPS-1"]) {
        assert_eq!(sim.with("Bearer alice-token").status(path).await, 200, "{path}");
    }
    let page = sim.get("/wiki/rest/api/content/65537?expand=space").await;
    assert_eq!(page["_links"]["base"], "http://sim.test/wiki");
    let found = sim.get(&with_query("/wiki/rest/api/search", &[("cql", "siteSearch ~ \"proxies\"")])).await;
    assert!(found["totalSize"].as_u64().unwrap() >= 1);
    let people = [("cql", "user.fullname ~ \"alice\"")];
    let people = sim.get(&with_query("/wiki/rest/api/search/user", &people)).await;
    assert_eq!(texts(&people["results"], "/user/displayName"), ["Alice Operations"]);
}

#[tokio::test]
async fn version_2_of_confluence_has_ids_and_cursors() {
    let sim = alice();
    let spaces = sim.get("/wiki/api/v2/spaces?keys=DOCS").await;
    assert_eq!(
        (texts(&spaces["results"], "/id"), texts(&spaces["results"], "/key")),
        (vec!["98306"], vec!["DOCS"])
    );
    assert_eq!(sim.get("/wiki/api/v2/spaces/98306").await["homepageId"], "65537");
    let first = sim.get("/wiki/api/v2/pages?space-id=98306&limit=20").await;
    let next = first["_links"]["next"].as_str().unwrap();
    assert_eq!(sim.get(next).await["results"].as_array().unwrap().len(), 8);
    let body = json!({"representation": "storage", "value": "<p>x</p>"});
    let made = json!({"spaceId": "98306", "title": "Second", "parentId": "65538", "body": body, "status": "current"});
    let made = sim.post("/wiki/api/v2/pages", made).await;
    let path = format!("/wiki/api/v2/pages/{}", made["id"].as_str().unwrap());
    assert_eq!(sim.get(&path).await["body"], json!({}));
    let shown = sim.get(&format!("{path}?body-format=storage")).await;
    assert_eq!(shown.pointer("/body/storage/value").unwrap(), "<p>x</p>");
    let change = |number: u64| json!({"title": "Second", "body": body, "version": {"number": number}});
    assert_eq!(sim.send("PUT", &path, Some(change(1))).await.0, 409);
    assert_eq!(sim.send("PUT", &path, Some(change(2))).await.1["version"]["number"], 2);
    let property = sim.post(&format!("{path}/properties"), json!({"key": "k", "value": 1})).await;
    let one = format!("{path}/properties/{}", property["id"].as_str().unwrap());
    assert_eq!(sim.get(&one).await["key"], "k");
    assert_eq!(sim.get(&format!("{path}/properties?key=other")).await["results"], json!([]));
    let (status, missing) = sim.send("GET", "/wiki/api/v2/pages/404404", None).await;
    assert_eq!((status, missing.pointer("/errors/0/code").unwrap()), (404, &json!("NOT_FOUND")));
    let bob = sim.with("Bearer bob-token");
    for path in ["/wiki/api/v2/pages/81921", "/wiki/api/v2/spaces/98307"] {
        assert_eq!((sim.status(path).await, bob.status(path).await), (200, 404), "{path}");
    }
}

#[tokio::test]
async fn the_site_tells_its_id_to_anybody() {
    let told = alice().with("").get("/_edge/tenant_info").await;
    assert!(told["cloudId"].is_string(), "{told}");
}

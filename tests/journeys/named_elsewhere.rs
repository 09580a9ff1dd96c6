//! What is named where it does not lie: pages in links of issues, and projects in the values and choices of fields.

use serde_json::Value;
use serde_json::json;

use crate::support::Setup;
use crate::support::World;

/// SECRET and SECRETS are hidden from everybody.
const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("secret") @advice("closed")
forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET");
@id("secrets") @advice("closed")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"SECRETS");
"#;

async fn world(cloud: bool, policies: &'static str) -> World {
    let variables = vec![("READ_ONLY_MODE", "false".to_owned())];
    World::start(Setup { policies: Some(policies), variables, cloud, ..Setup::default() }).await
}

fn link(global: &str, url: &str) -> Value {
    json!({"id": 1, "globalId": global, "object": {"url": url, "title": format!("Title of {url}")}})
}

/// The links of an issue as they are shown, of those that Jira has.
async fn shown_links(world: &World, links: &[Value]) -> Value {
    world.faults(json!([{"path": "/remotelink", "status": 200, "body": links}])).await;
    let issue = json!({"issue_key": "OPS-1", "include": "remote_links"});
    let shown = world.call("alice-token", "jira_get_issue", issue).await.json();
    world.faults(json!([])).await;
    shown
}

#[tokio::test]
async fn a_link_to_a_hidden_page_is_shown_nowhere() {
    for cloud in [false, true] {
        let world = world(cloud, POLICIES).await;
        let site = world.sim.url();
        let links = [
            link("", "https://docs.example.com/plans"),
            link("appId=1&pageId=65539", &format!("{site}/wiki/spaces/DOCS/pages/65539/Open")),
            link("appId=1&pageId=81922", &format!("{site}/wiki/spaces/SECRETS/pages/81922/Closed")),
            link("appId=1&pageId=81922", &format!("{site}/pages/viewpage.action?pageId=81922")),
            link("appId=1&pageId=81922", &format!("{site}/wiki/spaces/DOCS/pages/65539/Open")),
        ];
        let shown = shown_links(&world, &links).await;
        let text = shown.to_string();
        assert!(!text.contains("81922") && !text.contains("Closed"), "{cloud} {text}");
        assert_eq!((&shown["remote_links"][0], &shown["remote_links"][1]), (&links[0], &links[1]), "{cloud}");
        let bare = json!({"id": 1, "object": {"not_shown": "a page of Confluence, which policies may hide"}});
        assert_eq!((&shown["remote_links"][2], &shown["remote_links"][3]), (&bare, &bare), "{cloud}");
        assert_eq!(shown["withheld"], 1, "{cloud}");
        world.end();

        let open = self::world(cloud, "@id(\"all\") permit (principal, action, resource);").await;
        assert_eq!(shown_links(&open, &links).await["remote_links"], json!(links), "{cloud}");
        open.end();
    }
}

#[tokio::test]
async fn where_policies_name_groups_of_confluence_no_page_is_known_from_jira() {
    let policies = r#"
@id("all") permit (principal, action, resource);
@id("contractors") @advice("closed")
forbid (principal in Id::Group::"confluence:contractors", action in Mcp::Action::"confluence", resource);
"#;
    let world = world(false, policies).await;
    let page = link("", &format!("{}/spaces/DOCS/pages/65539/Open", world.sim.url()));
    let shown = shown_links(&world, &[page]).await;
    assert_eq!((&shown["remote_links"], &shown["withheld"]), (&json!([]), &json!(1)), "{shown}");
    world.end();
}

/// The fields of the sample, and one that takes a project.
async fn with_project_picker(world: &World) {
    let schema = json!({"type": "project", "custom": "com.x:project", "customId": 10099});
    let fields = json!([
        {"id": "summary", "name": "Summary", "schema": {"type": "string", "system": "summary"}},
        {"id": "customfield_10099", "name": "Origin", "schema": schema},
    ]);
    let kinds = json!({"requestTypeFields": [{"fieldId": "customfield_10099", "name": "Origin", "required": false,
        "jiraSchema": {"type": "project", "custom": "com.x:project"}, "visible": true, "defaultValues": [],
        "validValues": [{"value": "10002", "label": "Security Incidents"}, {"value": "10000", "label": "Operations"}]}]});
    world
        .faults(json!([
            {"path": "/api/2/field$", "method": "GET", "status": 200, "body": fields},
            {"path": "/requesttype/10/field", "status": 200, "body": kinds},
        ]))
        .await;
}

#[tokio::test]
async fn a_value_that_names_a_hidden_project_is_no_other_than_one_that_names_none() {
    for cloud in [false, true] {
        let world = world(cloud, POLICIES).await;
        with_project_picker(&world).await;
        let ask = async |tool: &str, argument: &str, value: &str, named: &str| {
            let value = value.replace("{}", named);
            let mut arguments = match tool {
                "jira_update_issue" => json!({"issue_key": "OPS-2"}),
                "jira_create_issue" => json!({"project_key": "OPS", "summary": "x", "issue_type": "Task"}),
                _ => json!({"service_desk_id": "4", "request_type_id": "10"}),
            };
            arguments[argument] = value.into();
            let before = world.asked().await;
            let answer = world.call("alice-token", tool, arguments).await;
            assert!(answer.is_error, "{tool} {named}: {}", answer.text);
            let (text, _) = answer.text.split_once(" (reference").unwrap_or((&answer.text, ""));
            (text.replace(named, "NAME"), world.asked().await - before)
        };
        for (tool, argument) in [
            ("jira_update_issue", "fields"),
            ("jira_create_issue", "additional_fields"),
            ("jira_create_customer_request", "request_field_values"),
        ] {
            for (value, hidden, absent) in [
                (r#"{"customfield_10099": "{}"}"#, "SECRET", "NOSUCH"),
                (r#"{"Origin": {"key": "{}"}}"#, "SECRET", "NOSUCH"),
                (r#"{"customfield_10099": {"id": "{}"}}"#, "10002", "10999"),
                (r#"{"customfield_10099": "{}"}"#, "Security Incidents", "Quetzal Incidents"),
            ] {
                let _ = ask(tool, argument, value, absent).await;
                let told = ask(tool, argument, value, absent).await;
                assert_eq!(ask(tool, argument, value, hidden).await, told, "{cloud} {tool} {value}");
            }
        }
        assert!(world.requests().await.iter().all(|request| request.starts_with("GET ")), "{cloud}");
        let open = json!({"issue_key": "OPS-2", "fields": r#"{"Origin": "DEV"}"#});
        world.call("alice-token", "jira_update_issue", open).await;
        let requests = world.requests().await;
        assert!(requests.contains(&"PUT /rest/api/2/issue/OPS-2".to_owned()) || cloud, "{requests:?}");
        world.end();
    }
}

#[tokio::test]
async fn a_hidden_project_is_no_choice_of_a_request() {
    for cloud in [false, true] {
        let world = world(cloud, POLICIES).await;
        with_project_picker(&world).await;
        let kind = json!({"service_desk_id": "4", "request_type_id": "10"});
        let shown = world.call("alice-token", "jira_get_request_type_fields", kind).await;
        assert!(!shown.is_error && shown.text.contains("Origin"), "{cloud} {}", shown.text);
        assert!(!shown.text.contains("Incidents") && !shown.text.contains("10002"), "{cloud} {}", shown.text);
        world.end();
    }
}

#[tokio::test]
async fn a_field_of_a_hidden_project_alone_is_not_found() {
    for cloud in [false, true] {
        let world = world(cloud, POLICIES).await;
        let field = |number: u64, name: &str, project: Value| {
            json!({"id": format!("customfield_{number}"), "name": name, "schema": {"type": "string"},
                "scope": {"type": "PROJECT", "project": project}})
        };
        let fields = json!([
            field(1, "Closed budget", json!({"id": "10002"})),
            field(2, "Closed budget too", json!({"id": "10002", "key": "SECRET"})),
            field(3, "Open budget", json!({"id": "10000"})),
            field(4, "Budget of nobody", json!({"id": "10999"})),
        ]);
        world
            .faults(json!([{"path": "/api/2/field$", "method": "GET", "status": 200, "body": fields}]))
            .await;
        let search = json!({"keyword": "budget", "limit": 1});
        let found = world.call_all("alice-token", "jira_search_fields", search).await;
        let fields = found.json();
        let names: Vec<&Value> = fields.as_array().unwrap().iter().map(|field| &field["name"]).collect();
        assert_eq!(names, ["Open budget"], "{cloud} {}", found.text);
        assert!(!found.text.contains("complete"), "{cloud} nothing says that more was found: {}", found.text);
        world.end();
    }
}

/// The fields of a site whose field `Team` is one of this project alone.
async fn with_team_of(world: &World, project: &str) {
    let team = json!({"id": "customfield_10030", "name": "Team", "clauseNames": ["cf[10030]", "Team", "Team[Dropdown]"],
        "schema": {"type": "option", "customId": 10030}, "scope": {"type": "PROJECT", "project": {"id": project}}});
    let summary = json!({"id": "summary", "name": "Summary", "schema": {"type": "string"}});
    let fields = json!([summary, team]);
    world.faults(json!([{"path": "/api/2/field$", "method": "GET", "status": 200, "body": fields}])).await;
}

#[tokio::test]
async fn a_field_of_a_hidden_project_alone_is_no_other_than_one_that_is_not_there() {
    let jql = |jql: &str| ("jira_search", json!({"jql": jql, "limit": 3}));
    let calls = [
        jql("{} is EMPTY"),
        jql("NOT ({} is not EMPTY) OR key = OPS-1"),
        jql("'{}' in (Blue, Red) AND project = SECRET"),
        jql("project = OPS ORDER BY created, {} DESC"),
        jql("nonsense = 1 OR {} = Blue OR \"{}\" = Red"),
        jql("status = Done AND {} is EMPTY AND status === 1"),
        jql("{} = Blue AND rank != 1000201"),
        ("jira_get_board_issues", json!({"board_id": "1", "jql": "{} is EMPTY"})),
        ("jira_search", json!({"jql": "key = OPS-1", "fields": "summary,{}"})),
        ("jira_get_issue", json!({"issue_key": "OPS-1", "fields": "{}"})),
        ("jira_batch_get_changelogs", json!({"issue_ids_or_keys": "OPS-1", "fields": "{}"})),
        ("jira_get_field_options", json!({"field_id": "{}"})),
        ("jira_get_field_options", json!({"field_id": "{}", "context_id": "10400"})),
    ];
    for cloud in [false, true] {
        let world = world(cloud, POLICIES).await;
        with_team_of(&world, "10002").await;
        // Histories of several issues, and choices without a project, are for Cloud.
        let of_cloud = ["jira_batch_get_changelogs", "jira_get_field_options"];
        let calls = calls.iter().filter(|(tool, _)| cloud || !of_cloud.contains(tool));
        for (tool, arguments) in calls {
            let names = match *tool {
                "jira_get_field_options" => vec![("customfield_10030", "customfield_10931")],
                _ => vec![("Team", "Tram"), ("cf[10030]", "cf[10931]"), ("TEAM", "TRAM")],
            };
            for (hidden, absent) in names {
                let ask = async |named: &str| {
                    let arguments = arguments.to_string().replace("{}", named);
                    let before = world.asked().await;
                    let called =
                        world.call_all("alice-token", tool, serde_json::from_str(&arguments).unwrap()).await;
                    let text = called.text.split(" (reference").next().unwrap().replace(named, "NAME");
                    (text, called.is_error, world.asked().await - before)
                };
                let _ = (ask(absent).await, ask(hidden).await);
                let (one, other) = (ask(hidden).await, ask(absent).await);
                assert_eq!(one, other, "{cloud} {tool} {arguments} {hidden}");
                let says = ["NAME", "Error in the JQL Query", "The custom field was not found"];
                let is_named = says.iter().any(|text| one.0.contains(text));
                assert!(is_named, "{cloud} {tool} {arguments} {hidden}: {}", one.0);
            }
        }
        // One of a project that may be seen is a field as any other.
        with_team_of(&world, "10000").await;
        let find =
            json!({"jql": "(Team is EMPTY OR Team is not EMPTY) AND project = OPS", "fields": "summary"});
        let open = self::world(cloud, POLICIES).await;
        with_team_of(&open, "10000").await;
        let found = open.call("alice-token", "jira_search", find).await.json();
        assert!(found["issues"].as_array().is_some_and(|issues| !issues.is_empty()), "{cloud} {found}");
        open.end();
        world.end();
    }
}

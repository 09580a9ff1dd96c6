//! Pages of searches where no query says what may be seen: they are full, end where a caller's own issues end, and are no
//! others than those of a search that finds nothing hidden.

use serde_json::Value;
use serde_json::json;

use crate::attributes::end;
use crate::attributes::upstream;
use crate::support::Setup;
use crate::support::World;

/// No query says which issues these are, and none says that a space itself is hidden.
const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("like") @advice("closed") forbid (principal, action in Mcp::Action::"jira", resource is Jira::Issue)
when { resource.key like "OPS-1*" || resource.key like "*5" || resource.project.key like "S*" };
@id("space") @advice("closed")
forbid (principal, action in Mcp::Action::"confluence", resource in Confluence::Space::"SECRETS");
"#;

async fn world(policies: &'static str, cloud: bool) -> World {
    World::start(Setup { policies: Some(policies), cloud, ..Setup::default() }).await
}

/// Whether the policies show an issue.
fn is_seen(key: &str) -> bool {
    !key.starts_with("OPS-1") && !key.ends_with('5') && !key.starts_with('S')
}

/// All issues that the account finds, in order.
async fn found_by_the_account(world: &World, cloud: bool, jql: &str) -> Vec<(String, String)> {
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut body = json!({"jql": jql, "fields": ["summary"], "maxResults": 100, "startAt": found.len()});
        let path = if cloud { "/rest/api/3/search/jql" } else { "/rest/api/2/search" };
        if cloud && !token.is_null() {
            body["nextPageToken"] = token;
        }
        let page = upstream(world, cloud, "POST", path, Some(body)).await;
        let issues = page["issues"].as_array().unwrap();
        let text =
            |issue: &Value, pointer: &str| issue.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        found.extend(issues.iter().map(|issue| (text(issue, "/key"), text(issue, "/fields/summary"))));
        token = page["nextPageToken"].clone();
        if issues.is_empty() || (cloud && token.is_null()) {
            return found;
        }
    }
}

fn keys(page: &Value) -> Vec<String> {
    let issues = page["issues"].as_array().unwrap_or_else(|| panic!("{page}"));
    issues.iter().map(|issue| issue["key"].as_str().unwrap().to_owned()).collect()
}

/// Two tokens are never alike: what is compared is how long they are.
fn without_token(mut page: Value) -> Value {
    if let Some(token) = page.get_mut("next_page_token") {
        *token = token.as_str().unwrap().len().into();
    }
    page
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Start,
    Token,
}

/// The pages of a search up to its end.
async fn pages(world: &World, tool: &str, asked: &Value, by: By) -> Vec<Vec<String>> {
    let (mut pages, mut arguments) = (Vec::new(), asked.clone());
    loop {
        let page = world.call("alice-token", tool, arguments.clone()).await.json();
        assert!(page.get("withheld").is_none(), "{page}");
        pages.push(keys(&page));
        assert!(pages.len() < 500, "there is no end: {pages:?}");
        if page["complete"] == true {
            assert!(page.get("next").is_none() && page.get("next_page_token").is_none(), "{page}");
            return pages;
        }
        match by {
            By::Token => arguments["page_token"] = page["next_page_token"].clone(),
            By::Start => arguments["start_at"] = pages.iter().map(Vec::len).sum::<usize>().into(),
        }
    }
}

#[tokio::test]
async fn paging_to_the_end_brings_what_may_be_seen_once_and_in_order() {
    for cloud in [false, true] {
        let world = world(POLICIES, cloud).await;
        let ways: &[By] = if cloud { &[By::Start, By::Token] } else { &[By::Start] };
        for jql in ["project is not EMPTY ORDER BY key", "status != Done ORDER BY created DESC, key"] {
            let all = found_by_the_account(&world, cloud, jql).await;
            let seen: Vec<String> =
                all.iter().map(|(key, _)| key.clone()).filter(|key| is_seen(key)).collect();
            assert!(
                seen.len() > 20 && seen.len() + 10 < all.len(),
                "{cloud} {} of {}",
                seen.len(),
                all.len()
            );
            // One that divides the number of issues: the last page is full.
            let divides = (2..seen.len()).find(|most| seen.len().is_multiple_of(*most)).unwrap_or(seen.len());
            let limits: &[usize] =
                if jql.contains("Done") { &[10, divides] } else { &[1, 2, 10, 50, divides] };
            for (limit, by) in limits.iter().flat_map(|limit| ways.iter().map(move |by| (*limit, *by))) {
                let pages = pages(&world, "jira_search", &json!({"jql": jql, "limit": limit}), by).await;
                let (last, full) = pages.split_last().unwrap();
                assert!(full.iter().all(|page| page.len() == limit), "{cloud} {limit} {by:?} {pages:?}");
                assert!(!last.is_empty(), "{cloud} {limit} {by:?}");
                assert_eq!(pages.concat(), seen, "{cloud} {limit} {by:?} {jql}");
            }
        }
        end(&world);
    }
}

#[tokio::test]
async fn boards_sprints_and_projects_are_paged_alike() {
    for cloud in [false, true] {
        let world = world(POLICIES, cloud).await;
        for (tool, asked) in [
            ("jira_get_board_issues", json!({"board_id": "1", "jql": ""})),
            ("jira_get_sprint_issues", json!({"sprint_id": "1"})),
            ("jira_get_project_issues", json!({"project_key": "DEV"})),
            ("jira_get_project_issues", json!({"project_key": "OPS"})),
        ] {
            let with = |limit: u64| {
                let mut asked = asked.clone();
                asked["limit"] = limit.into();
                asked
            };
            let whole = pages(&world, tool, &with(50), By::Start).await.concat();
            assert!(!whole.is_empty() && whole.iter().all(|key| is_seen(key)), "{cloud} {tool} {whole:?}");
            for limit in [1, 2, 10] {
                let pages = pages(&world, tool, &with(limit), By::Start).await;
                assert_eq!(pages.concat(), whole, "{cloud} {tool} {limit}");
                let (_, full) = pages.split_last().unwrap();
                assert!(full.iter().all(|page| page.len() as u64 == limit), "{cloud} {tool} {pages:?}");
            }
        }
        world.end();
    }
}

#[tokio::test]
async fn words_that_lead_to_a_hidden_issue_are_no_others_than_words_that_lead_nowhere() {
    for cloud in [false, true] {
        let world = world(POLICIES, cloud).await;
        let all = found_by_the_account(&world, cloud, "project is not EMPTY ORDER BY key").await;
        let hidden = all.iter().filter(|(key, summary)| {
            !is_seen(key) && !all.iter().any(|(other, same)| is_seen(other) && same == summary)
        });
        let hidden: Vec<&str> = hidden.map(|(_, summary)| summary.as_str()).take(3).collect();
        assert!(!hidden.is_empty(), "{cloud}");
        for summary in hidden {
            let own = format!("summary ~ '\"{summary}\"'");
            assert!(!found_by_the_account(&world, cloud, &own).await.is_empty(), "{cloud} {own}");
            for (query, order) in [
                ("{}", ""),
                ("({} OR project = DEV)", " ORDER BY key"),
                ("({} OR project = OPS)", " ORDER BY key DESC"),
            ] {
                for (limit, start) in [(1, 0), (1, 1), (2, 0), (2, 3), (10, 0), (10, 5), (10, 20)] {
                    for tool in ["jira_search", "jira_get_board_issues"] {
                        let ask = async |words: &str| {
                            let jql = format!(
                                "{}{order}",
                                query.replace("{}", &format!("summary ~ '\"{words}\"'"))
                            );
                            let mut asked = json!({"jql": jql, "limit": limit, "start_at": start});
                            if tool == "jira_get_board_issues" {
                                asked["board_id"] = "1".into();
                            }
                            let before = world.asked().await;
                            let answer = world.call("alice-token", tool, asked).await.json();
                            (without_token(answer), world.asked().await - before)
                        };
                        // Who asks and which fields there are is remembered.
                        ask("no words of anybody").await;
                        let absent = ask("no words of anybody").await;
                        assert_eq!(
                            ask(summary).await,
                            absent,
                            "{cloud} {tool} {query} {summary} {limit} {start}"
                        );
                    }
                }
            }
        }
        end(&world);
    }
}

#[tokio::test]
async fn a_hidden_space_is_no_other_than_an_absent_one() {
    let queries = [
        "type = space AND title = \"{}\"",
        "title = \"{}\"",
        "type = space AND title ~ \"{}\"",
        "text ~ \"{}\"",
        "title = \"{}\" OR type = space",
        "title = \"{}\" OR (type = page AND space = DOCS) ORDER BY title",
        "(title = \"{}\" OR space = DOCS) ORDER BY created DESC",
        "{}",
    ];
    for cloud in [false, true] {
        let world = world(POLICIES, cloud).await;
        for query in queries {
            for limit in [1, 2, 10, 50] {
                let ask = async |title: &str| {
                    let before = world.asked().await;
                    let asked = json!({"query": query.replace("{}", title), "limit": limit});
                    let answer = world.call_all("alice-token", "confluence_search", asked).await;
                    assert!(!answer.is_error, "{cloud} {query}: {}", answer.text);
                    (answer.text, world.asked().await - before)
                };
                ask("Security Nothing").await;
                let absent = ask("Security Nothing").await;
                assert_eq!(ask("Security Response").await, absent, "{cloud} {query} {limit}");
            }
        }
        let before = world.requests().await.len();
        let asked = json!({"query": "space = DOCS OR type = space ORDER BY created", "limit": 50});
        let many = world.call_all("alice-token", "confluence_search", asked).await;
        let (many, note) = many.text.split_once('\n').unwrap();
        let many: Vec<Value> = serde_json::from_str(many).unwrap();
        assert_eq!((many.len(), note.contains("\"complete\":false")), (50, true), "{cloud} {note}");
        let asked = world.requests().await.len() - before;
        assert_eq!(asked, 2, "{cloud}: there are more than fifty, which are asked for at once");
        let spaces = world
            .call_all("alice-token", "confluence_search", json!({"query": "type = space", "limit": 1}))
            .await;
        assert!(
            spaces.text.contains("Operations Handbook") && !spaces.text.contains("complete"),
            "{}",
            spaces.text
        );
        world.end();
    }
}

/// Nothing labelled, as pages say of themselves.
const LABELS: &str = r#"
@id("all") permit (principal, action, resource);
@id("labels") @advice("closed")
forbid (principal, action in Mcp::Action::"confluence", resource)
when { resource has labels && resource.labels.contains("runbook") };
"#;

#[tokio::test]
async fn pages_of_pages_are_full_where_labels_hide_some() {
    for cloud in [false, true] {
        let world = world(LABELS, cloud).await;
        let search = async |limit: u64| {
            let asked = json!({"query": "type = page AND space = DOCS ORDER BY title", "limit": limit});
            let answer = world.call_all("alice-token", "confluence_search", asked).await.text;
            let (pages, note) = answer.split_once('\n').unwrap_or((&answer, "{\"complete\":true}"));
            let (pages, note): (Value, Value) =
                (serde_json::from_str(pages).unwrap(), serde_json::from_str(note).unwrap());
            let pages: Vec<String> = pages
                .as_array()
                .unwrap()
                .iter()
                .map(|page| page["title"].as_str().unwrap().to_owned())
                .collect();
            (pages, note["complete"] == true)
        };
        let (whole, complete) = search(50).await;
        // Of 28 pages of the space eight are labelled.
        assert_eq!((whole.len(), complete), (20, true), "{cloud} {whole:?}");
        for limit in [1, 2, 10, 19, 20, 21] {
            let (some, complete) = search(limit).await;
            let most = usize::try_from(limit).unwrap().min(whole.len());
            assert_eq!(some, whole[..most], "{cloud} {limit}");
            assert_eq!(complete, most == whole.len(), "{cloud} {limit}");
        }
        world.end();
    }
}

#[tokio::test]
async fn a_page_token_is_sealed_and_good_for_one_search() {
    const EXACT: &str = r#"
        @id("all") permit (principal, action, resource);
        @id("closed") @advice("closed")
        forbid (principal, action in Mcp::Action::"jira", resource in Jira::Project::"SECRET");
    "#;
    const NOTHING_HIDDEN: &str = "@id(\"all\") permit (principal, action, resource);";
    for policies in [EXACT, NOTHING_HIDDEN, POLICIES] {
        let world = world(policies, true).await;
        let asked = json!({"jql": "status != Done ORDER BY key", "limit": 3, "projects_filter": "DEV,OPS"});
        let first = world.call("alice-token", "jira_search", asked.clone()).await.json();
        let token = first["next_page_token"].as_str().unwrap();
        let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, token).unwrap();
        assert_eq!(bytes.len(), 12 + 256 + 16, "nothing but the nonce, what is sealed, and the tag");
        assert!(!String::from_utf8_lossy(&bytes).contains("SECRET"));
        let again = world.call("alice-token", "jira_search", asked.clone()).await.json();
        assert_ne!(again["next_page_token"], first["next_page_token"]);
        let with = |token: &str, name: &str, value: Value| {
            let mut asked = asked.clone();
            asked["page_token"] = token.into();
            asked[name] = value;
            asked
        };
        let second = world.call("alice-token", "jira_search", with(token, "limit", json!(2))).await.json();
        let rest = world.call("alice-token", "jira_search", with(token, "limit", json!(1))).await.json();
        assert_eq!(keys(&second)[..1], keys(&rest), "{first} {second}");
        assert!(keys(&first).iter().all(|key| !keys(&second).contains(key)), "{first} {second}");
        for (who, arguments) in [
            ("bob-token", with(token, "limit", json!(3))),
            ("alice-token", with(token, "jql", json!("status != Done ORDER BY created"))),
            ("alice-token", with(token, "projects_filter", json!("DEV"))),
            ("alice-token", with("tok2", "limit", json!(3))),
        ] {
            let before = world.requests().await.iter().filter(|path| path.contains("/search")).count();
            let refused = world.call(who, "jira_search", arguments.clone()).await;
            let says = "`page_token` belongs to another search; start again without it";
            assert!(refused.is_error && refused.text.contains(says), "{who} {arguments}: {}", refused.text);
            let after = world.requests().await.iter().filter(|path| path.contains("/search")).count();
            assert_eq!(before, after, "nothing is searched for");
        }
        let project = json!({"project_key": "DEV", "limit": 2});
        let page = world.call("alice-token", "jira_get_project_issues", project).await.json();
        assert!(
            page.get("next_page_token").is_none() && page["next"] == "call again with start_at = 2",
            "{page}"
        );
        world.end();
    }
}

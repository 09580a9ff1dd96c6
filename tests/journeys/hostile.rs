//! Texts made to be expensive keep nobody else from an answer.

use futures::future::Either;
use futures::future::join_all;
use futures::future::select;
use serde_json::json;

use crate::support::World;

const SIZE: usize = 300_000;

#[tokio::test]
async fn while_hostile_texts_are_converted_everybody_else_gets_an_answer() {
    let world = World::writing(false).await;
    let hostile = ["a | b\n---|---\n", "[~", "*a*b", "<details>\n\n"].map(|shape| {
        let arguments = json!({"issue_key": "OPS-1", "body": shape.repeat(SIZE / shape.len())});
        world.call("alice-token", "jira_add_comment", arguments)
    });
    let calls = hostile.len();
    let others = async {
        let admitted =
            async || world.audit().iter().filter(|record| record["stage"] == "intent").count() >= calls;
        world.until("the hostile calls are admitted", admitted).await;
        assert!(world.lives().await);
        world.call("alice-token", "jira_get_issue", json!({"issue_key": "OPS-2"})).await
    };
    let (hostile, others) = (Box::pin(join_all(hostile)), Box::pin(others));
    let Either::Right((answered, hostile)) = select(hostile, others).await else {
        panic!("the hostile calls had to end before anybody else got an answer")
    };
    assert!(!answered.is_error, "{}", answered.text);
    for called in hostile.await {
        assert!(!called.is_error, "{}", called.text.chars().take(300).collect::<String>());
    }
    world.end();
}

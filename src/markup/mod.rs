//! stub
/// x
pub fn markdown_to_wiki(t: &str) -> String {
    t.into()
}
/// x
pub fn markdown_to_adf(t: &str) -> serde_json::Value {
    t.into()
}
/// x
pub fn markdown_to_storage(t: &str) -> String {
    t.into()
}
/// x
pub fn wiki_to_markdown(t: &str) -> String {
    t.into()
}
/// x
pub fn adf_to_markdown(t: &serde_json::Value) -> String {
    t.to_string()
}
/// x
pub fn storage_to_markdown(t: &str) -> String {
    t.into()
}
/// x
pub fn clean(t: &str) -> std::borrow::Cow<'_, str> {
    t.into()
}

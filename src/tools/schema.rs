//! The JSON Schema of a tool's arguments, in the plain form that every client and platform takes.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;

use schemars::generate::SchemaSettings;
use serde_json::Map;
use serde_json::Value;

use super::Tool;

type Schemas = Mutex<HashMap<TypeId, Arc<Map<String, Value>>>>;

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::default);

/// The schema of a tool's arguments, made once.
pub(super) fn of<T: Tool>() -> Arc<Map<String, Value>> {
    let made = |schemas: &mut HashMap<_, _>| {
        Arc::clone(schemas.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(make::<T>())))
    };
    match SCHEMAS.lock() {
        Ok(mut schemas) => made(&mut schemas),
        Err(poisoned) => made(&mut poisoned.into_inner()),
    }
}

fn make<T: Tool>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = settings.into_generator().into_root_schema_for::<T::Args>();
    let mut schema = match schema.to_value() {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    schema.remove("title");
    schema.remove("description");
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(plain);
    } else {
        schema.insert("properties".into(), Value::Object(Map::new()));
    }
    schema
}

/// Leaves out what only some platforms take: `null` as a type, formats, defaults that say nothing.
fn plain(property: &mut Value) {
    let Value::Object(property) = property else { return };
    property.remove("format");
    if property.get("default").is_some_and(Value::is_null) {
        property.remove("default");
    }
    if let Some(Value::Array(types)) = property.get("type") {
        let kept: Vec<Value> = types.iter().filter(|name| name.as_str() != Some("null")).cloned().collect();
        if let [single] = kept.as_slice() {
            property.insert("type".into(), single.clone());
        }
    }
    if let Some(Value::String(text)) = property.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

//! Compares the end of a scenario with the recording, but for what is free (`tests/recordings/README.md`).

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

/// Fields in which no two servers agree.
const FREE: [&str; 7] =
    ["event_version", "external_id", "generated_name", "logs", "reason", "reasons", "system_metadata"];

/// Fields of which only the presence counts.
const PRESENT: [&str; 9] = [
    "artifact_id",
    "output_location_prefix",
    "created_at",
    "duration",
    "occurred_at",
    "started_at",
    "timestamp",
    "updated_at",
    "uri",
];

/// Lists that are sets.
const SETS: [&str; 4] = ["ids", "sub_workflows", "tasks", "edges"];

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| Regex::new("@[A-Z]+(-[0-9]+)?@").unwrap());
static CLOCK: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9]{19}").unwrap());

/// Adds the differences; `known` has the placeholders that stand for one value only.
pub(super) fn compare(recorded: &Value, ours: &Value, known: &[&str], differences: &mut Vec<String>) {
    let (mut recorded, mut ours) = (recorded.clone(), ours.clone());
    for side in [&mut recorded, &mut ours] {
        simplify(side, "");
        number_clocks(side, &mut BTreeMap::new());
    }
    cut_list_entries(&mut recorded);
    cut_list_entries(&mut ours);
    walk("", &recorded, &ours, known, differences);
}

/// Removes the texts of errors in lists, which are cut, and the entries that then have nothing of their own.
fn cut_list_entries(state: &mut Value) {
    let executions = state.as_object_mut().unwrap().values_mut();
    for node in executions.flat_map(|execution| execution["nodes"].as_object_mut().unwrap().values_mut()) {
        let Some(entry) = node.get("in_list") else { continue };
        let (mut entry, mut got) = (entry.clone(), node["GetNodeExecution"].clone());
        for one in [&mut entry, &mut got] {
            if let Some(error) = one["closure"].get_mut("error") {
                error["message"] = Value::Null;
            }
        }
        if entry == got {
            node.as_object_mut().unwrap().remove("in_list");
        } else {
            node["in_list"] = entry;
        }
    }
}

fn simplify(value: &mut Value, field: &str) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !FREE.contains(&name.as_str()));
            // Hashes of the inputs and the interface.
            if field == "catalog_key" {
                fields.entry("artifact_tag").and_modify(|tag| tag["name"] = "hash".into());
                fields.entry("dataset_id").and_modify(|id| id["version"] = "hash".into());
                fields
                    .entry("source_task_execution")
                    .and_modify(|id| id["task_id"]["version"] = "free".into());
            }
            // Which of the running elements were still ended when their array failed is chance.
            if fields.get("phase").is_some_and(|phase| phase == "ABORTED") && field == "external_resources" {
                fields.insert("phase".to_owned(), "SUCCEEDED".into());
            }
            // flytekit packs its settings of the moment.
            if fields.get("key").is_some_and(|key| key == "_F_SS_C") {
                fields.insert("value".to_owned(), "free".into());
            }
            for (name, value) in fields.iter_mut() {
                let is_text = value.is_string();
                if is_text && (PRESENT.contains(&name.as_str()) || name.ends_with("_uri")) {
                    *value = "present".into();
                }
                simplify(value, name);
            }
            fields.sort_keys();
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| simplify(element, field));
            let is_level = elements.iter().all(Value::is_string);
            if SETS.contains(&field)
                && !elements.is_empty()
                && (is_level || field != "tasks" || elements[0].get("template").is_some())
                || is_level
            {
                elements.sort_by_key(Value::to_string);
            }
        }
        _ => {}
    }
}

/// Numbers the values that were made from the clock: what counts is which ones are equal.
fn number_clocks(value: &mut Value, seen: &mut BTreeMap<String, usize>) {
    match value {
        Value::String(text) => {
            *text = CLOCK
                .replace_all(text, |found: &regex::Captures<'_>| {
                    let number = seen.len();
                    format!("clock {}", seen.entry(found[0].to_owned()).or_insert(number))
                })
                .into_owned();
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| number_clocks(element, seen)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| number_clocks(value, seen)),
        _ => {}
    }
}

fn walk(path: &str, recorded: &Value, ours: &Value, known: &[&str], differences: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for name in names {
                let none = &Value::Null;
                let (one, other) = (one.get(name).unwrap_or(none), other.get(name).unwrap_or(none));
                walk(&format!("{path}/{name}"), one, other, known, differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                walk(&format!("{path}/{index}"), one, other, known, differences);
            }
        }
        (Value::String(one), Value::String(other)) if fits(one, other, known) => {}
        _ if recorded == ours => {}
        _ => differences.push(format!("{path}\n- {recorded}\n+ {ours}\n")),
    }
}

/// Whether a text is a recorded one, in which unknown placeholders stand for anything.
fn fits(recorded: &str, ours: &str, known: &[&str]) -> bool {
    if recorded == ours {
        return true;
    }
    // The sandbox has no pods: it names the program.
    if let Some((before, _)) = recorded.split_once("Pod failed. No message received from kubernetes.") {
        return ours.starts_with(before);
    }
    let (mut pattern, mut at) = (String::from("(?s)^"), 0);
    for found in PLACEHOLDER.find_iter(recorded) {
        if known.contains(&found.as_str()) || found.as_str().starts_with("@CHILD") {
            continue;
        }
        pattern += &regex::escape(&recorded[at..found.start()]);
        pattern += ".*?";
        at = found.end();
    }
    pattern += &regex::escape(&recorded[at..]);
    Regex::new(&(pattern + "$")).unwrap().is_match(ours)
}

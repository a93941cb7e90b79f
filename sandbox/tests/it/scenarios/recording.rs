//! The files of `tests/recordings/executions`.

use std::{fs, path::Path};

use serde_json::Value;

pub(super) struct Scenario {
    pub(super) name: String,
    /// Registrations, steps and the end, with placeholders.
    pub(super) text: String,
}

/// The scenarios, or those of a list with commas.
pub(super) fn scenarios(wanted: Option<&str>) -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings/executions");
    let mut scenarios: Vec<Scenario> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Scenario { name, text: fs::read_to_string(path).unwrap() }
        })
        .filter(|scenario| wanted.is_none_or(|wanted| wanted.split(',').any(|name| name == scenario.name)))
        .collect();
    scenarios.sort_by(|one, other| one.name.cmp(&other.name));
    scenarios
}

impl Scenario {
    pub(super) fn parse(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

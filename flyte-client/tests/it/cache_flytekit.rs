//! Versions of cache policies against those of the official flytekit.

use std::error::Error as _;

use crate::random::Random;
use flyte_client::register::cache::{self, BoxError, CachePolicy, Caching, VersionParameters};
use serde_json::{Value, json};

/// The policies of `tests/fixtures/cache/versions.py`.
struct Policy {
    kind: String,
    text: String,
}

impl CachePolicy for Policy {
    fn name(&self) -> String {
        self.kind.clone()
    }

    fn applies_to(&self, _: &VersionParameters) -> Result<bool, BoxError> {
        Ok(true)
    }

    fn version(&self, salt: &str, parameters: &VersionParameters) -> Result<String, BoxError> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match self.kind.as_str() {
            "fixed" => Ok(self.text.clone()),
            "salted" => Ok(format!("{salt}{}{salt}", self.text)),
            "image" => {
                let (image, pod) = (text(&parameters.container_image), text(&parameters.pod_template_name));
                Ok(format!("{salt}|{image}|{pod}"))
            }
            _ => Err(self.text.clone().into()),
        }
    }
}

/// The version, or the error with its cause.
fn ours(case: &Value) -> Result<String, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let policy = |policy: &Value| {
        let policy = Policy { kind: text(&policy["kind"]).unwrap(), text: text(&policy["text"]).unwrap() };
        Box::new(policy) as Box<dyn CachePolicy>
    };
    let policies: Vec<_> = case["policies"].as_array().unwrap().iter().map(policy).collect();
    let version = text(&case["version"]);
    let caching = Caching::On { version: version.clone(), salt: text(&case["salt"]).unwrap() };
    let parameters = VersionParameters {
        task_name: "t".to_owned(),
        container_image: text(&case["params"]["container_image"]),
        pod_template_name: text(&case["params"]["pod_template_name"]),
        ..VersionParameters::default()
    };
    match cache::combine(&caching, &parameters, &policies) {
        Ok(made) => Ok(made.map(|made| made.version).or(version).unwrap()),
        Err(error) => {
            Err(format!("{error}; {}", error.source().map(ToString::to_string).unwrap_or_default()))
        }
    }
}

#[test]
fn versions_are_those_of_flytekit() {
    let mut random = Random::new(0xcac4e);
    let texts = ["", "v1", "ünïcode", "a long text with \"quotes\" and\nlines"];
    let mut cases = vec![
        json!({"policies": [], "salt": "", "version": null, "params": {}}),
        json!({"policies": [], "salt": "", "version": "v1", "params": {}}),
        json!({"policies": [{"kind": "fixed", "text": "x"}], "salt": "s", "version": "", "params": {}}),
        json!({"policies": [{"kind": "failing", "text": "disk full"}], "salt": "", "version": null, "params": {}}),
    ];
    for _ in 0..40 {
        let kinds = ["fixed", "salted", "image", "fixed", "salted", "image", "failing"];
        let policies: Vec<_> = (0..=random.below(3))
            .map(|_| json!({"kind": random.pick(&kinds), "text": random.pick(&texts)}))
            .collect();
        let params = json!({
            "container_image": if random.one_in(3) { Value::Null } else { json!("a.b/c:1") },
            "pod_template_name": if random.one_in(2) { Value::Null } else { json!("gpu") },
        });
        let version = if random.one_in(6) { json!("v7") } else { Value::Null };
        cases.push(
            json!({"policies": policies, "salt": random.pick(&texts), "version": version, "params": params}),
        );
    }
    let cases = Value::Array(cases);
    let Some(answers) = crate::judge::ask("cache/versions.py", &cases) else { return };
    for (case, theirs) in cases.as_array().unwrap().iter().zip(answers.as_array().unwrap()) {
        match ours(case) {
            Ok(version) => assert_eq!(Some(version.as_str()), theirs["version"].as_str(), "{case}"),
            Err(error) => assert!(theirs["error"].is_string(), "{case}: ours {error}, theirs {theirs}"),
        }
    }
}

//! The registration defaults: image, secrets and cache, as an organisation's rules act on a task.

use std::cell::RefCell;
use std::error::Error as _;
use std::time::Duration;

use flyte_client::config::{Images, Setting};
use flyte_client::proto::core::{TaskTemplate, task_template::Target};
use flyte_client::register::ItemOrigin;
use flyte_client::register::cache::{BoxError, CachePolicy, TTL_TAG, VersionParameters, duration_to_json};
use flyte_client::register::defaults::{self, Applied, BuiltIn, Defaults, DefaultsError};
use flyte_client::register::read::task::{self, ShortTask};
use serde_json::{Value, json};

/// SHA-256 of `abc`, from FIPS 180-2.
const SHA256_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[derive(Clone)]
struct Policy {
    version: Result<&'static str, &'static str>,
    enabled: bool,
    only_for: &'static str,
    ttl: Option<Duration>,
}

fn fixed(version: &'static str) -> Policy {
    Policy { version: Ok(version), enabled: true, only_for: "", ttl: None }
}

impl CachePolicy for Policy {
    fn name(&self) -> String {
        self.version.unwrap_or("broken").to_owned()
    }

    fn enable_cache(&self) -> bool {
        self.enabled
    }

    fn applies_to(&self, parameters: &VersionParameters) -> Result<bool, BoxError> {
        Ok(parameters.task_name.starts_with(self.only_for))
    }

    fn version(&self, _: &str, _: &VersionParameters) -> Result<String, BoxError> {
        self.version.map(str::to_owned).map_err(Into::into)
    }

    fn ttl(&self) -> Option<Duration> {
        self.ttl
    }
}

/// An organisation's rules, and which of them were asked for.
#[derive(Default)]
struct Rules {
    image: Option<&'static str>,
    groups: bool,
    policies: Vec<Policy>,
    broken: bool,
    asked: RefCell<Vec<&'static str>>,
}

impl Rules {
    fn ask<T>(&self, hook: &'static str, answer: T) -> Result<T, BoxError> {
        self.asked.borrow_mut().push(hook);
        if self.broken { Err("index out of bounds".into()) } else { Ok(answer) }
    }
}

impl Defaults for Rules {
    fn default_image(&self) -> Result<Option<String>, BoxError> {
        self.ask("image", self.image.map(str::to_owned))
    }

    fn secret_requires_group(&self) -> Result<bool, BoxError> {
        self.ask("groups", self.groups)
    }

    fn cache_policies(&self) -> Result<Vec<Box<dyn CachePolicy>>, BoxError> {
        let boxed = |policy: &Policy| Box::new(policy.clone()) as Box<dyn CachePolicy>;
        self.ask("policies", self.policies.iter().map(boxed).collect())
    }
}

fn short(more: Value) -> ShortTask {
    let mut form = json!({"name": "train", "command": []});
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task::parse(&form).unwrap()
}

fn apply(more: Value, rules: &Rules) -> Result<(TaskTemplate, Applied), DefaultsError> {
    let ShortTask { spec, extras } = short(more);
    let mut template = spec.template.unwrap();
    let applied = defaults::apply(&mut template, &ItemOrigin::Short(extras), rules, &Images::default())?;
    Ok((template, applied))
}

fn apply_message(
    more: Value,
    origin: &ItemOrigin,
    rules: &dyn Defaults,
) -> Result<TaskTemplate, DefaultsError> {
    let mut template = short(more).spec.template.unwrap();
    defaults::apply(&mut template, origin, rules, &Images::default())?;
    Ok(template)
}

fn report(error: &DefaultsError) -> String {
    let mut lines = vec![error.to_string()];
    lines.extend(error.source().map(|source| format!("caused by: {source}")));
    lines.extend(error.hint().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}

fn image_of(template: &TaskTemplate) -> String {
    match template.target.as_ref().unwrap() {
        Target::Container(container) => container.image.clone(),
        Target::K8sPod(_) => VersionParameters::from_template(template).pod_template.unwrap(),
        Target::Sql(_) => String::new(),
    }
}

fn version_of(template: &TaskTemplate) -> (bool, &str) {
    let metadata = template.metadata.as_ref().unwrap();
    (metadata.discoverable, &metadata.discovery_version)
}

#[test]
fn rules_are_asked_for_only_when_a_task_needs_them() {
    let rules = Rules { groups: true, ..Rules::default() };
    let full = json!({"image": "a:1", "cache": false, "secrets": [{"group": "", "key": "k"}]});
    let (_, applied) = apply(full, &rules).unwrap();
    assert!(applied.is_empty() && applied.to_string().is_empty() && rules.asked.borrow().is_empty());
    apply(json!({"image": "a:1", "cache": {"version": "v"}}), &rules).unwrap();
    assert!(rules.asked.borrow().is_empty());
    apply(json!({}), &rules).unwrap();
    assert_eq!(*rules.asked.borrow(), ["image", "policies"]);
}

#[test]
fn an_image_comes_from_the_hook_then_the_variable_then_flytekit() {
    let choose = |hook, variable: Option<&str>| {
        let ShortTask { spec, extras } = short(json!({}));
        let mut template = spec.template.unwrap();
        let rules = Rules { image: hook, ..Rules::default() };
        let internal = variable.map(|image| Setting::default_value(image.to_owned(), ""));
        let images = Images { internal, ..Images::default() };
        let applied = defaults::apply(&mut template, &ItemOrigin::Short(extras), &rules, &images).unwrap();
        format!("{} / {applied}", image_of(&template))
    };
    assert_eq!(
        choose(Some("acme/base:7"), Some("i:1")),
        "acme/base:7 / image `acme/base:7` (get_default_image)"
    );
    assert_eq!(choose(None, Some("i:1")), "i:1 / image `i:1` (FLYTE_INTERNAL_IMAGE)");
    let built_in = defaults::BUILT_IN_IMAGE;
    assert_eq!(choose(None, Some("")), format!("{built_in} / image `{built_in}` (built-in)"));
    assert_eq!(
        report(&apply(json!({}), &Rules { image: Some(""), ..Rules::default() }).unwrap_err()),
        "`get_default_image` returned the invalid image `` for task `train`\nhint: name an image on the task"
    );
}

#[test]
fn every_container_of_a_short_form_gets_an_image() {
    let pod = |image: Value| {
        let containers = json!([{"name": "side"}, {"name": "main", "image": image}]);
        let pod = json!({"primary_container_name": "main", "pod_spec": {"containers": containers}});
        let rules = Rules { image: Some("acme/base:7"), ..Rules::default() };
        let (template, _) = apply(json!({"pod_template": pod}), &rules).unwrap();
        let pod: Value = serde_json::from_str(&image_of(&template)).unwrap();
        [pod["containers"][0]["image"].clone(), pod["containers"][1]["image"].clone()]
    };
    let base = json!("acme/base:7");
    assert_eq!(pod(Value::Null), [base.clone(), base.clone()]);
    assert_eq!(pod(json!("own:1")), [base, json!("own:1")]);
}

#[test]
fn a_secret_without_group_is_refused_where_groups_are_required() {
    let secrets = json!({"image": "a:1", "cache": false, "secrets": [{"key": "token"}]});
    let strict = Rules { groups: true, ..Rules::default() };
    assert_eq!(
        report(&apply(secrets.clone(), &strict).unwrap_err()),
        "secret `token` of task `train` has no group\nhint: give the secret a `group`; the plugin in use, or Flyte's own rule, requires one"
    );
    assert!(apply(secrets.clone(), &Rules::default()).is_ok());
    // In a message, a missing group and an empty one are the same.
    let empty = json!({"image": "a:1", "secrets": [{"group": "", "key": "token"}]});
    assert!(matches!(
        apply_message(empty.clone(), &ItemOrigin::Document, &strict),
        Err(DefaultsError::SecretGroup { .. })
    ));
    assert!(matches!(
        apply_message(empty.clone(), &ItemOrigin::Document, &BuiltIn),
        Err(DefaultsError::SecretGroup { .. })
    ));
    assert!(apply_message(empty.clone(), &ItemOrigin::Package, &strict).is_ok());
    assert!(apply(empty, &strict).is_ok());
}

#[test]
fn policies_that_apply_make_the_version_in_order() {
    let rules = Rules {
        policies: vec![
            fixed("a"),
            Policy { enabled: false, ..fixed("off") },
            Policy { only_for: "other", ..fixed("foreign") },
            Policy { ttl: Some(Duration::from_secs(7200)), ..fixed("b") },
            Policy { ttl: Some(Duration::from_millis(3_600_500)), only_for: "train", ..fixed("c") },
        ],
        ..Rules::default()
    };
    for silent_or_asking in [json!({"image": "a:1"}), json!({"image": "a:1", "cache": true})] {
        let (template, applied) = apply(silent_or_asking, &rules).unwrap();
        assert_eq!(version_of(&template), (true, SHA256_ABC));
        assert_eq!(template.metadata.as_ref().unwrap().tags[TTL_TAG], "3600.500s");
        assert_eq!(applied.to_string(), "cache version ba7816bf8f01… (policy `a`, `b`, `c`, kept for 1h)");
    }
    let (template, _) = apply(json!({"image": "a:1", "cache": false}), &rules).unwrap();
    assert_eq!(version_of(&template), (false, ""));
    let (template, _) = apply(json!({"image": "a:1", "cache": {"version": "mine"}}), &rules).unwrap();
    assert_eq!(version_of(&template), (true, "mine"));
    assert!(template.metadata.unwrap().tags.is_empty());
}

#[test]
fn caching_without_version_and_policy_is_an_error() {
    let other = Rules { policies: vec![Policy { only_for: "other", ..fixed("x") }], ..Rules::default() };
    assert_eq!(
        report(&apply(json!({"image": "a:1", "cache": true}), &other).unwrap_err()),
        "task `train` asks for caching, but has no version and no cache policy applies to it\nhint: state a version, such as `cache: {version: v1}`, or use a plugin with default cache policies"
    );
    let (template, applied) = apply(json!({"image": "a:1"}), &other).unwrap();
    assert!(applied.is_empty() && version_of(&template) == (false, ""));
}

#[test]
fn what_fails_is_named() {
    let policies = vec![Policy { version: Err("no such file `uv.lock`"), ..fixed("") }];
    assert_eq!(
        report(&apply(json!({"image": "a:1"}), &Rules { policies, ..Rules::default() }).unwrap_err()),
        "cache policy `broken` has no answer for task `train`\ncaused by: no such file `uv.lock`\nhint: state a version on the task, such as `cache: {version: v1}`"
    );
    let broken = Rules { broken: true, ..Rules::default() };
    for (form, hook) in [
        (json!({"image": "a:1"}), "get_default_cache_policies"),
        (json!({"cache": false}), "get_default_image"),
        (json!({"secrets": [{"key": "k"}]}), "secret_requires_group"),
    ] {
        assert_eq!(
            report(&apply(form, &broken).unwrap_err()),
            format!("cannot ask `{hook}` about task `train`\ncaused by: index out of bounds")
        );
    }
}

#[test]
fn messages_are_complete_statements_about_caching() {
    let rules = Rules { policies: vec![fixed("abc")], ..Rules::default() };
    for origin in [&ItemOrigin::Document, &ItemOrigin::Package] {
        let version = |cache: Value| {
            let template = apply_message(json!({"image": "a:1", "cache": cache}), origin, &rules).unwrap();
            template.metadata.unwrap().discovery_version
        };
        assert_eq!(version(json!(true)), SHA256_ABC);
        assert_eq!(version(json!({"version": "v1"})), "v1");
        assert_eq!(version(json!(null)), "");
        assert_eq!(version(json!(false)), "");
    }
}

#[test]
fn a_policy_sees_what_will_run() {
    let form = json!({"command": ["a"], "arguments": ["b"], "pod_template_name": "gpu"});
    let (template, _) = apply(form, &Rules { image: Some("i:1"), ..Rules::default() }).unwrap();
    let expected = VersionParameters {
        task_name: "train".to_owned(),
        task_type: "raw-container".to_owned(),
        container_image: Some("i:1".to_owned()),
        pod_template_name: Some("gpu".to_owned()),
        pod_template: None,
        command: vec!["a".to_owned()],
        arguments: vec!["b".to_owned()],
    };
    assert_eq!(VersionParameters::from_template(&template), expected);
}

#[test]
fn durations_are_written_as_proto3_json_does() {
    let written =
        |millis, nanos| duration_to_json(Duration::from_millis(millis) + Duration::from_nanos(nanos));
    assert_eq!(
        [written(3_600_000, 0), written(1500, 0), written(0, 1000), written(0, 1)],
        ["3600s", "1.500s", "0.000001s", "0.000000001s"]
    );
}

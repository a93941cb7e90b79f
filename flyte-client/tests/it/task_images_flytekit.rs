//! Image templates against the official flytekit.

use flyte_client::config::{Images, Setting};
use flyte_client::proto::core::task_template::Target;
use flyte_client::register::{
    ItemOrigin,
    defaults::{self, BuiltIn},
    read::task::{self, ShortTask},
};
use serde_json::{Value, json};

fn ours(image: &str, images: &Images) -> Result<String, String> {
    let form = json!({"name": "t", "command": [], "image": image, "cache": false});
    let ShortTask { spec, extras } = task::parse(&form).unwrap();
    let mut template = spec.template.unwrap();
    let applied = defaults::apply(&mut template, &ItemOrigin::Short(extras), &BuiltIn, images);
    applied.map_err(|error| error.to_string())?;
    match template.target.unwrap() {
        Target::Container(container) => Ok(container.image),
        other => panic!("{other:?}"),
    }
}

#[test]
fn templates_resolve_as_in_flytekit() {
    let default = "a.b:5000/base:v3";
    let named = json!({
        "spark": "c.d/spark:1.2",
        "pinned": "c.d/pinned@sha256:26c68657",
        "bare": "localhost:5000/bare",
    });
    let written = [
        "",
        "plain",
        "plain:1",
        "{{.image.spark.fqn}}:{{.image.spark.version}}",
        "{{.image.spark.fqn}}:{{.image.default.version}}",
        "{{ .Images.spark }}",
        "{{.image.default}}",
        "{{.image.default.fqn}}-gpu:{{.image.default.version}}",
        "{{.image.pinned.fqn}}:{{.image.pinned.version}}",
        "{{.image.pinned.fqn}}@{{.image.pinned.version}}",
        "{{.image.pinned}}",
        "{{.image.bare.fqn}}:{{.image.bare.version}}",
        "x:{{.image.bare.version}}",
        "{{.image.unknown.fqn}}",
        "{{.image.spark.tag}}",
        "{{.inputs.image}}",
        "{{.image}}",
        "{{.image.spark.fqn.version}}",
        "{{.image.spark fqn}}",
        "{{.image.spark.fqn",
    ];
    let cases: Value =
        written.iter().map(|image| json!({"image": image, "default": default, "named": named})).collect();
    let Some(answers) = crate::judge::ask("task/images.py", &cases) else { return };
    let setting = |image: &str| Setting::default_value(image.to_owned(), "");
    let images = Images {
        named: named
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, image)| (name.clone(), setting(image.as_str().unwrap())))
            .collect(),
        internal: Some(setting(default)),
    };
    let mut refused = Vec::new();
    for (written, answer) in written.iter().zip(answers.as_array().unwrap()) {
        match ours(written, &images) {
            Ok(image) => assert_eq!(Some(image.as_str()), answer["image"].as_str(), "{written}"),
            Err(error) if answer["error"].is_string() => refused.push(error),
            Err(error) => panic!("{written}: {error}, theirs {answer}"),
        }
    }
    assert_eq!(
        refused,
        [
            "image `{{.image.unknown.fqn}}` of task `t` cannot be resolved: unknown image `unknown`",
            "image `{{.image.spark.tag}}` of task `t` cannot be resolved: an image has `fqn` and `version`, but no `tag`",
        ]
    );
    // flytekit makes `localhost:5000/bare:None` of it.
    assert_eq!(
        ours("{{.image.bare}}", &images).unwrap_err(),
        "image `{{.image.bare}}` of task `t` cannot be resolved: image `bare` has neither tag nor digest"
    );
}

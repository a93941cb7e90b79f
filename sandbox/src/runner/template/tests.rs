use proptest::prelude::*;

use super::*;

fn values() -> PlaceholderValues {
    PlaceholderValues {
        checkpoint_output_prefix: "/check".into(),
        input: "/in/inputs.pb".into(),
        input_prefix: "/in".into(),
        namespace: "p-d".into(),
        output_prefix: "/out".into(),
        per_retry_unique_key: "key_0".into(),
        prev_checkpoint_prefix: None,
        raw_output_data_prefix: "/raw".into(),
        task_template_path: "/task.pb".into(),
    }
}

fn filled(text: &str) -> String {
    let input = |name: &str| match name {
        "x" => Ok("1".to_owned()),
        "braces" => Ok("{{.inputs.x}}".to_owned()),
        name => Err(format!("unknown input `{name}`")),
    };
    fill(text, &values(), input).unwrap_or_else(|failure| format!("error: {failure}"))
}

#[test]
fn every_placeholder_is_filled() {
    let cases = [
        ("{{.inputs.x}}", "1"),
        ("{{.input}}", "/in/inputs.pb"),
        ("{{.inputPrefix}}", "/in"),
        ("{{.outputPrefix}}", "/out"),
        ("{{.rawOutputDataPrefix}}", "/raw"),
        ("{{.perRetryUniqueKey}}", "key_0"),
        ("{{.taskTemplatePath}}", "/task.pb"),
        ("{{.prevCheckpointPrefix}}", "\"\""),
        ("{{.checkpointOutputPrefix}}", "/check"),
        ("{{.namespace}}", "p-d"),
    ];
    for (text, expected) in cases {
        assert_eq!(filled(text), expected, "{text}");
    }
}

#[test]
fn case_spaces_and_the_mark_do_not_matter() {
    for text in ["{{ .Inputs.x }}", "{{$INPUTS.x}}", "{{\t.inputs.x\n}}", "{{   $inputs.x}}"] {
        assert_eq!(filled(text), "1", "{text}");
    }
    assert_eq!(filled("{{ $OUTPUTPREFIX }}/{{.NAMESPACE}}"), "/out/p-d");
}

#[test]
fn text_around_placeholders_is_kept() {
    assert_eq!(filled("a{{.inputs.x}}b{{.inputs.x}}c"), "a1b1c");
}

#[test]
fn other_braces_are_kept() {
    for text in
        ["{{x}}", "{{.other}}", "{.inputs.x}", "{{.inputs.}}", "{{ . inputs.x }}", "{{.inputs x}}", "ä{{"]
    {
        assert_eq!(filled(text), text);
    }
}

#[test]
fn values_are_not_scanned_for_placeholders() {
    assert_eq!(filled("{{.inputs.braces}}"), "{{.inputs.x}}");
}

#[test]
fn an_unknown_input_is_named() {
    assert_eq!(
        filled("echo {{ .inputs.y }}"),
        "error: could not fill `{{ .inputs.y }}` in the task's command: unknown input `y`"
    );
    // Names of inputs are the only thing here whose case counts.
    assert!(filled("{{.inputs.X}}").starts_with("error"));
}

#[test]
fn unique_keys_are_those_of_propeller() {
    for (name, key) in
        [("f1-n0-0", "f1_n0_0"), ("0a-b", "aa_b"), ("a--b_-c", "a_b__c"), ("", ""), ("99", "a")]
    {
        assert_eq!(unique_key(name), key);
    }
}

proptest! {
    #[test]
    fn text_without_braces_stays(text in "[^{]*") {
        prop_assert_eq!(filled(&text), text);
    }

    #[test]
    fn values_arrive_as_they_are(before in "[^{}]{0,8}", value in ".{0,16}", after in "[^{}]{0,8}") {
        let text = format!("{before}{{{{ .inputs.v }}}}{after}");
        let filled = fill(&text, &values(), |_| Ok(value.clone())).unwrap();
        prop_assert_eq!(filled, format!("{before}{value}{after}"));
    }

    #[test]
    fn any_text_can_be_tried(text in r"([{}.$ ]|inputs|\PC){0,12}") {
        let _ = fill(&text, &values(), |name| Err(name.to_owned()));
    }

    #[test]
    fn unique_keys_are_names(name in ".{0,16}") {
        let key = unique_key(&name);
        prop_assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        prop_assert!(!key.starts_with(|c: char| c.is_ascii_digit()));
    }
}

//! Values at the edges of their types, from the command line and files through a task and back.

use std::fmt::Write as _;

use snapbox::str;
use tests::{Transcript, snapshot};

use crate::flyte::{Flyte, empty};

/// Tasks that give back what they got.
const ECHO: &str = r#"
name: echo.float
image: debian
command: [sh, -c, 'printf "%s" "$1" > "$FLYTE_OUTPUT_DIR/o"', sh, "{{.inputs.x}}"]
output_data_dir: /var/outputs
inputs: {x: float}
outputs: {o: float}
---
name: echo.int
image: debian
command: [sh, -c, 'printf "%s" "$1" > "$FLYTE_OUTPUT_DIR/o"', sh, "{{.inputs.x}}"]
output_data_dir: /var/outputs
inputs: {x: int}
outputs: {o: int}
---
name: echo.datetime
image: debian
command: [sh, -c, 'printf "%s" "$1" > "$FLYTE_OUTPUT_DIR/o"', sh, "{{.inputs.x}}"]
output_data_dir: /var/outputs
inputs: {x: datetime}
outputs: {o: datetime}
---
name: echo.duration
image: debian
command: [sh, -c, 'printf "%s" "$1" > "$FLYTE_OUTPUT_DIR/o"', sh, "{{.inputs.x}}"]
output_data_dir: /var/outputs
inputs: {x: duration}
outputs: {o: duration}
---
name: echo.nested
image: debian
command: [sh, -c, 'cat /var/inputs/inputs.json > "$FLYTE_OUTPUT_DIR/o"']
input_data_dir: /var/inputs
output_data_dir: /var/outputs
inputs: {x: "list[float]", y: dict}
outputs: {o: str}
"#;

fn echo() -> Flyte {
    let flyte = empty();
    flyte.home.write("echo.yaml", ECHO);
    flyte.run(["register", "echo.yaml", "--version", "v1"]).success();
    flyte
}

/// What came of a value: the output, or why it was refused.
fn came_back(flyte: &Flyte, task: &str, given: &[&str]) -> String {
    let output = flyte.home.run([&["run", task, "--wait", "-o", "json"], given].concat());
    let is_message = |line: &&str| line.contains("\"o\"") || line.contains("\"causes\"");
    let line = output.lines().find(is_message).unwrap_or_else(|| panic!("{output}"));
    match serde_json::from_str::<serde_json::Value>(line) {
        Ok(error) => error["error"]["causes"][0].as_str().unwrap().to_owned(),
        Err(_) => line.trim().to_owned(),
    }
}

/// A line for each value of a task's input: after `-i` (`arg`), in YAML (`yaml`) or in JSON (`json`).
fn table(flyte: &Flyte, task: &str, values: &[(&str, &str)]) -> String {
    let mut table = String::new();
    for (form, value) in values {
        let came = match *form {
            "arg" => came_back(flyte, task, &["-i", &format!("x={value}")]),
            form => {
                let text =
                    if form == "json" { format!("{{\"x\": {value}}}") } else { format!("x: {value}\n") };
                let file = format!("inputs.{form}");
                flyte.home.write(&file, text);
                came_back(flyte, task, &["--inputs-file", &file])
            }
        };
        writeln!(table, "{form} {value} -> {came}").unwrap();
    }
    table
}

#[test]
fn numbers_that_json_lacks_are_floats_wherever_they_are_written() {
    let flyte = echo();
    let values = [
        ("yaml", ".nan"),
        ("yaml", ".NaN"),
        ("yaml", ".inf"),
        ("yaml", "-.Inf"),
        ("yaml", "'-inf'"),
        ("yaml", "NaN"),
        ("yaml", "1e400"),
        ("json", "NaN"),
        ("json", "-Infinity"),
        ("json", "\"-Infinity\""),
        ("json", "1e400"),
        ("arg", ".nan"),
        ("arg", "+.inf"),
        ("arg", "-inf"),
        ("arg", "1e400"),
    ];
    snapshot!(
        table(&flyte, "echo.float", &values),
        str![[r#"
yaml .nan -> "o": "NaN"
yaml .NaN -> "o": "NaN"
yaml .inf -> "o": "Infinity"
yaml -.Inf -> "o": "-Infinity"
yaml '-inf' -> "o": "-Infinity"
yaml NaN -> "o": "NaN"
yaml 1e400 -> `inputs.x`: invalid `float`: number `1e400` is beyond the range of a double, ±1.8e308
json NaN -> "o": "NaN"
json -Infinity -> "o": "-Infinity"
json "-Infinity" -> "o": "-Infinity"
json 1e400 -> `inputs.x`: invalid `float`: number `1e400` is beyond the range of a double, ±1.8e308
arg .nan -> "o": "NaN"
arg +.inf -> "o": "Infinity"
arg -inf -> "o": "-Infinity"
arg 1e400 -> `inputs.x`: invalid `float`: text `1e400` is beyond the range of a double, ±1.8e308

"#]]
    );
}

#[test]
fn integers_keep_their_digits_in_messages() {
    let flyte = echo();
    let values = [
        ("yaml", "9223372036854775807"),
        ("yaml", "-9223372036854775808"),
        ("yaml", "9223372036854775808"),
        ("yaml", "18446744073709551616"),
        ("yaml", ".nan"),
        ("yaml", "3.0"),
        ("yaml", "1e400"),
        ("json", "18446744073709551616"),
        ("arg", "9223372036854775808"),
        ("arg", "0x10"),
        ("arg", "1_000"),
        ("arg", "-5"),
    ];
    snapshot!(
        table(&flyte, "echo.int", &values),
        str![[r#"
yaml 9223372036854775807 -> "o": 9223372036854775807
yaml -9223372036854775808 -> "o": -9223372036854775808
yaml 9223372036854775808 -> `inputs.x`: invalid `int`: number `9223372036854775808` is beyond 64 bits: -9223372036854775808 to 9223372036854775807 fit
yaml 18446744073709551616 -> `inputs.x`: invalid `int`: number `18446744073709551616` is beyond 64 bits: -9223372036854775808 to 9223372036854775807 fit
yaml .nan -> `inputs.x`: expected `int`, got number `.nan`
yaml 3.0 -> "o": 3
yaml 1e400 -> `inputs.x`: expected `int`, got number `1e400`
json 18446744073709551616 -> `inputs.x`: invalid `int`: number `18446744073709551616` is beyond 64 bits: -9223372036854775808 to 9223372036854775807 fit
arg 9223372036854775808 -> `inputs.x`: invalid `int`: text `9223372036854775808` is beyond 64 bits: -9223372036854775808 to 9223372036854775807 fit
arg 0x10 -> `inputs.x`: expected `int`, got text `0x10`
arg 1_000 -> `inputs.x`: expected `int`, got text `1_000`
arg -5 -> "o": -5

"#]]
    );
}

#[test]
fn times_are_exact_up_to_the_bounds_of_the_calendar() {
    let flyte = echo();
    let values = [
        ("arg", "9999-12-31T23:59:59.999999999Z"),
        ("arg", "9999-12-31T10:00:00+00:00"),
        ("arg", "0001-01-01T00:00:00Z"),
        ("arg", "1969-12-31T23:59:59.5Z"),
        ("arg", "9999-12-31T23:59:59-01:00"),
        ("arg", "0001-01-01T00:00:00+01:00"),
        ("arg", "0000-01-01"),
        ("yaml", "10000-01-01T00:00:00Z"),
        ("arg", "9999-12-31 + 1 day"),
        ("arg", "2016-12-31T23:59:60Z"),
        ("arg", "2026-01-01T00:00:00.1234567891Z"),
    ];
    snapshot!(
        table(&flyte, "echo.datetime", &values),
        str![[r#"
arg 9999-12-31T23:59:59.999999999Z -> "o": "9999-12-31T23:59:59.999999999Z"
arg 9999-12-31T10:00:00+00:00 -> "o": "9999-12-31T10:00:00Z"
arg 0001-01-01T00:00:00Z -> "o": "0001-01-01T00:00:00Z"
arg 1969-12-31T23:59:59.5Z -> "o": "1969-12-31T23:59:59.5Z"
arg 9999-12-31T23:59:59-01:00 -> `inputs.x`: invalid `datetime`: text `9999-12-31T23:59:59-01:00` is outside of the years 0001 to 9999 (UTC)
arg 0001-01-01T00:00:00+01:00 -> `inputs.x`: invalid `datetime`: text `0001-01-01T00:00:00+01:00` is outside of the years 0001 to 9999 (UTC)
arg 0000-01-01 -> `inputs.x`: invalid `datetime`: text `0000-01-01` is outside of the years 0001 to 9999 (UTC)
yaml 10000-01-01T00:00:00Z -> `inputs.x`: invalid `datetime`: text `10000-01-01T00:00:00Z` is outside of the years 0001 to 9999 (UTC)
arg 9999-12-31 + 1 day -> `inputs.x`: invalid `datetime`: text `9999-12-31 + 1 day` is outside of the years 0001 to 9999 (UTC)
arg 2016-12-31T23:59:60Z -> `inputs.x`: invalid `datetime`: text `2016-12-31T23:59:60Z` has a leap second, which Flyte's times do not have
arg 2026-01-01T00:00:00.1234567891Z -> `inputs.x`: invalid `datetime`: text `2026-01-01T00:00:00.1234567891Z` is finer than a nanosecond

"#]]
    );
    let values = [
        ("arg", "-1.5h"),
        ("arg", "106751d"),
        ("yaml", "87660000h"),
        ("yaml", "-87660000h"),
        ("yaml", "87660001h"),
        ("arg", "99999999999999999999d"),
        ("arg", "0.0000000001s"),
    ];
    snapshot!(
        table(&flyte, "echo.duration", &values),
        str![[r#"
arg -1.5h -> "o": "-1h30m"
arg 106751d -> "o": "2562024h"
yaml 87660000h -> "o": "87660000h"
yaml -87660000h -> "o": "-87660000h"
yaml 87660001h -> `inputs.x`: invalid `duration`: text `87660001h` is beyond the range of durations, ±87660000h (10000 years)
arg 99999999999999999999d -> `inputs.x`: invalid `duration`: text `99999999999999999999d` is beyond the range of durations, ±87660000h (10000 years)
arg 0.0000000001s -> `inputs.x`: invalid `duration`: text `0.0000000001s` is finer than a nanosecond

"#]]
    );
}

#[test]
fn numbers_that_json_lacks_are_nested_too() {
    let flyte = echo();
    flyte.home.write("inputs.yaml", "x: [.nan, 1, -.inf]\ny: {a: [{b: .inf}]}\n");
    let mut transcript = Transcript::new();
    transcript.add(flyte.outcome(["run", "echo.nested", "--wait", "--inputs-file", "inputs.yaml"]));
    flyte.home.write("inputs.yaml", "x: [1, 1e400]\ny: {a: [{b: 18446744073709551616}]}\n");
    transcript.add(flyte.outcome(["run", "echo.nested", "--inputs-file", "inputs.yaml"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run echo.nested --wait --inputs-file inputs.yaml
NAME  VALUE
o     {   "x": [     "NaN",     1.0,     "-Infinity"   ],   "y": {     "a": [       {         "b": "Infinity"       }     ]   } }
------- stderr -------
running task `echo.nested`, version `v1`
started execution `[EXECUTION]`
node echonested: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host run echo.nested --inputs-file inputs.yaml
------- stderr -------
error: invalid inputs for task `echo.nested`, version `v1`
  caused by: `inputs.x[1]`: invalid `float`: number `1e400` is beyond the range of a double, ±1.8e308
  caused by: `inputs.y.a[0].b`: invalid `dict`: number `18446744073709551616` is beyond 64 bits
[exit: 1]

"#]]
    );
}

#[test]
fn files_of_other_encodings_are_named() {
    let flyte = echo();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    flyte.home.write("bom.yaml", "\u{feff}x: 0.5\n");
    flyte.home.write("utf16.yaml", utf16("\u{feff}x: 0.5\n"));
    flyte.home.write("echo16.yaml", utf16(ECHO));
    flyte.home.write("echo8.yaml", format!("\u{feff}{ECHO}"));
    let mut transcript = Transcript::new();
    transcript.add(flyte.outcome(["run", "echo.float", "--wait", "--inputs-file", "bom.yaml"]));
    transcript.add(flyte.outcome(["run", "echo.float", "--inputs-file", "utf16.yaml"]));
    transcript.add(flyte.run(["register", "--dry-run", "echo16.yaml"]));
    transcript.add(flyte.run(["register", "--dry-run", "echo8.yaml", "-o", "name"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run echo.float --wait --inputs-file bom.yaml
NAME  VALUE
o     0.5
------- stderr -------
running task `echo.float`, version `v1`
started execution `[EXECUTION]`
node echofloat: SUCCEEDED, [DURATION]
execution [EXECUTION]: SUCCEEDED, [DURATION]
[exit: 0]
$ flyte-host run echo.float --inputs-file utf16.yaml
------- stderr -------
error: could not read the inputs from `utf16.yaml`
  caused by: the file is UTF-16; save it as UTF-8
[exit: 1]
$ flyte-host register --dry-run echo16.yaml
------- stderr -------
error: echo16.yaml: the file is UTF-16; save it as UTF-8
[exit: 1]
$ flyte-host register --dry-run echo8.yaml -o name
echo.float
echo.int
echo.datetime
echo.duration
echo.nested
[exit: 0]

"#]]
    );
}

#[test]
fn settings_of_other_encodings_are_named() {
    let home = crate::home_with(&[]);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut table = String::new();
    for (file, text) in [
        ("config.yaml", "admin:\n  endpoint: dns:///flyte.test\n"),
        ("config", "[platform]\nurl = flyte.test\n"),
        ("host.toml", "plugins = [\"none\"]\n"),
    ] {
        for bytes in [utf16(text), format!("\u{feff}{text}").into_bytes()] {
            let path = home.write(format!("../.flyte/{file}"), bytes);
            let output = home.run(["config", "show"]);
            let is_message =
                |line: &&str| ["UTF", "flyte.test", "none"].iter().any(|part| line.contains(part));
            output.lines().filter(is_message).for_each(|line| writeln!(table, "{file}: {line}").unwrap());
            std::fs::remove_file(path).unwrap();
        }
    }
    snapshot!(
        table,
        str![[r#"
config.yaml:   caused by: the file is UTF-16; save it as UTF-8
config.yaml: endpoint              flyte.test             `admin.endpoint` in `~/.flyte/config.yaml`
config:   caused by: the file is UTF-16; save it as UTF-8
config: endpoint              flyte.test             `platform.url` in `~/.flyte/config`
host.toml:   caused by: the file is UTF-16; save it as UTF-8
host.toml: error: plugin `none` not found

"#]]
    );
}

/// The error names the option; there is no hint to use another one.
#[test]
fn numbers_below_zero_are_values_of_options() {
    let flyte = echo();
    let mut table = String::new();
    for arguments in [
        &["get", "executions", "--limit", "-1"][..],
        &["execution", "watch", "x", "--timeout", "-5m"],
        &["run", "echo.int", "-i", "x=1", "--wait", "--timeout", "-1"],
        &["run", "echo.int", "-i", "x=1", "--max-parallelism", "-1"],
        &["get", "tasks", "--filter", "-1"],
        &["register", "echo.yaml", "--version", "-1", "--dry-run", "-o", "name"],
    ] {
        write!(table, "$ {}\n{}\n", arguments.join(" "), flyte.run(arguments)).unwrap();
    }
    snapshot!(
        table,
        str![[r#"
$ get executions --limit -1
------- stderr -------
error: invalid value '-1' for '--limit <N>': -1 is not in 1..=4294967295

For more information, try '--help'.
[exit: 2]
$ execution watch x --timeout -5m
------- stderr -------
error: invalid value '-5m' for '--timeout <TIME>': the time must not be negative

For more information, try '--help'.
[exit: 2]
$ run echo.int -i x=1 --wait --timeout -1
------- stderr -------
error: invalid value '-1' for '--timeout <TIME>': expected a time such as `[DURATION]` or `1h30m`

For more information, try '--help'.
[exit: 2]
$ run echo.int -i x=1 --max-parallelism -1
------- stderr -------
error: invalid value '-1' for '--max-parallelism <N>': -1 is not in 0..=65535

For more information, try '--help'.
[exit: 2]
$ get tasks --filter -1
------- stderr -------
error: no operator in filter `-1`
hint: write `KEY=VALUE`, with one of `=`, `!=`, `>`, `>=`, `<`, `<=`, `~` (contains), or `KEY in (A;B)`
[exit: 2]
$ register echo.yaml --version -1 --dry-run -o name
echo.float
echo.int
echo.datetime
echo.duration
echo.nested
[exit: 0]

"#]]
    );
}

//! The example of the crate's documentation, run with a real plugin.

use std::{env, path::Path, process::Command};

#[test]
fn the_example_loads_the_sample_plugin() {
    let this = env::current_exe().expect("a test is a file");
    let deps = this.parent().expect("Cargo puts tests into a folder");
    let library = format!("{}sample_plugin{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let example = deps.with_file_name("examples").join(format!("load{}", env::consts::EXE_SUFFIX));
    let run = |plugin: &Path| Command::new(&example).arg(plugin).output().expect("Cargo built the example");

    let loaded = run(&deps.join(library));
    let text = String::from_utf8(loaded.stdout).unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    assert_eq!(
        text,
        "default image: Some(\"my-company/flyte-base:v1.2.3\")\nendpoint: Some(\"localhost:30080\")\n"
    );
    assert!(!run(Path::new("no-such-plugin")).status.success());
}

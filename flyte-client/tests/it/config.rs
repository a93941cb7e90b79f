//! What the configuration tells its users: origins, warnings, errors.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fs;

use flyte_client::config::{ConfigError, Configuration, Origin, Secret, Setting, Sources};
use snapbox::prelude::*;
use snapbox::str;

/// A home that holds one configuration file.
struct Home {
    folder: tempfile::TempDir,
    env: BTreeMap<String, String>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".flyte")).unwrap();
        Home { folder, env: BTreeMap::new() }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn yaml(self, text: &str) -> Self {
        self.file(".flyte/config.yaml", text)
    }

    fn ini(self, text: &str) -> Self {
        self.file(".flyte/config", text)
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn sources(&self, explicit: Option<&str>) -> Sources {
        Sources {
            env: self.env.clone(),
            home: Some(self.folder.path().to_owned()),
            cwd: self.folder.path().to_owned(),
            explicit: explicit.map(Into::into),
            ..Sources::default()
        }
    }

    fn load_with(&self, explicit: Option<&str>) -> Result<Configuration, ConfigError> {
        Configuration::load(&self.sources(explicit))
    }

    fn load(&self) -> Configuration {
        self.load_with(None).unwrap()
    }

    fn error(&self) -> String {
        report(&self.load_with(None).unwrap_err())
    }

    fn warnings(&self) -> String {
        self.load().warnings.join("\n")
    }
}

fn report(error: &ConfigError) -> String {
    let mut lines = vec![format!("error: {error}")];
    let mut source = error.source();
    while let Some(cause) = source {
        lines.push(format!("  caused by: {cause}"));
        source = cause.source();
    }
    lines.extend(error.hint().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}

fn rows(configuration: &Configuration) -> String {
    let rows = configuration.connection.rows();
    let lines = rows.iter().map(|row| {
        let value = row.value.as_ref().map_or_else(|| "(unset)".to_owned(), ToString::to_string);
        format!("{} = {value} <- {}", row.name, row.origin)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(actual: String, expected: impl IntoData) {
    snapbox::assert_data_eq!(actual, expected.raw());
}

#[test]
fn every_value_tells_where_it_came_from() {
    let home = Home::new()
        .yaml("admin:\n  endpoint: dns:///flyte.example.org\n  insecure: no\n  clientSecretEnvVar: MINE\n  scopes: [all]\n")
        .var("MINE", "hunter2")
        .var("FLYTE_CREDENTIALS_CLIENT_ID", "ada")
        .var("FLYTE_DEFAULT_PROJECT", "genomes");
    let mut configuration = home.load();
    let header = Setting::new(Secret::new("token"), Origin::Plugin("`acme` (get_remote)".to_owned()));
    configuration.connection.headers.push(("x-acme".to_owned(), header));
    let connection = &mut configuration.connection;
    connection.default_domain = Setting::new("production".to_owned(), Origin::Flag("--domain".to_owned()));
    check(
        rows(&configuration),
        str![[r#"
endpoint = flyte.example.org <- `admin.endpoint` in `~/.flyte/config.yaml`
insecure = false <- `admin.insecure` in `~/.flyte/config.yaml`
insecure_skip_verify = false <- default
ca_cert_file_path = (unset) <- default
console_endpoint = (unset) <- default
http_proxy_url = (unset) <- default
auth_mode = ClientSecret <- `admin.clientSecretEnvVar` in `~/.flyte/config.yaml`
client_id = ada <- variable `FLYTE_CREDENTIALS_CLIENT_ID`
client_secret = **** <- variable `MINE`
scopes = all <- `admin.scopes` in `~/.flyte/config.yaml`
audience = (unset) <- default
command = (unset) <- default
proxy_command = (unset) <- default
default_project = genomes <- variable `FLYTE_DEFAULT_PROJECT`
default_domain = production <- flag `--domain`
data_upload_location = flyte://my-s3-bucket/ <- default
headers.x-acme = **** <- plugin `acme` (get_remote)
"#]],
    );
    assert!(!format!("{configuration:?}").contains("hunter2"));
    assert!(!configuration.connection.is_sandbox());
}

#[test]
fn without_file_and_endpoint_the_sandbox_answers() {
    let configuration = Home::new().load();
    assert!(configuration.connection.is_sandbox() && configuration.file.is_none());
    assert_eq!(
        configuration.connection.endpoint.origin.to_string(),
        "default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)"
    );
    assert_eq!(configuration.storage.endpoint.value.as_deref(), Some("http://localhost:30002"));
    let mut connection = configuration.connection;
    assert!(connection.is_implicit_sandbox());
    connection.set_endpoint(Setting::new("a".parse().unwrap(), Origin::Flag("--endpoint".to_owned())));
    assert!(!connection.is_sandbox());
    let connection = connection.into_sandbox(Origin::Flag("--sandbox".to_owned()));
    assert!(connection.is_sandbox() && !connection.is_implicit_sandbox());
}

#[test]
fn the_file_in_use_tells_why() {
    let why = |home: &Home, explicit| {
        let file = home.load_with(explicit).unwrap().file.unwrap();
        format!("{}: {}", file.value, file.origin)
    };
    let home = Home::new().yaml("admin: {endpoint: a}").file("my.yaml", "admin: {endpoint: b}");
    assert_eq!(why(&home, None), "~/.flyte/config.yaml: default (found in the home directory)");
    assert_eq!(why(&home, Some("my.yaml")), "~/my.yaml: flag `--config`");
    let home = home.var("FLYTECTL_CONFIG", "my.yaml");
    assert_eq!(why(&home, None), "~/my.yaml: variable `FLYTECTL_CONFIG`");
    let home = Home::new().file("flytekit.config", "[platform]\nurl=a");
    assert_eq!(why(&home, None), "~/flytekit.config: default (found in the current directory)");
}

#[test]
fn a_file_that_was_asked_for_has_to_be_there() {
    let home = Home::new().yaml("admin: {endpoint: a}").file("my.yaml", "admin: {endpoint: b}");
    let refused = |home: &Home, explicit| {
        let error = home.load_with(explicit).unwrap_err();
        format!("{error}\n{}", error.hint().unwrap())
    };
    check(
        refused(&home, Some("nowhere.ini")),
        str![[r#"
configuration file `~/nowhere.ini` does not exist
correct the path, or omit `--config`
"#]],
    );
    check(
        refused(&home, Some("my.yml")),
        str![[r#"
configuration file `~/my.yml` does not exist
did you mean `~/my.yaml`?
"#]],
    );
    check(
        refused(&home.var("FLYTECTL_CONFIG", "nowhere.ini"), None),
        str![[r#"
configuration file `~/nowhere.ini` does not exist
correct the path, or unset `FLYTECTL_CONFIG`
"#]],
    );
}

#[test]
fn a_file_that_is_not_read_is_found() {
    let misplaced = |home: &Home| home.sources(None).misplaced().map(|path| path.to_string());
    assert_eq!(misplaced(&Home::new()), None);
    for name in ["config.yml", "Config.yaml", "config.YAML", "config-sandbox.yaml"] {
        let home = Home::new().file(&format!(".flyte/{name}"), "admin: {endpoint: a}");
        assert_eq!(misplaced(&home), Some(format!("~/.flyte/{name}")));
    }
    let home = Home::new().file("config.yaml", "admin:\n  endpoint: a\n");
    assert_eq!(misplaced(&home).as_deref(), Some("~/config.yaml"));
    for (name, text) in [("config.yaml", "theme: dark\n"), (".flyte/host.toml", "plugins = []\n")] {
        assert_eq!(misplaced(&Home::new().file(name, text)), None, "{name}");
    }
}

#[test]
fn a_section_that_stands_twice_is_an_error() {
    let text = "admin:\n  endpoint: a\nlogger:\n  level: 1\nadmin:\n  authType: Pkce\n";
    check(
        Home::new().yaml(text).error(),
        str![[r#"
error: configuration file `~/.flyte/config.yaml` has a syntax error at line 5, column 1: duplicate key `admin`; the first is in line 1
"#]],
    );
    check(
        Home::new().yaml("admin: { endpoint: a, insecure: true, endpoint: b }").error(),
        str![
            "error: configuration file `~/.flyte/config.yaml` has a syntax error at line 1, column 39: duplicate key `endpoint`; the first is in line 1"
        ],
    );
    // A merged key may be replaced: that is what merging is for.
    let text = "base: &base { endpoint: a, insecure: true }\nadmin:\n  <<: *base\n  endpoint: b\n";
    assert_eq!(Home::new().yaml(text).load().connection.endpoint.value.as_str(), "b");
}

#[test]
fn a_variable_that_is_not_utf8_is_not_unset() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};
    let set = |name: &str, value: &[u8]| (OsString::from(name), OsString::from_vec(value.to_vec()));
    let refused = |name: &str| {
        let vars = [set("FLYTE_PLATFORM_URL", b"a.example"), set(name, b"caf\xe9"), set("OTHER", b"\xff")];
        Configuration::load(&Sources::from_vars(vars)).unwrap_err().to_string()
    };
    for name in ["FLYTE_PLATFORM_URL", "FLYTECTL_CONFIG", "FLYTE_PLATFORM_INSECURE", "FLYTE_INTERNAL_IMAGE"] {
        assert_eq!(refused(name), format!("variable `{name}` is not UTF-8"));
    }
    let home = Home::new().yaml("admin: {endpoint: a, clientSecretEnvVar: MINE}");
    let sources = Sources { not_utf8: ["MINE".to_owned()].into(), ..home.sources(None) };
    let error = Configuration::load(&sources).unwrap_err();
    assert_eq!(error.to_string(), "variable `MINE` is not UTF-8");
}

#[test]
fn images_come_with_their_names() {
    let home = Home::new()
        .yaml("admin: {endpoint: a}\nimages:\n  spark: a/spark:1\n")
        .var("FLYTE_INTERNAL_IMAGE", "i:1");
    let images = home.load().images;
    let spark = &images.named["spark"];
    assert_eq!(
        format!("{} {}", spark.value, spark.origin),
        "a/spark:1 `images.spark` in `~/.flyte/config.yaml`"
    );
    assert_eq!(images.internal.unwrap().value, "i:1");
    assert_eq!(Home::new().var("FLYTE_INTERNAL_IMAGE", "").load().images.internal, None);
}

#[test]
fn what_flytekit_swallows_is_a_warning() {
    check(
        Home::new().yaml("admin: {endpoint: a, insecure: flase}").warnings(),
        str!["`admin.insecure` in `~/.flyte/config.yaml` is `flase`, which counts as true, as in flytekit"],
    );
    check(
        Home::new()
            .yaml("admin: {endpoint: a, Insecure: yes, authMode: Pkce, colour: red, maxRetries: 3}")
            .warnings(),
        str![[r#"
`admin.Insecure` in `~/.flyte/config.yaml` is ignored: Flyte knows no such key; `admin.insecure` is one
`admin.authMode` in `~/.flyte/config.yaml` is ignored: Flyte knows no such key; `admin.authType` is one
`admin.colour` in `~/.flyte/config.yaml` is ignored: Flyte knows no such key
"#]],
    );
    check(
        Home::new().ini("[platform]\nurl=a\n[credentials]\nclientid=x\n").warnings(),
        str![
            "`credentials.clientid` in `~/.flyte/config` is ignored: Flyte knows no such key; `credentials.client_id` is one"
        ],
    );
    check(
        Home::new().yaml("").warnings(),
        str!["`~/.flyte/config.yaml` sets no endpoint; using `localhost:30080`"],
    );
    check(
        Home::new().var("FLYTE_PLATFORM_URL", "").warnings(),
        str!["variable `FLYTE_PLATFORM_URL` is empty; using `localhost:30080`"],
    );
    check(
        Home::new().var("FLYTE_CREDENTIALS_CLIENT_ID", "x").warnings(),
        str![
            "variable `FLYTE_CREDENTIALS_CLIENT_ID` is ignored: without a configuration file and `FLYTE_PLATFORM_URL`, the sandbox is used"
        ],
    );
    check(
        Home::new().yaml("admin: {endpoint: a, clientSecretEnvVar: MINE}").warnings(),
        str![
            "`admin.clientSecretEnvVar` in `~/.flyte/config.yaml` names the variable `MINE`, which is not set"
        ],
    );
    check(
        Home::new().yaml("admin: {endpoint: 'http://a'}").warnings(),
        str![
            "`admin.endpoint` in `~/.flyte/config.yaml` says `http://`, but `insecure` is false, so TLS is used; set `admin.insecure` to true for plain text"
        ],
    );
    assert_eq!(Home::new().yaml("admin: {endpoint: a, useAuth: true}\nlogger: {level: 0}").warnings(), "");
}

#[test]
fn a_missing_or_unreadable_file_is_an_error() {
    check(
        report(&Home::new().load_with(Some("my.cfg")).unwrap_err()),
        str![[r#"
error: configuration file `~/my.cfg` does not exist
hint: correct the path, or omit `--config`
"#]],
    );
    let home = Home::new();
    fs::create_dir(home.folder.path().join(".flyte/config")).unwrap();
    check(
        home.error(),
        str![[r#"
error: could not read configuration file `~/.flyte/config`
  caused by: Is a directory (os error 21)
"#]],
    );
}

#[test]
fn broken_files_are_errors_with_a_place() {
    check(
        Home::new().yaml("admin:\n  endpoint: a\n  command: [flyte\n").error(),
        str![
            "error: configuration file `~/.flyte/config.yaml` has a syntax error at line 3, column 12: unclosed bracket '['"
        ],
    );
    check(
        Home::new().yaml("- admin\n").error(),
        str![
            "error: configuration file `~/.flyte/config.yaml` has a syntax error at line 1: the file must be a map, not a list"
        ],
    );
    check(
        Home::new().ini("[platform]\nhello\n").error(),
        str![
            "error: configuration file `~/.flyte/config` has a syntax error at line 2: neither `[section]` nor `option = value`"
        ],
    );
    check(
        Home::new().ini("[internal]\nx=1\n").error(),
        str![[r#"
error: configuration file `~/.flyte/config` has a section `[internal]`, which is reserved
hint: rename or delete the section
"#]],
    );
}

#[test]
fn values_of_the_wrong_kind_are_errors() {
    let admin = |lines: &str| Home::new().yaml(&format!("admin:\n  endpoint: a\n{lines}")).error();
    check(
        admin("  clientId: [a]\n"),
        str!["error: `admin.clientId` in `~/.flyte/config.yaml` must be a string, not a list"],
    );
    check(
        admin("  audience: on\n"),
        str![
            "error: `admin.audience` in `~/.flyte/config.yaml` must be a string, not a boolean; put the word in quotes if it is meant as text"
        ],
    );
    check(
        admin("  scopes: {a: b}\n"),
        str!["error: `admin.scopes` in `~/.flyte/config.yaml` must be a list, not a map"],
    );
    check(
        admin("  insecure: [a]\n"),
        str!["error: `admin.insecure` in `~/.flyte/config.yaml` must be a boolean, not a list"],
    );
    check(
        admin("images: [a]\n"),
        str!["error: `images` in `~/.flyte/config.yaml` must be a map of names to images, not a list"],
    );
    check(
        Home::new().ini("[platform]\nurl=a\ninsecure=maybe\n").error(),
        str!["error: `platform.insecure` in `~/.flyte/config` must be `true` or `false`, not `maybe`"],
    );
    check(
        Home::new().ini("[platform]\nurl=a\n[credentials]\nclient_secret=a%b\n").error(),
        str![
            "error: `credentials.client_secret` in `~/.flyte/config` cannot be read: a single `%` stands for a reference such as `%(name)s`; write `%%` for the character"
        ],
    );
    check(
        Home::new().var("FLYTE_PLATFORM_URL", "a").var("FLYTE_AWS_RETRIES", "many").error(),
        str!["error: variable `FLYTE_AWS_RETRIES` must be a whole number, not `many`"],
    );
}

#[test]
fn unusable_endpoints_modes_and_secrets_are_errors() {
    check(
        Home::new().yaml("admin: {endpoint: 30080}").error(),
        str![[r#"
error: `admin.endpoint` in `~/.flyte/config.yaml`: invalid endpoint
  caused by: `30080` is a bare number, not a host
hint: an endpoint is a host with an optional port, such as `flyte.example.org` or `localhost:30080`
"#]],
    );
    check(
        Home::new().var("FLYTE_PLATFORM_URL", "a").var("FLYTE_CREDENTIALS_AUTH_MODE", "oauth").error(),
        str![[r#"
error: variable `FLYTE_CREDENTIALS_AUTH_MODE`: unknown authentication mode `oauth`
hint: write one of `Pkce`, `standard`, `DeviceFlow`, `ClientSecret`, `client_credentials`, `basic`, `ExternalCommand`, `external_process`
"#]],
    );
    check(
        Home::new().yaml("admin: {endpoint: a, clientSecretLocation: secret}").error(),
        str![[r#"
error: `admin.clientSecretLocation` in `~/.flyte/config.yaml`: could not read the secret file `~/secret`
  caused by: No such file or directory (os error 2)
hint: a relative path starts at the current directory, and `~` is not expanded
"#]],
    );
}

//! Our reading of configurations against that of the official flytekit, case by case.
//!
//! Runs where `FLYTE_TEST_PYTHON` names a Python with flytekit (1.16.31 was used); skipped elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::random::Random;
use flyte_client::config::{Configuration, Setting, Sources};
use serde_json::{Value, json};

/// One configuration: files below `home/` and `cwd/`, variables, and the file of `-c`.
#[derive(Default, Debug)]
struct Case {
    files: Vec<(String, String)>,
    env: Vec<(String, String)>,
    explicit: Option<String>,
}

impl Case {
    fn file(mut self, path: &str, text: impl Into<String>) -> Self {
        self.files.push((path.to_owned(), text.into()));
        self
    }

    fn var(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    fn explicit(mut self, path: &str) -> Self {
        self.explicit = Some(path.to_owned());
        self
    }

    fn write(&self, root: &Path) {
        for folder in ["home/.flyte", "cwd"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for (path, text) in &self.files {
            fs::write(root.join(path), text).unwrap();
        }
    }

    /// `ROOT` in a value stands for the case's own folder.
    fn environment(&self, root: &Path) -> BTreeMap<String, String> {
        let root = root.to_str().unwrap();
        self.env.iter().map(|(name, value)| (name.clone(), value.replace("ROOT", root))).collect()
    }

    fn ours(&self, root: &Path) -> Value {
        let sources = Sources {
            env: self.environment(root),
            home: Some(root.join("home")),
            cwd: root.join("cwd"),
            explicit: self.explicit.as_ref().map(Into::into),
            ..Sources::default()
        };
        match Configuration::load(&sources) {
            Ok(configuration) => resolved(&configuration),
            Err(error) => json!({ "error": error.to_string() }),
        }
    }
}

fn resolved(configuration: &Configuration) -> Value {
    let connection = &configuration.connection;
    let storage = &configuration.storage;
    let secret = |setting: &Setting<Option<flyte_client::config::Secret>>| {
        setting.value.as_ref().map(|secret| secret.reveal().to_owned())
    };
    let images: BTreeMap<_, _> =
        configuration.images.named.iter().map(|(name, image)| (name, &image.value)).collect();
    json!({
        "ca_cert_file_path": connection.ca_cert_file_path.value,
        "console_endpoint": connection.console_endpoint.value,
        "http_proxy_url": connection.http_proxy_url.value,
        "client_id": connection.client_id.value,
        "client_credentials_secret": secret(&connection.client_secret),
        "audience": connection.audience.value,
        "endpoint": connection.endpoint.value.as_str(),
        "insecure": connection.insecure.value,
        "insecure_skip_verify": connection.insecure_skip_verify.value,
        "auth_mode": connection.auth_mode.value.to_string(),
        "scopes": connection.scopes.value,
        "command": connection.command.value,
        "proxy_command": connection.proxy_command.value,
        "default_project": connection.default_project.value,
        "default_domain": connection.default_domain.value,
        "images": images,
        "s3": {
            "endpoint": storage.endpoint.value,
            "access_key_id": storage.access_key_id.value,
            "secret_access_key": secret(&storage.secret_access_key),
            "addressing_style": storage.addressing_style.value,
            "enable_debug": storage.enable_debug.value,
            "retries": storage.retries.value,
            "backoff": storage.backoff.value.as_secs(),
        },
    })
}

const HOME_YAML: &str = "home/.flyte/config.yaml";
const HOME_INI: &str = "home/.flyte/config";
const CWD_INI: &str = "cwd/flytekit.config";

/// Which file is in use.
fn search_cases() -> Vec<Case> {
    let case = Case::default;
    let yaml = |endpoint: &str| format!("admin:\n  endpoint: dns:///{endpoint}\n");
    let ini = |endpoint: &str| format!("[platform]\nurl={endpoint}\n");
    let everywhere = || {
        case().file(HOME_YAML, yaml("home-yaml")).file(HOME_INI, ini("home-ini")).file(CWD_INI, ini("cwd"))
    };
    vec![
        case(),
        case().var("FLYTE_PLATFORM_URL", ""),
        case().var("FLYTE_PLATFORM_URL", "dns:///a.example:81"),
        case().var("FLYTE_PLATFORM_INSECURE", "true").var("FLYTE_CREDENTIALS_CLIENT_ID", "x"),
        case().var("FLYTE_AWS_ENDPOINT", "http://s3").var("FLYTE_LOCAL_PROJECT", "mine"),
        case().file(HOME_YAML, yaml("home-yaml")),
        case().file(HOME_YAML, yaml("home-yaml")).file(HOME_INI, ini("home-ini")),
        everywhere(),
        everywhere().file("cwd/x.yml", yaml("x")).var("FLYTECTL_CONFIG", "x.yml"),
        everywhere().file("home/x", ini("x")).var("FLYTECTL_CONFIG", "ROOT/home/x"),
        everywhere().var("FLYTECTL_CONFIG", ""),
        everywhere().file("cwd/x.yaml", yaml("x")).var("FLYTECTL_CONFIG", "x.yaml").var(OVERRIDE, ""),
        everywhere().file("cwd/x.yaml", yaml("x")).var("FLYTECTL_CONFIG", "nowhere").var(OVERRIDE, "x.yaml"),
        everywhere().file("cwd/x.yaml", yaml("x")).explicit("x.yaml"),
        everywhere().file("cwd/x.ini", ini("x")).explicit("x.ini").var("FLYTE_PLATFORM_URL", "env"),
        everywhere().explicit("nowhere.yaml"),
        case().file(HOME_YAML, ""),
        case().file(HOME_YAML, "admin:\n"),
        case().file(HOME_YAML, "[a, b]\n"),
        case().file(HOME_YAML, "just words\n"),
        case().file(HOME_INI, "[platform]\n[internal]\n"),
        case().file(HOME_INI, "url=x\n"),
        case().file(HOME_INI, "[platform]\nurl=x\nURL=y\n"),
    ]
}

const OVERRIDE: &str = "_FLYTECTL_CONFIG_PYFLYTE_OVERRIDE";

/// Conversions, empty values, secrets.
fn value_cases() -> Vec<Case> {
    let case = Case::default;
    let admin = |lines: &str| case().file(HOME_YAML, format!("admin:\n  endpoint: a\n{lines}"));
    let platform = |lines: &str| case().file(HOME_INI, format!("[platform]\nurl=a\n{lines}"));
    let mut cases = vec![
        admin("  scopes: all,offline\n  command: [flyte, token, 1]\n  proxyCommand: x\n"),
        admin("  scopes: []\n  clientId: ''\n  audience: ~\n"),
        admin("  clientId: 123\n  audience: https://x\n  httpProxyURL: http://proxy:1\n"),
        admin("  httpProxyUrl: x\n  insecureSkipVerify: 'no'\n  caCertFilePath: c.pem\n"),
        admin("  insecure: true\n").var("FLYTE_PLATFORM_INSECURE", ""),
        admin("  insecure: true\n").var("FLYTE_PLATFORM_INSECURE", "Off"),
        admin("  clientId: x\n").var("FLYTE_CREDENTIALS_CLIENT_ID", ""),
        admin("  scopes: [a]\n").var("FLYTE_CREDENTIALS_SCOPES", ""),
        admin("console:\n  endpoint: c\ntask:\n  project: p\n  domain: d\n"),
        admin("task:\n  project: p\n").var("FLYTE_LOCAL_PROJECT", "l").var("FLYTE_DEFAULT_DOMAIN", "e"),
        admin("task:\n  project: p\n").var("FLYTE_DEFAULT_PROJECT", "e"),
        admin("task:\n  project: p\n").var("FLYTE_DEFAULT_PROJECT", ""),
        admin("storage:\n  connection:\n    endpoint: e\n    access-key: k\n    secret-key: s\n"),
        admin("").var("FLYTE_AWS_RETRIES", "0").var("FLYTE_AWS_BACKOFF_SECONDS", "12"),
        admin("").var("FLYTE_AWS_RETRIES", "7").var("FLYTE_AWS_ENABLE_DEBUG", "x"),
        admin("images:\n  one: a.b/c:1\n  Two: d\n"),
        admin("base: &base {clientId: b, audience: q}\nimages: {}\n"),
        case().file(
            HOME_YAML,
            "base: &b {clientId: b, audience: q}\nadmin:\n  <<: *b\n  endpoint: a\n  audience: r\n",
        ),
        case().file(HOME_YAML, "admin: {endpoint: 'dns:///dns:///a', insecure: on}\n"),
        case().file(HOME_YAML, "admin: {endpoint: https://a.example, clientId: !!str 12}\n"),
        platform("insecure=Yes\n[credentials]\nscopes=a, b\nclient_secret=s\nauth_mode=deviceflow\n"),
        platform("insecure=maybe\n"),
        platform("INSECURE : on\n[images]\nOne=a:1\ntwo: b\n"),
        platform("[DEFAULT]\nclient_id=d\nx=1\n[credentials]\n[images]\none=%(x)s%%\n"),
        platform("console_endpoint =\n   wrapped\n[local]\nproject=p\ndomain=d\n[aws]\nretries=9\n"),
        case().file(HOME_INI, "# note\n; note\n[platform]\nurl = a # kept\n").var("FLYTE_PLATFORM_URL", "b"),
        admin("  clientSecretLocation: s\n  authType: Pkce\n").file("cwd/s", "one\n"),
        admin("  clientSecretLocation: s\n").file("cwd/s", " two "),
        admin("  clientSecretLocation: s\n").file("cwd/s", " three\r\n"),
        admin("  clientSecretLocation: s\n")
            .file("cwd/s", "\n")
            .var("FLYTE_CREDENTIALS_CLIENT_SECRET", "direct"),
        admin("  clientSecretLocation: s\n")
            .file("cwd/s", "")
            .var("FLYTE_CREDENTIALS_CLIENT_SECRET", "direct"),
        admin("  clientSecretLocation: nowhere\n"),
        admin("  clientSecretEnvVar: MINE\n  authType: DeviceFlow\n").var("MINE", "m"),
        admin("  clientSecretEnvVar: MINE\n  clientSecretLocation: s\n").file("cwd/s", "f").var("MINE", "m"),
        admin("  clientSecretEnvVar: MINE\n  clientSecretLocation: s\n").file("cwd/s", "f").var("MINE", ""),
        admin("  clientSecretEnvVar: MINE\n").var("FLYTE_CREDENTIALS_CLIENT_SECRET", "direct"),
        admin("")
            .var("FLYTE_CREDENTIALS_CLIENT_SECRET", "direct")
            .var("FLYTE_CREDENTIALS_AUTH_MODE", "basic"),
        admin("  clientSecretEnvVar: MINE\n").var("MINE", "m").var("FLYTE_CREDENTIALS_AUTH_MODE", "nonsense"),
        admin("  authType: nonsense\n"),
    ];
    let modes = [
        "standard",
        "PKCE",
        "Basic",
        "client_credentials",
        "ClientSecret",
        "external_process",
        "ExternalCommand",
    ];
    cases.extend(modes.map(|mode| admin(&format!("  authType: {mode}\n"))));
    cases.extend(BOOLEANS.map(|word| admin(&format!("  insecure: {word}\n"))));
    cases
        .extend(WORDS.map(|word| case().var("FLYTE_PLATFORM_URL", "a").var("FLYTE_PLATFORM_INSECURE", word)));
    cases
}

/// Scalars as PyYAML may see them: booleans, numbers, dates, texts.
const BOOLEANS: [&str; 46] = [
    "yes",
    "Yes",
    "YES",
    "yEs",
    "y",
    "no",
    "No",
    "NO",
    "n",
    "on",
    "ON",
    "oN",
    "off",
    "Off",
    "true",
    "TRUE",
    "False",
    "FALSE",
    "'yes'",
    "\"off\"",
    "'False'",
    "~",
    "null",
    "Null",
    "",
    "0",
    "1",
    "-0",
    "+0",
    "0x0",
    "0b0",
    "00",
    "0o0",
    "0.0",
    "0.",
    ".0",
    "0e0",
    "0.0e+0",
    "-0.0",
    "0_0",
    "0:0",
    "1:0",
    "2026-08-01",
    ".nan",
    "nothing",
    "!!str no",
];

const WORDS: [&str; 8] = ["true", "FALSE", "0", "no", "OFF", "1", "yes", "flase"];

/// A random mixture of files, keys and variables.
fn random_case(random: &mut Random) -> Case {
    const KEYS: [(&str, &str, &str); 12] = [
        ("PLATFORM_URL", "platform.url", "endpoint"),
        ("PLATFORM_INSECURE", "platform.insecure", "insecure"),
        ("PLATFORM_INSECURE_SKIP_VERIFY", "platform.insecure_skip_verify", "insecureSkipVerify"),
        ("PLATFORM_CA_CERT_FILE_PATH", "platform.ca_cert_file_path", "caCertFilePath"),
        ("PLATFORM_HTTP_PROXY_URL", "platform.http_proxy_url", "httpProxyURL"),
        ("CREDENTIALS_COMMAND", "credentials.command", "command"),
        ("CREDENTIALS_PROXY_COMMAND", "credentials.proxy_command", "proxyCommand"),
        ("CREDENTIALS_CLIENT_ID", "credentials.client_id", "clientId"),
        ("CREDENTIALS_SCOPES", "credentials.scopes", "scopes"),
        ("CREDENTIALS_AUTH_MODE", "credentials.auth_mode", "authType"),
        ("CREDENTIALS_CLIENT_SECRET_ENV_VAR", "credentials.client_secret_env_var", "clientSecretEnvVar"),
        ("CREDENTIALS_AUDIENCE", "credentials.audience", "audience"),
    ];
    let value = |random: &mut Random, variable: &str| match variable {
        "PLATFORM_INSECURE" | "PLATFORM_INSECURE_SKIP_VERIFY" => {
            random.pick(&["true", "false", "no", "on", "0"])
        }
        "CREDENTIALS_AUTH_MODE" => random.pick(&["Pkce", "deviceFlow", "BASIC", "external_process"]),
        "CREDENTIALS_CLIENT_SECRET_ENV_VAR" => random.pick(&["MINE", "OTHER"]),
        "PLATFORM_URL" => random.pick(&["a.example", "dns:///b:81", "https://c"]),
        _ => random.pick(&["one", "two,three", "x y", "ü"]),
    };
    let mut case = Case::default();
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    let mut yaml = "admin:\n  x: y\n".to_owned();
    for (variable, ini, key) in KEYS {
        if random.one_in(4) {
            let text = if random.one_in(4) && variable != "CREDENTIALS_AUTH_MODE" {
                ""
            } else {
                value(random, variable)
            };
            case = case.var(&format!("FLYTE_{variable}"), text);
        }
        if random.one_in(2) {
            let text = value(random, variable);
            let (section, option) = ini.split_once('.').unwrap();
            *sections.entry(section).or_default() += &format!("{option} = {text}\n");
            yaml += &format!("  {key}: {text}\n");
        }
    }
    if random.one_in(2) {
        case = case.var("MINE", "secret");
    }
    let ini: String = sections.iter().map(|(section, lines)| format!("[{section}]\n{lines}")).collect();
    match random.below(6) {
        0 => case,
        1 => case.file(CWD_INI, ini).file(HOME_YAML, "admin: {endpoint: other}"),
        2 => case.file(HOME_INI, ini),
        3 => case.file(HOME_YAML, yaml).var("FLYTECTL_CONFIG", ""),
        4 => case.file("cwd/my.yaml", yaml).explicit("my.yaml"),
        _ => case.file("home/my.yml", yaml).var("FLYTECTL_CONFIG", "ROOT/home/my.yml"),
    }
}

#[test]
fn every_value_is_what_flytekit_reads() {
    let mut random = Random::new(0x5eed);
    let mut cases = search_cases();
    cases.extend(value_cases());
    cases.extend((0..150).map(|_| random_case(&mut random)));

    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    let roots: Vec<_> = (0..cases.len()).map(|index| base.join(index.to_string())).collect();
    for (case, root) in cases.iter().zip(&roots) {
        case.write(root);
    }
    let questions: Value = cases
        .iter()
        .zip(&roots)
        .map(|(case, root)| json!({"root": root, "env": case.environment(root), "explicit": case.explicit}))
        .collect();
    let Some(answers) = crate::judge::ask("config/resolve.py", &questions) else { return };

    let mut different = Vec::new();
    for ((case, root), theirs) in cases.iter().zip(&roots).zip(answers.as_array().unwrap()) {
        let ours = case.ours(root);
        let same = match (&ours["error"], &theirs["error"]) {
            (Value::Null, Value::Null) => ours == *theirs,
            (Value::Null, _) | (_, Value::Null) => false,
            _ => true,
        };
        if !same {
            different.push(format!("{case:#?}\nours   {ours}\ntheirs {theirs}"));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {} differ:\n{}",
        different.len(),
        cases.len(),
        different.join("\n\n")
    );
}

//! Whose plugins may be installed and loaded.

use std::fs;

use snapbox::str;
use tests::{TestEnvironment, snapshot};

use super::{Company, loaded_version, plugin, stable, target};
use crate::home_with;

fn administrator(home: &mut TestEnvironment, settings: &str) {
    let file = home.write("administrator.toml", settings);
    home.set("TEST_ADMINISTRATOR_SETTINGS", file);
}

fn key(company: &Company) -> String {
    company.home.read("acme.pub").lines().nth(1).unwrap().to_owned()
}

#[test]
fn a_plugin_of_the_users_own_works_at_once() {
    let home = home_with(&["acme"]);
    assert_eq!(loaded_version(&home).as_deref(), Some("0.1.0"));
    snapshot!(
        home.run(["plugin", "enable", "acme"]),
        str![[r#"
------- stderr -------
`acme` is not signed; enabled plugins: acme (in `[HOME]/.flyte/host.toml`)
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(["plugin", "enable", "acme"]),
        str![[r#"
------- stderr -------
enabled plugins: acme (in `[HOME]/.flyte/host.toml`)
[exit: 0]
"#]]
    );
    let file = plugin(&home, "1.0.0");
    snapshot!(
        home.run(["plugin", "install", file.to_str().unwrap()]),
        str![[r#"
------- stderr -------
error: could not install `acme`: `[HOME]/.flyte/plugins/libacme.so` exists
  caused by: flyte-host did not install this file
hint: move `[HOME]/.flyte/plugins/libacme.so` away
[exit: 1]
"#]]
    );
}

#[test]
fn a_file_is_installed_with_the_signature_beside_it() {
    let company = Company::new();
    let user = home_with(&[]);
    let file = company.home.cwd().join(format!("site/acme/1.0.0/{}/libacme.so", target()));
    let file = file.to_str().unwrap();
    let company_home = company.home.home().display().to_string();
    let redacted =
        |output: tests::Output| stable(output).map(|text| text.replace(&company_home, "[COMPANY]"));
    snapshot!(
        redacted(user.run(["plugin", "install", file])),
        str![[r#"
------- stderr -------
error: `[COMPANY]/work/site/acme/1.0.0/[TARGET]/libacme.so` is signed by an unknown key `[KEYID]`
hint: pass the publisher's public key with `--key`
[exit: 1]
"#]]
    );
    snapshot!(
        redacted(user.run(["plugin", "install", file, "--key", &key(&company)])),
        str![[r#"
------- stderr -------
installed `acme` 1.0.0 from `[COMPANY]/work/site/acme/1.0.0/[TARGET]/libacme.so`, signed by key [KEYID]
hint: run `flyte-host plugin enable acme` to use it
[exit: 0]
"#]]
    );
    // The next version is not signed.
    let next = plugin(&user, "1.1.0");
    snapshot!(
        stable(user.run(["plugin", "install", next.to_str().unwrap()])),
        str![[r#"
------- stderr -------
error: the key of plugin `acme` changed
  caused by: known key: [KEY] ([KEYID])
  caused by: key now: none, it is not signed
hint: ask the publisher; if the new key is theirs, run `flyte-host plugin remove acme`, then install it again
[exit: 1]
"#]]
    );
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
    let zeros = "0".repeat(64);
    snapshot!(
        redacted(user.run(["plugin", "install", file, "--sha256", &zeros])),
        str![[r#"
------- stderr -------
error: `[COMPANY]/work/site/acme/1.0.0/[TARGET]/libacme.so` has another SHA-256
  caused by: its SHA-256 is `[SHA256]`, expected `[SHA256]`
[exit: 1]
"#]]
    );
}

#[test]
fn a_url_is_installed_with_the_signature_beside_it() {
    let company = Company::new();
    let user = company.user();
    let url = format!("{}/acme/1.0.0/{}/libacme.so", company.server.url(), target());
    let key = key(&company);
    snapshot!(
        stable(user.run(["plugin", "install", &url, "--key", &key, "--enable"])),
        str![[r#"
------- stderr -------
installed `acme` 1.0.0 from `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so`, signed by key [KEYID]
enabled plugins: acme (in `[HOME]/.flyte/host.toml`)
[exit: 0]
"#]]
    );
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
}

#[test]
fn an_administrator_allows_keys_that_the_user_cannot_change() {
    let (company, stranger) = (Company::new(), Company::new());
    let mut user = company.user();
    administrator(&mut user, &format!("[trust]\nallow-keys = ['{}']\n", key(&company)));
    user.run(["plugin", "install", "acme"]).success();
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
    // A file without a signature, by its path.
    let own = plugin(&user, "1.5.0");
    snapshot!(
        stable(user.run(["--plugin", own.to_str().unwrap(), "my-custom-command"])),
        str![[r#"
------- stderr -------
error: plugin `acme` is not signed, and `[HOME]/work/administrator.toml` allows only signed plugins
  caused by: there is no `[HOME]/work/build/1.5.0/libacme.so.minisig`
hint: install a version that an allowed key signed
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
    // A file of another publisher; the user's settings and lock file say that it is fine.
    let theirs = stranger.home.cwd().join(format!("site/acme/1.0.0/{}/libacme.so", target()));
    user.write("../.flyte/host.toml", format!("[trust]\nallow-keys = ['{}']\n", key(&stranger)));
    snapshot!(
        stable(user.run(["--plugin", theirs.to_str().unwrap(), "my-custom-command"])),
        str![[r#"
------- stderr -------
error: plugin `acme` is signed by key `[KEYID]`, which `[HOME]/work/administrator.toml` does not allow
hint: install a version that an allowed key signed
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
    user.write("../.flyte/host.toml", "");
    // A signature of the allowed key, beside content that it did not sign.
    fs::copy(
        user.plugins().join("libacme.so").canonicalize().unwrap().with_file_name("libacme.so.minisig"),
        own.with_file_name("libacme.so.minisig"),
    )
    .unwrap();
    snapshot!(
        stable(user.run(["--plugin", own.to_str().unwrap(), "my-custom-command"])),
        str![[r#"
------- stderr -------
error: plugin `acme`: its signature is invalid
  caused by: invalid signature: the content is not what key `[KEYID]` signed
hint: install the plugin again
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
}

#[test]
fn contents_compilers_versions_and_keys_are_denied() {
    let company = Company::new();
    let mut user = company.user();
    user.run(["plugin", "install", "acme"]).success();
    let show = user.run(["plugin", "list", "-o", "json"]).json();
    let sha256 = fs::read_link(user.plugins().join("libacme.so")).unwrap();
    let sha256 = sha256.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(show[0]["signer"], key(&company));
    let rustc = plugin_host::preflight::read_passport(&user.plugins().join("libacme.so")).unwrap();
    let rustc = rustc.rustc().split(' ').find(|word| word.contains('.')).unwrap().to_owned();
    let rules = [
        format!("deny-sha256 = ['{sha256}']"),
        format!("deny-rustc = ['{rustc}']"),
        "deny = ['acme@<1.1']".to_owned(),
        format!("deny-keys = ['{}']", key(&company)),
    ];
    let mut transcript = tests::Transcript::new();
    for rule in &rules {
        administrator(&mut user, &format!("[trust]\n{rule}\n"));
        let list = user.run(["plugin", "list", "-o", "json"]).json();
        assert!(list[0]["refused"].is_string(), "{list}");
        let output = stable(user.run(["--plugin", "acme", "my-custom-command"]));
        transcript.add(output.map(|text| text.replace(&rustc, "[RUSTC]")));
    }
    snapshot!(
        transcript.to_string(),
        str![[r#"
$ flyte-host --plugin acme my-custom-command
------- stderr -------
error: this file of plugin `acme` is denied by `[HOME]/work/administrator.toml`
  caused by: its SHA-256 is `[SHA256]`
hint: use `--no-plugins` to run without it, or install another plugin
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
$ flyte-host --plugin acme my-custom-command
------- stderr -------
error: plugin `acme` was built with rustc [RUSTC], which `[HOME]/work/administrator.toml` denies
hint: run `flyte-host plugin update` to install another version
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
$ flyte-host --plugin acme my-custom-command
------- stderr -------
error: plugin `acme` 1.0.0 is denied by `[HOME]/work/administrator.toml`
hint: run `flyte-host plugin update` to install another version
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
$ flyte-host --plugin acme my-custom-command
------- stderr -------
error: plugin `acme` is signed by key `[KEYID]`, which `[HOME]/work/administrator.toml` denies
hint: use `--no-plugins` to run without it, or install another plugin
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]

"#]]
    );
}

#[test]
fn an_administrator_requires_a_plugin() {
    let mut home = home_with(&["acme"]);
    administrator(&mut home, "require = ['acme']\n");
    home.run(["my-custom-command"]).success();
    home.run(["--no-plugins", "my-custom-command"]).success();
    fs::remove_file(home.plugins().join("libacme.so")).unwrap();
    snapshot!(
        home.run(["--no-plugins", "--plugin-fallback", "config", "show"]),
        str![[r#"
------- stderr -------
error: plugin `acme` not found
  caused by: not in `[HOME]/.flyte/plugins`
hint: run `flyte-host plugin list` to see what is installed, or give a path such as `./libacme.so`
hint: use `--no-plugins` to run without the plugin selected by the program
[exit: 10]
"#]]
    );
    snapshot!(
        home.run(["plugin", "update"]),
        str![[r#"
------- stderr -------
no plugins were installed by `flyte-host plugin install`
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(["plugin", "install", "--locked"]),
        str![[r#"
------- stderr -------
no plugins in `[HOME]/.flyte/plugins.lock`
[exit: 0]
"#]]
    );
    snapshot!(
        home.run(["plugin", "remove", "acme"]),
        str![[r#"
------- stderr -------
error: could not remove `acme`
  caused by: `[HOME]/work/administrator.toml` requires it
[exit: 1]
"#]]
    );
}

#[test]
fn a_lock_file_installs_the_same_files_elsewhere() {
    let company = Company::new();
    let user = company.user();
    user.run(["plugin", "install", "acme"]).success();
    company.release("1.1.0");
    let other = company.user();
    other.write("../.flyte/plugins.lock", user.read("../.flyte/plugins.lock"));
    snapshot!(
        stable(other.run(["plugin", "install", "--locked"])),
        str![[r#"
------- stderr -------
installed `acme` 1.0.0 from `https://localhost:[PORT]/`, signed by key [KEYID]
hint: run `flyte-host plugin enable acme` to use it
[exit: 0]
"#]]
    );
    assert_eq!(loaded_version(&other).as_deref(), Some("1.0.0"));
    // The publisher replaced a release.
    let third = company.user();
    let lock = user.read("../.flyte/plugins.lock");
    let real = fs::read_link(user.plugins().join("libacme.so")).unwrap();
    let sha256 = real.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    third.write("../.flyte/plugins.lock", lock.replace(&sha256, &"0".repeat(64)));
    snapshot!(
        stable(third.run(["plugin", "install", "--locked"])),
        str![[r#"
------- stderr -------
error: `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so` is not the file in the index of its repository
  caused by: its SHA-256 is `[SHA256]`, expected `[SHA256]`
hint: tell the publisher: the file was damaged or replaced after it was signed
[exit: 1]
"#]]
    );
    snapshot!(
        stable(third.run(["plugin", "install", "--locked", "other"])),
        str![[r#"
------- stderr -------
error: `other` is not in the lock file
hint: run `flyte-host plugin install other` without `--locked`
[exit: 1]
"#]]
    );
}

#[test]
fn a_token_goes_to_its_repository_alone() {
    let company = Company::new();
    let user = company.user();
    let token = user.write("token", "secret\n");
    let settings = format!(
        "[[repositories]]\nname = 'acme'\nurl = '{}'\ntoken-file = '{}'\n",
        company.server.url(),
        token.display()
    );
    user.write("../.flyte/host.toml", settings);
    let elsewhere = tests::StaticServer::start_plain(&company.home.cwd().join("site"));
    user.run(["plugin", "install", "acme"]).success();
    let requests = company.server.requests();
    assert!(requests.iter().all(|request| request.authorization.as_deref() == Some("Bearer secret")));
    // From HTTPS to HTTP no redirect is followed.
    let location = format!("location: {}/index.json\r\n", elsewhere.url());
    company.server.decide(move |_, _| tests::FileFate::Answer {
        status: "302 Found",
        head: location.clone(),
        body: Vec::new(),
    });
    snapshot!(
        stable(user.run(["plugin", "update"])),
        str![[r#"
------- stderr -------
error: could not download `https://localhost:[PORT]/index.json`
  caused by: `localhost:[PORT]` refused the file: 302 Found
[exit: 1]
"#]]
    );
    assert_eq!(elsewhere.requests(), []);
}

#[test]
fn redirects_are_followed_without_the_token() {
    let company = Company::new();
    let user = home_with(&[]);
    let site = company.home.cwd().join("site");
    let (near, far) = (tests::StaticServer::start_plain(&site), tests::StaticServer::start_plain(&site));
    let token = user.write("token", "secret\n");
    let settings = format!(
        "[[repositories]]\nname = 'acme'\nurl = '{}'\nkey = '{}'\ntoken-file = '{}'\n",
        near.url(),
        key(&company),
        token.display()
    );
    user.write("../.flyte/host.toml", settings);
    let elsewhere = far.url();
    near.decide(move |request, number| {
        let redirect = |to: String| tests::FileFate::Answer {
            status: "302 Found",
            head: format!("location: {to}\r\n"),
            body: Vec::new(),
        };
        match request.path.ends_with("libacme.so") {
            true => redirect(format!("{elsewhere}/{}", request.path)),
            // To itself, once.
            false if number == 1 => redirect(format!("/{}", request.path)),
            false => tests::FileFate::Sent,
        }
    });
    user.run(["plugin", "install", "acme"]).success();
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
    assert!(near.requests().iter().all(|request| request.authorization.is_some()));
    let far: Vec<_> = far.requests().into_iter().map(|request| request.authorization).collect();
    assert_eq!(far, [None]);
}

#[test]
fn an_offline_mirror_is_the_same_folder() {
    let company = Company::new();
    let user = home_with(&[]);
    let site = company.home.cwd().join("site");
    let settings = format!("[[repositories]]\nname = 'acme'\nurl = 'file://{}'\n", site.display());
    user.write("../.flyte/host.toml", settings);
    user.run(["plugin", "install", "acme"]).success();
    company.release("1.1.0");
    user.run(["plugin", "update"]).success();
    assert_eq!(loaded_version(&user).as_deref(), Some("1.1.0"));
    assert_eq!(company.server.requests(), []);
}

#[test]
fn keys_and_signatures_are_those_of_minisign() {
    let Some(minisign) = tests::prepared("FLYTE_TEST_MINISIGN") else { return };
    let home = home_with(&[]);
    let run = |arguments: &[&str]| {
        let output =
            home.run_command(std::process::Command::new(&minisign).current_dir(home.cwd()).args(arguments));
        output.success().stdout().to_owned()
    };
    // Its key signs for flyte-host.
    run(&["-G", "-W", "-p", "their.pub", "-s", "their.key"]);
    let file = plugin(&home, "1.0.0");
    let file = file.to_str().unwrap();
    home.run(["plugin", "publish", "site", file, "--key", "their.key"]).success();
    run(&["-V", "-p", "their.pub", "-m", "site/index.json"]);
    let published = format!("site/acme/1.0.0/{}/libacme.so", target());
    run(&["-V", "-p", "site/minisign.pub", "-m", &published]);
    // A key of flyte-host signs for it, and a signature of it is accepted.
    home.run(["plugin", "publish", "other", file, "--key", "our.key", "--new-key"]).success();
    run(&["-S", "-W", "-s", "our.key", "-m", file]);
    run(&["-V", "-p", "our.pub", "-m", file]);
    home.run(["plugin", "install", file, "--key", "our.pub"]).success();
    assert_eq!(loaded_version(&home).as_deref(), Some("1.0.0"));
}

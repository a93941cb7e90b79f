//! What a mirror, a stranger on the way or another publisher may try.

use std::fs;

use snapbox::str;
use tests::{FileFate, Output, StaticServer, TestEnvironment, snapshot};

use super::{Company, loaded_version, plugin, stable, target};

/// Changes the index, and signs it with the company's own key: what a stolen key could do.
fn signed_index(company: &Company, change: impl Fn(&mut serde_json::Value)) {
    let site = company.home.cwd().join("site");
    let mut index: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(site.join("index.json")).unwrap()).unwrap();
    change(&mut index);
    fs::write(site.join("index.json"), index.to_string()).unwrap();
    sign(&company.home, &site.join("index.json"));
}

/// Signs a file with the company's key.
fn sign(home: &TestEnvironment, file: &std::path::Path) {
    let key =
        plugin_store::sign::SigningKey::read(&home.cwd().join("acme.key"), || Err(String::new())).unwrap();
    let signature = key.sign(fs::File::open(file).unwrap(), "test").unwrap();
    fs::write(plugin_host::signature::signature_path(file), signature).unwrap();
}

fn install(user: &TestEnvironment) -> Output {
    stable(user.run(["plugin", "install", "acme"]))
}

#[test]
fn an_old_index_is_refused() {
    let company = Company::new();
    let site = company.home.cwd().join("site");
    let old = ["index.json", "index.json.minisig"].map(|name| fs::read(site.join(name)).unwrap());
    company.release("1.1.0");
    let user = company.user();
    install(&user).success();
    for (name, content) in ["index.json", "index.json.minisig"].into_iter().zip(&old) {
        fs::write(site.join(name), content).unwrap();
    }
    snapshot!(
        stable(user.run(["plugin", "update"])),
        str![[r#"
------- stderr -------
error: the index of repository `https://localhost:[PORT]/` is older than the last one
  caused by: its serial number is 1, that of the last one was 2
hint: try again later, or use another mirror: this one serves an old copy
[exit: 1]
"#]]
    );
    snapshot!(
        stable(user.run(["plugin", "search"])),
        str![[r#"
------- stderr -------
error: the index of repository `https://localhost:[PORT]/` is older than the last one
  caused by: its serial number is 1, that of the last one was 2
hint: try again later, or use another mirror: this one serves an old copy
[exit: 1]
"#]]
    );
    assert_eq!(loaded_version(&user).as_deref(), Some("1.1.0"));
}

#[test]
fn an_index_that_is_held_back_expires() {
    let company = Company::new();
    company.publish(&["--valid-days", "30"]).success();
    let user = company.user();
    install(&user).success();
    signed_index(&company, |index| {
        index["serial"] = 99.into();
        index["expires"] = "2026-01-01T00:00:00Z".into();
    });
    snapshot!(
        stable(user.run(["plugin", "update"])),
        str![[r#"
------- stderr -------
error: the index of repository `https://localhost:[PORT]/` expired at 2026-01-01T00:00:00Z
hint: check the clock, or ask the publisher to run `flyte-host plugin publish` again
[exit: 1]
"#]]
    );
}

#[test]
fn another_key_is_refused_until_the_settings_have_it() {
    let company = Company::new();
    let user = company.user();
    install(&user).success();
    // A stranger took over the server, and publishes a newer version with another key.
    fs::remove_dir_all(company.home.cwd().join("site")).unwrap();
    fs::remove_file(company.home.cwd().join("acme.key")).unwrap();
    fs::remove_file(company.home.cwd().join("acme.pub")).unwrap();
    let file = company.plugin("1.2.0");
    company.publish(&[file.to_str().unwrap(), "--new-key", "--name", "acme"]).success();
    snapshot!(
        stable(user.run(["plugin", "update"])),
        str![[r#"
------- stderr -------
error: the key of repository `https://localhost:[PORT]/` changed
  caused by: known key: [KEY] ([KEYID])
  caused by: key now: [KEYID]
hint: ask the publisher for the new key; if it is theirs, set it as `key` of a table `[[repositories]]` with `url = "https://localhost:[PORT]/"` in `~/.flyte/host.toml`
[exit: 1]
"#]]
    );
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
    // The user decides that it is the publisher's; the plugin itself was signed by the other one.
    let key = company.home.read("acme.pub").lines().nth(1).unwrap().to_owned();
    let settings =
        format!("[[repositories]]\nname = 'acme'\nurl = '{}'\nkey = '{key}'\n", company.server.url());
    user.write("../.flyte/host.toml", settings);
    snapshot!(
        stable(user.run(["plugin", "update"])),
        str![[r#"
------- stderr -------
error: the key of plugin `acme` changed
  caused by: known key: [KEY] ([KEYID])
  caused by: key now: [KEY] ([KEYID])
hint: ask the publisher; if the new key is theirs, run `flyte-host plugin remove acme`, then install it again
[exit: 1]
"#]]
    );
    user.run(["plugin", "remove", "acme"]).success();
    install(&user).success();
    assert_eq!(loaded_version(&user).as_deref(), Some("1.2.0"));
}

#[test]
fn files_that_a_mirror_changed_are_refused() {
    let company = Company::new();
    let path = company.home.cwd().join(format!("site/acme/1.0.0/{}/libacme.so", target()));
    let good = fs::read(&path).unwrap();
    let mut evil = good.clone();
    let middle = evil.len() / 2;
    evil[middle] ^= 1;
    fs::write(&path, &evil).unwrap();
    snapshot!(
        install(&company.user()),
        str![[r#"
------- stderr -------
error: `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so` is not the file in the index of its repository
  caused by: its SHA-256 is `[SHA256]`, expected `[SHA256]`
hint: tell the publisher: the file was damaged or replaced after it was signed
[exit: 1]
"#]]
    );
    fs::write(&path, &good).unwrap();
    fs::remove_file(path.with_file_name("libacme.so.minisig")).unwrap();
    snapshot!(
        install(&company.user()),
        str![[r#"
------- stderr -------
error: `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so` is not signed
  caused by: expected a signature by key `[KEYID]`
hint: ask the publisher for `FILE.minisig` beside the file
[exit: 1]
"#]]
    );
    // The signature of another file.
    fs::copy(company.home.cwd().join("site/index.json.minisig"), path.with_file_name("libacme.so.minisig"))
        .unwrap();
    snapshot!(
        install(&company.user()),
        str![[r#"
------- stderr -------
error: invalid signature of `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so`
  caused by: invalid signature: the content is not what key `[KEYID]` signed
hint: tell the publisher: the file was damaged or replaced after it was signed
[exit: 1]
"#]]
    );
    // The index itself.
    let index = company.home.cwd().join("site/index.json");
    let text = fs::read_to_string(&index).unwrap();
    fs::write(&index, text.replace("\"yanked\": false", "\"yanked\": true")).unwrap();
    snapshot!(
        install(&company.user()),
        str![[r#"
------- stderr -------
error: invalid signature of the index of repository `https://localhost:[PORT]/`
  caused by: invalid signature: the content is not what key `[KEYID]` signed
hint: tell the publisher: the file was damaged or replaced after it was signed
[exit: 1]
"#]]
    );
}

#[test]
fn paths_and_names_in_an_index_stay_inside() {
    let company = Company::new();
    signed_index(&company, |index| {
        index["plugins"][0]["releases"][0]["files"][0]["path"] = "../../etc/passwd".into();
    });
    snapshot!(
        install(&company.user()),
        str![[r#"
------- stderr -------
error: invalid index of repository `https://localhost:[PORT]/`: acme 1.0.0: `../../etc/passwd` is not a path inside the repository
[exit: 1]
"#]]
    );
    signed_index(&company, |index| index["plugins"][0]["name"] = "../acme".into());
    snapshot!(
        install(&company.user()),
        str![[r#"
------- stderr -------
error: invalid index of repository `https://localhost:[PORT]/`: `../acme` is not the name of a plugin: a name has only a-z, 0-9, `-` and `_`
[exit: 1]
"#]]
    );
    signed_index(&company, |index| {
        let mut other = index["plugins"][0].clone();
        index["plugins"][0]["name"] = "acme1".into();
        other["name"] = "acmel".into();
        index["plugins"][0]["releases"][0]["files"][0]["path"] = "acme/libacme.so".into();
        other["releases"][0]["files"][0]["path"] = "acme/libacme.so".into();
        index["plugins"].as_array_mut().unwrap().push(other);
    });
    snapshot!(
        install(&company.user()),
        str![[r#"
------- stderr -------
error: invalid index of repository `https://localhost:[PORT]/`: the names `acme1` and `acmel` look alike
[exit: 1]
"#]]
    );
}

#[test]
fn a_plugin_of_another_name_than_the_index_says_is_refused() {
    let company = Company::new();
    signed_index(&company, |index| index["plugins"][0]["name"] = "acne".into());
    let user = company.user();
    snapshot!(
        stable(user.run(["plugin", "install", "acne"])),
        str![[r#"
------- stderr -------
error: `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so` is not the file in the index of its repository
  caused by: its passport says `acme` 1.0.0, expected `acne` 1.0.0
hint: tell the publisher: the file was damaged or replaced after it was signed
[exit: 1]
"#]]
    );
    assert!(!user.plugins().join("libacne.so").exists());
    // The right name in wrong case, and a name that is nearly right.
    snapshot!(
        stable(user.run(["plugin", "install", "Acne"])),
        str![[r#"
------- stderr -------
error: plugin `Acne` not found
  caused by: not in `https://localhost:[PORT]/`
hint: did you mean `acne`?
[exit: 1]
"#]]
    );
}

#[test]
fn a_name_that_looks_like_an_installed_one_is_refused() {
    let company = Company::new();
    let user = company.user();
    let stored = |name: &str| {
        let file = user.copy("acme", format!("build/{name}/libacme.so"));
        tests::patch(&file, "\nname=acme\n", &format!("\nname={name}\n"));
        file
    };
    let (first, second) = (stored("pay0"), stored("payo"));
    user.run(["plugin", "install", first.to_str().unwrap()]).success();
    snapshot!(
        stable(user.run(["plugin", "install", second.to_str().unwrap()])),
        str![[r#"
------- stderr -------
error: could not install `payo`: its name looks like that of `pay0`
hint: run `flyte-host plugin remove pay0` if `payo` is the plugin that you want
[exit: 1]
"#]]
    );
}

#[test]
fn a_file_that_grows_when_it_is_unpacked_is_cut_off() {
    let company = Company::new();
    let user = company.user();
    let bomb = gzip_of_zeros(64 << 20);
    assert!(bomb.len() < 100_000);
    company.server.decide(move |request, _| match request.path.ends_with("libacme.so") {
        true => FileFate::Answer {
            status: "200 OK",
            head: "content-encoding: gzip\r\n".to_owned(),
            body: bomb.clone(),
        },
        false => FileFate::Sent,
    });
    let path = company.home.cwd().join(format!("site/acme/1.0.0/{}/libacme.so", target()));
    let size = fs::metadata(&path).unwrap().len().to_string();
    snapshot!(
        install(&user).map(|text| text.replace(&size, "[SIZE]")),
        str![[r#"
------- stderr -------
error: could not download `https://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so`
  caused by: the file has more than [SIZE] bytes
[exit: 1]
"#]]
    );
    company.server.decide(|request, _| match request.path == "index.json" {
        true => FileFate::Answer { status: "200 OK", head: String::new(), body: vec![b' '; 17 << 20] },
        false => FileFate::Sent,
    });
    snapshot!(
        install(&user),
        str![[r#"
------- stderr -------
error: could not download `https://localhost:[PORT]/index.json`
  caused by: the file has more than 16777216 bytes
[exit: 1]
"#]]
    );
    let incoming = user.plugins().join("store/incoming");
    let left: u64 =
        fs::read_dir(incoming).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(left, 0);
}

fn gzip_of_zeros(length: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..length >> 20 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn a_symbolic_link_in_a_mirror_or_beside_a_file_leads_nowhere_else() {
    let company = Company::new();
    let user = company.user();
    let site = company.home.cwd().join("site");
    // An offline mirror with a link to another library: its content is compared as any other.
    let path = site.join(format!("acme/1.0.0/{}/libacme.so", target()));
    let other = plugin(&user, "6.6.6");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    let mirror = site.to_str().unwrap();
    snapshot!(
        stable(user.run(["plugin", "install", "acme", "--repository", mirror]))
            .map(|text| text.replace(mirror, "[MIRROR]")),
        str![[r#"
------- stderr -------
error: `file://[MIRROR]/acme/1.0.0/[TARGET]/libacme.so` is not the file in the index of its repository
  caused by: its SHA-256 is `[SHA256]`, expected `[SHA256]`
hint: tell the publisher: the file was damaged or replaced after it was signed
[exit: 1]
"#]]
    );
    // One that leads to a device does not fill the disk.
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    let endless = user.run(["plugin", "install", "acme", "--repository", mirror]);
    assert!(endless.contains("the file has more than"), "{}", endless.stderr());
    endless.failure(1);
    // A link in the place of an installed plugin is the user's own file, and stays.
    std::os::unix::fs::symlink(&other, user.plugins().join("libacme.so")).unwrap();
    snapshot!(
        install(&user),
        str![[r#"
------- stderr -------
error: could not install `acme`: `[HOME]/.flyte/plugins/libacme.so` exists
  caused by: flyte-host did not install this file
hint: move `[HOME]/.flyte/plugins/libacme.so` away
[exit: 1]
"#]]
    );
    assert!(other.exists());
}

#[test]
fn a_file_in_the_place_of_an_installed_one_is_not_loaded() {
    let company = Company::new();
    let user = company.user();
    install(&user).success();
    let evil = plugin(&user, "6.6.6");
    let stored = user.plugins().join("libacme.so").canonicalize().unwrap();
    fs::copy(&evil, &stored).unwrap();
    snapshot!(
        stable(user.run(["--plugin", "acme", "my-custom-command"])),
        str![[r#"
------- stderr -------
error: the file of plugin `acme` is not the one that was installed
  caused by: `[HOME]/.flyte/plugins/libacme.so` has SHA-256 `[SHA256]`, which is not in `[HOME]/.flyte/plugins.lock`
hint: run `flyte-host plugin remove acme`, then install it again; to use a file of your own, pass its path
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
    // Also not as the link's own file.
    fs::remove_file(user.plugins().join("libacme.so")).unwrap();
    fs::copy(&evil, user.plugins().join("libacme.so")).unwrap();
    user.run(["--plugin", "acme", "my-custom-command"]).failure(10);
    // Nor with another name in its passport.
    tests::patch(&user.plugins().join("libacme.so"), "\nname=acme\n", "\nname=acne\n");
    let renamed = user.run(["--plugin", "acme", "my-custom-command"]);
    assert!(renamed.contains("is not the one that was installed"), "{}", renamed.stderr());
    renamed.failure(10);
    // By its path it is the user's choice.
    user.run(["--plugin", evil.to_str().unwrap(), "my-custom-command"]).success();
}

#[test]
fn a_stored_file_that_is_not_in_the_lock_file_is_not_loaded() {
    let company = Company::new();
    let user = company.user();
    install(&user).success();
    let lock = user.home().join(".flyte/plugins.lock");
    let text = fs::read_to_string(&lock).unwrap();
    fs::remove_file(&lock).unwrap();
    user.run(["--plugin", "acme", "my-custom-command"]).failure(10);
    fs::write(&lock, "format = 1\n[plugin.acme]\n").unwrap();
    snapshot!(
        stable(user.run(["--plugin", "acme", "my-custom-command"])),
        str![[r#"
------- stderr -------
error: cannot use `[HOME]/.flyte/plugins.lock`: cannot parse `[HOME]/.flyte/plugins.lock`: TOML parse error at line 2, column 1
      |
    2 | [plugin.acme]
      | ^^^^^^^^^^^^^
    missing field `current`
hint: restore the file, or move it away and install the plugins again
hint: use `--no-plugins` to run without the plugin selected by `--plugin`
[exit: 10]
"#]]
    );
    fs::write(&lock, text).unwrap();
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
}

#[test]
fn a_repository_cannot_take_over_the_plugin_of_another() {
    let (company, stranger) = (Company::new(), Company::new());
    let user = company.user();
    stranger.release("9.0.0");
    let both = format!(
        "[[repositories]]\nname = 'acme'\nurl = '{}'\n[[repositories]]\nname = 'acme'\nurl = '{}'\n",
        company.server.url(),
        stranger.home.cwd().join("site").display()
    );
    user.write("../.flyte/host.toml", &both);
    let redacted = |output: Output| {
        let folder = stranger.home.cwd().display().to_string();
        stable(output).map(|text| text.replace(&folder, "[STRANGER]"))
    };
    snapshot!(
        redacted(user.run(["plugin", "install", "acme"])),
        str![[r#"
------- stderr -------
error: plugin `acme` is in several repositories
  caused by: `https://localhost:[PORT]/`, `[STRANGER]/site`
hint: pass `--repository` with one of them
[exit: 1]
"#]]
    );
    let url = company.server.url();
    user.run(["plugin", "install", "acme", "--repository", &url]).success();
    user.run(["plugin", "update"]).success();
    user.run(["plugin", "install", "acme"]).success();
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
}

#[test]
fn plain_http_is_no_way_to_learn_a_key() {
    let company = Company::new();
    let user = company.user();
    let plain = StaticServer::start_plain(&company.home.cwd().join("site"));
    let url = plain.url();
    snapshot!(
        stable(user.run(["plugin", "install", "acme", "--repository", &url])),
        str![[r#"
------- stderr -------
error: no key for repository `http://localhost:[PORT]/`
  caused by: a key that comes by plain HTTP cannot be trusted
hint: set its `key` in a table `[[repositories]]` of `~/.flyte/host.toml`
[exit: 1]
"#]]
    );
    let file = format!("{url}/acme/1.0.0/{}/libacme.so", target());
    let folder = company.home.cwd().join(format!("site/acme/1.0.0/{}", target()));
    // A stranger who can replace the file can replace its signature and the key beside it, too.
    fs::copy(company.home.cwd().join("site/minisign.pub"), folder.join("minisign.pub")).unwrap();
    snapshot!(
        stable(user.run(["plugin", "install", &file])),
        str![[r#"
------- stderr -------
error: `http://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so` is signed by an unknown key `[KEYID]`
hint: pass the publisher's public key with `--key`
[exit: 1]
"#]]
    );
    fs::remove_file(folder.join("libacme.so.minisig")).unwrap();
    snapshot!(
        stable(user.run(["plugin", "install", &file])),
        str![[r#"
------- stderr -------
error: could not install `http://localhost:[PORT]/acme/1.0.0/[TARGET]/libacme.so`
  caused by: a file without a signature that comes by plain HTTP cannot be trusted
hint: use HTTPS, or pass `--sha256`
[exit: 1]
"#]]
    );
}

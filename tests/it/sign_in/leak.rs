//! Nothing secret is seen: on the screen at any level of the log, in errors, in arguments of processes, by
//! plugins.

use std::fs;

use tests::sign_in::{Browser, UserAction};

use super::{Fixture, SECRET};

/// What a token of the test's own begins with.
const PROXY: &str = "proxy-token-of-the-test";

/// All that was seen, and all that should not be.
#[derive(Default)]
struct Search {
    seen: Vec<(String, String)>,
    secrets: Vec<(String, String)>,
}

impl Search {
    /// Runs a command, and keeps its output.
    fn run(&mut self, fixture: &Fixture, arguments: &[&str]) {
        let text = fixture.home.run(arguments);
        self.seen.push((arguments.join(" "), text.to_string()));
        self.know_tokens(fixture);
    }

    /// Runs a command at every level of the log, each time with a new token.
    fn run_at_every_level(&mut self, fixture: &Fixture, arguments: &[&str]) {
        for level in [&[][..], &["-v"], &["-vv"], &["-vvv"]] {
            if !fixture.files().is_empty() {
                fixture.expire();
            }
            self.run(fixture, &[arguments, level].concat());
        }
    }

    fn know(&mut self, what: &str, secret: impl Into<String>) {
        self.secrets.push((what.to_owned(), secret.into()));
    }

    fn know_tokens(&mut self, fixture: &Fixture) {
        if !fixture.files().is_empty() {
            let tokens = fixture.tokens();
            for part in ["access", "refresh"] {
                if let Some(token) = tokens[part].as_str() {
                    self.know(part, token);
                }
            }
        }
        self.secrets.extend(fixture.provider.secrets());
        self.secrets.sort();
        self.secrets.dedup();
    }

    /// The arguments of a process and of those that it started.
    fn look_at_processes(&mut self, pid: u32) {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        self.seen.push((format!("arguments of {pid}"), String::from_utf8_lossy(&arguments).into_owned()));
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            if fs::exists(format!("/proc/{child}/cmdline")).unwrap() {
                self.look_at_processes(child);
            }
        }
    }

    /// Looks for everything everywhere. What the test knows must be of each kind, or the search means
    /// nothing.
    fn finds_nothing(&self, kinds: &[&str]) {
        for kind in kinds {
            assert!(self.secrets.iter().any(|(what, _)| what == kind), "the test knows no {kind}");
        }
        for (place, text) in &self.seen {
            if let Some((what, secret)) = self.found_in(text) {
                panic!("a {what} is seen in `{place}`: {}", text.replace(secret, "<HERE>"));
            }
        }
    }

    /// A secret that is in a text, as it stands or as in a form's body.
    fn found_in(&self, text: &str) -> Option<(&str, &str)> {
        let mut pairs = self.secrets.iter().map(|(what, secret)| (what.as_str(), secret.as_str()));
        pairs.find(|(what, secret)| {
            assert!(secret.len() > 8, "a {what} is too short to be looked for");
            text.contains(secret) || text.contains(&form_encoded(secret))
        })
    }
}

/// As it stands in a form's body.
fn form_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// A plugin writes down what it gets to see.
fn with_a_spy(fixture: &mut Fixture) -> std::path::PathBuf {
    fixture.home.install("transport");
    let notes = fixture.home.home().join("notes");
    fixture.home.set("FLYTE_PLUGIN", "transport").set("TRANSPORT", "spy").set("SPY", &notes);
    notes
}

#[test]
fn nothing_of_a_person_is_seen() {
    let Some(mut fixture) = Fixture::new() else { return };
    let notes = with_a_spy(&mut fixture);
    let mut search = Search::default();
    let browser = fixture.browser(UserAction::SignIn);
    let mut login = fixture.home.start(["login", "-vvv"]);
    login.until("Ctrl-C aborts");
    search.look_at_processes(login.pid());
    search.seen.push(("login".to_owned(), login.finish().to_string()));
    browser.wait();
    search.seen.push(("what the browser was opened with".to_owned(), browser.opened().join("\n")));
    search.seen.push(("the page".to_owned(), browser.seen("page.html")));
    search.know_tokens(&fixture);
    // The one place where they are meant to be.
    assert!(search.found_in(&fs::read_to_string(fixture.file()).unwrap()).is_some());

    search.run_at_every_level(&fixture, &["get", "projects"]);
    search.run_at_every_level(&fixture, &["whoami"]);
    for format in ["table", "json", "yaml"] {
        search.run(&fixture, &["config", "show", "-vvv", "-o", format]);
        search.run(&fixture, &["whoami", "-vvv", "-o", format]);
    }
    let mut search = on_a_device(&mut fixture, search);
    errors(&mut fixture, &mut search);
    search.seen.push(("the plugin".to_owned(), fs::read_to_string(&notes).unwrap()));
    let plugin = &search.seen.last().unwrap().1;
    assert!(plugin.contains("AdminService/ListProjects") && plugin.contains("remote Remote"), "{plugin}");
    search.finds_nothing(&[
        "access",
        "refresh",
        "AuthorizationCode",
        "DeviceCode",
        "RefreshToken",
        "Verifier",
    ]);
}

fn on_a_device(fixture: &mut Fixture, mut search: Search) -> Search {
    let elsewhere = Browser::new(&fixture.programs, UserAction::EnterCode);
    let mut login = fixture.home.start(["login", "--device", "-vvv"]);
    let url = login.until("user_code=");
    // Device codes are forgotten once they are used.
    search.know_tokens(fixture);
    elsewhere.visit(&url);
    search.seen.push(("login --device".to_owned(), login.finish().to_string()));
    search.know_tokens(fixture);
    search
}

/// Each kind of failure, with a good token at hand.
fn errors(fixture: &mut Fixture, search: &mut Search) {
    for mode in ["panic", "error", "garbage", "refuse"] {
        fixture.home.set("TRANSPORT", mode);
        search.run(fixture, &["get", "projects", "-vvv"]);
    }
    fixture.home.set("TRANSPORT", "spy");
    let port = fixture.flyte.callback();
    let endpoint = fixture.flyte.endpoint().to_owned();
    fixture.home.set("FLYTE_PLATFORM_URL", format!("127.0.0.1:{port}")).set("FLYTE_HOST_TIMEOUT", "1");
    search.run(fixture, &["get", "projects", "-vvv"]);
    fixture.home.set("FLYTE_PLATFORM_URL", endpoint);
    fixture.provider.stop();
    search.run_at_every_level(fixture, &["get", "projects"]);
    fixture.provider.restart();
    fixture.provider.revoke_all();
    search.run_at_every_level(fixture, &["get", "projects"]);
    search.run(fixture, &["logout", "-vvv"]);
}

#[test]
fn nothing_of_a_program_is_seen() {
    let Some(mut fixture) = Fixture::new() else { return };
    let notes = with_a_spy(&mut fixture);
    let mut search = Search::default();
    fixture.as_a_program();
    search.know("client secret", SECRET);
    search.know("client secret in a header", "Zmx5dGVwcm9wZWxsZXI6YStzZWNyZXQ");
    search.run_at_every_level(&fixture, &["get", "projects"]);
    search.run(&fixture, &["whoami", "-vvv"]);
    show_configuration(&fixture, &mut search);
    let wrong = "a wrong secret of the test";
    search.know("wrong client secret", wrong);
    fixture.home.set("FLYTE_CREDENTIALS_CLIENT_SECRET", wrong);
    search.run(&fixture, &["login", "-vvv"]);

    let token = fixture.provider.token();
    search.know("static token", &token);
    fixture.home.set("FLYTE_ACCESS_TOKEN", &token);
    search.run_at_every_level(&fixture, &["get", "projects"]);
    show_configuration(&fixture, &mut search);
    let wrong = "a-wrong-token-of-the-test";
    search.know("wrong static token", wrong);
    fixture.home.set("FLYTE_ACCESS_TOKEN", wrong);
    search.run_at_every_level(&fixture, &["get", "projects"]);
    fixture.home.set("FLYTE_ACCESS_TOKEN", "");

    commands(&mut fixture, &mut search, &token);
    search.seen.push(("the plugin".to_owned(), fs::read_to_string(&notes).unwrap()));
    search.finds_nothing(&["access", "static token", "command's token", "proxy token"]);
}

fn show_configuration(fixture: &Fixture, search: &mut Search) {
    for format in ["table", "json", "yaml"] {
        search.run(fixture, &["config", "show", "-vvv", "-o", format]);
    }
}

/// Commands that print tokens, for Flyte and for a proxy; their own words are in no error.
fn commands(fixture: &mut Fixture, search: &mut Search, token: &str) {
    search.know("command's token", token);
    search.know("proxy token", PROXY);
    fixture.home.write("token", token);
    fixture.home.write("proxy-token", PROXY);
    fixture.home.set("FLYTE_CREDENTIALS_AUTH_MODE", "ExternalCommand");
    for script in ["cat token", "cat token; exit 1", "cat token token proxy-token", "echo; cat token; echo x"]
    {
        let config = format!(
            "admin:\n  endpoint: {}\n  insecure: true\n  command: [sh, -c, '{script}']\n  \
             proxyCommand: [cat, proxy-token]\n",
            fixture.flyte.endpoint(),
        );
        let file = fixture.home.write("config.yaml", config);
        fixture.home.set("FLYTECTL_CONFIG", file);
        search.run_at_every_level(fixture, &["get", "projects"]);
    }
    show_configuration(fixture, search);
}

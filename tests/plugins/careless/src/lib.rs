//! A plugin with mistakes that neither end the process nor return an error: for the corpus of `plugin check`.
//!
//! `CARELESS` is a list of `WHAT:PLACE`, separated by commas. `PLACE` is `create`, a hook, `run` (of the
//! command `careless`), `default` (of its option), `transport` or `policy`. `WHAT` is one of those in
//! `mistakes`. It always exports a symbol too many.

#![expect(unsafe_code, reason = "a symbol is exported, and a process is forked")]

mod mistakes;

use std::env;

use plugin_abi::{
    Arg, CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest,
    transport::{Answer, Call, Status, Transport, TransportHandle},
};

/// A symbol that no host looks for.
// SAFETY: no other library of the tests defines this name.
#[unsafe(no_mangle)]
pub static CARELESS_EXTRA: u8 = 1;

/// Makes the mistakes that are ordered for a place.
fn at(place: &str, input: &str) {
    let orders = env::var("CARELESS").unwrap_or_default();
    for (what, ordered) in orders.split(',').filter_map(|order| order.split_once(':')) {
        if ordered == place {
            mistakes::make(what, input);
        }
    }
}

/// Whether a mistake in an answer is ordered for a place.
fn is_ordered(what: &str, place: &str) -> bool {
    let orders = env::var("CARELESS").unwrap_or_default();
    orders.split(',').any(|order| order == format!("{what}:{place}"))
}

/// A text that a mistake makes different each time.
fn text(place: &str, steady: &str) -> String {
    if is_ordered("random", place) { format!("{steady}-{}", mistakes::count()) } else { steady.to_owned() }
}

/// Makes mistakes.
#[derive(Debug)]
pub struct Careless;

struct Wrapped(TransportHandle);

impl Transport for Wrapped {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        at("transport", call.path);
        self.0.call(call)
    }
}

#[plugin_abi::export(name = "careless")]
impl Plugin for Careless {
    fn create(_host: Host) -> Result<Self, PluginError> {
        at("create", "");
        Ok(Self)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        at("get_remote", &request.project);
        if is_ordered("ignores-errors", "get_remote") {
            let remote = next.get_remote(request).unwrap_or_else(|error| panic!("{error}"));
            return Ok(remote);
        }
        Ok(next.get_remote(request)?.wrap_transport(Wrapped))
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        at("configure_cli", "");
        let about = text("configure_cli", "Be careless");
        let mut command = Command::new("careless").about(about);
        for (mistake, arg) in
            [("reserved-letter", Arg::flag("print").short('p')), ("reserved-name", Arg::flag("verbose"))]
        {
            if is_ordered(mistake, "configure_cli") {
                command = command.arg(arg);
            }
        }
        if is_ordered("twice", "configure_cli") {
            command = command.arg(Arg::option("same")).arg(Arg::option("same"));
        }
        if is_ordered("empty-group", "configure_cli") {
            main.add(Command::new("nothing"));
        }
        if is_ordered("built-in-name", "configure_cli") {
            main.add(Command::new("get").run(|_| Ok(())));
        }
        if is_ordered("unknown-group", "configure_cli") {
            main.group("nosuch").hide("command");
        }
        if is_ordered("impossible-default", "configure_cli") {
            command = command.arg(Arg::option("color").possible_values(["red"]).default_value("blue"));
        }
        if is_ordered("required-everywhere", "configure_cli") {
            main.add_arg(Arg::option("ticket").global(true).required(true));
        }
        if is_ordered("same-command", "configure_cli") {
            main.add(Command::new("my-custom-command").run(|_| Ok(())));
        }
        main.add(command.arg(Arg::option("level").default_value("1")).run(|invocation| {
            at("run", "");
            invocation.print(format_args!("done\n"))
        }));
        let mut level = main.group("careless").option("level");
        level.set_default_with(|values| {
            at("default", "");
            Ok(if is_ordered("not-accepted", "default") { Vec::new() } else { values.to_vec() })
        });
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        at("secret_requires_group", "");
        if is_ordered("random", "secret_requires_group") {
            return Ok(mistakes::count() % 2 == 0);
        }
        next.secret_requires_group()
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        at("get_default_image", "");
        if is_ordered("random", "get_default_image") {
            return Ok(Some(format!("registry.example/image:v{}", mistakes::count())));
        }
        if is_ordered("invalid", "get_default_image") {
            return Ok(Some("two words".to_owned()));
        }
        next.get_default_image()
    }

    fn get_auth_success_html(&self, endpoint: &str, next: Next<'_>) -> Result<Option<String>, PluginError> {
        at("get_auth_success_html", endpoint);
        if is_ordered("unescaped", "get_auth_success_html") {
            return Ok(Some(format!("<p>{endpoint}</p>")));
        }
        next.get_auth_success_html(endpoint)
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        at("get_default_cache_policies", "");
        let mut policies = next.get_default_cache_policies()?;
        policies.push(CachePolicy::computed(|_, parameters| {
            at("policy", &parameters.task_name);
            Ok(text("policy", "v1"))
        }));
        Ok(policies)
    }
}

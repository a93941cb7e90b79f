//! What a plugin costs, in process and isolated: each step of loading it, each hook beside a direct call, and
//! a call of its transport.
//!
//! `cargo bench -p plugin-host`. All sides of a comparison run in turn; the medians and their ratios are
//! printed. The plugins are the sample and, for its transport, the hostile one, which Cargo builds beside
//! this program.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{
    hint::black_box,
    path::PathBuf,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use plugin_abi::{
    Remote, RemoteRequest,
    transport::{Answer, Call, Status, Transport, TransportHandle},
    vtable::Command_TO,
};
use plugin_host::{
    Builtin, Chain, Directories, Loader, Selection, Source,
    isolated::{self, Isolations},
};

fn main() -> ExitCode {
    if let Some(code) = isolated::child_main() {
        return code.into();
    }
    if let Some(how) = std::env::var_os("FLYTE_BENCH_LOAD_ONCE") {
        loading_once(&chain("sample", how == "isolated"));
        return ExitCode::SUCCESS;
    }
    loading();
    hooks();
    transport();
    ExitCode::SUCCESS
}

/// A plugin's library, which is a dev-dependency.
fn library(plugin: &str) -> PathBuf {
    let program = std::env::current_exe().expect("a program has a path");
    let name = format!("{}{plugin}_plugin{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    program.with_file_name(name)
}

fn chain(plugin: &str, isolated: bool) -> Chain {
    let isolations = Isolations { all: isolated, ..Isolations::default() };
    let loader = Loader::new("bench", Directories::default()).with_isolations(isolations, &[]);
    let path = library(plugin).display().to_string();
    let selection = Selection::new(vec![path], Source::Program).expect("one plugin");
    let links = loader.load_all(&selection).expect("the plugin loads");
    Chain::new(links, Builtin::new(|_| Ok(Remote::new("localhost:30080"))))
}

/// One load, in this process: a second one would be cheaper.
fn loading_once(chain: &Chain) {
    let times = chain.plugins()[0].times();
    let start = Instant::now();
    let main = plugin_abi::Command::new("main").command(plugin_abi::Command::new("get"));
    let view = Command_TO::from_ptr(RRef::new(&main), TD_Opaque);
    black_box(chain.configure_cli(0, view).expect("it configures"));
    let configure = start.elapsed();
    let all = [times.preflight, times.open, times.layout, times.create, configure];
    println!("{}", all.map(|time| time.as_nanos().to_string()).join(" "));
}

const STEPS: [&str; 5] = ["pre-flight", "dlopen", "layout check", "create, or process", "configure_cli"];

/// The first load of a file, in a fresh process each.
fn loading() {
    let mut runs = [Vec::new(), Vec::new()];
    for _ in 0..50 {
        for (runs, how) in runs.iter_mut().zip(["in-process", "isolated"]) {
            runs.push(load_once(how));
        }
    }
    title("loading the sample plugin in a fresh process, ms");
    let milliseconds = |runs: &[Vec<f64>], steps: std::ops::Range<usize>| {
        median(runs.iter().map(|run| run[steps.clone()].iter().sum::<f64>() / 1e6).collect())
    };
    for (step, name) in STEPS.iter().enumerate() {
        row(name, milliseconds(&runs[0], step..step + 1), milliseconds(&runs[1], step..step + 1));
    }
    row("up to `create`", milliseconds(&runs[0], 0..4), milliseconds(&runs[1], 0..4));
}

fn load_once(how: &str) -> Vec<f64> {
    let program = std::env::current_exe().expect("a program has a path");
    let output = Command::new(program).env("FLYTE_BENCH_LOAD_ONCE", how).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("numbers");
    text.split_whitespace().map(|number| number.parse().expect("a number")).collect()
}

fn title(text: &str) {
    println!("\n{text}\n  {:<28} {:>12} {:>12} {:>8}", "", "in process", "isolated", "ratio");
}

fn row(name: &str, in_process: f64, isolated: f64) {
    println!("  {name:<28} {in_process:>12.3} {isolated:>12.3} {:>8.1}", isolated / in_process);
}

/// What the hooks do, without a plugin: the same work behind a function that is not inlined.
mod direct {
    use plugin_abi::{CachePolicy, Remote};

    #[inline(never)]
    pub(super) fn get_remote(endpoint: &str) -> Remote {
        Remote::new(endpoint)
    }
    #[inline(never)]
    pub(super) fn secret_requires_group() -> bool {
        std::hint::black_box(false)
    }
    #[inline(never)]
    pub(super) fn get_default_image() -> Option<String> {
        Some("my-company/flyte-base:v1.2.3".to_owned())
    }
    #[inline(never)]
    pub(super) fn get_auth_success_html(endpoint: &str) -> Option<String> {
        Some(format!(
            "<html>\n<head><title>Authentication Successful!</title></head>\n<body>\n<h1>Welcome to My Company's Platform!</h1>\n<p>You have successfully authenticated with {endpoint}.</p>\n<p>You can now close this window.</p>\n</body>\n</html>\n"
        ))
    }
    #[inline(never)]
    pub(super) fn get_default_cache_policies() -> Vec<CachePolicy> {
        vec![CachePolicy::fixed("v1").name("acme-hourly").ttl(std::time::Duration::from_secs(3600))]
    }
}

fn hooks() {
    let (local, isolated) = (chain("sample", false), chain("sample", true));
    let request = RemoteRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        ..RemoteRequest::default()
    };
    title("a call of each hook of the sample plugin, us; a direct call of the same work behind it");
    let hooks = [&local, &isolated];
    compare(
        "secret_requires_group",
        hooks,
        |it| it.secret_requires_group().is_ok(),
        direct::secret_requires_group,
    );
    compare("get_default_image", hooks, |it| it.get_default_image().ok(), direct::get_default_image);
    compare(
        "get_auth_success_html",
        hooks,
        |it| it.get_auth_success_html("flyte.example.org").ok(),
        || direct::get_auth_success_html("flyte.example.org"),
    );
    compare(
        "get_default_cache_policies",
        hooks,
        |it| it.get_default_cache_policies().ok(),
        direct::get_default_cache_policies,
    );
    compare("get_remote", hooks, |it| it.get_remote(&request).ok(), || direct::get_remote("localhost:30080"));
}

/// Answers with the message of the call.
struct Mirror;

impl Transport for Mirror {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        Ok(Answer::new(call.message))
    }
}

/// A call through a transport that a plugin puts around the host's.
fn transport() {
    let open = |isolated| {
        let remote = chain("hostile", isolated).get_remote(&RemoteRequest::default()).expect("a remote");
        let opened = remote.layers.open(Some(TransportHandle::new(Mirror)));
        opened.expect("a transport that opens").expect("the plugin has one")
    };
    let (local, isolated, direct) = (open(false), open(true), TransportHandle::new(Mirror));
    title("a call of the transport of the hostile plugin, us; the transport behind it");
    for size in [100, 100_000] {
        let message = vec![7; size];
        let call = |transport: &TransportHandle| transport.call(Call::new("/x/y", &message)).is_ok();
        compare(&format!("{size} bytes"), [&local, &isolated], |it| call(it), || call(&direct));
    }
}

fn compare<S, A, B>(
    name: &str,
    [local, isolated]: [&S; 2],
    through: impl Fn(&S) -> A,
    direct: impl Fn() -> B,
) {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..101 {
        times[0].push(time(1000, &mut || through(local)));
        times[1].push(time(20, &mut || through(isolated)));
        times[2].push(time(1000, &mut || direct()));
    }
    let [local, isolated, direct] = times.map(|times| median(times) / 1e3);
    println!("  {name:<28} {local:>12.3} {isolated:>12.3} {:>8.0} {direct:>12.3}", isolated / local);
}

/// Nanoseconds for one call.
fn time<T>(calls: u32, call: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    Duration::as_nanos(&start.elapsed()) as f64 / f64::from(calls)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

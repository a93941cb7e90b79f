//! What a plugin costs: each step of loading it, and each hook beside a direct call.
//!
//! `cargo bench -p flyte-host`. Both sides of a comparison run in turn in one process; the medians and
//! their difference are printed. The plugin is the sample, which Cargo builds beside this program.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::{
    hint::black_box,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use clap::CommandFactory;
use flyte_host::{app::args::Cli, command_tree::Tree};
use plugin_abi::{Remote, RemoteRequest, vtable::Command_TO};
use plugin_host::{
    Builtin, Chain, Directories, Loader, Selection, Source,
    isolated::{self, Isolations},
};

fn main() -> ExitCode {
    if let Some(code) = isolated::child_main() {
        return code.into();
    }
    let path = sample();
    if let Some(how) = std::env::var_os("FLYTE_BENCH_LOAD_ONCE") {
        loading_once(&chain(&path, how == "isolated"));
        return ExitCode::SUCCESS;
    }
    loading("in-process");
    loading("isolated");
    println!("a call of each hook in process, ns: through the chain, direct, difference");
    hooks(&chain(&path, false), 10_000);
    println!("a call of each hook isolated, ns: through the chain, direct, difference");
    hooks(&chain(&path, true), 100);
    ExitCode::SUCCESS
}

/// The sample plugin's library, which is a dev-dependency.
fn sample() -> PathBuf {
    let program = std::env::current_exe().expect("a program has a path");
    let name = format!("{}sample_plugin{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    program.with_file_name(name)
}

fn chain(path: &std::path::Path, isolated: bool) -> Chain {
    let isolations = Isolations { all: isolated, ..Isolations::default() };
    let loader = Loader::new("bench", Directories::default()).with_isolations(isolations, &[]);
    let selection = Selection::new(vec![path.display().to_string()], Source::Program).expect("one plugin");
    let links = loader.load_all(&selection).expect("the sample plugin loads");
    Chain::new(links, Builtin::new(|_| Ok(Remote::new("localhost:30080"))))
}

/// One load, in this process: a second one would be cheaper.
fn loading_once(chain: &Chain) {
    let times = chain.plugins()[0].times();
    let start = Instant::now();
    let mut tree = Tree::new(Cli::command());
    let view = tree.view();
    let edits =
        chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&view), TD_Opaque)).expect("it configures");
    tree.apply(chain.plugins()[0].identity(), edits).expect("the wishes are good");
    let configure = start.elapsed();
    let all = [times.preflight, times.open, times.layout, times.create, configure];
    println!("{}", all.map(|time| time.as_nanos().to_string()).join(" "));
}

/// The first load of a file, in a fresh process each.
fn loading(how: &str) {
    let runs: Vec<Vec<u128>> = (0..50).map(|_| load_once(how)).collect();
    println!("loading the sample plugin {how}, median of {} fresh processes", runs.len());
    for (step, name) in ["pre-flight", "dlopen", "layout check", "create", "configure_cli"].iter().enumerate()
    {
        let mut times: Vec<u128> = runs.iter().map(|run| run[step]).collect();
        times.sort_unstable();
        println!("  {name:<16} {:>8.3} ms", times[times.len() / 2] as f64 / 1e6);
    }
}

fn load_once(how: &str) -> Vec<u128> {
    let program = std::env::current_exe().expect("a program has a path");
    let output =
        std::process::Command::new(program).env("FLYTE_BENCH_LOAD_ONCE", how).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("numbers");
    text.split_whitespace().map(|number| number.parse().expect("a number")).collect()
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

fn hooks(chain: &Chain, calls: u32) {
    let request = RemoteRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        ..RemoteRequest::default()
    };
    compare(
        calls,
        "secret_requires_group",
        || chain.secret_requires_group().is_ok(),
        direct::secret_requires_group,
    );
    compare(calls, "get_default_image", || chain.get_default_image().ok(), direct::get_default_image);
    compare(
        calls,
        "get_auth_success_html",
        || chain.get_auth_success_html("flyte.example.org").ok(),
        || direct::get_auth_success_html("flyte.example.org"),
    );
    compare(
        calls,
        "get_default_cache_policies",
        || chain.get_default_cache_policies().ok(),
        direct::get_default_cache_policies,
    );
    compare(
        calls,
        "get_remote",
        || chain.get_remote(&request).ok(),
        || direct::get_remote("localhost:30080"),
    );
}

fn compare<A, B>(calls: u32, name: &str, mut through: impl FnMut() -> A, mut direct: impl FnMut() -> B) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..101 {
        ours.push(time(calls, &mut through));
        theirs.push(time(calls, &mut direct));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("  {name:<28} {ours:>9.2} {theirs:>9.2} {:>+9.2}", ours - theirs);
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

//! Plugins in processes of their own: what crosses, how a process ends, and what it may not do.

use std::{
    collections::BTreeMap,
    env,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{ROption, ROption::RSome, RResult::ROk, RSlice, RStr, RString, RVec},
};
use plugin_abi::{
    Command, Remote, RemoteRequest, VersionParameters,
    transport::{Answer, Call, Status, Transport, TransportHandle},
    vtable::{
        AbiResult, Command_TO, EditBox, Invocation, Invocation_TO, ProgressBox, RemoteBox, TransportBox,
    },
};
use plugin_host::{
    Builtin, Chain, Directories, HookError, LoadError, Loader, Selection, Source,
    isolated::{Isolation, Isolations},
};
use serde_json::{Value, json};

/// The folder into which Cargo puts libraries of plugins.
fn built() -> PathBuf {
    let this = env::current_exe().expect("a test is a file");
    this.parent().expect("Cargo puts tests into a folder").to_owned()
}

fn library(plugin: &str) -> String {
    let name = format!("{}{plugin}_plugin{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    built().join(name).to_string_lossy().into_owned()
}

fn isolations(change: impl FnOnce(&mut Isolation)) -> Isolations {
    let program = built().with_file_name("examples").join(format!("load{}", env::consts::EXE_SUFFIX));
    let mut default = Isolation::default();
    change(&mut default);
    Isolations { all: true, default, program: Some(program), ..Isolations::default() }
}

/// A chain of isolated plugins by name, with what the hostile one does by place.
fn chain_of(plugins: &[&str], actions: &Value, isolations: Isolations) -> Chain {
    let loader = Loader::new("test", Directories::new(None, None))
        .with_sections(BTreeMap::from([("hostile".to_owned(), actions.clone())]))
        .with_isolations(isolations, &["HIDDEN"]);
    let files = plugins.iter().map(|plugin| library(plugin)).collect();
    let selection = Selection::new(files, Source::Program).expect("a list of paths");
    let links = loader.load_all(&selection).expect("plugins that can be loaded");
    Chain::new(
        links,
        Builtin::new(|_| {
            let mut remote = Remote::new("flyte.example:443").because("endpoint", "the test");
            remote.client_secret = Some("s3cret".to_owned());
            Ok(remote)
        }),
    )
}

fn hostile(actions: &Value) -> Chain {
    chain_of(&["hostile"], actions, isolations(|_| {}))
}

/// An error with its causes, in one line.
fn line(error: &HookError) -> String {
    std::iter::once(error.to_string()).chain(error.causes()).collect::<Vec<_>>().join(": ")
}

fn configure(chain: &Chain) -> Result<RVec<EditBox>, HookError> {
    let main = Command::new("main").command(Command::new("get")).command(Command::new("config"));
    chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&main), TD_Opaque))
}

/// What a plugin's own function returned, or its error.
fn returned<T>(result: AbiResult<T>) -> Result<T, String> {
    result.into_result().map_err(|fault| format!("plugin `hostile` 0.1.0 failed in it: {}", fault.message()))
}

/// Calls what the plugin added to the command line.
fn exercise_edits(edits: &[EditBox]) -> Result<(), (&'static str, String)> {
    let values = |texts: &[&str]| texts.iter().map(|text| RString::from(*text)).collect::<RVec<_>>();
    let default = edits.iter().find_map(|edit| edit.lazy_default().into_option()).expect("it sets one");
    let previous = returned(default.values(values(&["a"]))).map_err(|error| ("default", error))?;
    assert_eq!(previous, values(&["a"]));
    let command = edits.iter().find_map(|edit| edit.new_command().into_option()).expect("it adds one");
    assert_eq!(command.about(), RSome("One of 3".into()), "it sees the commands of the host");
    let callback = command.args()[0].callback().into_option().expect("the option has one");
    let called = returned(callback.call(values(&["b"]), true)).map_err(|error| ("callback", error))?;
    assert_eq!(called, RSome(values(&["B"])));
    let run = Run(Mutex::default());
    let code = returned(command.run(Invocation_TO::from_ptr(RRef::new(&run), TD_Opaque)));
    assert_eq!(code.map_err(|error| ("run", error))?, 0);
    assert_eq!(run.0.into_inner().unwrap_or_default(), "Some(\"how\")\n");
    Ok(())
}

/// A run of a command that keeps what it prints; each argument has its own name as value.
struct Run(Mutex<String>);

impl Invocation for Run {
    fn path(&self) -> RVec<RString> {
        RVec::new()
    }
    fn values(&self, argument: RStr<'_>) -> ROption<RVec<RString>> {
        RSome(vec![RString::from(argument)].into())
    }
    fn given(&self, _: RStr<'_>) -> bool {
        false
    }
    fn arguments(&self, _: u32) -> RVec<RString> {
        RVec::new()
    }
    fn output_format(&self) -> RString {
        "json".into()
    }
    fn write(&self, _: u32, bytes: RSlice<'_, u8>) -> AbiResult<()> {
        let text = String::from_utf8_lossy(bytes.as_slice()).into_owned();
        self.0.lock().expect("no panic").push_str(&text);
        ROk(())
    }
    fn is_terminal(&self, _: u32) -> bool {
        false
    }
    fn color(&self, _: u32) -> bool {
        false
    }
    fn progress(&self, _: RStr<'_>, _: u64) -> ProgressBox {
        unreachable!("no test has one")
    }
    fn remote(&self) -> AbiResult<RemoteBox> {
        ROk(Remote::new("localhost:1").into_raw())
    }
    fn transport(&self) -> AbiResult<TransportBox> {
        ROk(TransportHandle::new(Mirror).into_raw())
    }
}

/// Answers with the headers of the call.
struct Mirror;

impl Transport for Mirror {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        let mut answer = Answer::new(call.message);
        answer.metadata = call.metadata;
        Ok(answer)
    }
}

fn task() -> VersionParameters {
    VersionParameters {
        task_name: "train".to_owned(),
        task_type: "container".to_owned(),
        ..VersionParameters::default()
    }
}

/// Calls everything that a chain has; the name of what failed first, with its error.
fn exercise(chain: &Chain) -> Result<(), (&'static str, String)> {
    exercise_with_message(chain, 3 << 20)
}

fn exercise_with_message(chain: &Chain, size: usize) -> Result<(), (&'static str, String)> {
    let at = |place: &'static str| move |error: HookError| (place, line(&error));
    assert!(!chain.secret_requires_group().map_err(at("secret_requires_group"))?);
    let image = chain.get_default_image().map_err(at("get_default_image"))?;
    assert_eq!(image.as_deref(), Some("hostile:v1"));
    let html = chain.get_auth_success_html("idp.example").map_err(at("get_auth_success_html"))?;
    assert_eq!(html.as_deref(), Some("<p>idp.example</p>"));
    let policies = chain.get_default_cache_policies().map_err(at("get_default_cache_policies"))?;
    assert_eq!(policies[0].name(), "hostile");
    assert!(policies[0].applies_to(&task()).map_err(at("policy"))?);
    assert!(!policies[0].applies_to(&VersionParameters::default()).map_err(at("policy"))?);
    assert_eq!(policies[0].version("salt", &task()).map_err(at("policy"))?, "salt-train");
    exercise_edits(&configure(chain).map_err(at("configure_cli"))?)?;
    let remote = chain.get_remote(&RemoteRequest::default()).map_err(at("get_remote"))?;
    assert_eq!(remote.remote.audience.as_deref(), Some("hostile"));
    assert_eq!(remote.remote.client_secret.as_deref(), Some("s3cret"), "it stays in the host");
    assert_eq!(remote.remote.reason("endpoint"), Some("the test"));
    let transport = remote
        .layers
        .open(Some(TransportHandle::new(Mirror)))
        .map_err(at("open"))?
        .expect("the plugin has one");
    let large = vec![7; size];
    let answer = transport.call(Call::new("/flyteidl.service.AdminService/GetTask", &large));
    let answer = answer.map_err(|status| {
        let error = status.error().expect("no server answers");
        ("call", format!("{}: {}", error.message(), error.causes().join(": ")))
    })?;
    assert!(answer.message == large);
    assert_eq!(answer.metadata, [("x-hostile".to_owned(), "yes".to_owned())]);
    Ok(())
}

const PLACES: [&str; 12] = [
    "secret_requires_group",
    "get_default_image",
    "get_auth_success_html",
    "get_default_cache_policies",
    "policy",
    "configure_cli",
    "default",
    "callback",
    "run",
    "get_remote",
    "open",
    "call",
];

#[test]
fn everything_crosses() {
    assert_eq!(exercise(&hostile(&json!({}))), Ok(()));
}

#[test]
fn two_isolated_plugins_form_a_chain() {
    let chain = chain_of(&["hostile", "sample"], &json!({}), isolations(|_| {}));
    assert!(chain.secret_requires_group().unwrap());
    assert_eq!(chain.get_default_image().unwrap().as_deref(), Some("my-company/flyte-base:v1.2.3"));
    let policies = chain.get_default_cache_policies().unwrap();
    let versions: Vec<_> = policies.iter().map(|policy| policy.version("", &task()).unwrap()).collect();
    assert_eq!(versions, ["v1", "-train"], "the policy of the second plugin crosses both processes");
}

#[test]
fn an_error_keeps_its_plugin_across_the_processes() {
    let actions = json!({"get_default_image": "fail /no/such/file"});
    let chain = chain_of(&["hostile"], &actions, isolations(|_| {}));
    assert_eq!(
        line(&chain.get_default_image().unwrap_err()),
        "plugin `hostile` 0.1.0 failed in `get_default_image`: refused: No such file or directory (os error 2)"
    );
    let panicking = hostile(&json!({"get_default_image": "panic"})).get_default_image().unwrap_err();
    let text = line(&panicking);
    assert!(
        text.starts_with(
            "plugin `hostile` 0.1.0 panicked in `get_default_image`: out of ideas (tests/plugins/"
        ),
        "{text}"
    );
}

#[test]
fn hooks_are_called_by_many_threads_at_once() {
    let chain = hostile(&json!({"get_auth_success_html": "log"}));
    std::thread::scope(|scope| {
        let calls = (0..8).map(|_| {
            scope.spawn(|| {
                for round in 0..20 {
                    let endpoint = format!("{round}");
                    let html = chain.get_auth_success_html(&endpoint).unwrap();
                    assert_eq!(html, Some(format!("<p>{endpoint}</p>")));
                    assert!(!chain.secret_requires_group().unwrap());
                }
            })
        });
        calls.collect::<Vec<_>>().into_iter().for_each(|call| call.join().unwrap());
    });
}

const DEATHS: [(&str, &str); 5] = [
    ("kill", "the plugin's process was ended by signal 9 (SIGKILL)"),
    ("abort", "the plugin's process was ended by signal 6 (SIGABRT)"),
    ("exit 0", "the plugin's process exited with code 0"),
    ("exit 3", "the plugin's process exited with code 3"),
    ("overflow", "the plugin's process was ended by signal 6 (SIGABRT)"),
];

/// Every place × every death: the call that is in it fails and names it, and the next calls get a new
/// process.
#[test]
fn a_death_costs_the_call_that_it_is_in() {
    for (action, expected) in DEATHS {
        for place in PLACES {
            let chain = hostile(&json!({place: action}));
            let (failed, text) = exercise(&chain).unwrap_err();
            assert_eq!(failed, place, "{action}: {text}");
            assert!(text.contains("plugin `hostile` 0.1.0 failed in"), "{place}, {action}: {text}");
            assert!(text.contains(expected), "{place}, {action}: {text}");
            if place != "secret_requires_group" {
                assert!(!chain.secret_requires_group().unwrap(), "a new process answers");
            }
        }
    }
}

/// The file is replaced after it was checked, in each way: the process and its successor load the bytes that
/// were checked.
#[test]
fn the_bytes_that_were_checked_are_loaded() {
    let changes: [fn(&Path); 3] = [
        |path| std::fs::copy(library("sample"), path).map(drop).unwrap(),
        |path| {
            let new = path.with_extension("new");
            std::fs::copy(library("sample"), &new).unwrap();
            std::fs::rename(new, path).unwrap();
        },
        |path| std::fs::remove_file(path).unwrap(),
    ];
    for change in changes {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libhostile_plugin.so");
        std::fs::copy(library("hostile"), &path).unwrap();
        let loader = Loader::new("test", Directories::new(None, None))
            .with_sections(BTreeMap::from([("hostile".to_owned(), json!({"policy": "kill"}))]))
            .with_isolations(isolations(|_| {}), &[]);
        let candidate = loader.check_file(&path).unwrap();
        change(&path);
        let chain = Chain::new(vec![loader.load(candidate).unwrap()], Builtin::new(|_| Ok(Remote::new("x"))));
        assert_eq!(chain.get_default_image().unwrap().as_deref(), Some("hostile:v1"));
        let policies = chain.get_default_cache_policies().unwrap();
        policies[0].version("", &task()).unwrap_err();
        assert_eq!(chain.get_default_image().unwrap().as_deref(), Some("hostile:v1"), "a new process");
    }
}

/// Above 16 MiB there is no copy in memory: the process loads the file by its path, and notices a change.
#[test]
fn a_file_that_is_too_large_for_a_copy_is_loaded_unchanged_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libhostile_plugin.so");
    let content = std::fs::read(library("hostile")).unwrap();
    // The loader ignores what follows the sections.
    std::fs::write(&path, [content, vec![0; 17 << 20]].concat()).unwrap();
    let loader = Loader::new("test", Directories::new(None, None)).with_isolations(isolations(|_| {}), &[]);
    let (unchanged, changed) = (loader.check_file(&path).unwrap(), loader.check_file(&path).unwrap());
    let chain = Chain::new(vec![loader.load(unchanged).unwrap()], Builtin::new(|_| Ok(Remote::new("x"))));
    assert_eq!(chain.get_default_image().unwrap().as_deref(), Some("hostile:v1"));
    std::fs::copy(library("sample"), &path).unwrap();
    let error = loader.load(changed).unwrap_err();
    assert_eq!(error.to_string(), "could not load plugin `hostile` isolated");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.ends_with("changed while it was loaded"), "{cause}");
}

#[test]
fn a_death_in_create_is_the_plugins() {
    for (action, expected) in DEATHS {
        let loader = Loader::new("test", Directories::new(None, None))
            .with_sections(BTreeMap::from([("hostile".to_owned(), json!({"create": action}))]))
            .with_isolations(isolations(|_| {}), &[]);
        let error = loader.load(loader.check(&library("hostile")).unwrap()).unwrap_err();
        let LoadError::Ended(error) = error else { panic!("{action}: {error}") };
        assert_eq!(line(&error), format!("plugin `hostile` 0.1.0 failed in `create`: {expected}"));
    }
}

#[test]
fn a_process_is_started_again_as_often_as_the_settings_say() {
    let chain =
        chain_of(&["hostile"], &json!({"get_default_image": "kill"}), isolations(|it| it.restarts = 1));
    for _ in 0..2 {
        chain.get_default_image().unwrap_err();
    }
    let text = line(&chain.secret_requires_group().unwrap_err());
    assert!(text.ends_with("the plugin's process was ended by signal 9 (SIGKILL)"), "{text}");
}

#[test]
fn a_call_that_takes_too_long_is_ended() {
    let chain = chain_of(
        &["hostile"],
        &json!({"get_default_image": "hang"}),
        isolations(|it| it.timeout = Duration::from_millis(1500)),
    );
    let error = chain.get_default_image().unwrap_err();
    assert!(
        line(&error)
            .contains("`get_default_image` did not return within 1.5s; the plugin's process was ended"),
        "{}",
        line(&error)
    );
    assert_eq!(
        error.hints(),
        ["raise `timeout` in `[isolation.hostile]` of `~/.flyte/host.toml` if the plugin needs more time"]
    );
    assert!(!chain.secret_requires_group().unwrap());
}

/// What an action says in `get_default_image`; `None` if it succeeds.
fn refusal(action: &str, change: impl FnOnce(&mut Isolation)) -> Option<String> {
    let chain = chain_of(&["hostile"], &json!({"get_default_image": action}), isolations(change));
    chain.get_default_image().err().map(|error| line(&error))
}

/// A folder outside of the system's and the plugin's.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(home.path().join(".ssh")).expect("a folder in an empty one");
    std::fs::write(home.path().join(".ssh/id"), "secret").expect("a file of the test's own");
    home
}

fn file(home: &Path, name: &str) -> String {
    home.join(name).to_string_lossy().into_owned()
}

#[test]
fn files_outside_are_refused() {
    let home = home();
    let (secret, new) = (file(home.path(), ".ssh/id"), file(home.path(), "new"));
    let chain = hostile(&json!({"get_default_image": format!("read {secret}")}));
    assert_eq!(
        chain.get_default_image().unwrap_err().hints(),
        [
            "add `read`, `write` or `network` to `[isolation.hostile]` of `~/.flyte/host.toml` if the plugin needs it"
        ]
    );
    let denied = "plugin `hostile` 0.1.0 failed in `get_default_image`: Permission denied (os error 13)";
    assert_eq!(refusal(&format!("read {secret}"), |_| {}).as_deref(), Some(denied));
    assert_eq!(refusal(&format!("write {new}"), |_| {}).as_deref(), Some(denied));
    assert!(!Path::new(&new).exists());
    assert_eq!(refusal(&format!("read {secret}"), |it| it.read.push(home.path().to_owned())), None);
    assert_eq!(
        refusal(&format!("write {new}"), |it| it.read.push(home.path().to_owned())).as_deref(),
        Some(denied)
    );
    assert_eq!(refusal(&format!("write {new}"), |it| it.write.push(home.path().to_owned())), None);
    assert_eq!(std::fs::read_to_string(new).unwrap(), "mine");
}

#[test]
fn connections_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("connect {}", listener.local_addr().unwrap());
    assert_eq!(
        refusal(&connect, |_| {}).as_deref(),
        Some("plugin `hostile` 0.1.0 failed in `get_default_image`: Operation not permitted (os error 1)")
    );
    assert_eq!(refusal(&connect, |it| it.network = true), None);
}

#[test]
fn other_processes_are_refused() {
    let denied = "plugin `hostile` 0.1.0 failed in `get_default_image`: Operation not permitted (os error 1)";
    assert_eq!(refusal("run /bin/true", |_| {}).as_deref(), Some(denied));
    let calls = [
        "add_key",
        "bpf",
        "clone",
        "execve",
        "fork",
        "io_uring_setup",
        "kill",
        "kill_all",
        "memory_of_parent",
        "mount",
        "outlive",
        "perf_event_open",
        "pidfd_open",
        "ptrace",
        "request_key",
        "setns",
        "socket_inet",
        "socket_unix",
        "socket_vsock",
        "unshare",
        "userfaultfd",
        "vfork",
    ];
    for call in calls {
        assert_eq!(refusal(&format!("syscall {call}"), |_| {}).as_deref(), Some(denied), "{call}");
    }
    for call in ["socket_unix", "socket_vsock"] {
        let refused = refusal(&format!("syscall {call}"), |it| it.network = true);
        assert_eq!(refused.as_deref(), Some(denied), "{call}, with the network");
    }
    assert_eq!(refusal("syscall socket_inet", |it| it.network = true), None);
}

#[test]
fn the_memory_of_the_host_is_refused() {
    let own = std::process::id();
    for file in ["mem", "environ", "maps", "fd/0"] {
        let text = refusal(&format!("read /proc/{own}/{file}"), |_| {}).unwrap();
        assert!(text.ends_with("Permission denied (os error 13)"), "{file}: {text}");
    }
}

/// Two connections, the thread's copy of the first one, and the file with its copy.
#[test]
fn descriptors_of_the_host_are_not_inherited() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let kept = rustix::io::fcntl_getfd(&file).unwrap() - rustix::io::FdFlags::CLOEXEC;
    rustix::io::fcntl_setfd(&file, kept).unwrap();
    let text = refusal("descriptors", |_| {}).unwrap();
    let mut kinds: Vec<&str> = text.split(": ").last().unwrap().split(", ").collect();
    kinds.retain(|kind| *kind != "socket");
    let library = library("hostile");
    let copy = "/memfd:libhostile_plugin.so";
    assert!(kinds == [library.as_str(), copy] || kinds == [library.as_str()], "{text}");
}

#[test]
fn memory_is_limited() {
    for action in ["memory", "threads"] {
        let text = refusal(action, |it| it.memory = 256 << 20).unwrap();
        let is_named = text.ends_with("the plugin's process was ended by signal 6 (SIGABRT)")
            || text.ends_with("Resource temporarily unavailable (os error 11)");
        assert!(is_named, "{action}: {text}");
    }
}

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The process is killed at some moment of a round of all calls; the call that it was in names plugin and
/// function, and the next round succeeds.
fn kill_in_rounds(rounds: u32) -> BTreeMap<&'static str, u32> {
    let chain = chain_of(&["hostile"], &json!({}), isolations(|it| it.restarts = u32::MAX));
    let start = std::time::Instant::now();
    exercise_with_message(&chain, 300).unwrap();
    let longest = u64::try_from(start.elapsed().as_micros()).unwrap() * 3 / 2;
    let (mut numbers, mut hit) = (Numbers(1), BTreeMap::new());
    for round in 0..rounds {
        let page = chain.get_auth_success_html("process").unwrap().unwrap();
        let process = page.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        let process = rustix::process::Pid::from_raw(process).unwrap();
        let pause = Duration::from_micros(numbers.below(longest));
        let result = std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(pause);
                rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
            });
            exercise_with_message(&chain, 300)
        });
        if let Err((place, text)) = result {
            assert!(text.starts_with("plugin `hostile` 0.1.0 failed in "), "{round}, {place}: {text}");
            assert!(text.contains("was ended by signal 9 (SIGKILL)"), "{round}, {place}: {text}");
            *hit.entry(place).or_default() += 1;
        }
        // The signal may arrive after the round.
        if exercise_with_message(&chain, 300).is_err() {
            exercise_with_message(&chain, 300).unwrap();
        }
    }
    hit
}

#[test]
fn a_process_is_killed_at_any_moment() {
    kill_in_rounds(100);
}

#[test]
#[ignore = "a minute; run by hand with `--ignored --nocapture`"]
#[expect(clippy::print_stderr, reason = "a report for the one who runs it")]
fn a_process_is_killed_at_any_moment_1000_times() {
    eprintln!("{:?}", kill_in_rounds(1000));
}

//! Calls the hooks, and what they return: cache policies and transports.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use host_settings::remote;
use plugin_abi::{
    Hook, PluginErrorKind, RemoteRequest, VersionParameters,
    transport::{Answer, Call, Code, Status, Transport, TransportHandle},
};
use plugin_host::{Chain, HookError, Layers, error::HookErrorKind};

use super::{
    behind::{Answers, Behind},
    observer,
    resources::Resources,
};
use crate::{
    app::process_exit::keep_until_exit,
    commands::plugin::check::message::{THREADS, Task},
};

/// How often each call is made, one after the other.
const ROUNDS: usize = 2;
/// How often each of the threads calls a function.
const CALLS_OF_THREAD: usize = 8;
/// How many calls show whether something is left behind.
const SERIES: usize = 16;
/// Bytes that a series may keep.
const MAX_KEPT: u64 = 512 << 10;
/// A function that takes longer is not called in series.
const QUICK: Duration = Duration::from_millis(100);
/// More than a function should take for any input, however busy the machine is.
const LONG: Duration = Duration::from_millis(300);
/// What a page must not have as it is.
const SCRIPT: &str = "<script>alert(1)</script>";

/// Hooks that are called here; `configure_cli` needs the command line.
const HOOKS: [Hook; 5] = [
    Hook::GetRemote,
    Hook::SecretRequiresGroup,
    Hook::GetDefaultImage,
    Hook::GetAuthSuccessHtml,
    Hook::GetDefaultCachePolicies,
];

/// The arguments of a call.
struct Input {
    description: String,
    request: RemoteRequest,
    endpoint: String,
    /// Whether users meet it every day: an error of the plugin is then worth a finding.
    is_ordinary: bool,
}

/// Calls all hooks of a task.
pub(super) fn call(chain: &Chain, behind: &Behind, task: &Task) {
    for hook in HOOKS {
        let is_wanted = task.hooks.iter().any(|name| name == hook.name());
        let is_overridden = chain.plugins().iter().any(|link| link.overrides(hook));
        if is_wanted && is_overridden && !observer::is_skipped(hook.name()) {
            call_hook(chain, behind, hook, task.is_short);
        }
    }
    behind.answer(Answers::Default);
}

fn call_hook(chain: &Chain, behind: &Behind, hook: Hook, is_short: bool) {
    let mut answers = BTreeMap::new();
    for answer in Answers::ALL {
        behind.answer(answer);
        for input in inputs(hook, answer) {
            let mut fastest = Duration::MAX;
            for _ in 0..ROUNDS {
                let start = Instant::now();
                let result = observer::call(hook.name(), &input.description, || ask(chain, hook, &input));
                fastest = fastest.min(start.elapsed());
                judge(&result, answer, &input);
                let Ok(text) = result else { continue };
                let first = answers.entry(input.description.clone()).or_insert_with(|| text.clone());
                if *first != text {
                    observer::found("changing-answer", &changed(first, &text), None);
                }
            }
            if fastest > LONG {
                let milliseconds = fastest.as_millis();
                observer::found("slow", &format!("takes {milliseconds} ms for this input"), None);
            }
            if is_short {
                break;
            }
        }
    }
    behind.answer(Answers::Default);
    if is_short {
        return;
    }
    let Some(input) = inputs(hook, Answers::Default).into_iter().next() else { return };
    let is_quick = observer::fastest(hook.name()) < QUICK;
    call_from_threads(chain, hook, &input, if is_quick { CALLS_OF_THREAD } else { 1 });
    if is_quick {
        look_for_leaks(hook.name(), &mut || {
            // Errors were judged before.
            let _ = ask(chain, hook, &input);
        });
    }
}

/// All threads at once.
fn call_from_threads(chain: &Chain, hook: Hook, input: &Input, calls: usize) {
    let description = format!("{THREADS} threads at once");
    let results = observer::series(hook.name(), &description, || {
        let results = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..calls {
                        let result = ask(chain, hook, input);
                        results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(result);
                    }
                });
            }
        });
        results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    });
    let mut first: Option<&String> = None;
    for result in &results {
        judge(result, Answers::Default, input);
        if let Ok(text) = result {
            let first = first.get_or_insert(text);
            if *first != text {
                observer::found("changing-answer", &changed(first, text), None);
            }
        }
    }
}

/// Calls a function many times, and compares what the process has before and after.
pub(super) fn look_for_leaks(function: &str, call: &mut dyn FnMut()) {
    let description = format!("{SERIES} calls in a row");
    let mut series = || {
        let before = Resources::now();
        observer::series(function, &description, || (0..SERIES).for_each(|_| call()));
        (before, Resources::settled(before))
    };
    // Twice: the first one may fill caches, and allocators grow in steps.
    let _ = series();
    let (first, middle) = series();
    let (_, last) = series();
    let mut leaks_threads = false;
    for (code, what, [first, middle, last]) in [
        ("leaks-descriptors", "descriptors", [first.descriptors, middle.descriptors, last.descriptors]),
        ("leaks-threads", "threads", [first.threads, middle.threads, last.threads]),
    ] {
        if middle >= first + SERIES / 2 && last >= middle + SERIES / 2 {
            let left = last - middle;
            observer::found(code, &format!("left {left} {what} behind in {SERIES} calls"), None);
            leaks_threads |= what == "threads";
        }
    }
    let kept = last.memory.saturating_sub(middle.memory).min(middle.memory.saturating_sub(first.memory));
    let calls = u64::try_from(SERIES).unwrap_or(u64::MAX);
    observer::note_kept(function, kept / calls);
    // Threads have stacks.
    if kept >= MAX_KEPT && !leaks_threads {
        let kept = kept >> 10;
        observer::found("leaks-memory", &format!("kept {kept} KiB of memory in {SERIES} calls"), None);
    }
}

fn ask(chain: &Chain, hook: Hook, input: &Input) -> Result<String, HookError> {
    Ok(match hook {
        Hook::GetRemote => {
            let resolved = chain.get_remote(&input.request)?;
            keep_until_exit(&resolved.layers);
            remote::check(&resolved)?;
            let endpoint = resolved.remote.endpoint.clone();
            if resolved.layers.replacement().is_none() {
                call_transport(&resolved.layers)?;
            }
            format!("{endpoint:?}")
        }
        Hook::SecretRequiresGroup => chain.secret_requires_group()?.to_string(),
        Hook::GetDefaultImage => format!("{:?}", chain.get_default_image()?),
        Hook::GetAuthSuccessHtml => {
            let page = chain.get_auth_success_html(&input.endpoint)?;
            if input.endpoint.contains(SCRIPT) && page.as_ref().is_some_and(|page| page.contains(SCRIPT)) {
                observer::found("unescaped-html", "wrote the endpoint into the page as it is", None);
            }
            format!("{page:?}")
        }
        Hook::GetDefaultCachePolicies => versions(chain)?,
        _ => String::new(),
    })
}

/// The versions that all policies give to some tasks.
fn versions(chain: &Chain) -> Result<String, HookError> {
    let policies = chain.get_default_cache_policies()?;
    keep_until_exit(&policies);
    let mut text = String::new();
    for policy in &policies {
        text += policy.name();
        for parameters in parameters() {
            if policy.applies_to(&parameters)? {
                text += &format!(" {:?}", policy.version("salt", &parameters)?);
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn parameters() -> [VersionParameters; 3] {
    let ordinary = VersionParameters {
        task_name: "acme.train".to_owned(),
        task_type: "raw-container".to_owned(),
        container_image: Some("registry.example/base:v1".to_owned()),
        command: vec!["python".to_owned(), "train.py".to_owned()],
        ..VersionParameters::default()
    };
    let odd = VersionParameters {
        task_name: "ü".repeat(10_000),
        pod_template_name: Some(String::new()),
        pod_template: Some("{".to_owned()),
        arguments: vec![String::new(); 1000],
        ..VersionParameters::default()
    };
    [ordinary, VersionParameters::default(), odd]
}

/// The transport behind the plugin's.
struct Network {
    fails: bool,
}

impl Transport for Network {
    fn call(&self, _call: Call<'_>) -> Result<Answer, Status> {
        if self.fails {
            return Err(Status::new(Code::UNAVAILABLE, "connection refused"));
        }
        Ok(Answer::new(Vec::new()))
    }
}

/// Calls the plugins' transports around a network that answers, and around one that does not.
fn call_transport(layers: &Layers) -> Result<(), HookError> {
    if layers.is_empty() {
        return Ok(());
    }
    for fails in [false, true] {
        let opened = layers.open(Some(TransportHandle::new(Network { fails })))?;
        let Some(transport) = opened else { return Ok(()) };
        keep_until_exit(&transport);
        for path in
            ["/flyteidl.service.AdminService/GetVersion", "/flyteidl.service.AdminService/CreateExecution"]
        {
            let Err(status) = transport.call(Call::new(path, &[])) else { continue };
            if let Some(error) = status.error().and_then(|error| layers.errors().passed_on(error)) {
                return Err(error);
            }
        }
    }
    Ok(())
}

fn judge(result: &Result<String, HookError>, behind: Answers, input: &Input) {
    let Err(error) = result else { return };
    let code = match error.kind() {
        HookErrorKind::InvalidValue(_) => "invalid-value",
        HookErrorKind::Returned(_) if is_panic(error) => "panic",
        HookErrorKind::Returned(_) if input.is_ordinary && behind != Answers::Errors => "hook-failed",
        HookErrorKind::Returned(_) => return,
    };
    observer::found(code, &message(error), None);
}

/// Whether a plugin's function panicked.
pub(super) fn is_panic(error: &HookError) -> bool {
    matches!(error.kind(), HookErrorKind::Returned(error) if error.kind() == PluginErrorKind::Panic)
}

/// An error with its causes, in a line.
pub(super) fn message(error: &HookError) -> String {
    let parts: Vec<String> = std::iter::once(error.to_string()).chain(error.causes()).collect();
    parts.join(": ")
}

fn changed(first: &str, second: &str) -> String {
    let short = |text: &str| {
        let text = flyte_text::sanitize_line(text).into_owned();
        text.char_indices().nth(60).map_or(text.clone(), |(end, _)| format!("{}…", &text[..end]))
    };
    format!("answered `{}`, then `{}` to the same question", short(first), short(second))
}

fn inputs(hook: Hook, answers: Answers) -> Vec<Input> {
    let describe = |words: &str| match (words, answers.describe()) {
        (words, "") => words.to_owned(),
        ("", next) => next.to_owned(),
        (words, next) => format!("{words}; {next}"),
    };
    let input = |words: &str, is_ordinary| Input {
        description: describe(words),
        request: RemoteRequest::default(),
        endpoint: String::new(),
        is_ordinary,
    };
    match hook {
        Hook::GetRemote => requests()
            .into_iter()
            .map(|(words, request, is_ordinary)| Input { request, ..input(words, is_ordinary) })
            .collect(),
        Hook::GetAuthSuccessHtml => endpoints()
            .into_iter()
            .map(|(words, endpoint, is_ordinary)| Input { endpoint, ..input(words, is_ordinary) })
            .collect(),
        _ => vec![input("", true)],
    }
}

fn requests() -> Vec<(&'static str, RemoteRequest, bool)> {
    let ordinary = RemoteRequest {
        project: "flytesnacks".to_owned(),
        domain: "development".to_owned(),
        ..RemoteRequest::default()
    };
    vec![
        ("project `flytesnacks`, domain `development`", ordinary.clone(), true),
        (
            "configuration file `config.yaml`",
            RemoteRequest { config: Some(PathBuf::from("config.yaml")), ..ordinary.clone() },
            true,
        ),
        (
            "upload location `s3://bucket/folder`",
            RemoteRequest { data_upload_location: Some("s3://bucket/folder".to_owned()), ..ordinary },
            true,
        ),
        ("empty project and domain", RemoteRequest::default(), false),
        (
            "a project of 10,000 characters, all of them `ü`",
            RemoteRequest { project: "ü".repeat(10_000), ..RemoteRequest::default() },
            false,
        ),
        (
            "a domain with a zero byte and a newline",
            RemoteRequest { domain: "a\0b\nc".to_owned(), ..RemoteRequest::default() },
            false,
        ),
    ]
}

fn endpoints() -> Vec<(&'static str, String, bool)> {
    vec![
        ("endpoint `flyte.example`", "flyte.example".to_owned(), true),
        ("endpoint `dns:///flyte.example:443`", "dns:///flyte.example:443".to_owned(), true),
        ("endpoint `<script>alert(1)</script>`", SCRIPT.to_owned(), false),
        ("an empty endpoint", String::new(), false),
        ("an endpoint of 10,000 characters, all of them `ü`", "ü".repeat(10_000), false),
    ]
}

//! A plugin that dies, and that takes what it is not given.
//!
//! Its section of the settings has what it does by place: a hook, or `callback`, `default`, `run`, `policy`,
//! `open`, `call`. What it does is a word, perhaps with an argument: see `act`. A place without one answers
//! or calls `next`.

#[cfg(target_os = "linux")]
mod syscalls;

use std::{fs, io::Write as _, net::TcpStream, path::Path, process, thread, time::Duration};

use plugin_abi::{
    Arg, CachePolicy, Command, Group, Host, LogLevel, Next, Plugin, PluginError, Remote, RemoteRequest,
    transport::{Answer, Call, Status, Transport, TransportHandle},
};

/// Does what its settings say.
#[derive(Clone, Debug)]
pub struct Hostile(Host);

impl Hostile {
    fn act(&self, place: &str) -> Result<(), PluginError> {
        match self.0.config()?[place].as_str() {
            Some(action) => act(action, &self.0),
            None => Ok(()),
        }
    }
}

/// Does one thing; without an error where it was allowed.
fn act(action: &str, host: &Host) -> Result<(), PluginError> {
    let (verb, argument) = action.split_once(' ').unwrap_or((action, ""));
    match verb {
        "abort" => process::abort(),
        "connect" => drop(TcpStream::connect(argument)?),
        #[expect(clippy::exit, reason = "that is what it is for")]
        "exit" => process::exit(argument.parse()?),
        "fail" => drop(fs::read(argument).map_err(|error| PluginError::new("refused").caused_by(error))?),
        "hang" => loop {
            thread::sleep(Duration::from_secs(3600));
        },
        "kill" => rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?,
        "log" => {
            let host = host.clone();
            let logs = move || host.log(LogLevel::Warn, format_args!("from a thread of its own"));
            thread::spawn(logs).join().map_err(|_| PluginError::new("the thread panicked"))?;
        }
        "memory" => fill_memory(),
        "overflow" => drop(recurse(1)),
        "panic" => panic!("out of ideas"),
        "print" => std::io::stdout().write_all(b"printed by the plugin\n")?,
        "read" => drop(fs::read(argument)?),
        "run" => drop(process::Command::new(argument).status()?),
        #[cfg(target_os = "linux")]
        "syscall" => syscalls::make(argument)?,
        #[cfg(target_os = "linux")]
        "descriptors" => {
            let kinds = syscalls::open_descriptors().into_iter().map(kind_of);
            return Err(PluginError::new(kinds.collect::<Vec<_>>().join(", ")));
        }
        "threads" => loop {
            thread::Builder::new().spawn(|| thread::sleep(Duration::from_secs(3600)))?;
        },
        "variable" => drop(std::env::var(argument)?),
        "write" => fs::write(Path::new(argument), b"mine")?,
        _ => return Err(PluginError::new(format_args!("unknown action `{action}`"))),
    }
    Ok(())
}

/// What a descriptor is, without numbers: `socket`, `/memfd:libacme.so`.
#[cfg(target_os = "linux")]
fn kind_of(descriptor: i32) -> String {
    let target = fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap_or_default();
    let target = target.to_string_lossy();
    target.split(":[").next().unwrap_or_default().trim_end_matches(" (deleted)").to_owned()
}

fn fill_memory() {
    let mut filled = Vec::new();
    loop {
        filled.push(vec![1_u8; 16 << 20]);
    }
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn recurse(depth: u64) -> [u64; 64] {
    let mut frame = [depth; 64];
    frame[0] = recurse(depth + 1)[1];
    std::hint::black_box(frame)
}

#[plugin_abi::export(name = "hostile")]
impl Plugin for Hostile {
    fn create(host: Host) -> Result<Self, PluginError> {
        let created = Self(host);
        created.act("create")?;
        Ok(created)
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        let mut remote = next.get_remote(request)?;
        self.act("get_remote")?;
        remote.audience = Some("hostile".to_owned());
        let plugin = self.clone();
        let wrapped = move |behind| {
            if let Err(error) = plugin.act("open") {
                panic!("{error}");
            }
            Hostiles(plugin.clone(), behind)
        };
        Ok(remote.wrap_transport(wrapped))
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        self.act("configure_cli")?;
        let (run, callback, default) = (self.clone(), self.clone(), self.clone());
        let seen = main.walk().len();
        main.add(
            Command::new("hostile")
                .about(format!("One of {}", seen + 1))
                .arg(Arg::option("how").callback(move |values, _given| {
                    callback.act("callback")?;
                    Ok(Some(values.iter().map(|value| value.to_uppercase()).collect()))
                }))
                .run(move |invocation| {
                    run.act("run")?;
                    invocation.print(format_args!("{:?}\n", invocation.value("how")))
                }),
        );
        main.option("project").set_default_with(move |previous| {
            default.act("default")?;
            Ok(previous.to_vec())
        });
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        self.act("secret_requires_group")?;
        Ok(!next.secret_requires_group()?)
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        self.act("get_default_image")?;
        Ok(next.get_default_image()?.or_else(|| Some("hostile:v1".to_owned())))
    }

    fn get_auth_success_html(&self, endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        self.act("get_auth_success_html")?;
        let page = if endpoint == "process" { process::id().to_string() } else { endpoint.to_owned() };
        Ok(Some(format!("<p>{page}</p>")))
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let mut policies = next.get_default_cache_policies()?;
        self.act("get_default_cache_policies")?;
        let plugin = self.clone();
        let version = move |salt: &str, parameters: &plugin_abi::VersionParameters| {
            plugin.act("policy")?;
            Ok(format!("{salt}-{}", parameters.task_name))
        };
        policies
            .push(CachePolicy::computed(version).name("hostile").when(|task| task.task_type == "container"));
        Ok(policies)
    }
}

struct Hostiles(Hostile, TransportHandle);

impl Transport for Hostiles {
    fn call(&self, mut call: Call<'_>) -> Result<Answer, Status> {
        self.0.act("call")?;
        call.metadata.push(("x-hostile".to_owned(), "yes".to_owned()));
        self.1.call(call)
    }
}

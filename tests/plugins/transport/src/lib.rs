//! A plugin whose transport does what its environment says.
//!
//! `TRANSPORT` is one of: `count` (the default: a header and a count around what is behind), `memory`
//! (answers everything itself), `nowhere` (the same, and names no endpoint), `error`, `panic`, `panic-open`,
//! `garbage`, `slow`, `refuse`, `ok` (a status that says OK), `unreachable`, `bad-header`, `bad-path`, `spy`
//! (writes all that it gets into the file `SPY`). A list of methods behind a colon restricts the failures to
//! these, as in `error:CreateTask`; all other calls then go through.

#![forbid(unsafe_code)]

mod memory;
mod spy;

use std::{
    env, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use plugin_abi::{
    Command, Group, Host, LogLevel, Next, Plugin, PluginError, Remote, RemoteRequest,
    transport::{Answer, Call, Code, FaultKind, Status, Transport, TransportHandle},
};
use plugin_client::{Client, proto::admin::ProjectListRequest};

use memory::Memory;

/// Carries.
#[derive(Debug)]
pub struct Carrier {
    host: Host,
    mode: String,
}

#[plugin_abi::export(name = "transport")]
impl Plugin for Carrier {
    fn create(host: Host) -> Result<Self, PluginError> {
        let mode = env::var("TRANSPORT").unwrap_or_else(|_| "count".to_owned());
        Ok(Self { host, mode })
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        let (mode, host) = (self.mode.clone(), self.host.clone());
        Ok(match self.mode.as_str() {
            "memory" => next.get_remote(request)?.with_transport(Memory::new(host)),
            "nowhere" => Remote::default().with_transport(Memory::new(host)),
            _ => {
                let calls = Arc::new(AtomicU64::new(0));
                let remote = next.get_remote(request)?;
                if mode == "spy" {
                    spy::on_remote(&remote);
                }
                remote.wrap_transport(move |behind| {
                    if mode == "panic-open" {
                        panic!("no way out of here");
                    }
                    Around { behind, mode: mode.clone(), host: host.clone(), calls: Arc::clone(&calls) }
                })
            }
        })
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        main.add(Command::new("teams").about("List the projects, with Flyte's typed client").run(
            |invocation| {
                let flyte = Client::over(invocation.transport()?);
                let projects = flyte.wait(flyte.list_projects(&ProjectListRequest::default()))?;
                for project in projects.projects {
                    invocation.print(format_args!("{}\n", project.id))?;
                }
                Ok(())
            },
        ));
        main.add(Command::new("many").about("Make 200 calls, 40 at once").run(|invocation| {
            let transport = invocation.transport()?;
            let answers: Vec<bool> = thread::scope(|scope| {
                let caller = |_| {
                    let transport = &transport;
                    scope.spawn(move || (0..5).filter(|_| version(transport).is_ok()).count() == 5)
                };
                let callers: Vec<_> = (0..40).map(caller).collect();
                callers.into_iter().map(|caller| caller.join().unwrap_or(false)).collect()
            });
            let good = answers.into_iter().filter(|good| *good).count();
            invocation.print(format_args!("{good} of 40 callers were answered 5 times\n"))
        }));
        Ok(())
    }
}

fn version(transport: &TransportHandle) -> Result<Answer, Status> {
    transport.call(Call::new("/flyteidl.service.AdminService/GetVersion", b""))
}

/// Around what is behind.
struct Around {
    behind: TransportHandle,
    mode: String,
    host: Host,
    calls: Arc<AtomicU64>,
}

impl Around {
    /// What to do with a call of a method.
    fn wanted(&self, method: &str) -> &str {
        match self.mode.split_once(':') {
            Some((mode, methods)) if methods.split('+').any(|wanted| wanted == method) => mode,
            Some(_) => "count",
            None => &self.mode,
        }
    }
}

impl Transport for Around {
    fn call(&self, mut call: Call<'_>) -> Result<Answer, Status> {
        let method = call.path.rsplit('/').next().unwrap_or_default();
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        self.host.log(LogLevel::Info, format_args!("call {number}: {method}"));
        match self.wanted(method) {
            "error" => {
                let cause = io::Error::other("no key was given");
                Err(PluginError::new("the tunnel is closed")
                    .caused_by(cause)
                    .hint("run `acme tunnel`")
                    .into())
            }
            "panic" => panic!("index out of bounds: the len is 3 but the index is 7"),
            "garbage" => Ok(Answer::new(*b"\xff\xff\xff\xff not a message")),
            "slow" => loop {
                thread::park();
            },
            "refuse" => Err(Status::new(Code::PERMISSION_DENIED, "the company's policy says no")),
            "ok" => Err(Status::new(Code(0), "all is well")),
            "unreachable" => {
                Err(Status::fault(FaultKind::Connect, PluginError::new("the tunnel has no other end")))
            }
            "spy" => spy::on_call(call, &self.behind),
            "bad-header" => {
                call.metadata.push(("X-Acme\r\n".to_owned(), "vision".to_owned()));
                self.behind.call(call)
            }
            "bad-path" => {
                call.path = "GetVersion";
                self.behind.call(call)
            }
            _ => {
                call.metadata.push(("x-acme-team".to_owned(), "vision".to_owned()));
                call.metadata.push(("x-acme-call".to_owned(), number.to_string()));
                self.behind.call(call)
            }
        }
    }
}

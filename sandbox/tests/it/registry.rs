//! What the sandbox's registry answers, beside FlyteAdmin's rules: exact codes and texts.

mod attributes;
mod launch_plans;
mod projects;
mod store;
mod tasks;
mod workflows;

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use flyte_client::{
    Client, Status,
    client::CallOptions,
    proto::{
        admin::{NamedEntityIdentifier, ResourceListRequest, TaskCreateRequest, TaskSpec},
        core::{
            Container, Identifier, ResourceType, TaskMetadata, TaskTemplate, TypedInterface,
            task_template::Target,
        },
    },
};
use sandbox::Sandbox;
use tempfile::TempDir;

/// A sandbox in a folder that goes away with it.
struct Fixture {
    folder: TempDir,
    client: Client,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let client = open(&folder);
        Self { folder, client }
    }

    /// Another client, as another process would have it.
    fn another(&self) -> Client {
        open(&self.folder)
    }
}

fn open(folder: &TempDir) -> Client {
    let options =
        sandbox::SandboxOptions { root: folder.path().to_owned(), engine: sandbox::EngineStart::External };
    Client::new(Arc::new(Sandbox::open(&options).unwrap()), CallOptions::default())
}

/// The result of a call: the sandbox answers at once.
fn done<T>(call: impl Future<Output = Result<T, flyte_client::client::ClientError>>) -> Result<T, Status> {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.map_err(|error| error.status),
        Poll::Pending => panic!("the sandbox has not answered at once"),
    }
}

/// `CODE: text` of a call that is refused.
#[track_caller]
fn refused<T: std::fmt::Debug>(
    call: impl Future<Output = Result<T, flyte_client::client::ClientError>>,
) -> String {
    shown(&done(call).unwrap_err())
}

fn shown(status: &Status) -> String {
    format!("{}: {}", status.code.name(), status.message)
}

fn id(kind: ResourceType, name: &str, version: &str) -> Identifier {
    Identifier {
        resource_type: kind.into(),
        project: "flytesnacks".into(),
        domain: "development".into(),
        name: name.into(),
        version: version.into(),
        ..Default::default()
    }
}

/// A request for a task that prints.
fn task(name: &str, version: &str) -> TaskCreateRequest {
    let container = Container { image: "sh:1".into(), command: vec!["echo".into()], ..Default::default() };
    let template = TaskTemplate {
        r#type: "raw-container".into(),
        metadata: Some(TaskMetadata::default()),
        interface: Some(TypedInterface::default()),
        target: Some(Target::Container(container)),
        ..Default::default()
    };
    TaskCreateRequest {
        id: Some(id(ResourceType::Task, name, version)),
        spec: Some(TaskSpec { template: Some(template), description: None }),
    }
}

/// A request for ten of the versions of a name, or of all names.
fn list(name: &str) -> ResourceListRequest {
    let id = NamedEntityIdentifier {
        project: "flytesnacks".into(),
        domain: "development".into(),
        name: name.into(),
        ..Default::default()
    };
    ResourceListRequest { id: Some(id), limit: 10, ..Default::default() }
}

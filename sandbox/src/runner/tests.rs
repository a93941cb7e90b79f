//! Attempts with real processes.

use std::{
    fs,
    future::Future,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use flyte_client::{
    literal::from_json,
    proto::core::{
        Container, ContainerError, DataLoadingConfig, ErrorDocument, ExecutionError, Identifier,
        KeyValuePair, Literal, LiteralMap, LiteralType, Secret, SecurityContext, TaskTemplate,
        TypedInterface, Variable, VariableMap, WorkflowExecutionIdentifier, container_error,
        data_loading_config::LiteralMapFormat, execution_error::ErrorKind, literal, primitive, scalar,
        task_template::Target,
    },
    register::read::task::parse_type,
};
use prost::Message as _;
use tempfile::TempDir;
use tokio::{sync::watch, task::spawn_blocking};

use super::*;

/// A task, its inputs and its folder.
struct Fixture {
    root: TempDir,
    attempt: Attempt,
}

/// A task that runs a script.
fn script(script: &str) -> Fixture {
    Fixture::new(["sh", "-c", script])
}

impl Fixture {
    fn new<const N: usize>(command: [&str; N]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let container = Container {
            image: "alpine".into(),
            command: command.map(str::to_owned).into(),
            data_config: Some(DataLoadingConfig {
                enabled: true,
                input_path: "/var/inputs".into(),
                output_path: "/var/outputs".into(),
                ..DataLoadingConfig::default()
            }),
            ..Container::default()
        };
        let task = TaskTemplate {
            id: Some(Identifier { name: "t".into(), version: "v".into(), ..Identifier::default() }),
            r#type: "raw-container".into(),
            interface: Some(TypedInterface {
                inputs: Some(VariableMap::default()),
                outputs: Some(VariableMap::default()),
            }),
            target: Some(Target::Container(container)),
            ..TaskTemplate::default()
        };
        let names = TemplateNames {
            execution: WorkflowExecutionIdentifier {
                project: "p".into(),
                domain: "d".into(),
                name: "f1".into(),
                ..WorkflowExecutionIdentifier::default()
            },
            node: "n0".into(),
            attempt: 0,
        };
        let attempt = Attempt {
            task,
            inputs: LiteralMap::default(),
            array_inputs: None,
            element: None,
            platform: None,
            objects: None,
            warm: None,
            folder: root.path().join("runs/p/d/f1/n0/0"),
            blobs: root.path().join("blobs"),
            raw_prefix: None,
            names,
            timeout: None,
            envs: Vec::new(),
        };
        Self { root, attempt }
    }

    fn container(&mut self) -> &mut Container {
        match &mut self.attempt.task.target {
            Some(Target::Container(container)) => container,
            other => panic!("{other:?}"),
        }
    }

    fn data_config(&mut self) -> &mut DataLoadingConfig {
        self.container().data_config.as_mut().unwrap()
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn input(mut self, name: &str, of: &str, value: serde_json::Value) -> Self {
        let literal = from_json(&value, &type_of(of)).unwrap();
        self.attempt.inputs.literals.insert(name.to_owned(), literal);
        self
    }

    fn output(mut self, name: &str, of: &str) -> Self {
        let interface = self.attempt.task.interface.as_mut().unwrap();
        let variable = Variable { r#type: Some(type_of(of)), ..Variable::default() };
        interface.outputs.as_mut().unwrap().variables.insert(name.to_owned(), variable);
        self
    }

    fn folder(&self) -> &Path {
        &self.attempt.folder
    }

    fn run(&self) -> AttemptOutcome {
        let (_kill, never) = watch::channel(false);
        block_on(run(self.attempt.clone(), drop, never))
    }

    #[track_caller]
    fn outputs(&self) -> LiteralMap {
        match self.run() {
            AttemptOutcome::Succeeded(outputs) => outputs,
            other => panic!("{other:?}"),
        }
    }

    /// The only output, a text.
    #[track_caller]
    fn text(&self) -> String {
        text(self.outputs().literals.values().next().unwrap())
    }

    #[track_caller]
    fn failure(&self) -> (ExecutionError, bool) {
        match self.run() {
            AttemptOutcome::Failed { error, recoverable } => (error, recoverable),
            other => panic!("{other:?}"),
        }
    }

    /// The file of an output, which has an address in the sandbox's store.
    #[track_caller]
    fn file_of(&self, literal: &Literal) -> PathBuf {
        match scalar_of(literal) {
            scalar::Value::Blob(blob) => {
                assert!(blob.uri.starts_with("s3://my-s3-bucket/data/p/d/f1/n0/0/"), "{}", blob.uri);
                crate::blobs::file_of_uri(&self.attempt.blobs, &blob.uri).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    /// A message without the parts that differ from run to run.
    #[track_caller]
    fn message(&self) -> String {
        self.failure().0.message.replace(&self.root.path().display().to_string(), "ROOT")
    }
}

fn type_of(text: &str) -> LiteralType {
    parse_type(text).unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[track_caller]
fn scalar_of(literal: &Literal) -> &scalar::Value {
    match &literal.value {
        Some(literal::Value::Scalar(scalar)) => scalar.value.as_ref().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn text(literal: &Literal) -> String {
    match scalar_of(literal) {
        scalar::Value::Primitive(primitive) => match &primitive.value {
            Some(primitive::Value::StringValue(text)) => text.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

mod commands;
mod endings;
mod files;
mod python;
#[cfg(target_os = "linux")]
mod warm;

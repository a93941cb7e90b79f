//! Registration over a network with a delay, beside the official stubs, which send one call after another, as
//! flytectl does.

use std::time::Duration;

use super::client::{Bench, tasks};
use super::delay;
use super::timing::{ratio, shortest, time};
use crate::Result;
use crate::python::Venv;

/// How many times as fast it must be. 200 round trips of 20 ms are 4 s; the server's own work is the same for
/// both.
const BUDGET: f64 = 6.0;

const TASKS: usize = 200;
const ROUND_TRIP: Duration = Duration::from_millis(20);

/// Registers as many tasks with the official stubs.
const STUBS: &str = "\
import os, sys
import grpc
from flyteidl.admin import task_pb2
from flyteidl.core import identifier_pb2, interface_pb2, tasks_pb2
from flyteidl.service import admin_pb2_grpc
channel = grpc.insecure_channel(os.environ['FLYTE_PLATFORM_URL'])
admin = admin_pb2_grpc.AdminServiceStub(channel)
interface = interface_pb2.TypedInterface(inputs=interface_pb2.VariableMap(), outputs=interface_pb2.VariableMap())
for number in range(int(sys.argv[1])):
    id = identifier_pb2.Identifier(
        resource_type=identifier_pb2.TASK, project='flytesnacks', domain='development',
        name=f'far.{number}', version=sys.argv[2])
    template = tasks_pb2.TaskTemplate(
        id=id, type='raw-container', interface=interface, metadata=tasks_pb2.TaskMetadata(),
        container=tasks_pb2.Container(image='example.org/i:1', command=['true']))
    admin.CreateTask(task_pb2.TaskCreateRequest(id=id, spec=task_pb2.TaskSpec(template=template)))
";

/// Measures, and says when it is slower than it may be.
pub(super) fn register(bench: &Bench, venv: &Venv) -> Result<Option<String>> {
    let far = delay::start(&bench.server.address, ROUND_TRIP)?;
    let documents = bench.write("far.yaml", &tasks(TASKS, "far"))?;
    let ours = ["far-1", "far-2", "far-3"].map(|version| {
        let mut register = bench.host();
        register.arg("register").arg(&documents).args(["--version", version]);
        time(register.env("FLYTE_PLATFORM_URL", &far))
    });
    let script = bench.write("stubs.py", STUBS)?;
    let mut stubs = bench.official(venv, "python");
    stubs.arg(&script).args([&TASKS.to_string(), "far-4"]).env("FLYTE_PLATFORM_URL", &far);
    let name = format!("register {TASKS} tasks, {} ms away", ROUND_TRIP.as_millis());
    Ok(ratio(&name, shortest(ours)?, "official stubs, in a row", time(&mut stubs)?, BUDGET))
}

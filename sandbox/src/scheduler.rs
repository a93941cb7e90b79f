//! Starts executions by the schedules of active launch plans, while a sandbox is served.
//!
//! As Flyte's scheduler (`flyteadmin/scheduler`): a schedule counts from the activation of its launch plan;
//! what it missed while no server ran is started by the next one; an execution's name is made from the launch
//! plan and the time, so that none is started twice.

mod timing;

use std::collections::HashSet;

use flyte_client::{
    Code,
    proto::{
        admin::{
            ExecutionCreateRequest, ExecutionMetadata, ExecutionSpec, execution_metadata::ExecutionMode,
        },
        core::{Identifier, Literal, LiteralMap, Primitive, Scalar, literal, primitive, scalar},
    },
};
use jiff::{SignedDuration, Timestamp};

use self::timing::Timing;
use crate::{
    Sandbox,
    service::execution,
    service_error::ServiceError,
    store::{
        schedule::{self, ActiveSchedule},
        time,
    },
};

/// How far in the future the last time of a schedule may be: a clock that was set back for a moment.
const LARGEST_LEAD: SignedDuration = SignedDuration::from_hours(24);

/// Starts executions until it is dropped.
pub(crate) async fn run(sandbox: &Sandbox) {
    let mut scheduler = Scheduler { sandbox, reported: HashSet::new() };
    loop {
        let next = match scheduler.start_due() {
            Ok(Progress::Started) => {
                tokio::task::yield_now().await;
                continue;
            }
            Ok(Progress::Next(next)) => next,
            Err(error) => {
                let status = flyte_client::Status::from(error);
                log::warn!("could not start executions by schedules: {}", status.message);
                None
            }
        };
        tokio::select! {
            () = sandbox.clock.wait_until(next) => {}
            () = sandbox.schedules_changed.notified() => {}
        }
    }
}

/// What [`Scheduler::start_due`] did.
enum Progress {
    /// It started executions, and there may be more.
    Started,
    /// Nothing is due before this time; `None`: ever.
    Next(Option<Timestamp>),
}

struct Scheduler<'a> {
    sandbox: &'a Sandbox,
    /// The rows of launch plans whose schedules start nothing, which was logged.
    reported: HashSet<i64>,
}

impl Scheduler<'_> {
    /// Starts at most one execution of each schedule.
    fn start_due(&mut self) -> Result<Progress, ServiceError> {
        let now = self.sandbox.clock.now();
        let mut next: Option<Timestamp> = None;
        let mut started = false;
        for active in self.sandbox.store.read(schedule::list)? {
            let timing = match Timing::new(&active.schedule) {
                Ok(timing) => timing,
                Err(reason) => {
                    if self.reported.insert(active.plan) {
                        log::warn!("the schedule of launch plan `{}` never fires: {reason}", active.id.name);
                    }
                    continue;
                }
            };
            let mut since = active.since;
            if since.duration_since(now) > LARGEST_LEAD {
                let name = &active.id.name;
                log::warn!(
                    "the last time of launch plan `{name}`, {since}, is in the future; it continues now"
                );
                self.sandbox.store.write(|transaction| schedule::set_since(transaction, active.plan, now))?;
                since = now;
            }
            match timing.next_after(since) {
                Some(at) if at <= now => {
                    self.start(&active, &timing, at)?;
                    started = true;
                }
                Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        if started {
            self.sandbox.wake_engine();
            return Ok(Progress::Started);
        }
        Ok(Progress::Next(next))
    }

    /// Starts the execution of a time. A launch plan that cannot be started skips the time.
    fn start(&self, active: &ActiveSchedule, timing: &Timing, at: Timestamp) -> Result<(), ServiceError> {
        let store = &self.sandbox.store;
        let done = store.write(|transaction| {
            if schedule::set_since(transaction, active.plan, at)? {
                execution::create_in(transaction, request(active, timing, at), None)?;
            }
            Ok::<_, ServiceError>(())
        });
        let status = match done {
            Err(ServiceError::Status(status)) => status,
            // The database or the files may work the next time.
            done => return done,
        };
        if status.code != Code::AlreadyExists {
            let name = &active.id.name;
            log::warn!("could not start launch plan `{name}` by its schedule for {at}: {}", status.message);
        }
        store.write(|transaction| schedule::set_since(transaction, active.plan, at))?;
        Ok(())
    }
}

fn request(active: &ActiveSchedule, timing: &Timing, at: Timestamp) -> ExecutionCreateRequest {
    let id = &active.id;
    let stamp = time::to_message(at);
    let mut inputs = LiteralMap::default();
    let kickoff = &active.schedule.kickoff_time_input_arg;
    if timing.passes_time() && !kickoff.is_empty() {
        let time = Primitive { value: Some(primitive::Value::Datetime(stamp)) };
        let scalar = Scalar { value: Some(scalar::Value::Primitive(time)) };
        let literal = Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Literal::default() };
        inputs.literals.insert(kickoff.clone(), literal);
    }
    let metadata = ExecutionMetadata {
        mode: ExecutionMode::Scheduled.into(),
        scheduled_at: Some(stamp),
        ..ExecutionMetadata::default()
    };
    ExecutionCreateRequest {
        project: id.project.clone(),
        domain: id.domain.clone(),
        name: execution_name(id, at),
        spec: Some(ExecutionSpec {
            launch_plan: Some(id.clone()),
            metadata: Some(metadata),
            ..ExecutionSpec::default()
        }),
        inputs: Some(inputs),
        ..ExecutionCreateRequest::default()
    }
}

/// The name that Flyte gives to the execution of a time (`scheduler/identifier`): the 64-bit FNV-1 hash of
/// the launch plan and the time, as the first half of a UUID.
fn execution_name(id: &Identifier, at: Timestamp) -> String {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let text = format!("{}:{}:{}:{}:{}", id.project, id.domain, id.name, id.version, at.as_second());
    let hash = text.bytes().fold(OFFSET_BASIS, |hash, byte| hash.wrapping_mul(PRIME) ^ u64::from(byte));
    let hex = data_encoding::HEXLOWER.encode(&hash.to_le_bytes());
    format!("f{hex}000")
}

#[cfg(test)]
mod tests;

//! When a launch plan starts by itself, as FlyteAdmin and its scheduler read it.
//!
//! FlyteAdmin takes schedules that never start anything, such as `0 0 30 2 *`; [`never_fires`] finds them.

mod cron;

pub use self::cron::{Cron, CronError};

use crate::proto::{
    admin::{FixedRateUnit, LaunchPlanSpec, schedule::ScheduleExpression},
    core::parameter::Behavior,
};

/// Why a launch plan would never start by its schedule; `None` if it would, or has none.
#[must_use]
pub fn never_fires(spec: &LaunchPlanSpec) -> Option<String> {
    let schedule = spec.entity_metadata.as_ref()?.schedule.as_ref()?;
    let kickoff = &schedule.kickoff_time_input_arg;
    match schedule.schedule_expression.as_ref()? {
        ScheduleExpression::CronSchedule(cron) => cron_never_fires(&cron.schedule),
        #[expect(deprecated, reason = "servers still give schedules in the old form")]
        ScheduleExpression::CronExpression(cron) => cron_never_fires(cron),
        ScheduleExpression::Rate(rate) if rate.value == 0 => Some("its rate is 0".to_owned()),
        ScheduleExpression::Rate(rate) if FixedRateUnit::try_from(rate.unit).is_err() => {
            Some(format!("its rate has an unknown unit, {}", rate.unit))
        }
        ScheduleExpression::Rate(_) if is_required(spec, kickoff) => Some(format!(
            "Flyte passes the time to an input for cron schedules only, and `{kickoff}` has no default"
        )),
        ScheduleExpression::Rate(_) => None,
    }
}

/// Whether an execution needs a value for an input.
fn is_required(spec: &LaunchPlanSpec, input: &str) -> bool {
    let parameter = spec.default_inputs.as_ref().and_then(|inputs| inputs.parameters.get(input));
    matches!(parameter.and_then(|parameter| parameter.behavior.as_ref()), Some(Behavior::Required(true)))
}

fn cron_never_fires(text: &str) -> Option<String> {
    match Cron::parse(text) {
        Ok(cron) if !cron.fires() => Some(format!("no month that `{text}` names has such a day")),
        // What the server does not take, it says itself.
        Ok(_) | Err(_) => None,
    }
}

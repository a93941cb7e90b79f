//! Validates schedules like FlyteAdmin. The sandbox stores schedules, but does not run them.

use flyte_client::{
    literal,
    proto::{
        admin::{Schedule, schedule::ScheduleExpression},
        core::{ParameterMap, SimpleType, literal_type::Type, parameter::Behavior},
    },
    schedule::Cron,
};

use crate::service_error::{ServiceError, invalid};

/// Rejects an invalid schedule.
pub(super) fn validate(schedule: Option<&Schedule>, expected: &ParameterMap) -> Result<(), ServiceError> {
    let Some(schedule) = schedule else { return Ok(()) };
    let Some(expression) = &schedule.schedule_expression else { return Ok(()) };
    let kickoff = &schedule.kickoff_time_input_arg;
    let is_required = |behavior: &Option<Behavior>| matches!(behavior, Some(Behavior::Required(true)));
    for (name, parameter) in &expected.parameters {
        if is_required(&parameter.behavior) && name != kickoff {
            return Err(invalid(format!(
                "Cannot create a launch plan with a schedule if there is an unbound required input. [{name}] is required"
            )));
        }
    }
    if !kickoff.is_empty() {
        let Some(parameter) = expected.parameters.get(kickoff) else {
            return Err(invalid(format!(
                "Cannot create a schedule with a KickoffTimeInputArg that does not point to a free input. [{kickoff}] \
                 is not free or does not exist."
            )));
        };
        let given = parameter.var.clone().unwrap_or_default().r#type.unwrap_or_default();
        if given.r#type != Some(Type::Simple(SimpleType::Datetime.into())) {
            return Err(invalid(format!(
                "KickoffTimeInputArg must reference a datetime input. [{kickoff}] is a [{}]",
                literal::type_name(&given)
            )));
        }
    }
    match expression {
        ScheduleExpression::CronSchedule(cron) => validate_cron(&cron.schedule),
        #[expect(deprecated, reason = "older clients send it")]
        ScheduleExpression::CronExpression(cron) => validate_cron(cron),
        ScheduleExpression::Rate(rate) if rate.value == 0 => {
            Err(invalid("Invalid fixed rate: it must be at least 1"))
        }
        ScheduleExpression::Rate(_) => Ok(()),
    }
}

fn validate_cron(text: &str) -> Result<(), ServiceError> {
    // FlyteAdmin ignores an empty one.
    if text.is_empty() {
        return Ok(());
    }
    if let Err(problem) = Cron::parse(text) {
        return Err(invalid(format!("Invalid cron expression: [{text}]: {problem}")));
    }
    let zones = jiff::tz::db();
    match time_zone(text) {
        // Not every machine has the time zones.
        Some(zone) if zone != "Local" && !zones.is_definitively_empty() && zones.get(zone).is_err() => {
            Err(invalid(format!(
                "Invalid cron expression: provided bad location {zone}: unknown time zone {zone}"
            )))
        }
        _ => Ok(()),
    }
}

/// The time zone that a cron expression names.
fn time_zone(text: &str) -> Option<&str> {
    let zone = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ="))?;
    zone.split(' ').next()
}

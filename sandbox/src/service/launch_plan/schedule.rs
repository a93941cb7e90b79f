//! Validates schedules like FlyteAdmin. The scheduler runs them.

use flyte_client::{
    Code, Status, literal,
    proto::{
        admin::{LaunchPlanSpec, Schedule, schedule::ScheduleExpression},
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

/// Whether an activated launch plan has a schedule; a schedule in the old form is refused, as by FlyteAdmin.
pub(super) fn starts(plan: Option<&LaunchPlanSpec>) -> Result<bool, ServiceError> {
    let schedule = plan.and_then(|plan| plan.entity_metadata.as_ref()?.schedule.as_ref());
    match schedule.and_then(|schedule| schedule.schedule_expression.as_ref()) {
        Some(ScheduleExpression::CronSchedule(cron)) => Ok(!cron.schedule.is_empty()),
        Some(ScheduleExpression::Rate(_)) => Ok(true),
        #[expect(deprecated, reason = "older clients send it")]
        Some(ScheduleExpression::CronExpression(cron)) if !cron.is_empty() => {
            let text = format!("failed adding schedule for unknown schedule expression type &{{{cron}}}");
            Err(Status::new(Code::Unknown, text).into())
        }
        _ => Ok(false),
    }
}

fn validate_cron(text: &str) -> Result<(), ServiceError> {
    // FlyteAdmin ignores an empty one.
    if text.is_empty() {
        return Ok(());
    }
    let cron = Cron::parse(text)
        .map_err(|problem| invalid(format!("Invalid cron expression: [{text}]: {problem}")))?;
    let zones = jiff::tz::db();
    match cron.zone() {
        // Not every machine has the time zones.
        Some(zone) if zone != "Local" && !zones.is_definitively_empty() && zones.get(zone).is_err() => {
            Err(invalid(format!(
                "Invalid cron expression: provided bad location {zone}: unknown time zone {zone}"
            )))
        }
        _ => Ok(()),
    }
}

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
        // FlyteAdmin ignores an empty one.
        ScheduleExpression::CronSchedule(cron) if cron.schedule.is_empty() => Ok(()),
        ScheduleExpression::CronSchedule(cron) => Cron::parse(&cron.schedule)
            .map(drop)
            .map_err(|problem| invalid(format!("Invalid cron expression: [{}]: {problem}", cron.schedule))),
        ScheduleExpression::Rate(rate) if rate.value == 0 => {
            Err(invalid("Invalid fixed rate: it must be at least 1"))
        }
        _ => Ok(()),
    }
}

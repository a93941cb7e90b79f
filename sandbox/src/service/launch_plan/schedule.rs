//! Schedules: what FlyteAdmin refuses is refused here too. The sandbox keeps schedules, and starts nothing by them.

use remote::{
    literal,
    proto::{
        admin::{Schedule, schedule::ScheduleExpression},
        core::{ParameterMap, SimpleType, literal_type::Type, parameter::Behavior},
    },
};

use crate::failure::{Failure, invalid};

/// Names that stand for a whole expression.
const DESCRIPTORS: &[&str] = &[
    "hourly",
    "hours",
    "@hourly",
    "daily",
    "days",
    "@daily",
    "@midnight",
    "weekly",
    "weeks",
    "@weekly",
    "monthly",
    "months",
    "@monthly",
    "yearly",
    "years",
    "annually",
    "@yearly",
    "@annually",
];

/// The five fields of an expression: name, least, most, names of values from the least on.
const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    ("month", 1, 12, &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
    ("day of week", 0, 6, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
];

/// Refuses a schedule that could not start anything.
pub(super) fn validate(schedule: Option<&Schedule>, expected: &ParameterMap) -> Result<(), Failure> {
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
        ScheduleExpression::CronSchedule(cron) => cron_problem(&cron.schedule).map_or(Ok(()), |problem| {
            Err(invalid(format!("Invalid cron expression: [{}]: {problem}", cron.schedule)))
        }),
        ScheduleExpression::Rate(rate) if rate.value == 0 => {
            Err(invalid("Invalid fixed rate: it must be at least 1"))
        }
        _ => Ok(()),
    }
}

fn cron_problem(text: &str) -> Option<String> {
    if DESCRIPTORS.contains(&text.to_lowercase().as_str()) {
        return None;
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!("expected exactly 5 fields, found {}", fields.len()));
    }
    let mut fields = fields.iter().zip(FIELDS);
    fields.find_map(|(text, (name, least, most, names))| {
        let is_valid = text.split(',').all(|part| is_part(part, least, most, names));
        (!is_valid).then(|| format!("`{text}` is no {name}"))
    })
}

/// `*`, `?`, a value, a range, each maybe with a step.
fn is_part(part: &str, least: u32, most: u32, names: &[&str]) -> bool {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    let is_step = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
    let value = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|index| u32::try_from(index).ok()).map(|index| index + least);
        named.or_else(|| text.parse().ok()).filter(|value| (least..=most).contains(value))
    };
    let is_range = match range.split_once('-') {
        Some((from, to)) => matches!((value(from), value(to)), (Some(from), Some(to)) if from <= to),
        None => matches!(range, "*" | "?") || value(range).is_some(),
    };
    is_step && is_range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_the_scheduler() {
        for text in ["@daily", "* * * * *", "*/10 0-6 1,15 JAN-mar ?", "0 0 * * 0"] {
            assert_eq!(cron_problem(text), None, "{text}");
        }
        assert_eq!(cron_problem("* * * *").unwrap(), "expected exactly 5 fields, found 4");
        assert_eq!(cron_problem("60 * * * *").unwrap(), "`60` is no minute");
        assert_eq!(cron_problem("* * * 5-2 *").unwrap(), "`5-2` is no month");
        assert_eq!(cron_problem("*/0 * * * *").unwrap(), "`*/0` is no minute");
    }
}

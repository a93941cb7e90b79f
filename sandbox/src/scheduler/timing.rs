//! When a schedule starts executions.

use flyte_client::{
    proto::admin::{FixedRateUnit, Schedule, schedule::ScheduleExpression},
    schedule::Cron,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// When a schedule starts executions.
#[derive(Debug)]
pub(super) enum Timing {
    Cron(Cron, TimeZone),
    Rate(SignedDuration),
}

impl Timing {
    /// Reads a schedule; the reason why it starts nothing as an error.
    pub(super) fn new(schedule: &Schedule) -> Result<Self, String> {
        match &schedule.schedule_expression {
            Some(ScheduleExpression::CronSchedule(cron)) => {
                let cron = Cron::parse(&cron.schedule).map_err(|error| error.to_string())?;
                let zone = match cron.zone() {
                    // Without a zone, and in the zone of the scheduler, it is UTC, as in Flyte's containers.
                    None | Some("Local") => TimeZone::UTC,
                    Some(zone) => TimeZone::get(zone).map_err(|error| error.to_string())?,
                };
                Ok(Self::Cron(cron, zone))
            }
            Some(ScheduleExpression::Rate(rate)) => {
                let hours = match FixedRateUnit::try_from(rate.unit) {
                    Ok(FixedRateUnit::Minute) => {
                        return Ok(Self::Rate(SignedDuration::from_mins(rate.value.into())));
                    }
                    Ok(FixedRateUnit::Hour) => 1,
                    Ok(FixedRateUnit::Day) => 24,
                    Err(_) => return Err(format!("unknown unit {} of its rate", rate.unit)),
                };
                Ok(Self::Rate(SignedDuration::from_hours(i64::from(rate.value) * hours)))
            }
            _ => Err("unknown kind of schedule".to_owned()),
        }
    }

    /// The first time after another one; `None` if there is none.
    pub(super) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(cron, zone) => cron.next_after(after, zone),
            Self::Rate(rate) if rate.is_zero() => None,
            // The scheduler counts from whole seconds.
            Self::Rate(rate) => Timestamp::from_second(after.as_second()).ok()?.checked_add(*rate).ok(),
        }
    }

    /// Whether the time of the schedule is an input of its executions: Flyte passes it for cron only.
    pub(super) const fn passes_time(&self) -> bool {
        matches!(self, Self::Cron(..))
    }
}

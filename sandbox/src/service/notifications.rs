//! Notifications of launch plans and executions. The sandbox records them, and sends none.

use flyte_client::proto::admin::{Notification, notification::Type};

use crate::{
    service_error::{ServiceError, invalid, missing},
    store::execution::is_over,
};

/// Rejects notifications that FlyteAdmin rejects.
pub(crate) fn validate(notifications: &[Notification]) -> Result<(), ServiceError> {
    for notification in notifications {
        let recipients = match &notification.r#type {
            Some(Type::Email(email)) => &email.recipients_email,
            Some(Type::Slack(slack)) => &slack.recipients_email,
            Some(Type::PagerDuty(pager)) => &pager.recipients_email,
            None => return Err(invalid("invalid value for notification type")),
        };
        if recipients.is_empty() {
            return Err(missing("recipients"));
        }
        if recipients.iter().any(String::is_empty) {
            return Err(missing("recipient"));
        }
        if !notification.phases().all(is_over) {
            return Err(invalid("invalid value for phase"));
        }
    }
    Ok(())
}

//! Code that comes with a package: where tasks find it once it was uploaded.
//!
//! `pyflyte package --copy all` leaves `{{ .remote_package_path }}` and `{{ .dest_dir }}` in the arguments of
//! its tasks (`flytekit/tools/translator.py`); the client that uploads the code fills them, as flytectl does.

use prost_types::{Value, value::Kind};

use crate::proto::core::task_template::Target;
use crate::register::entity::Entity;

/// Stands for the place of the uploaded code.
pub const REMOTE_PACKAGE_PATH: &str = "{{ .remote_package_path }}";
/// Stands for the folder to unpack it to.
pub const DEST_DIR: &str = "{{ .dest_dir }}";

/// Fills the placeholders of a task: where the code was uploaded to, and where it is unpacked.
pub fn fill(entity: &mut Entity, uri: &str, destination: &str) {
    visit_texts(entity, &mut |text| {
        for (placeholder, value) in [(REMOTE_PACKAGE_PATH, uri), (DEST_DIR, destination)] {
            if text.contains(placeholder) {
                *text = text.replace(placeholder, value);
            }
        }
    });
}

/// Whether a task downloads the code of its package before it starts.
#[must_use]
pub fn is_needed(entity: &Entity) -> bool {
    let Entity::Task(spec) = entity else { return false };
    match spec.template.as_ref().and_then(|template| template.target.as_ref()) {
        Some(Target::Container(container)) => {
            container.command.iter().chain(&container.args).any(|text| text.contains(REMOTE_PACKAGE_PATH))
        }
        Some(Target::K8sPod(pod)) => {
            pod.pod_spec.iter().flat_map(|spec| spec.fields.values()).any(has_placeholder)
        }
        Some(Target::Sql(_)) | None => false,
    }
}

fn has_placeholder(value: &Value) -> bool {
    match &value.kind {
        Some(Kind::StringValue(text)) => text.contains(REMOTE_PACKAGE_PATH),
        Some(Kind::StructValue(inner)) => inner.fields.values().any(has_placeholder),
        Some(Kind::ListValue(list)) => list.values.iter().any(has_placeholder),
        Some(Kind::NullValue(_) | Kind::NumberValue(_) | Kind::BoolValue(_)) | None => false,
    }
}

/// Visits what a task starts with: command and arguments, or its pod.
fn visit_texts(entity: &mut Entity, visit: &mut dyn FnMut(&mut String)) {
    let Entity::Task(spec) = entity else { return };
    match spec.template.as_mut().and_then(|template| template.target.as_mut()) {
        Some(Target::Container(container)) => {
            container.command.iter_mut().chain(&mut container.args).for_each(visit);
        }
        Some(Target::K8sPod(pod)) => {
            let fields = pod.pod_spec.iter_mut().flat_map(|spec| spec.fields.values_mut());
            fields.for_each(|value| visit_value(value, visit));
        }
        Some(Target::Sql(_)) | None => {}
    }
}

fn visit_value(value: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match &mut value.kind {
        Some(Kind::StringValue(text)) => visit(text),
        Some(Kind::StructValue(inner)) => {
            inner.fields.values_mut().for_each(|value| visit_value(value, visit));
        }
        Some(Kind::ListValue(list)) => list.values.iter_mut().for_each(|value| visit_value(value, visit)),
        Some(Kind::NullValue(_) | Kind::NumberValue(_) | Kind::BoolValue(_)) | None => {}
    }
}

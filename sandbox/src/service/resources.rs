//! Resource requests and limits of tasks, validated by Kubernetes' rules. The sandbox does not enforce them.

use std::collections::BTreeMap;

use flyte_client::proto::core::{
    Identifier, Resources,
    resources::{ResourceEntry, ResourceName},
};

use prost_types::{Struct, Value, value::Kind};

use super::labels;
use crate::{
    identity::IdentifierText,
    service_error::{ServiceError, invalid},
};

/// Rejects invalid quantities, and requests above their limits.
pub(crate) fn validate(id: Option<&Identifier>, resources: Option<&Resources>) -> Result<(), ServiceError> {
    let Some(resources) = resources else { return Ok(()) };
    let task = id.map(|id| IdentifierText(id).to_string()).unwrap_or_default();
    compare(&task, &quantities(&task, &resources.requests)?, &quantities(&task, &resources.limits)?)?;
    let storage = resources.requests.iter().chain(&resources.limits);
    match storage
        .filter(|entry| entry.name() == ResourceName::Storage)
        .find(|it| quantity(&it.value).is_none())
    {
        Some(entry) => Err(invalid(format!(
            "task failed compilation with Collected Errors: 1\n\tError 0: Code: UnrecognizedValue, Node Id: \
             resources.STORAGE, Description: Unrecognized value [{}].\n",
            entry.value
        ))),
        None => Ok(()),
    }
}

/// Numbers by name, with their texts.
type Quantities<'a> = BTreeMap<ResourceName, (f64, &'a str)>;

/// Rejects requests above their limits. As FlyteAdmin does, it compares whole units: `500m` is 1.
fn compare(task: &str, requests: &Quantities<'_>, limits: &Quantities<'_>) -> Result<(), ServiceError> {
    for (name, (request, request_text)) in requests {
        let Some((limit, limit_text)) = limits.get(name) else { continue };
        #[expect(clippy::float_cmp, reason = "equal texts parse to equal numbers")]
        if *name == ResourceName::Gpu && request != limit {
            return Err(invalid(format!(
                "For extended resource 'gpu' the default value must equal the limit value for task [{task}]"
            )));
        }
        if request.ceil() > limit.ceil() {
            return Err(invalid(format!(
                "Requested {} default [{request_text}] is greater than the limit [{limit_text}]. Please fix your \
                 configuration",
                name.as_str_name()
            )));
        }
    }
    Ok(())
}

/// Rejects what FlyteAdmin and the compiler reject in a pod: names of containers, requests above their
/// limits.
pub(crate) fn validate_pod(pod: &Struct) -> Result<(), ServiceError> {
    let containers = match pod.fields.get("containers").and_then(|value| value.kind.as_ref()) {
        Some(Kind::ListValue(list)) => list.values.as_slice(),
        _ => &[],
    };
    for container in containers.iter().filter_map(fields) {
        let resources = container.fields.get("resources").and_then(fields);
        let resources = |name| resources.and_then(|resources| fields(resources.fields.get(name)?));
        let (requests, limits) = (pod_quantities(resources("requests")), pod_quantities(resources("limits")));
        compare("", &requests, &limits)?;
    }
    for container in containers.iter().filter_map(fields) {
        let name = match container.fields.get("name").and_then(|name| name.kind.as_ref()) {
            Some(Kind::StringValue(name)) => name.as_str(),
            _ => "",
        };
        if labels::dns_label_problem(name).is_some() {
            return Err(invalid(
                "task failed compilation with Collected Errors: 1\n\tError 0: Code: InvalidValue, Node Id: root, \
                 Description: Invalid value [k8s pod spec container name].\n",
            ));
        }
    }
    Ok(())
}

fn fields(value: &Value) -> Option<&Struct> {
    match &value.kind {
        Some(Kind::StructValue(fields)) => Some(fields),
        _ => None,
    }
}

/// The quantities of a pod's container that have a limit in Flyte. Kubernetes checks them when it runs one.
fn pod_quantities(list: Option<&Struct>) -> Quantities<'_> {
    let entries = list.into_iter().flat_map(|list| &list.fields);
    let entries = entries.filter_map(|(name, value)| {
        let name = match name.as_str() {
            "cpu" => ResourceName::Cpu,
            "memory" => ResourceName::Memory,
            "ephemeral-storage" => ResourceName::EphemeralStorage,
            _ => return None,
        };
        match &value.kind {
            Some(Kind::StringValue(text)) => Some((name, (quantity(text)?, text.as_str()))),
            Some(Kind::NumberValue(number)) => Some((name, (*number, ""))),
            _ => None,
        }
    });
    entries.collect()
}

fn quantities<'a>(task: &str, entries: &'a [ResourceEntry]) -> Result<Quantities<'a>, ServiceError> {
    let mut found = BTreeMap::new();
    // FlyteAdmin reads no others.
    let is_read = |entry: &&ResourceEntry| {
        use ResourceName::{Cpu, EphemeralStorage, Gpu, Memory};
        matches!(entry.name(), Cpu | EphemeralStorage | Gpu | Memory)
    };
    for entry in entries.iter().filter(is_read) {
        let name = entry.name();
        let number = quantity(&entry.value).ok_or_else(|| {
            invalid(format!(
                "Parsing of {} request failed for value {} - reason quantities must match the regular expression \
                 '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'. Please follow K8s conventions for resources \
                 https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
                name.as_str_name(),
                entry.value
            ))
        })?;
        if name == ResourceName::Gpu && number.fract() != 0.0 {
            return Err(invalid(format!(
                "gpu for [{task}] must be a whole number, got: {} instead",
                entry.value
            )));
        }
        if found.insert(name, (number, entry.value.as_str())).is_some() {
            return Err(invalid(format!(
                "can't specify {} limit for task [{task}] multiple times",
                name.as_str_name()
            )));
        }
    }
    Ok(found)
}

/// A quantity of Kubernetes: a decimal number with a binary or decimal suffix, or an exponent.
fn quantity(text: &str) -> Option<f64> {
    let digits = text
        .find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | '+' | '-')))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0_f64.powi(2),
        "Gi" => 1024.0_f64.powi(3),
        "Ti" => 1024.0_f64.powi(4),
        "Pi" => 1024.0_f64.powi(5),
        "Ei" => 1024.0_f64.powi(6),
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            10.0_f64.powi(power)
        }
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use flyte_client::Status;

    use super::*;

    fn entry(name: ResourceName, value: &str) -> ResourceEntry {
        ResourceEntry { name: name.into(), value: value.to_owned() }
    }

    fn refusal(requests: &[(ResourceName, &str)], limits: &[(ResourceName, &str)]) -> String {
        let entries =
            |list: &[(ResourceName, &str)]| list.iter().map(|(name, text)| entry(*name, text)).collect();
        let resources = Resources { requests: entries(requests), limits: entries(limits) };
        let id = Identifier { name: "t".into(), ..Default::default() };
        Status::from(validate(Some(&id), Some(&resources)).unwrap_err()).message
    }

    #[test]
    fn requests_above_limits_are_refused() {
        use ResourceName::{Cpu, Gpu, Memory};
        assert_eq!(
            refusal(&[(Cpu, "2")], &[(Cpu, "500m")]),
            "Requested CPU default [2] is greater than the limit [500m]. Please fix your configuration"
        );
        assert_eq!(
            refusal(&[(Gpu, "1")], &[(Gpu, "2")]),
            "For extended resource 'gpu' the default value must equal the limit value for task [name:\"t\"]"
        );
        assert_eq!(
            refusal(&[(Gpu, "500m")], &[]),
            "gpu for [name:\"t\"] must be a whole number, got: 500m instead"
        );
        assert_eq!(
            refusal(&[(Memory, "1Gi"), (Memory, "2Gi")], &[]),
            "can't specify MEMORY limit for task [name:\"t\"] multiple times"
        );
        assert!(
            refusal(&[(Memory, "lots")], &[]).starts_with("Parsing of MEMORY request failed for value lots")
        );
    }

    #[test]
    fn whole_units_are_compared() {
        let entries = |text| vec![entry(ResourceName::Cpu, text)];
        let resources = Resources { requests: entries("500m"), limits: entries("400m") };
        assert!(validate(None, Some(&resources)).is_ok());
    }

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for (text, number) in
            [("1", 1.0), ("250m", 0.25), ("1Ki", 1024.0), ("2e3", 2000.0), ("1E", 1e18), ("-1.5", -1.5)]
        {
            assert_eq!(quantity(text), Some(number), "{text}");
        }
        for text in ["", "m", "1Kb", "1..2", "one"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }
}

//! A finding, and everything that was found out about one file.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

#[cfg(target_os = "linux")]
use super::message::Observation;
use super::{
    code::{self, Code, Level},
    message::{Call, Times},
};

/// Something that was found.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) code: &'static Code,
    /// That of the code, or stricter.
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) remedy: String,
    /// The call in which it was found; `None` for what the file itself shows.
    pub(super) call: Option<Call>,
    /// The plugins of the chain in their order, if there is another one.
    pub(super) chain: Option<String>,
    /// Whether it was found while the plugin ran in a process of its own.
    pub(super) is_isolated: bool,
}

impl Finding {
    /// Something about the file.
    pub(super) fn of_file(code: &str, message: impl Into<String>, remedy: Option<String>) -> Self {
        let code = code::find(code);
        let remedy = remedy.unwrap_or_else(|| code.remedy.to_owned());
        Self {
            code,
            level: code.level,
            message: message.into(),
            remedy,
            call: None,
            chain: None,
            is_isolated: false,
        }
    }

    /// Something about a call.
    #[cfg(target_os = "linux")]
    pub(super) fn of_call(observation: Observation) -> Self {
        let Observation { code, call, message, remedy } = observation;
        Self { call: Some(call), ..Self::of_file(&code, message, remedy) }
    }

    /// The function, as it is written in code; empty for what the file itself shows.
    fn function(&self) -> &str {
        self.call.as_ref().map_or("", |call| &call.function)
    }

    /// What was found, with the function.
    pub(super) fn sentence(&self) -> String {
        let chain = match &self.chain {
            Some(chain) => format!(" (in the chain {chain})"),
            None if self.is_isolated => " (isolated)".to_owned(),
            None => String::new(),
        };
        match self.function() {
            "" => format!("{}{chain}", self.message),
            function if self.message.contains(&format!("`{function}`")) => format!("{}{chain}", self.message),
            function => format!("{}: {}{chain}", described(function), self.message),
        }
    }

    /// The command that shows it again, for the hook or the command alone where that is possible.
    pub(super) fn reproduce(&self, file: &Path) -> Option<String> {
        let file = file.display().to_string();
        let file = shlex::try_quote(&file).ok()?;
        let function = self.function();
        if function.is_empty() || self.chain.is_some() {
            return None;
        }
        let isolate = if self.is_isolated { " --isolate" } else { "" };
        let command = function.strip_prefix("command `").and_then(|rest| rest.strip_suffix('`'));
        let options = match (function, command) {
            (_, Some(line)) => format!(" --hook configure_cli --run {}", shlex::try_quote(line).ok()?),
            ("callback" | "help", None) => " --hook configure_cli".to_owned(),
            _ if plugin_abi::Hook::from_name(function).is_some() => format!(" --hook {function}"),
            _ => String::new(),
        };
        Some(format!("flyte-host{isolate} plugin check{options} {file}"))
    }

    pub(super) fn to_json(&self, file: &Path) -> Value {
        json!({
            "level": self.level.name(),
            "code": self.code.name,
            "message": self.message,
            "why": self.code.why,
            "remedy": self.remedy,
            "function": self.call.as_ref().map(|call| &call.function),
            "input": self.call.as_ref().map(|call| &call.input),
            "chain": self.chain,
            "isolated": self.is_isolated,
            "reproduce": self.reproduce(file),
        })
    }
}

/// The place of a function, in words.
pub(super) fn described(function: &str) -> String {
    match function {
        "callback" => "a callback or default of an option".to_owned(),
        "constructor" => "a constructor of the library".to_owned(),
        "help" => "the help of its commands".to_owned(),
        "interfaces" => "the description of its interfaces".to_owned(),
        "process" => "the process".to_owned(),
        function if function.contains('`') => function.to_owned(),
        function => format!("`{function}`"),
    }
}

/// What was found out about a file.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) file: PathBuf,
    /// Name, version and protocol, if the passport could be read.
    pub(super) identity: Option<[String; 3]>,
    pub(super) size: Option<u64>,
    pub(super) glibc: Option<(u32, u32)>,
    pub(super) findings: Vec<Finding>,
    pub(super) times: BTreeMap<String, Times>,
}

impl Report {
    /// Adds a finding, unless one of the same code and function is there.
    pub(super) fn add(&mut self, finding: Finding) {
        let is_known = |known: &Finding| {
            known.code.name == finding.code.name
                && known.function() == finding.function()
                // Files have several of one code, such as a search path in each of two folders.
                && (finding.call.is_some() || known.message == finding.message)
        };
        if !self.findings.iter().any(is_known) {
            self.findings.push(finding);
        }
    }

    /// Makes warnings errors.
    pub(super) fn make_strict(&mut self) {
        for finding in self.findings.iter_mut().filter(|finding| finding.level == Level::Warning) {
            finding.level = Level::Error;
        }
    }

    /// How many findings have a level.
    pub(super) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

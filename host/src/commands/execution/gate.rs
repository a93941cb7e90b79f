//! `execution approve`, `reject` and `set-input`.

use clap::Args;
use flyte_client::{
    list,
    literal::{self, type_name},
    proto::{
        admin::{Execution, Signal, SignalGetOrCreateRequest, SignalSetRequest},
        core::{
            Literal, LiteralMap, LiteralType, SignalIdentifier, SimpleType, literal_type::Type,
            node_execution::Phase,
        },
    },
    watch::{self, Gate, Watch, is_done, is_node_done},
};

use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
};
use crate::{
    commands::run::inputs,
    context::Context,
    flyte::{execution, session::Session, values},
};

#[derive(Args, Debug)]
pub(super) struct AnswerArgs {
    /// Name of the execution
    execution: String,

    /// Gate to answer [default: the only one that waits for approval]
    gate: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct InputArgs {
    /// Name of the execution
    execution: String,

    /// Gate to answer [default: the only one that waits for a value], and the value, written as for `run
    /// --input`; a local file or folder is uploaded
    // One argument for both: clap assigns an optional first one wrongly if options stand between the two.
    #[arg(required = true, num_args = 1..=2, value_names = ["GATE", "VALUE"], allow_negative_numbers = true)]
    answer: Vec<String>,
}

impl InputArgs {
    fn gate_and_value(&self) -> (Option<&str>, &str) {
        match self.answer.as_slice() {
            [gate, value] => (Some(gate), value),
            [value] => (None, value),
            _ => (None, ""),
        }
    }
}

/// Runs `execution approve` and `execution reject`.
pub(super) async fn answer(
    args: &AnswerArgs,
    approve: bool,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let gates = Gates::read(&session, &args.execution).await?;
    let gate = gates.find(&session, args.gate.as_deref(), GateAnswer::Approval)?;
    let value = literal::from_json(&approve.into(), &boolean())
        .map_err(|error| CommandError::from_error(Exit::Internal, error))?;
    send(&session, &gates.execution, gate, value.clone()).await?;
    let word = if approve { "approved" } else { "rejected" };
    report_answer(word, &gates.execution, gate, &value, ui)
}

/// Runs `execution set-input`.
pub(super) async fn set_input(args: &InputArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let session = context.session()?;
    let gates = Gates::read(&session, &args.execution).await?;
    let (gate, value) = args.gate_and_value();
    let gate = gates.find(&session, gate, GateAnswer::Value)?;
    let value = literal::from_text(value, &gate.kind).map_err(|error| {
        CommandError::new(Exit::Failed, format!("invalid value for gate `{}`", gate.signal))
            .hint(error.hint())
            .caused_by(error)
    })?;
    let mut values = LiteralMap { literals: [(gate.signal.clone(), value)].into() };
    inputs::upload(&session, &mut values).await?;
    let value = values.literals.remove(&gate.signal).unwrap_or_default();
    send(&session, &gates.execution, gate, value.clone()).await?;
    report_answer("answered", &gates.execution, gate, &value, ui)
}

/// The kind of answer that a gate waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GateAnswer {
    Approval,
    Value,
}

impl GateAnswer {
    const fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Value => "a value",
        }
    }
}

/// A gate that can be answered by its signal.
struct AnswerableGate {
    signal: String,
    /// `None` if the workflow does not say it.
    wanted: Option<GateAnswer>,
    kind: LiteralType,
    /// The node and its phase, once the execution reached it.
    node: Option<(String, Phase)>,
    /// Whether its node waits now.
    is_open: bool,
    /// Whether the server has its signal, as it does once the execution reached the node.
    is_known: bool,
    /// The answer.
    value: Option<Literal>,
}

impl AnswerableGate {
    fn new(gate: &Gate) -> Option<Self> {
        let (signal, wanted, kind) = match gate {
            Gate::Approval { signal } => (signal, GateAnswer::Approval, boolean()),
            Gate::Value { signal, kind } => (signal, GateAnswer::Value, kind.as_ref().clone()),
            Gate::Sleep { .. } => return None,
        };
        Some(Self {
            signal: signal.clone(),
            wanted: Some(wanted),
            kind,
            node: None,
            is_open: false,
            is_known: false,
            value: None,
        })
    }

    /// ```may-i` (waits for approval)``, and so on.
    fn summary(&self) -> String {
        let state = match (&self.value, self.is_open) {
            (Some(value), _) => format!("answered: {}", values::to_text(&literal::to_json(value))),
            (None, true) => match self.wanted {
                Some(wanted) => format!("waits for {}", wanted.name()),
                None => format!("waits for a value of type `{}`", type_name(&self.kind)),
            },
            (None, false) => match &self.node {
                Some((_, phase)) => phase.as_str_name().to_owned(),
                None => "not reached".to_owned(),
            },
        };
        format!("`{}` ({state})", self.signal)
    }

    fn is_for(&self, wanted: GateAnswer) -> bool {
        match self.wanted {
            Some(own) => own == wanted,
            None => wanted == GateAnswer::Value || self.kind == boolean(),
        }
    }
}

fn boolean() -> LiteralType {
    LiteralType { r#type: Some(Type::Simple(SimpleType::Boolean.into())), ..Default::default() }
}

/// The gates of an execution.
struct Gates {
    execution: Execution,
    all: Vec<AnswerableGate>,
}

impl Gates {
    /// Reads the gates of the workflow, the state of their nodes, and the answers so far.
    async fn read(session: &Session, name: &str) -> Result<Self, CommandError> {
        execution::read(session, name).await?;
        let id = execution::id(session, name);
        let mut watch = Watch::new(&session.client, id.clone());
        let execution = watch.look().await?.execution;
        let signals = list::signals(&session.client, &id).await?;
        let mut all: Vec<AnswerableGate> = Vec::new();
        for gate in watch.gates(&execution).await?.iter().filter_map(AnswerableGate::new) {
            all.push(gate);
        }
        for node in watch.nodes() {
            let signal = node.gate.as_ref().and_then(Gate::signal);
            if let Some(gate) = all.iter_mut().find(|gate| Some(gate.signal.as_str()) == signal) {
                gate.node = Some((node.id.clone(), node.phase));
                gate.is_open |= !is_node_done(node.phase);
            }
        }
        for signal in signals {
            add_signal(&mut all, signal);
        }
        Ok(Self { execution, all })
    }

    fn name(&self) -> &str {
        self.execution.id.as_ref().map(|id| id.name.as_str()).unwrap_or_default()
    }

    /// The gate with this name or the only open one, if it can be answered.
    fn find(
        &self,
        session: &Session,
        name: Option<&str>,
        wanted: GateAnswer,
    ) -> Result<&AnswerableGate, CommandError> {
        let gate = match name {
            Some(name) => self.find_by_name(name)?,
            None => self.only_open(wanted)?,
        };
        let about = |text: String| CommandError::new(Exit::Failed, text);
        if let Some(value) = &gate.value {
            let value = values::to_text(&literal::to_json(value));
            let text = format!("gate `{}` of execution `{}` is already answered", gate.signal, self.name());
            return Err(about(text).caused_by(format!("the answer is {value}")));
        }
        if is_done(watch::phase(&self.execution)) {
            let phase = watch::phase(&self.execution).as_str_name();
            return Err(about(format!("execution `{}` has ended: {phase}", self.name())));
        }
        if let Some((node, phase)) = gate.node.as_ref().filter(|(_, phase)| is_node_done(*phase)) {
            let phase = phase.as_str_name();
            let text = format!("gate `{}` of execution `{}` has ended", gate.signal, self.name());
            return Err(about(text).caused_by(format!("node `{node}`: {phase}")));
        }
        if !gate.is_for(wanted) {
            return Err(self.other_command(session, gate));
        }
        Ok(gate)
    }

    fn other_command(&self, session: &Session, gate: &AnswerableGate) -> CommandError {
        let id = self.execution.id.clone().unwrap_or_default();
        let (waits, verb, words) = match gate.wanted {
            Some(GateAnswer::Approval) => ("approval".to_owned(), "approve", vec![gate.signal.as_str()]),
            _ => {
                let kind = format!("a value of type `{}`", type_name(&gate.kind));
                (kind, "set-input", vec![gate.signal.as_str(), "VALUE"])
            }
        };
        CommandError::new(Exit::Failed, format!("gate `{}` waits for {waits}", gate.signal)).hint(format!(
            "run `{}`",
            session.command(&[&["execution", verb, &id.name], &words[..]].concat())
        ))
    }

    /// By the name of the gate or of its node.
    fn find_by_name(&self, name: &str) -> Result<&AnswerableGate, CommandError> {
        let by_signal = self.all.iter().find(|gate| gate.signal == name);
        let is_node = |gate: &&AnswerableGate| gate.node.as_ref().is_some_and(|(id, _)| id == name);
        let found = by_signal.or_else(|| self.all.iter().find(is_node));
        found.ok_or_else(|| {
            let failure =
                CommandError::new(Exit::Failed, format!("no gate `{name}` in execution `{}`", self.name()));
            match flyte_text::closest(name, self.all.iter().map(|gate| gate.signal.as_str())) {
                Some(near) => failure.caused_by(self.summary()).hint(format!("did you mean `{near}`?")),
                None => failure.caused_by(self.summary()),
            }
        })
    }

    fn only_open(&self, wanted: GateAnswer) -> Result<&AnswerableGate, CommandError> {
        let is_open = |gate: &&AnswerableGate| gate.is_open && gate.value.is_none() && gate.is_for(wanted);
        let open: Vec<_> = self.all.iter().filter(is_open).collect();
        match open.as_slice() {
            [gate] => Ok(gate),
            [] => {
                let text = format!("no gate of execution `{}` waits for {}", self.name(), wanted.name());
                Err(CommandError::new(Exit::Failed, text).caused_by(self.summary()))
            }
            _ => {
                let text =
                    format!("{} gates of execution `{}` wait for {}", open.len(), self.name(), wanted.name());
                Err(CommandError::new(Exit::Failed, text)
                    .caused_by(self.summary())
                    .hint("pass the name of one of them".to_owned()))
            }
        }
    }

    fn summary(&self) -> String {
        if self.all.is_empty() {
            return "the execution has no gates".to_owned();
        }
        let gates: Vec<_> = self.all.iter().map(AnswerableGate::summary).collect();
        format!("the gates of the execution: {}", gates.join(", "))
    }
}

/// Adds the server's state of a signal.
fn add_signal(all: &mut Vec<AnswerableGate>, signal: Signal) {
    let name = signal.id.map(|id| id.signal_id).unwrap_or_default();
    let at = all.iter().position(|gate| gate.signal == name).unwrap_or_else(|| {
        let kind = signal.r#type.clone().unwrap_or_default();
        // Created by another client, or the workflow cannot be read.
        all.push(AnswerableGate {
            signal: name,
            wanted: None,
            kind,
            node: None,
            is_open: true,
            is_known: true,
            value: None,
        });
        all.len() - 1
    });
    let gate = &mut all[at];
    gate.is_known = true;
    gate.value = signal.value;
    if let Some(kind) = signal.r#type {
        gate.kind = kind;
    }
}

/// Sends the answer. The signal is created first for a gate that the execution did not reach yet.
async fn send(
    session: &Session,
    execution: &Execution,
    gate: &AnswerableGate,
    value: Literal,
) -> Result<(), CommandError> {
    let id = SignalIdentifier { signal_id: gate.signal.clone(), execution_id: execution.id.clone() };
    if !gate.is_known {
        let request = SignalGetOrCreateRequest { id: Some(id.clone()), r#type: Some(gate.kind.clone()) };
        session.client.get_or_create_signal(&request).await?;
    }
    session.client.set_signal(&SignalSetRequest { id: Some(id), value: Some(value) }).await?;
    Ok(())
}

fn report_answer(
    word: &str,
    execution: &Execution,
    gate: &AnswerableGate,
    value: &Literal,
    ui: &Ui,
) -> Result<(), CommandError> {
    let name = execution.id.as_ref().map(|id| id.name.as_str()).unwrap_or_default();
    ui.note(format_args!("{word} gate `{}` of execution `{name}`\n", gate.signal));
    let value = literal::to_json(value);
    match ui.format() {
        Format::Table => Ok(()),
        Format::Name => ui.print(format_args!("{}\n", gate.signal)),
        Format::Json | Format::Yaml => {
            ui.structured(&serde_json::json!({ "execution": name, "gate": gate.signal, "value": value }))
        }
    }
}

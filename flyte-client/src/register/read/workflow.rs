//! The short form of workflows and launch plans, in YAML or JSON.
//!
//! ```yaml
//! workflow: hello
//! inputs:
//!   name: str
//!   times: int = 3                       # or {type: int, default: 3, description: how often}
//! nodes:
//!   greet:
//!     task: greet                        # or `workflow:` or `launch_plan:`
//!     inputs: {name: $inputs.name, times: $inputs.times}
//!   shout:
//!     task: shout
//!     version: v2                        # also `project`, `domain`; those of the workflow if left out
//!     inputs: {text: $greet.greeting, more: [$greet.parts.0, costs $$5]}
//!     after: [other]
//!     retries: 2
//!   other: {task: warm_up}
//! outputs: {result: $shout.text}
//! on_failure: fail_immediately           # or fail_after_executable_nodes_complete
//! ```
//!
//! # Values
//!
//! - A text that starts with `$` is a reference and stands alone: `$inputs.name` is an input of the workflow,
//!   `$node.output` an output of a node, and `.key`, `.0`, `[0]` and `["key"]` behind it lead into lists,
//!   maps and structures. (YAML wants quotes round a text with brackets that is in brackets: `["$a.b[0]",
//!   $a.c.0]`.)
//! - `$$` is a plain `$`. A reference in the midst of a text is refused: texts are not put together.
//! - Lists and maps may hold references; a structure (`dict`) may not.
//! - Everything else is a constant, read by the type of the input that it is for, as a value of an inputs
//!   file is ([`from_json`](crate::literal::from_json)).
//!
//! # What is known of tasks, workflows and launch plans
//!
//! What a node runs is looked up among everything that is read together, in whichever file it is, and then on
//! the server: in the version that the node names, in that of what is registered, or the newest one. Names
//! and types are checked, and inputs that a sub-workflow or launch plan has defaults for may be left out.
//! What is in neither place is refused. Where no server can be asked (`register --dry-run`), constants have
//! the type that JSON gives them (`3` is an `int`, `"3"` a `str`) or the one given in `{value: 3, type:
//! float}`, and an output says its type: `result: {from: $shout.text, type: str}`. A sub-workflow must be
//! known, since Flyte stores it within the workflow.
//!
//! # What it becomes
//!
//! A workflow, and its default launch plan: of the same name, with the defaults of the inputs, unless a plan
//! of that name is among what is read. (The server makes none; clients do, and flytekit's does the same.)
//! Nodes keep their names.
//!
//! # Launch plans
//!
//! ```yaml
//! launch_plan: every_night
//! workflow: hello                        # also `version`, `project`, `domain`
//! inputs: {name: world}                  # defaults, which an execution may override
//! fixed_inputs: {times: 1}               # which it may not
//! schedule: 0 3 * * *                    # or {cron: …, kickoff_time_input: …}, or {rate: 1h, …}
//! labels: {team: data}
//! ```
//!
//! Its workflow must be among what is read or registered, since the types of the inputs are the workflow's.

mod bindings;
mod draft;
mod error;
mod header;
mod interfaces;
mod lookup;
mod missing;
mod node;
mod parameters;
mod plan;
mod reference;
mod resolve;

pub use self::error::WorkflowError;
pub(super) use self::{
    draft::{DraftKind, WorkflowDraft},
    missing::{missing, names},
    resolve::resolve,
};

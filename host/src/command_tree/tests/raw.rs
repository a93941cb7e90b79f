//! Requests that only a plugin built without `plugin-abi`, or with a later version, can make.

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{RNone, ROption, RSome, RString, RVec},
};
use plugin_abi::vtable::{
    self, AbiResult, Arg_TO, ArgBox, CallbackBox, Command_TO, CommandBox, EDIT_ADD_ARGUMENT,
    EDIT_ADD_CALLBACK, EDIT_ADD_COMMAND, EDIT_SET_DEFAULT, EDIT_SET_LAZY_DEFAULT, Edit_TO, EditBox,
    InvocationRef, LazyDefaultBox,
};
use snapbox::{assert_data_eq, str};

use super::{base, owner, refused};

/// A command by hand; `nested` is how many levels of the same kind are below, without end if negative.
struct Raw {
    nested: i32,
    arg_kind: Option<u32>,
    short: &'static str,
}

impl vtable::Command for Raw {
    fn name(&self) -> RString {
        "raw".into()
    }
    fn aliases(&self) -> RVec<RString> {
        RVec::new()
    }
    fn about(&self) -> ROption<RString> {
        RNone
    }
    fn long_about(&self) -> ROption<RString> {
        RNone
    }
    fn after_help(&self) -> ROption<RString> {
        RNone
    }
    fn hidden(&self) -> bool {
        false
    }
    fn args(&self) -> RVec<ArgBox> {
        self.arg_kind
            .map(|kind| Arg_TO::from_value(RawArg { kind, short: self.short }, TD_Opaque))
            .into_iter()
            .collect()
    }
    fn commands(&self) -> RVec<CommandBox> {
        let below = (self.nested != 0).then(|| Raw { nested: self.nested - 1, ..*self });
        below.map(|below| Command_TO::from_value(below, TD_Opaque)).into_iter().collect()
    }
    fn runs(&self) -> bool {
        true
    }
    fn run(&self, _invocation: InvocationRef<'_>) -> AbiResult<u8> {
        unreachable!("no test runs it")
    }
}

struct RawArg {
    kind: u32,
    short: &'static str,
}

impl vtable::Arg for RawArg {
    fn id(&self) -> RString {
        "arg".into()
    }
    fn kind(&self) -> u32 {
        self.kind
    }
    fn long(&self) -> ROption<RString> {
        RNone
    }
    fn short(&self) -> ROption<RString> {
        Some(self.short).filter(|short| !short.is_empty()).map(RString::from).into()
    }
    fn aliases(&self) -> RVec<RString> {
        RVec::new()
    }
    fn help(&self) -> ROption<RString> {
        RNone
    }
    fn long_help(&self) -> ROption<RString> {
        RNone
    }
    fn value_name(&self) -> ROption<RString> {
        RNone
    }
    fn required(&self) -> bool {
        false
    }
    fn multiple(&self) -> bool {
        false
    }
    fn hidden(&self) -> bool {
        false
    }
    fn global(&self) -> bool {
        false
    }
    fn default_values(&self) -> RVec<RString> {
        RVec::new()
    }
    fn possible_values(&self) -> RVec<RString> {
        RVec::new()
    }
    fn env(&self) -> ROption<RString> {
        RNone
    }
    fn conflicts_with(&self) -> RVec<RString> {
        RVec::new()
    }
    fn callback(&self) -> ROption<CallbackBox> {
        RNone
    }
}

struct RawEdit {
    kind: u32,
    path: Vec<&'static str>,
    command: Option<Raw>,
}

impl vtable::Edit for RawEdit {
    fn kind(&self) -> u32 {
        self.kind
    }
    fn path(&self) -> RVec<RString> {
        self.path.iter().map(|name| RString::from(*name)).collect()
    }
    fn argument(&self) -> ROption<RString> {
        if self.kind == EDIT_SET_DEFAULT { RNone } else { RSome("output".into()) }
    }
    fn new_command(&self) -> ROption<CommandBox> {
        self.command.as_ref().map(|raw| Command_TO::from_value(Raw { ..*raw }, TD_Opaque)).into()
    }
    fn new_argument(&self) -> ROption<ArgBox> {
        RNone
    }
    fn default_values(&self) -> RVec<RString> {
        RVec::new()
    }
    fn lazy_default(&self) -> ROption<LazyDefaultBox> {
        RNone
    }
    fn callback(&self) -> ROption<CallbackBox> {
        RNone
    }
}

fn request(kind: u32, path: &[&'static str], command: Option<Raw>) -> String {
    let edit: EditBox = Edit_TO::from_value(RawEdit { kind, path: path.to_vec(), command }, TD_Opaque);
    refused(base().apply(&owner("acme"), RVec::from(vec![edit])))
}

fn add(nested: i32, arg_kind: u32, short: &'static str) -> String {
    request(EDIT_ADD_COMMAND, &["config"], Some(Raw { nested, arg_kind: Some(arg_kind), short }))
}

#[test]
fn kinds_of_a_later_protocol() {
    assert_data_eq!(
        request(99, &["config"], None),
        str![[r#"
plugin `acme` 1.2.3 requests a change of `config` of the unknown kind 99, which needs a protocol later than 1.0
hint: install a newer flyte-host, or an older version of the plugin
"#]]
    );
    assert_data_eq!(
        add(0, 7, "x"),
        str![[r#"
plugin `acme` 1.2.3 gives `config raw` the argument `arg` of the unknown kind 7, which needs a protocol later than 1.0
hint: install a newer flyte-host, or an older version of the plugin
"#]]
    );
}

#[test]
fn a_tree_without_end_is_left_early() {
    assert_data_eq!(
        add(-1, 0, "x"),
        str![
            "plugin `acme` 1.2.3 nests commands too deep, at `config raw raw raw raw raw raw raw raw`: at most 8 levels are allowed"
        ]
    );
    assert_data_eq!(
        request(EDIT_ADD_COMMAND, &["a", "b", "c", "d", "e", "f", "g", "h"], None),
        str![
            "plugin `acme` 1.2.3 nests commands too deep, at `a b c d e f g h`: at most 8 levels are allowed"
        ]
    );
}

#[test]
fn parts_that_are_missing() {
    let kinds =
        [EDIT_ADD_COMMAND, EDIT_ADD_ARGUMENT, EDIT_SET_DEFAULT, EDIT_SET_LAZY_DEFAULT, EDIT_ADD_CALLBACK];
    let refusals: String = kinds.iter().map(|kind| request(*kind, &["config"], None) + "\n").collect();
    assert_data_eq!(
        refusals,
        str![[r#"
plugin `acme` 1.2.3 requests a change of `config` without the command
plugin `acme` 1.2.3 requests a change of `config` without the argument
plugin `acme` 1.2.3 requests a change of `config` without naming the argument
plugin `acme` 1.2.3 requests a change of `config` without the function
plugin `acme` 1.2.3 requests a change of `config` without the function

"#]]
    );
}

#[test]
fn names_that_the_authors_crate_cannot_express() {
    assert_data_eq!(
        add(0, 0, ""),
        str![
            "plugin `acme` 1.2.3 adds the option `arg` to `config raw`: it has neither a long nor a short name"
        ]
    );
    assert_data_eq!(
        add(0, 0, "xy"),
        str![
            "plugin `acme` 1.2.3 adds the option `-xy` to `config raw`: it has the short name `xy`, which is not one printable ASCII character"
        ]
    );
    assert_data_eq!(request(4, &[], None), str!["plugin `acme` 1.2.3 hides the program itself"]);
}

#[test]
fn too_many_changes() {
    let one = || Edit_TO::from_value(RawEdit { kind: 4, path: vec!["config"], command: None }, TD_Opaque);
    let edits: RVec<EditBox> = (0..10_001).map(|_| one()).collect();
    assert_data_eq!(
        refused(base().apply(&owner("acme"), edits)),
        str!["plugin `acme` 1.2.3 requests 10001 changes; at most 10000 are allowed"]
    );
}

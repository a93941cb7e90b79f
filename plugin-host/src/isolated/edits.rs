//! A plugin's edits of the command line as data, so that it is known without loading the plugin.

use abi_stable::std_types::RVec;
use plugin_abi::vtable::EditBox;
use serde::{Deserialize, Serialize};

use super::{
    carry::{Carry, List},
    interfaces::EditWire,
    peer::Peer,
};

/// All edits of one plugin, as they cross between processes, without their functions.
///
/// Everything that help, completion and parsing need is there. Functions (commands, callbacks, lazy defaults)
/// are not: in their place are some that only return errors.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordedEdits(List<EditWire>);

impl RecordedEdits {
    /// Reads what a plugin's `configure_cli` returned. Check limits of their number and depth before.
    #[must_use]
    pub fn from_abi(edits: RVec<EditBox>) -> Self {
        Self(edits.export(&Peer::detached()))
    }

    /// The commands that are added, with the names of their parents in front.
    #[must_use]
    pub fn added_commands(self) -> Vec<String> {
        let added = |edit: EditBox| {
            let command = edit.new_command().into_option()?;
            let path = edit.path().into_iter().chain([command.name()]).map(String::from);
            Some(path.collect::<Vec<_>>().join(" "))
        };
        self.into_abi().into_iter().filter_map(added).collect()
    }

    /// The edits for the command line.
    #[must_use]
    pub fn into_abi(self) -> RVec<EditBox> {
        RVec::<EditBox>::make(RVec::<EditBox>::hold(self.0, &Peer::detached()))
    }
}

impl std::fmt::Debug for RecordedEdits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedEdits").field("edits", &self.0.0.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
    use plugin_abi::{Command, vtable::Command_TO};

    use super::*;
    use crate::{Builtin, Chain, Link};

    fn edits(chain: &Chain) -> RVec<EditBox> {
        let main = Command::new("main").command(Command::new("get")).command(Command::new("config"));
        chain.configure_cli(0, Command_TO::from_ptr(RRef::new(&main), TD_Opaque)).unwrap()
    }

    #[test]
    fn edits_are_the_same_after_they_were_data() {
        let link = Link::in_process::<hostile_plugin::Hostile>(&serde_json::json!({})).unwrap();
        let chain = Chain::new(vec![link], Builtin::new(|_| unreachable!("the test needs no endpoint")));
        let text = serde_json::to_string(&RecordedEdits::from_abi(edits(&chain))).unwrap();
        let read: RecordedEdits = serde_json::from_str(&text).unwrap();
        let again = read.into_abi();
        for (edit, again) in edits(&chain).iter().zip(&again) {
            assert_eq!(again.kind(), edit.kind());
            assert_eq!(again.lazy_default().is_some(), edit.lazy_default().is_some());
        }
        let default = again.iter().find_map(|edit| edit.lazy_default().into_option()).unwrap();
        let error = default.values(RVec::new()).into_result().unwrap_err();
        assert_eq!(error.message(), "this object can only be read");
        assert_eq!(serde_json::to_string(&RecordedEdits::from_abi(again)).unwrap(), text);
    }
}

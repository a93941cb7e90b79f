//! Errors and panics crossing the ABI.

use abi_stable::std_types::{RBox, ROption, RResult, RString, RVec};

interface! {
    /// An error or a caught panic, returned to the caller.
    pub trait Fault: [Send + Sync] {
        /// 0: an error that the author returned; 1: a panic; 2: invalid use of the command line.
        /// Other numbers are read as 0.
        fn kind(&self) -> u32;
        /// The message, without the causes.
        fn message(&self) -> RString;
        /// From the outermost cause to the root, one line each.
        fn causes(&self) -> RVec<RString>;
        /// Hints for the user, one line each.
        fn hints(&self) -> RVec<RString>;
        /// The exit code of a command that fails with this error.
        fn exit_code(&self) -> ROption<u8>;
        /// `file:line` of a panic.
        fn location(&self) -> ROption<RString>;
        /// The number under which the host keeps an error that it gave to the plugin, so that the error is
        /// attributed to its origin when the plugin passes it on; 0 for the plugin's own. The largest
        /// number: an error of a transport, whose text names the origin.
        #[sabi(last_prefix_field)]
        fn upstream(&self) -> u64;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// An error that its receiver owns.
pub type FaultBox = Fault_TO<'static, RBox<()>>;

/// The result of a call across the ABI that may fail.
pub type AbiResult<T> = RResult<T, FaultBox>;

//! How a call across the border ends badly.

use abi_stable::std_types::{RBox, ROption, RResult, RString, RVec};

interface! {
    /// An error or a caught panic, on its way to whoever called.
    pub trait Fault: [Send + Sync] {
        /// 0: an error that the author returned; 1: a panic; 2: a wrong use of the command line.
        /// Other numbers are read as 0.
        fn kind(&self) -> u32;
        /// One line, without the causes.
        fn message(&self) -> RString;
        /// From the outermost cause to the root, one line each.
        fn causes(&self) -> RVec<RString>;
        /// What the user can do, one line each.
        fn hints(&self) -> RVec<RString>;
        /// The exit code that a command asks for.
        fn exit_code(&self) -> ROption<u8>;
        /// `file:line` of a panic.
        fn location(&self) -> ROption<RString>;
        /// The number that the host gave to a fault of a link further down, so that the blame stays
        /// with that link when a plugin passes the error on; 0 when the fault is the plugin's own. The
        /// largest number: a fault of a transport, whose text says whose it is.
        #[sabi(last_prefix_field)]
        fn upstream(&self) -> u64;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A fault that its receiver owns.
pub type FaultBox = Fault_TO<'static, RBox<()>>;

/// The result of a call across the ABI that may fail.
pub type AbiResult<T> = RResult<T, FaultBox>;

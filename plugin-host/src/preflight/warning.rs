//! Warnings about a plugin that can be loaded.

use std::fmt;
use std::path::PathBuf;

use object::elf;

use super::elf::Header;
use super::image::Image;
use super::text::{quoted, shown};

/// Something unusual that does not keep a plugin from working.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// The plugin's name.
    pub plugin: String,
    /// The file, or the folder above it that the warning is about.
    pub path: PathBuf,
    /// What it is.
    pub kind: WarningKind,
}

/// What is unusual about a plugin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WarningKind {
    /// The stacks of the whole process become executable; glibc 2.41 and later refuse.
    ExecutableStack,
    /// A group of users may write the file, or may replace it because they may write the folder.
    GroupWritable,
    /// Another user owns the file, or a folder above it.
    OtherOwner,
    /// It takes part of a small reserve of thread-local storage, and may fail to load when that is used up.
    StaticTls,
    /// Its code is changed while it is loaded.
    TextRelocations,
    /// Every user of this machine may write the file, or the folder.
    WorldWritable,
    /// It has memory that is writable and executable at once.
    WritableCode,
}

impl WarningKind {
    /// The stable code of `plugin check`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ExecutableStack => "executable-stack",
            Self::GroupWritable | Self::OtherOwner | Self::WorldWritable => "file-permissions",
            Self::StaticTls => "static-tls",
            Self::TextRelocations => "text-relocations",
            Self::WritableCode => "writable-code",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plugin = &self.plugin;
        match self.kind {
            WarningKind::ExecutableStack => write!(f, "plugin `{plugin}` asks for an executable stack"),
            WarningKind::GroupWritable => {
                write!(f, "plugin `{plugin}`: {} is writable by a group of users", quoted(&self.path))
            }
            WarningKind::OtherOwner => {
                write!(f, "plugin `{plugin}`: {} belongs to another user", quoted(&self.path))
            }
            WarningKind::StaticTls => write!(f, "plugin `{plugin}` uses static thread-local storage"),
            WarningKind::TextRelocations => write!(f, "plugin `{plugin}` changes its own code while loading"),
            WarningKind::WorldWritable => {
                write!(f, "plugin `{plugin}`: {} is writable by every user", quoted(&self.path))
            }
            WarningKind::WritableCode => write!(f, "plugin `{plugin}` has code that it can overwrite"),
        }
    }
}

impl Warning {
    /// Whether this is for the plugin's author only: it works as well as any other, and its user can do
    /// nothing.
    #[must_use]
    pub fn is_for_author(&self) -> bool {
        self.kind == WarningKind::StaticTls
    }

    /// Returns what the reader can do about it.
    pub fn hint(&self) -> String {
        match self.kind {
            WarningKind::ExecutableStack => {
                "link the plugin with `-z noexecstack`; assembler files need `.section .note.GNU-stack`"
                    .to_owned()
            }
            WarningKind::GroupWritable => format!("run `chmod g-w {}`", shown(&self.path)),
            WarningKind::OtherOwner => "copy the plugin to a folder of your own".to_owned(),
            WarningKind::StaticTls => {
                "build its allocator without initial-exec TLS, such as jemalloc's `disable_initial_exec_tls`"
                    .to_owned()
            }
            WarningKind::TextRelocations => "compile all of the plugin's C code with `-fPIC`".to_owned(),
            WarningKind::WorldWritable => format!("run `chmod o-w {}`", shown(&self.path)),
            WarningKind::WritableCode => "link the plugin without `-N` or `--omagic`".to_owned(),
        }
    }
}

/// Whether a library without a `PT_GNU_STACK` header gets an executable stack.
fn stack_is_executable_by_default(machine: u16) -> bool {
    machine == elf::EM_X86_64.0 || machine == elf::EM_386.0
}

pub(super) fn find(header: &Header, image: &Image<'_>) -> Vec<WarningKind> {
    let stack = image.segments.iter().find(|segment| segment.is(elf::PT_GNU_STACK));
    let executable_stack = match stack {
        Some(stack) => stack.has(elf::PF_X),
        None => stack_is_executable_by_default(header.machine),
    };
    let text_relocations = image.dynamic(elf::DT_TEXTREL).next().is_some()
        || image.dynamic_flag(elf::DT_FLAGS, elf::DF_TEXTREL.0);
    let static_tls = image.dynamic_flag(elf::DT_FLAGS, elf::DF_STATIC_TLS.0);
    let writable_code = image
        .segments
        .iter()
        .any(|segment| segment.is(elf::PT_LOAD) && segment.has(elf::PF_W) && segment.has(elf::PF_X));
    [
        (executable_stack, WarningKind::ExecutableStack),
        (static_tls, WarningKind::StaticTls),
        (text_relocations, WarningKind::TextRelocations),
        (writable_code, WarningKind::WritableCode),
    ]
    .into_iter()
    .filter_map(|(found, kind)| found.then_some(kind))
    .collect()
}

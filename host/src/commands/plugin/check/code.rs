//! The codes of findings: stable names, with their levels, reasons and remedies. The table in the docs is
//! written from them.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A fact that users may want to know.
    Note,
    /// The plugin works, but not as well as it could.
    Warning,
    /// The plugin does not load, fails, or harms the program.
    Error,
}

impl Level {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A kind of finding.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Its stable name.
    pub name: &'static str,
    /// How bad it is.
    pub level: Level,
    /// Why it matters to users.
    pub why: &'static str,
    /// What the author can do, if the finding itself does not say.
    pub remedy: &'static str,
}

const fn error(name: &'static str, why: &'static str, remedy: &'static str) -> Code {
    Code { name, level: Level::Error, why, remedy }
}

const fn warning(name: &'static str, why: &'static str, remedy: &'static str) -> Code {
    Code { name, level: Level::Warning, why, remedy }
}

const fn note(name: &'static str, why: &'static str, remedy: &'static str) -> Code {
    Code { name, level: Level::Note, why, remedy }
}

/// A plugin that changes what all of the process shares.
const SHARED: &str = "all of the process shares it, the other plugins included";

/// All codes, by name.
pub const CODES: &[Code] = &[
    error("changes-descriptors", SHARED, "close only files that the plugin has opened"),
    error(
        "changes-directory",
        "relative paths of the user then lead elsewhere",
        "use absolute paths instead of changing the working directory",
    ),
    error(
        "changes-environment",
        "another thread that reads the environment meanwhile crashes",
        "set variables for child processes only, with `Command::env`",
    ),
    error("changes-locale", SHARED, "do not call `setlocale`; use `newlocale` and `uselocale`"),
    error(
        "changes-signals",
        "Ctrl-C, pipes and child processes of the program then work differently",
        "restore the action, or handle signals in a child process",
    ),
    error("changes-terminal", "the user's terminal stays in that mode", "restore the mode before returning"),
    error("changes-umask", "files of the program then get other permissions", "set the mode of each file"),
    warning(
        "changing-answer",
        "caches, help and completion rely on the same answer to the same question",
        "derive the answer from the arguments, the settings and the environment alone",
    ),
    error(
        "command-not-run",
        "a command that `--run` names was not checked",
        "correct the command line after `--run`",
    ),
    error(
        "conflict",
        "users of both plugins cannot run any command",
        "rename the command or option, or merge with `Group::merge`",
    ),
    error(
        "crash",
        "the process of the user ends, and with it the work of all plugins",
        "find the cause with a debugger; check `unsafe` code and recursion first",
    ),
    error("create-failed", "no command runs with the plugin", "set what `create` needs, and check again"),
    error("damaged", "the file cannot be loaded", "build or download it again"),
    note(
        "debug-info",
        "the file is larger than it must be",
        "set `strip = \"debuginfo\"` in the profile for releases",
    ),
    error("empty", "the file cannot be loaded", "build or download it again"),
    warning("executable-stack", "glibc 2.41 and later refuse the plugin", "link with `-z noexecstack`"),
    error(
        "exit",
        "the command ends without its result, perhaps with exit code 0",
        "return an error instead of calling `exit`",
    ),
    note(
        "extra-exports",
        "the file is larger than it must be, and its dependencies can be seen",
        "remove `#[no_mangle]`, or hide symbols of C code with `-fvisibility=hidden`",
    ),
    note("file-permissions", "other users can replace the plugin's code", "run `chmod go-w` on it"),
    error("forks", "the program then runs twice", "start programs with `std::process::Command`"),
    note(
        "glibc-floor",
        "systems with an older glibc refuse the plugin",
        "build with `cargo zigbuild --target TRIPLE.VERSION` for older systems",
    ),
    error("glibc-too-old", "the file cannot be loaded on this system", "build for an older glibc"),
    error(
        "hang",
        "the command waits, until its time limit ends it",
        "set a time limit for what the function waits for",
    ),
    warning(
        "hook-failed",
        "the commands that call the function fail",
        "return the answer of `next` where the plugin has none, or set what it needs for the check",
    ),
    error("incompatible-abi-stable", "the file cannot be loaded", "use the released `plugin-abi`"),
    error("incompatible-interfaces", "the file cannot be loaded", "use the released `plugin-abi`"),
    error(
        "invalid-command-line",
        "no command runs with the plugin",
        "correct the command or option that the message names",
    ),
    error("invalid-export", "the file cannot be loaded", "use `#[plugin_abi::export]` to export the plugin"),
    error(
        "invalid-passport",
        "the file cannot be loaded",
        "use `#[plugin_abi::export]` to export the plugin",
    ),
    error(
        "invalid-value",
        "the commands that call the function fail",
        "return a value that the host accepts",
    ),
    warning(
        "large-file",
        "every start reads the file",
        "strip debug information, and set `opt-level` and `lto` for releases",
    ),
    warning(
        "large-memory",
        "machines with little memory end the program",
        "process data in parts, or keep it in a file",
    ),
    warning(
        "leaks-descriptors",
        "a long run has no descriptors left",
        "close what the function opens, or keep it for the next call",
    ),
    warning("leaks-memory", "a long run needs more and more memory", "free what the function allocates"),
    warning(
        "leaks-threads",
        "a long run has more and more threads",
        "join the threads that the function starts, or start them once",
    ),
    error(
        "leaves-processes",
        "the process keeps running after the command has ended",
        "wait for child processes, or end them",
    ),
    error("library-conflict", "the file cannot be loaded", "link the library statically"),
    error("missing-export", "the file cannot be loaded", "use `#[plugin_abi::export]` to export the plugin"),
    error("missing-library", "the file cannot be loaded", "link the library statically, or ship it"),
    error("missing-library-version", "the file cannot be loaded", "build with an older version of it"),
    error("missing-symbol", "the file cannot be loaded", "link the library that defines the symbol"),
    error("no-exec", "the file cannot be loaded from there", "copy it to another file system"),
    error("not-a-file", "the file cannot be loaded", "give the path of the plugin's file"),
    error("not-a-library", "the file cannot be loaded", "give the path of the plugin's library"),
    error(
        "not-a-plugin",
        "the file cannot be loaded",
        "add `#[plugin_abi::export(name = \"…\")]` to the `impl Plugin` block",
    ),
    error("not-found", "there is nothing to check", "give the path of the plugin's file"),
    error("not-loadable", "the file cannot be loaded", "run `ldd` on the file"),
    error("not-permitted", "the file cannot be loaded here", "ask the administrator"),
    note("not-run", "only the file was checked", "run the check on Linux"),
    error("other-c-library", "the file cannot be loaded on this system", "build it for this target"),
    error("other-cpu", "the file cannot be loaded on this system", "build it for this target"),
    error(
        "other-protocol",
        "the file cannot be loaded",
        "build with the `plugin-abi` of this host's protocol",
    ),
    error("other-system", "the file cannot be loaded on this system", "build it for this target"),
    error(
        "panic",
        "the command that calls the function fails",
        "return a `PluginError` instead of `unwrap`, `expect` and indexing",
    ),
    error("passport-mismatch", "the file cannot be loaded", "build it again"),
    note("prints-to-stderr", "the text is between the program's own lines", "use `Host::log`"),
    warning(
        "prints-to-stdout",
        "scripts read the standard output; hosts keep it free of such text, where they can",
        "use `Host::log`, or `Invocation::print` in a command",
    ),
    error("reserved-name", "the file cannot be loaded", "choose another name"),
    error("same-name", "users cannot select both plugins", "choose another name"),
    warning(
        "search-path",
        "the loader takes libraries from folders that others may write, or that users do not have",
        "link statically, or set the path to `$ORIGIN` or a folder below it",
    ),
    warning("slow", "users wait for it at every command that calls the function", "cache the answer"),
    note("static-tls", "the plugin may not load beside others of its kind", "build without initial-exec TLS"),
    warning("text-relocations", "hardened systems refuse the plugin", "compile C code with `-fPIC`"),
    error("too-large", "the file cannot be loaded", "give the path of the plugin's file"),
    error("truncated", "the file cannot be loaded", "download it again"),
    warning(
        "unescaped-html",
        "a server can run scripts in the user's browser",
        "escape `&`, `<`, `>` and quotes in the endpoint",
    ),
    error("unreadable", "the file cannot be loaded", "correct its permissions"),
    warning("writable-code", "hardened systems refuse the plugin", "link without `-N`"),
    warning(
        "writes-files",
        "the user's working directory gets files that no command made",
        "write below the user's cache or state directory",
    ),
];

/// The code of a name.
///
/// # Panics
///
/// If there is no such code: a bug, which the tests of this file and the corpus find.
#[must_use]
pub(super) fn find(name: &str) -> &'static Code {
    CODES.iter().find(|code| code.name == name).unwrap_or_else(|| panic!("unknown code `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(CODES.is_sorted_by(|left, right| left.name < right.name), "sort the table by name");
    }

    #[test]
    fn names_are_lower_case_words() {
        for Code { name, .. } in CODES {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        }
    }
}

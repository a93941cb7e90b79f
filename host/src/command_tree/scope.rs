//! The arguments of one command by name: its own, and the global ones of its parents.

use plugin_abi::ArgKind;
use plugin_host::edits::{NewArg, Problem, command_label, quoted};

use super::Tree;

/// Options that every command has.
const RESERVED: [&str; 4] = ["--help", "-h", "--version", "-V"];

/// The arguments of a command.
#[derive(Clone, Default)]
pub(super) struct Scope {
    names: Vec<Names>,
}

/// The names of one argument.
#[derive(Clone)]
struct Names {
    id: String,
    /// With the dashes.
    spellings: Vec<String>,
    global: bool,
    /// A group of arguments, which shares the namespace of ids.
    is_group: bool,
    /// The command that defines it and its owner, for messages.
    origin: String,
}

impl Scope {
    /// The scope of an existing command.
    pub(super) fn at(tree: &Tree, path: &[String]) -> Self {
        let mut scope = Self::inherited(tree, path);
        if let Some(command) = tree.find(path) {
            scope.collect(tree, command, path, |_| true);
        }
        scope
    }

    /// What a command at a path inherits; the command need not exist.
    pub(super) fn inherited(tree: &Tree, path: &[String]) -> Self {
        let mut scope = Self::default();
        for depth in 0..path.len() {
            let above = path.get(..depth).unwrap_or_default();
            if let Some(command) = tree.find(above) {
                scope.collect(tree, command, above, clap::Arg::is_global_set);
            }
        }
        scope
    }

    /// The arguments of all subcommands.
    pub(super) fn beneath(tree: &Tree, path: &[String]) -> Self {
        fn descend(scope: &mut Scope, tree: &Tree, command: &clap::Command, path: &[String]) {
            for below in command.get_subcommands() {
                let path = [path, &[below.get_name().to_owned()]].concat();
                scope.collect(tree, below, &path, |_| true);
                descend(scope, tree, below, &path);
            }
        }
        let mut scope = Self::default();
        if let Some(command) = tree.find(path) {
            descend(&mut scope, tree, command, path);
        }
        scope
    }

    /// What the subcommands inherit.
    pub(super) fn below(mut self) -> Self {
        self.names.retain(|names| names.global);
        self
    }

    fn collect(
        &mut self,
        tree: &Tree,
        command: &clap::Command,
        path: &[String],
        wanted: impl Fn(&clap::Arg) -> bool,
    ) {
        for arg in command.get_arguments().filter(|arg| wanted(arg)) {
            let longs = arg.get_long().into_iter().chain(arg.get_all_aliases().unwrap_or_default());
            let shorts = arg.get_short().into_iter().chain(arg.get_all_short_aliases().unwrap_or_default());
            self.names.push(Names {
                id: arg.get_id().to_string(),
                spellings: longs
                    .map(|long| format!("--{long}"))
                    .chain(shorts.map(|short| format!("-{short}")))
                    .collect(),
                global: arg.is_global_set(),
                is_group: false,
                origin: format!(
                    "{} ({})",
                    command_label(path),
                    tree.argument_origin(path, arg.get_id().as_str())
                ),
            });
        }
        let groups = command.get_groups().map(|group| Names {
            id: group.get_id().to_string(),
            spellings: Vec::new(),
            global: false,
            is_group: true,
            origin: format!("{} (built in)", command_label(path)),
        });
        self.names.extend(groups);
    }

    /// Adds an argument, if its id and its names are free.
    pub(super) fn insert(&mut self, arg: &NewArg, path: &[String]) -> Result<(), Problem> {
        self.is_free(arg, path)?;
        self.names.push(Names {
            id: arg.id.clone(),
            spellings: spellings(arg),
            global: arg.global,
            is_group: false,
            origin: format!("{} (of the same plugin)", command_label(path)),
        });
        Ok(())
    }

    /// Checks that an argument's id and names are free.
    pub(super) fn is_free(&self, arg: &NewArg, path: &[String]) -> Result<(), Problem> {
        let spellings = spellings(arg);
        if matches!(arg.id.as_str(), "help" | "version") {
            return Err(arg.refuse(path, &format!("has the id {}, which is reserved", quoted(&arg.id))));
        }
        for (index, spelling) in spellings.iter().enumerate() {
            if RESERVED.contains(&spelling.as_str()) {
                return Err(
                    arg.refuse(path, &format!("has the name {}, which is reserved", quoted(spelling)))
                );
            }
            if spellings.get(..index).is_some_and(|before| before.contains(spelling)) {
                return Err(arg.refuse(path, &format!("has the name {} twice", quoted(spelling))));
            }
        }
        for names in &self.names {
            if let Some(spelling) = spellings.iter().find(|spelling| names.spellings.contains(spelling)) {
                let reason =
                    format!("has the name {}, which is already used in {}", quoted(spelling), names.origin);
                return Err(arg.refuse(path, &reason).hint("choose another name"));
            }
            if names.id == arg.id {
                let reason =
                    format!("has the id {}, which is already used in {}", quoted(&arg.id), names.origin);
                return Err(arg.refuse(path, &reason).hint("choose another id"));
            }
        }
        Ok(())
    }

    /// Checks that the arguments exist that an argument conflicts with.
    pub(super) fn conflicts(&self, arg: &NewArg, path: &[String]) -> Result<(), Problem> {
        for id in &arg.conflicts_with {
            let other = self.names.iter().find(|names| names.id == *id && (names.global || !arg.global));
            if *id == arg.id {
                return Err(arg.refuse(path, "conflicts with itself"));
            }
            if other.is_some() {
                continue;
            }
            let problem = |why| arg.refuse(path, &format!("conflicts with {}, {why}", quoted(id)));
            if self.names.iter().any(|names| names.id == *id) {
                return Err(problem("which is not global"));
            }
            let ids = self.names.iter().filter(|names| !names.is_group).map(|names| names.id.as_str());
            return Err(problem("which does not exist").near(id, ids.filter(|near| *near != arg.id), None));
        }
        Ok(())
    }
}

fn spellings(arg: &NewArg) -> Vec<String> {
    if arg.kind == ArgKind::Positional {
        return Vec::new();
    }
    let longs = arg.long.iter().chain(&arg.aliases).map(|long| format!("--{long}"));
    longs.chain(arg.short.iter().map(|short| format!("-{short}"))).collect()
}

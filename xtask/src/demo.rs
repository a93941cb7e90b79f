//! `cargo xtask demo`: a workflow registered and run in the embedded sandbox under Acme's rules; then the six
//! hooks in use, each as the same command without and with the Acme plugin.
//!
//! What is printed below two command lines is their real output, as one: `-` is the built-in default, `+` is
//! Acme, and everything else is the same in both. A command that ends otherwise than the step says fails the
//! demo.

mod beside;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::command::{cargo, command, run, shown};
use crate::python::Venv;
use crate::workspace::{Workspace, is_ci, library_name, program};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Use debug builds, which a machine that just ran the tests has already
    #[arg(long)]
    debug: bool,
}

/// One hook, shown by commands.
struct Step {
    title: &'static str,
    /// What to look for.
    about: &'static str,
    commands: &'static [Shown],
}

/// A command line, and how it must end.
struct Shown {
    /// What happened before.
    before: Option<Pause>,
    /// What its output must have.
    says: &'static str,
    line: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    /// The file to register, printed first if it is text.
    input: Option<&'static str>,
    with: Sides,
}

/// Time that passes, and why.
#[derive(Clone, Copy)]
struct Pause {
    seconds: u64,
    reason: &'static str,
}

/// With what a command is shown, and the exit codes.
enum Sides {
    Acme,
    BuiltIn,
    Both { built_in: i32 },
}

impl Shown {
    /// A command that succeeds either way, and prints something else.
    const fn both(line: &'static [&'static str]) -> Self {
        Self { before: None, says: "", line, variables: &[], input: None, with: Sides::Both { built_in: 0 } }
    }

    /// A command under Acme's rules with the settings of `hurried.toml`.
    const fn hurried(line: &'static [&'static str], says: &'static str) -> Self {
        let variables = &[("FLYTE_HOST_CONFIG", "hurried.toml")];
        Self { says, variables, with: Sides::Acme, ..Self::both(line) }
    }

    /// A command that fails without the plugin.
    const fn fails(line: &'static [&'static str], built_in: i32) -> Self {
        Self { with: Sides::Both { built_in }, ..Self::both(line) }
    }
}

/// The file that the official `pyflyte package` makes of `workflow.py`.
const PACKAGE: &str = "package.tgz";

/// Exit codes of flyte-host.
const REFUSED: i32 = 1;
const USAGE: i32 = 2;

const RUN: [&str; 5] = ["run", "acme.demo.hello", "--input", "name=Flyte", "--wait"];

const STEPS: [Step; 8] = [
    Step {
        title: "A plugin is a file in a folder",
        about: "It is found there without being run, and FLYTE_PLUGIN puts it in use.",
        commands: &[
            Shown { with: Sides::BuiltIn, ..Shown::both(&["plugin", "list"]) },
            Shown::both(&["--version"]),
        ],
    },
    Step {
        title: "A workflow, on this machine",
        about: "No server, no Docker, no configuration: the embedded sandbox. Acme's cache policy decides what runs.",
        commands: &[
            Shown {
                input: Some("hello.yaml"),
                ..Shown::hurried(&["register", "hello.yaml", "--version", "v1"], "4 registered")
            },
            Shown::hurried(&RUN, "HELLO, FLYTE!"),
            Shown::hurried(&RUN, "cached"),
            Shown {
                before: Some(Pause {
                    seconds: 4,
                    reason: "The policy keeps results for three seconds; four go by.",
                }),
                ..Shown::hurried(&RUN, "stored in the cache")
            },
            Shown::hurried(&["get", "executions"], "SUCCEEDED"),
        ],
    },
    Step {
        title: "get_remote",
        about: "Where the CLI connects to. Acme's people name a staging endpoint; without one, Acme asks the default.",
        commands: &[
            Shown {
                variables: &[("MY_STAGING_ENDPOINT", "staging.acme.example")],
                ..Shown::both(&["config", "show"])
            },
            Shown::both(&["config", "show"]),
        ],
    },
    Step {
        title: "configure_cli",
        about: "The company's own commands, in the help as in use.",
        commands: &[
            Shown::both(&["-h"]),
            Shown::fails(&["my-custom-command"], USAGE),
            Shown::fails(&["my-group", "sub-command"], USAGE),
        ],
    },
    Step {
        title: "secret_requires_group",
        about: "A secret without a group is refused, unless the company says otherwise.",
        commands: &[Shown {
            input: Some("secret.yaml"),
            ..Shown::fails(&["register", "--dry-run", "secret.yaml"], REFUSED)
        }],
    },
    Step {
        title: "get_default_image",
        about: "The image of a task that names none.",
        commands: &[Shown {
            input: Some("no-image.yaml"),
            ..Shown::both(&["register", "--dry-run", "no-image.yaml", "-o", "yaml"])
        }],
    },
    Step {
        title: "get_default_cache_policies",
        about: "Which results may be reused, and for how long. A package of the official client has settled that, and is left alone.",
        commands: &[
            Shown {
                input: Some("task.yaml"),
                ..Shown::both(&["register", "--dry-run", "task.yaml", "-o", "yaml"])
            },
            Shown {
                input: Some("cached.yaml"),
                ..Shown::fails(&["register", "--dry-run", "cached.yaml"], REFUSED)
            },
            Shown {
                input: Some(PACKAGE),
                with: Sides::BuiltIn,
                ..Shown::both(&["register", "--dry-run", "--version", "v1", PACKAGE])
            },
            Shown {
                input: Some(PACKAGE),
                ..Shown::both(&["register", "--dry-run", "--version", "v1", PACKAGE, "-o", "yaml"])
            },
        ],
    },
    Step {
        title: "get_auth_success_html",
        about: "The page that the browser shows after sign-in, and what all hooks answer now beside the built-in default.",
        commands: &[Shown { with: Sides::Acme, ..Shown::both(&["plugin", "show", "acme"]) }],
    },
];

pub(crate) fn run_demo(workspace: &Workspace, args: &Args) -> Result {
    let mut build = cargo("build");
    build.args(["--package", "flyte-host", "--package", "sample-plugin"]);
    build.args((!args.debug).then_some("--profile=demo")).current_dir(&workspace.root);
    run(&mut build)?;
    let built = workspace.target(if args.debug { "debug" } else { "demo" });
    let stage = Stage::set_up(workspace, &built)?;
    println!(
        "\nBelow, `-` is the built-in default, `+` is the Acme plugin, and all else is the same with both."
    );
    for (number, step) in (1..).zip(&STEPS) {
        println!("\n\n━━ {number}. {} ━━\n{}", step.title, step.about);
        for command in step.commands {
            stage.play(command)?;
        }
    }
    println!("\n\nEvery command ended as expected. Try more of them in {}", stage.files.display());
    println!("with HOME={} and {}", stage.home.display(), stage.host.display());
    Ok(())
}

/// A home directory with the plugin in place, and the files to register.
struct Stage {
    host: PathBuf,
    home: PathBuf,
    /// Where the commands run, and the files to register are.
    files: PathBuf,
}

/// What a command printed, standard error last, with the exit code below it.
struct Ended {
    typed: String,
    output: String,
}

impl Stage {
    fn set_up(workspace: &Workspace, built: &Path) -> Result<Self> {
        let all = workspace.target("demo-stage");
        if all.exists() {
            fs::remove_dir_all(&all)?;
        }
        let stage =
            Self { host: program(built, "flyte-host"), home: all.join("home"), files: all.join("files") };
        fs::create_dir_all(&stage.files)?;
        for entry in fs::read_dir(workspace.path("xtask/demo"))? {
            let entry = entry?;
            fs::copy(entry.path(), stage.files.join(entry.file_name()))?;
        }
        match stage.package(workspace) {
            Err(error) if is_ci() => return Err(error),
            Err(error) => println!("\nleft out, a package of the official client: {error}"),
            Ok(()) => {}
        }
        let plugins = stage.home.join(".flyte/plugins");
        fs::create_dir_all(&plugins)?;
        fs::write(stage.home.join(".flyte/host.toml"), "sandbox-fallback = true\n")?;
        let plugin = plugins.join(library_name("acme"));
        let library = built.join(library_name("sample-plugin"));
        fs::copy(&library, &plugin)?;
        println!("\n$ cp {} {}", library.display(), plugin.display());
        Ok(stage)
    }

    /// `package.tgz`, made by the official client.
    fn package(&self, workspace: &Workspace) -> Result {
        let venv = Venv::install(workspace)?;
        let mut pyflyte = command(venv.program("pyflyte"));
        pyflyte.args(["--pkgs", "workflow", "package", "--source", ".", "--output", PACKAGE, "--force"]);
        pyflyte.args(["--image", "docker.example/acme/report:1"]);
        pyflyte.current_dir(&self.files).env("HOME", &self.home);
        run(&mut pyflyte)
    }

    /// Prints one command as one would type it, and what it prints with and without the plugin.
    fn play(&self, step: &Shown) -> Result {
        println!();
        if let Some(pause) = step.before {
            println!("  {}\n", pause.reason);
            std::thread::sleep(Duration::from_secs(pause.seconds));
        }
        match step.input {
            Some(name) if !self.files.join(name).exists() => return Ok(()),
            Some(name) if name != PACKAGE => {
                println!("  $ cat {name}");
                let text = fs::read_to_string(self.files.join(name))?;
                text.lines().for_each(|line| println!("  {line}"));
                println!();
            }
            _ => {}
        }
        let alone = match &step.with {
            Sides::Acme => self.run(step, Some("acme"), 0)?,
            Sides::BuiltIn => self.run(step, None, 0)?,
            Sides::Both { built_in } => {
                let without = self.run(step, None, *built_in)?;
                let with = self.run(step, Some("acme"), 0)?;
                beside::print_left(&format!("$ {}", without.typed));
                beside::print_right(&format!("$ {}", with.typed));
                beside::print(&without.output, &with.output);
                return Ok(());
            }
        };
        println!("  $ {}", alone.typed);
        alone.output.lines().for_each(|line| println!("  {line}"));
        Ok(())
    }

    /// Runs one command and compares its exit code.
    fn run(&self, step: &Shown, plugin: Option<&str>, expected: i32) -> Result<Ended> {
        let typed = |program: &Path| {
            let mut host = Command::new(program);
            host.env_clear().args(step.line).envs(step.variables.iter().copied());
            host.envs(plugin.map(|name| ("FLYTE_PLUGIN", name)));
            host
        };
        let mut host = typed(&self.host);
        host.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let output = host.env("HOME", &self.home).current_dir(&self.files).stdin(Stdio::null()).output()?;
        let mut ended = Ended {
            typed: shown(&typed(Path::new("flyte-host"))),
            output: String::from_utf8([output.stdout, output.stderr].concat())?,
        };
        if output.status.code() != Some(expected) {
            let Ended { typed, output: printed } = ended;
            let status = output.status;
            return Err(
                format!("`{typed}` should end with exit code {expected}, not {status}:\n{printed}").into()
            );
        }
        if !ended.output.contains(step.says) {
            let Ended { typed, output: printed } = ended;
            return Err(format!("`{typed}` should say `{}`:\n{printed}", step.says).into());
        }
        if expected != 0 {
            ended.output.push_str(&format!("[exit code {expected}]\n"));
        }
        Ok(ended)
    }
}

//! `cargo xtask test`: gets what the tests need, passes the paths in environment variables, and runs all
//! tests.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::Result;
use crate::bridge;
use crate::command::{cargo, command, run, works};
use crate::compilers;
use crate::docs;
use crate::growth;
use crate::minisign;
use crate::packages;
use crate::python::Venv;
use crate::shells;
use crate::sign_in;
use crate::workspace::{Workspace, is_ci};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out what needs the official Python client
    #[arg(long)]
    no_python: bool,
    /// Leave out plugins built by other compilers
    #[arg(long)]
    no_compilers: bool,
    /// Leave out hosts and plugins of other versions of the protocol, and plugins built in other ways
    #[arg(long)]
    no_growth: bool,
    /// Leave out what signs in for real, with an identity provider, a browser and a keyring
    #[arg(long)]
    no_browser: bool,
    /// Leave out the packages of the crates to publish
    #[arg(long)]
    no_packages: bool,
    /// Arguments of the test runner, such as names of tests
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    runner: Vec<OsString>,
}

/// What was got ready: the variables for the tests, and what had to be left out.
#[derive(Default)]
struct Prepared {
    variables: Vec<(&'static str, PathBuf)>,
    left_out: Vec<String>,
}

pub(crate) fn run_tests(workspace: &Workspace, args: &Args) -> Result {
    let mut prepared = Prepared::default();
    if args.no_python {
        prepared.left_out.push("comparison with the official Python client (`--no-python`)".to_owned());
    } else {
        prepared.python(workspace)?;
        prepared.other_pythons(workspace);
        prepared.bridge(workspace)?;
    }
    if args.no_growth {
        prepared.left_out.push("growth of the protocol (`--no-growth`)".to_owned());
    } else if !cfg!(unix) {
        prepared.left_out.push("growth of the protocol, which needs a Unix shell".to_owned());
    } else {
        prepared.growth(workspace)?;
    }
    if args.no_compilers {
        prepared.left_out.push("plugins of other compilers (`--no-compilers`)".to_owned());
    } else {
        prepared.compilers(workspace)?;
    }
    if args.no_browser {
        prepared.left_out.push("sign-in with a browser (`--no-browser`)".to_owned());
    } else {
        prepared.sign_in(workspace);
    }
    if args.no_packages {
        prepared.left_out.push("packages of the crates to publish (`--no-packages`)".to_owned());
    } else {
        packages::build(workspace)?;
    }
    prepared.minisign(workspace);
    prepared.left_out.extend(shells::install());
    prepared.book(workspace)?;
    let tests = prepared.run_tests(workspace, &args.runner);
    tests.and(prepared.report())
}

/// `cargo xtask fetch`: what [`run_tests`] gets from the network, and what it compiles outside the
/// workspace's target directory, so that both happen beside other steps. What cannot be had is reported by
/// [`run_tests`], which tries again.
pub(crate) fn fetch(workspace: &Workspace) -> Result {
    let mut prepared = Prepared::default();
    prepared.python(workspace)?;
    prepared.other_pythons(workspace);
    if let Err(error) = Venv::tools(workspace) {
        prepared.left_out.push(format!("plugins in pyflyte: {error}"));
    }
    prepared.sign_in(workspace);
    prepared.minisign(workspace);
    prepared.left_out.extend(shells::install());
    prepared.compilers(workspace)?;
    prepared.left_out.iter().for_each(|reason| eprintln!("not fetched: {reason}"));
    Ok(())
}

impl Prepared {
    /// `FLYTE_TEST_PYTHON` and `FLYTE_TEST_PACKAGES`.
    fn python(&mut self, workspace: &Workspace) -> Result {
        match Venv::install(workspace) {
            Ok(venv) => {
                self.variables.push(("FLYTE_TEST_PACKAGES", venv.packages(workspace)?));
                self.variables.push(("FLYTE_TEST_PYTHON", venv.program("python")));
            }
            Err(error) => self.left_out.push(format!("comparison with the official Python client: {error}")),
        }
        Ok(())
    }

    /// `FLYTE_TEST_OLDEST_PYTHON`, `FLYTE_TEST_UNION_PYTHON` and `FLYTE_TEST_WHEELHOUSE`.
    fn other_pythons(&mut self, workspace: &Workspace) {
        let python = |venv: Venv| venv.program("python");
        let got = [
            ("FLYTE_TEST_OLDEST_PYTHON", Venv::oldest(workspace).map(python)),
            ("FLYTE_TEST_UNION_PYTHON", Venv::union(workspace).map(python)),
            ("FLYTE_TEST_WHEELHOUSE", Venv::install(workspace).and_then(|venv| venv.wheelhouse(workspace))),
        ];
        for (variable, got) in got {
            match got {
                Ok(path) => self.variables.push((variable, path)),
                Err(error) => self.left_out.push(format!("plugins in pyflyte: {error}")),
            }
        }
    }

    /// `FLYTE_TEST_BRIDGE` and `FLYTE_TEST_WHEEL`, the latter unless it is set, to a wheel of `cargo xtask
    /// dist`.
    fn bridge(&mut self, workspace: &Workspace) -> Result {
        if !cfg!(target_os = "linux") {
            self.left_out.push("plugins in pyflyte, which need Linux".to_owned());
            return Ok(());
        }
        let bridge = bridge::install(workspace)?;
        let wheel = std::env::var_os("FLYTE_TEST_WHEEL").map_or(bridge.wheel, PathBuf::from);
        self.variables.extend([("FLYTE_TEST_BRIDGE", bridge.site), ("FLYTE_TEST_WHEEL", wheel)]);
        Ok(())
    }

    /// `FLYTE_TEST_GROWTH`: hosts and plugins of other versions of `plugin-abi`, and plugins built in other
    /// ways.
    fn growth(&mut self, workspace: &Workspace) -> Result {
        let (folder, missing) = growth::build(workspace)?;
        self.variables.push(("FLYTE_TEST_GROWTH", folder));
        self.left_out.extend(missing);
        Ok(())
    }

    /// `FLYTE_TEST_COMPILERS`.
    fn compilers(&mut self, workspace: &Workspace) -> Result {
        let (folder, missing) = compilers::build_samples(workspace)?;
        self.variables.push(("FLYTE_TEST_COMPILERS", folder));
        self.left_out.extend(missing);
        Ok(())
    }

    /// `FLYTE_TEST_NODE_MODULES`, `FLYTE_TEST_CHROMIUM` and `FLYTE_TEST_KEYRING`.
    fn sign_in(&mut self, workspace: &Workspace) {
        let got = [
            ("FLYTE_TEST_NODE_MODULES", "an identity provider from npm", sign_in::node_modules(workspace)),
            ("FLYTE_TEST_CHROMIUM", "Chromium", sign_in::chromium(workspace)),
            ("FLYTE_TEST_KEYRING", "a keyring", sign_in::keyring(workspace)),
        ];
        for (variable, what, got) in got {
            match got {
                Ok(path) => self.variables.push((variable, path)),
                Err(error) => self.left_out.push(format!("sign-in, which needs {what}: {error}")),
            }
        }
    }

    /// `FLYTE_TEST_MINISIGN`.
    fn minisign(&mut self, workspace: &Workspace) {
        match minisign::program(workspace) {
            Ok(path) => self.variables.push(("FLYTE_TEST_MINISIGN", path)),
            Err(error) => self.left_out.push(format!("signatures of another program, minisign: {error}")),
        }
    }

    /// Builds the book, whose reference and links tests check.
    fn book(&mut self, workspace: &Workspace) -> Result {
        match docs::mdbook(workspace) {
            Ok(mdbook) => docs::build_book(workspace, &mdbook),
            Err(error) => {
                self.left_out.push(format!("build of the book, which needs mdBook: {error}"));
                Ok(())
            }
        }
    }

    /// Documentation examples first, so that the runner's count of everything else is the last thing on the
    /// screen.
    fn run_tests(&self, workspace: &Workspace, runner: &[OsString]) -> Result {
        let variables = || self.variables.iter().map(|(name, value)| (name, value));
        if runner.is_empty() {
            run(cargo("test").args(["--workspace", "--doc"]).envs(variables()).current_dir(&workspace.root))?;
        }
        let mut tests = if works(command("cargo").args(["nextest", "--version"])) {
            let mut nextest = command("cargo");
            nextest.args(["nextest", "run", "--locked"]);
            // One more than there are processors, since many tests wait for time to pass.
            let threads = std::thread::available_parallelism().map_or(2, |count| count.get() + 1);
            nextest.env("NEXTEST_TEST_THREADS", threads.to_string());
            nextest
        } else {
            let mut test = cargo("test");
            test.arg("--tests");
            test
        };
        run(tests.arg("--workspace").args(runner).envs(variables()).current_dir(&workspace.root))
    }

    fn report(&self) -> Result {
        if self.left_out.is_empty() {
            return Ok(());
        }
        eprintln!("\nleft out on this machine:");
        for reason in &self.left_out {
            eprintln!("  {reason}");
        }
        if is_ci() { Err("continuous integration must leave nothing out".into()) } else { Ok(()) }
    }
}

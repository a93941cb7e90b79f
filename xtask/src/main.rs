//! `cargo xtask`: the chores of this repository, one subcommand each.
//!
//! Every chore prints the commands it runs, gets what it needs from package registries into `target/`, and
//! leaves the rest of the machine alone. It ends with a list of what the machine lacks, which under `CI=true`
//! is a failure.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a build tool talks to the terminal")]

mod architecture;
mod bench;
mod bridge;
mod c_header;
mod command;
mod compilers;
mod cross;
mod debian;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod growth;
mod import_cycles;
mod minisign;
mod packages;
mod property;
mod python;
mod sanitize;
mod shells;
mod sign_in;
mod soak;
mod stamp;
mod test;
mod tidy;
mod wording;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Errors are sentences for the person who typed the command; nothing matches on them.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The chores of this repository", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every test, after getting what the tests need
    Test(test::Args),
    /// Get what the tests need from package registries and other compilers, and run nothing
    Fetch,
    /// Run the plugin tests under whichever memory checkers this machine has
    Sanitize(sanitize::Args),
    /// Run a workflow under the Acme plugin's rules, and show the six hooks beside the built-in defaults
    Demo(demo::Args),
    /// Build the wheels to publish
    Dist(dist::Args),
    /// Package the crates to publish, and build each from its package
    Packages,
    /// Write the reference in `docs` from the program, and build the book
    Docs,
    /// Measure start-up against the budgets, beside `pyflyte`
    Bench(bench::Args),
    /// Run the property tests with fresh seeds, and keep the cases that fail
    Soak(soak::Args),
    /// Run the fuzz targets, which need a nightly compiler and cargo-fuzz
    Fuzz(fuzz::Args),
    /// Write the C header of plugins from the crate `plugin-c`
    CHeader,
    /// List the import cycles of each crate
    Cycles,
    /// List the paths and large files that ARCHITECTURE.md gets wrong or leaves out
    Map,
    /// List words, names and widths that the project does not use
    Wording {
        /// Folders or files to look at [default: all]
        folders: Vec<String>,
    },
    /// Check what no compiler checks: unsafe files, lock files, stray paths, dependency walls
    Tidy,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = Workspace::find().and_then(|workspace| match cli.chore {
        Chore::Test(args) => test::run_tests(&workspace, &args),
        Chore::Fetch => test::fetch(&workspace),
        Chore::Sanitize(args) => sanitize::run_checkers(&workspace, &args),
        Chore::Demo(args) => demo::run_demo(&workspace, &args),
        Chore::Dist(args) => dist::build(&workspace, &args),
        Chore::Packages => packages::build(&workspace)
            .map(|files| files.iter().for_each(|file| println!("{}", file.display()))),
        Chore::Docs => docs::write(&workspace),
        Chore::Bench(args) => bench::run_benchmarks(&workspace, &args),
        Chore::Soak(args) => soak::soak(&workspace, &args),
        Chore::Fuzz(args) => fuzz::fuzz(&workspace, &args),
        Chore::CHeader => c_header::write(&workspace),
        Chore::Cycles => import_cycles::print_cycles(&workspace),
        Chore::Map => architecture::print_gaps(&workspace),
        Chore::Wording { folders } => wording::print_findings(&workspace, &folders),
        Chore::Tidy => tidy::check(&workspace),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

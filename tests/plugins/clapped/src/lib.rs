//! A plugin whose commands are declared with clap's derive.

#![forbid(unsafe_code)]

use plugin_abi::{
    Group, Host, Invocation, Plugin, PluginError,
    clap::{self, Args, Parser, Subcommand, ValueEnum},
    cli,
};

/// Ship things
///
/// Declared with clap's derive, and read by the plugin's own clap.
#[derive(Debug, Parser)]
#[command(name = "ship", after_help = "Example:\n  flyte-host ship send --to mars apples")]
struct Ship {
    /// Only say what would be done
    #[arg(long, global = true)]
    dry_run: bool,
    #[command(subcommand)]
    command: ShipCommand,
}

#[derive(Debug, Subcommand)]
enum ShipCommand {
    /// Send goods
    #[command(visible_alias = "dispatch")]
    Send {
        /// Where to
        #[arg(long, value_enum, default_value_t = Planet::Earth)]
        to: Planet,
        /// How heavy, in kg
        #[arg(short, long, default_value_t = 1)]
        weight: i32,
        /// How loud
        #[arg(short, action = clap::ArgAction::Count)]
        loud: u8,
        /// A note to attach; may be repeated
        #[arg(long)]
        note: Vec<String>,
        /// What to send
        #[arg(required = true)]
        goods: Vec<String>,
    },
    /// Look after the crew
    #[command(subcommand)]
    Crew(CrewCommand),
    /// Run a program on board
    Exec {
        /// The program
        program: String,
        /// Its arguments, behind `--`
        #[arg(last = true)]
        args: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
enum CrewCommand {
    /// Add a member
    Add {
        /// The name
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Planet {
    Earth,
    Mars,
}

/// Arguments without a command of their own.
#[derive(Args, Debug)]
struct Weigh {
    /// In kg
    #[arg(long, default_value_t = 70.5)]
    mass: f64,
}

/// The plugin.
#[derive(Debug)]
pub struct Clapped;

#[plugin_abi::export(name = "clapped")]
impl Plugin for Clapped {
    fn create(_host: Host) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        main.add(cli::parser(ship));
        // Somewhere deeper in the host's tree, the words still fit the parser.
        main.group("config").add(cli::args("weigh", |weigh: Weigh, invocation: &Invocation<'_>| {
            invocation.print(format_args!("{} kg\n", weigh.mass))
        }));
        Ok(())
    }
}

fn ship(ship: Ship, invocation: &Invocation<'_>) -> Result<u8, PluginError> {
    invocation.print(format_args!("{ship:?}\n"))?;
    Ok(0)
}

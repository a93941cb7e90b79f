//! A plugin that changes the command line in every way there is. `TOOLBOX_BAD` picks a change that
//! the host must refuse; see `bad.rs`.

#![forbid(unsafe_code)]

mod bad;
mod doctor;

use std::{
    env, fs,
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use plugin_abi::{Arg, Command, Group, Host, Plugin, PluginError, Stream};

/// The plugin, with the value of its global option.
#[derive(Debug)]
pub struct Toolbox {
    host: Host,
    tenant: Arc<Mutex<Option<String>>>,
}

#[plugin_abi::export(name = "toolbox")]
impl Plugin for Toolbox {
    fn create(host: Host) -> Result<Self, PluginError> {
        Ok(Self { host, tenant: Arc::default() })
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        if let Ok(case) = env::var("TOOLBOX_BAD") {
            return bad::configure(&case, main);
        }
        self.add_commands(main);
        self.add_options(main);
        change_what_is_there(main);
        Ok(())
    }
}

impl Toolbox {
    fn add_commands(&self, main: &mut Group) {
        main.add(doctor::command(self.host.clone(), Arc::clone(&self.tenant)));
        // A group in a group.
        main.add(
            Command::new("box").about("Look into the box").command(
                Command::new("drawer").about("Look into a drawer").command(
                    Command::new("open")
                        .about("Open a drawer")
                        .arg(Arg::positional("number").required(true).help("Which one"))
                        .run(|invocation| {
                            let number: Option<u8> = invocation.parse("number")?;
                            invocation.print(format_args!("drawer {} is open\n", number.unwrap_or_default()))
                        }),
                ),
            ),
        );
        // Into groups that are there already: one command, and what of a group is not there yet.
        main.group("config").add(
            Command::new("rotate")
                .about("Rotate the keys")
                .run(|invocation| invocation.print(format_args!("rotated\n"))),
        );
        main.merge(
            Command::new("config").command(
                Command::new("keys").about("Look after keys").command(
                    Command::new("list")
                        .about("List the keys")
                        .run(|invocation| invocation.print(format_args!("no keys\n"))),
                ),
            ),
        );
        // A group that may exist already.
        main.merge(
            Command::new("create").about("Create things").command(
                Command::new("app")
                    .about("Create an app")
                    .run(|invocation| invocation.print(format_args!("created\n"))),
            ),
        );
        main.merge(
            Command::new("create").command(
                Command::new("bucket")
                    .about("Create a bucket")
                    .run(|invocation| invocation.print(format_args!("created\n"))),
            ),
        );
    }

    fn add_options(&self, main: &mut Group) {
        let tenant = Arc::clone(&self.tenant);
        main.add_arg(Arg::option("tenant").global(true).hidden(true).callback(move |values, given| {
            if given {
                *tenant.lock().unwrap_or_else(PoisonError::into_inner) = values.first().cloned();
            }
            Ok(None)
        }));
        main.add_arg(
            Arg::option("region")
                .global(true)
                .help("Where to work")
                .possible_values(["eu", "us"])
                .default_value("eu")
                .env("TOOLBOX_REGION"),
        );
    }
}

fn change_what_is_there(main: &mut Group) {
    main.option("project").add_callback(|values, _given| match values.first().map(String::as_str) {
        Some("forbidden") => {
            Err(PluginError::usage("the project `forbidden` is not for you").hint("`open` is for everybody"))
        }
        Some("broken") => Err(PluginError::new("the list of projects cannot be read")
            .caused_by(std::io::Error::other("disk on fire"))),
        Some("panic") => panic!("no project at all"),
        Some(name) => Ok(Some(vec![name.to_lowercase()])),
        None => Ok(None),
    });
    main.option("project").set_default_with(|previous| {
        trace(&format!("project: {previous:?}\n"))?;
        Ok(vec![env::var("TOOLBOX_PROJECT").unwrap_or_else(|_| "toolbox".to_owned())])
    });
    main.option("domain").set_default("staging");
    // It still works, but is not shown.
    main.hide("completion");
    main.group("config").replace(Command::new("show").about("Show what Toolbox thinks").run(|invocation| {
        for id in ["project", "domain", "region"] {
            let how = if invocation.given(id) { "given" } else { "default" };
            invocation.print(format_args!("{id}: {} ({how})\n", invocation.value(id).unwrap_or_default()))?;
        }
        writeln!(invocation.writer(Stream::Err), "replaced by toolbox")?;
        Ok(())
    }));
}

/// Reports to the tests that a function was called.
fn trace(line: &str) -> Result<(), PluginError> {
    let Ok(path) = env::var("TOOLBOX_TRACE") else { return Ok(()) };
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(line.as_bytes())?;
    Ok(())
}

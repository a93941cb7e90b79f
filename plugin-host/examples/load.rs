//! Loads a plugin, and asks it for the default image and the endpoint.
#![expect(clippy::print_stdout, reason = "it is a program")]

use std::{env, process::ExitCode};

use plugin_abi::{Remote, RemoteRequest};
use plugin_host::{Builtin, Chain, Directories, Loader, Selection, Source};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    // A process of an isolated plugin is this program, too.
    #[cfg(target_os = "linux")]
    if let Some(code) = plugin_host::isolated::child_main() {
        return Ok(code.into());
    }
    let plugin = env::args_os().nth(1).ok_or("usage: load PLUGIN")?;

    // Names are looked up in `~/.flyte/plugins` and the system's plugin directories; paths are used as they
    // are.
    let directories = Directories::new(None, env::home_dir().as_deref());
    let selection = Selection::parse(plugin, Source::Program)?;

    // Finds and checks each file, then loads it and creates the plugin.
    let links = Loader::new("my-program", directories).load_all(&selection)?;

    // What no plugin answers is answered by the built-in default at the end of the chain.
    let builtin = Builtin::new(|_request| Ok(Remote::new("localhost:30080")));
    let chain = Chain::new(links, builtin);

    println!("default image: {:?}", chain.get_default_image()?);
    let resolved = chain.get_remote(&RemoteRequest::default())?;
    println!("endpoint: {:?}", resolved.remote.endpoint);
    Ok(ExitCode::SUCCESS)
}

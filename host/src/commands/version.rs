//! `version`: the versions of this program, its plugins and the server.

use clap::Args;
use flyte_client::proto::admin;
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::ui::{
    error::CommandError,
    output::{Format, Ui},
};
use plugin_host::Link;

/// Show the versions of this program, its plugins and the server
///
/// If the server cannot be reached, the other versions are printed before the error.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  flyte-host version\n  flyte-host version --client -o json")]
pub(crate) struct VersionArgs {
    /// Do not contact the server
    #[arg(long)]
    client: bool,
}

/// Runs `version`.
///
/// # Errors
///
/// A call that failed; the other versions were printed before.
pub(crate) async fn run(args: &VersionArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let mut report = VersionReport { plugins: context.chain()?.plugins(), server: None };
    if args.client {
        return report.print(ui);
    }
    let asked = read_server_version(context).await.map(|server| report.server = Some(server));
    report.print(ui)?;
    asked
}

/// The versions to print.
struct VersionReport<'a> {
    plugins: &'a [Link],
    server: Option<ServerVersion>,
}

/// The server's answer to `GetVersion`.
struct ServerVersion {
    endpoint: String,
    version: admin::Version,
}

async fn read_server_version(context: &Context<'_>) -> Result<ServerVersion, CommandError> {
    let session = context.session()?;
    let answer = session.client.get_version(&admin::GetVersionRequest {}).await?;
    Ok(ServerVersion { endpoint: session.target, version: answer.control_plane_version.unwrap_or_default() })
}

impl VersionReport<'_> {
    fn print(&self, ui: &Ui) -> Result<(), CommandError> {
        match ui.format() {
            Format::Table => ui.table(&["PART", "NAME", "VERSION"], self.rows()),
            Format::Name => {
                let line = |row: Vec<String>| row.get(1).map_or_else(String::new, |name| format!("{name}\n"));
                ui.print(self.rows().map(line).collect::<String>())
            }
            Format::Json | Format::Yaml => ui.structured(&self.to_json()),
        }
    }

    fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        let row = |part: &str, name: &str, version: &str| [part, name, version].map(str::to_owned).to_vec();
        let client = row("client", "flyte-host", env!("CARGO_PKG_VERSION"));
        let plugins = self.plugins.iter().map(Link::identity);
        let plugins = plugins.map(move |plugin| row("plugin", &plugin.name, &plugin.version));
        let server = self.server.iter();
        let server =
            server.map(move |server| row("server", &server.endpoint, or_dash(&server.version.version)));
        std::iter::once(client).chain(plugins).chain(server)
    }

    fn to_json(&self) -> Value {
        let plugin = |link: &Link| {
            json!({
                "name": link.identity().name,
                "version": link.identity().version,
                "protocol": link.protocol().to_string(),
            })
        };
        let mut value = json!({
            "client": { "name": "flyte-host", "version": env!("CARGO_PKG_VERSION") },
            "plugins": self.plugins.iter().map(plugin).collect::<Vec<_>>(),
        });
        if let Some(server) = &self.server {
            value["server"] = server.to_json();
        }
        value
    }
}

impl ServerVersion {
    fn to_json(&self) -> Value {
        let admin::Version { build, version, build_time } = &self.version;
        let facts = [("version", version), ("build", build), ("buildTime", build_time)];
        let mut value = Map::from_iter([("endpoint".to_owned(), json!(self.endpoint))]);
        let said = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
        value.extend(said.map(|(name, fact)| (name.to_owned(), json!(fact))));
        value.into()
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

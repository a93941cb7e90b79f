//! The source of `fetch`: an execution, or a `flyte://` address.

use std::str::FromStr;

use clap::Args;
use flyte_client::{
    Code,
    proto::{
        core::LiteralMap,
        service::{GetDataRequest, get_data_response::Data},
    },
};

use crate::flyte::{execution, session::Session, values};
use crate::ui::{error::CommandError, exit_code::Exit};

/// Which values to fetch.
#[derive(Args, Debug)]
pub(super) struct SourceArgs {
    /// Name of an execution, or a `flyte://` address
    source: FetchSource,

    /// Node of the execution [default: the execution itself]
    #[arg(long)]
    node: Option<String>,

    /// Download inputs instead of outputs
    #[arg(long)]
    inputs: bool,
}

/// The argument SOURCE.
#[derive(Clone, Debug, PartialEq, Eq)]
enum FetchSource {
    /// An execution of the user's project and domain.
    Execution(String),
    /// A `flyte://` address.
    Address(String),
}

impl FromStr for FetchSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("flyte", _)) => Ok(Self::Address(text.to_owned())),
            Some(_) => {
                Err("expected the name of an execution, or an address that begins with `flyte://`".to_owned())
            }
            None => Ok(Self::Execution(text.to_owned())),
        }
    }
}

/// The name of a value without one, as in pyflyte.
const NAMELESS: &str = "data";

impl SourceArgs {
    /// Reads the values.
    pub(super) async fn read(&self, session: &Session) -> Result<LiteralMap, CommandError> {
        match &self.source {
            FetchSource::Execution(name) => self.read_execution(session, name).await,
            FetchSource::Address(_) if self.node.is_some() || self.inputs => {
                Err(CommandError::new(Exit::Usage, "cannot combine an address with `--node` or `--inputs`")
                    .hint("omit `--node` and `--inputs`: the address names both".to_owned()))
            }
            FetchSource::Address(address) => read_address(session, address).await,
        }
    }

    async fn read_execution(&self, session: &Session, name: &str) -> Result<LiteralMap, CommandError> {
        let execution = execution::read(session, name).await?;
        let data = values::read(session, &execution::id(session, name), self.node.as_deref()).await?;
        if self.inputs {
            return Ok(data.inputs);
        }
        if data.outputs.literals.is_empty() {
            values::note_no_outputs(&session.ui, &execution, self.node.as_deref());
        }
        Ok(data.outputs)
    }
}

async fn read_address(session: &Session, address: &str) -> Result<LiteralMap, CommandError> {
    let request = GetDataRequest { flyte_url: address.to_owned() };
    let data = session.client.get_data(&request).await.map_err(|error| match error.status.code {
        Code::NotFound => CommandError::new(Exit::Failed, format!("no data at `{address}`"))
            .caused_by(error.status.to_string()),
        _ => error.into(),
    })?;
    match data.data {
        Some(Data::LiteralMap(map)) => Ok(map),
        Some(Data::Literal(literal)) => {
            let name = match address.rsplit('/').next() {
                Some(last) if !matches!(last, "i" | "o") => last.to_owned(),
                _ => NAMELESS.to_owned(),
            };
            Ok(LiteralMap { literals: [(name, literal)].into_iter().collect() })
        }
        Some(Data::PreSignedUrls(urls)) => {
            // A deck is an HTML page; the server returns a link to it.
            let links = urls.signed_url.into_iter().enumerate();
            let named = links.map(|(index, url)| {
                let name = if index == 0 { "deck".to_owned() } else { format!("deck-{index}") };
                (name, super::write::file(url))
            });
            Ok(LiteralMap { literals: named.collect() })
        }
        None => Ok(LiteralMap::default()),
    }
}

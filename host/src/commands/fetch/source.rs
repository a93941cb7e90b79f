//! The source of `fetch`: an execution, or a `flyte://` address.

use std::str::FromStr;

use flyte_client::{
    Code,
    proto::{
        core::LiteralMap,
        service::{GetDataRequest, get_data_response::Data},
    },
};

use super::FetchArgs;
use crate::flyte::{execution, session::Session, values};
use crate::ui::{error::CommandError, exit_code::Exit};

/// The argument SOURCE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FetchSource {
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

/// Reads the values.
pub(super) async fn read(session: &Session, args: &FetchArgs) -> Result<LiteralMap, CommandError> {
    match &args.source {
        FetchSource::Execution(name) => {
            let execution = execution::read(session, name).await?;
            let data = values::read(session, &execution::id(session, name), args.node.as_deref()).await?;
            if args.inputs {
                return Ok(data.inputs);
            }
            if data.outputs.literals.is_empty() {
                values::note_no_outputs(&execution, args.node.as_deref());
            }
            Ok(data.outputs)
        }
        FetchSource::Address(_) if args.node.is_some() || args.inputs => {
            Err(CommandError::new(Exit::Usage, "cannot combine an address with `--node` or `--inputs`")
                .hint("omit `--node` and `--inputs`: the address names both".to_owned()))
        }
        FetchSource::Address(address) => read_address(session, address).await,
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

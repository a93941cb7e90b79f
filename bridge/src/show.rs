//! `python -m flyte_host`: the plugins in use, as `flyte-host plugin show` prints them.

use std::{path::PathBuf, sync::Arc};

use abi_stable::{erased_types::TD_Opaque, sabi_types::RRef};
use host_settings::{
    remote,
    show::{self, HookAnswer},
};
use plugin_abi::{Command, Hook, RemoteRequest, vtable::Command_TO};
use plugin_host::{Builtin, Chain, HookError};
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::{
    behind::Behind,
    command::CommandView,
    error::{Exceptions, Report},
    logger,
    open::Setup,
};

/// What hooks are called with.
struct Question<'a> {
    request: &'a RemoteRequest,
    main: &'a Command,
}

/// The plugins in use as JSON: an array with an object for each, as `plugin show -o json` prints it.
#[pyfunction]
#[pyo3(signature = (behind, main, request, command, program, installed))]
pub(crate) fn show_plugins(
    py: Python<'_>,
    behind: Py<PyAny>,
    main: &Bound<'_, PyAny>,
    request: (Option<PathBuf>, String, String),
    command: &str,
    program: Option<PathBuf>,
    installed: Vec<PathBuf>,
) -> PyResult<String> {
    logger::start(py);
    let main = Command::from(main.extract::<CommandView>()?);
    let (config, project, domain) = request;
    let request = RemoteRequest { config, project, domain, data_upload_location: None };
    let question = Question { request: &request, main: &main };
    let plugins = py.detach(|| {
        let setup = Setup::new(command, program, &installed)?;
        describe_all(&setup, &Arc::new(behind), &question)
    });
    let plugins = plugins.map_err(|report| report.into_exception(py))?;
    Ok(Value::Array(plugins).to_string())
}

fn describe_all(
    setup: &Setup,
    behind: &Arc<Py<PyAny>>,
    question: &Question<'_>,
) -> Result<Vec<Value>, Report> {
    let builtin = || {
        let object = Python::attach(|py| behind.clone_ref(py));
        Builtin::from_answers(Behind::new(object, Arc::new(Exceptions::default())))
    };
    let candidates = setup.loader.check_all(&setup.selection)?;
    let plugin = |candidate| {
        let (facts, mut file) = (show::facts(&candidate), show::file_json(&candidate));
        let chain = Chain::new(vec![setup.loader.load(candidate)?], builtin());
        if let Some(missing) = chain.plugins()[0].isolation() {
            file["isolated"] = json!(true);
            file["isolationLacks"] = json!(missing);
        }
        let rows = show::rows(&chain, &Chain::new(Vec::new(), builtin()), |hook, chain| {
            Ok::<_, Report>(answer(hook, chain, question))
        })?;
        Ok(show::to_json(&file, &facts, &rows))
    };
    candidates.into_iter().map(plugin).collect()
}

fn answer(hook: Hook, chain: &Chain, question: &Question<'_>) -> Result<HookAnswer, HookError> {
    match hook {
        Hook::GetRemote => {
            let resolved = chain.get_remote(question.request)?;
            remote::check(&resolved)?;
            Ok(show::remote_answer(resolved))
        }
        Hook::ConfigureCli if chain.is_builtin() => Ok(show::changes_answer(&[])),
        Hook::ConfigureCli => {
            let view = Command_TO::from_ptr(RRef::new(question.main), TD_Opaque);
            Ok(show::changes_answer(&chain.configure_cli(0, view)?))
        }
        Hook::GetDefaultCachePolicies => Ok(show::policies_answer(&chain.get_default_cache_policies()?)),
        hook => show::simple_answer(hook, chain),
    }
}

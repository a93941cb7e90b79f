//! A plugin that is built for protocol 1.0, and with `--cfg next_protocol` for the test-only 1.1.
//!
//! The binary for 1.0 is in the museum; see `tests/museum/README.md`.

#![forbid(unsafe_code)]

use plugin_abi::{
    Arg, CachePolicy, Command, Group, Host, Next, Plugin, PluginError, Remote, RemoteRequest,
    transport::{Answer, Call, Status, Transport, TransportHandle},
};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(all(feature = "jemalloc", not(feature = "mimalloc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Overrides every hook of its protocol, so that every interface crosses the border.
#[derive(Debug)]
pub struct Growth {
    host: Host,
}

#[plugin_abi::export(name = "growth")]
impl Plugin for Growth {
    fn create(host: Host) -> Result<Self, PluginError> {
        Ok(Self { host })
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        let mut remote = next.get_remote(request)?;
        remote.audience = Some(format!("{} {}", self.host.name(), self.host.protocol()));
        Ok(remote.wrap_transport(|behind| Echo { behind }))
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        #[cfg(next_protocol)]
        let host = self.host.clone();
        let program = main.existing().map(|program| program.name().to_owned()).unwrap_or_default();
        let size = Arg::option("size").help("How large").default_value("1").callback(|values, _given| {
            let larger = values.iter().map(|value| format!("{value}3"));
            Ok(Some(larger.collect()))
        });
        main.add(Command::new("growth").about("Tell which protocol the plugin speaks").arg(size).run(
            move |invocation| {
                #[cfg(next_protocol)]
                invocation.note(format_args!(
                    "methods beyond 1.0 in the host's invocation: {}, services: {}\n",
                    invocation.revision(),
                    host.revision()
                ))?;
                let size: u32 = invocation.parse("size")?.unwrap_or_default();
                let progress = invocation.progress("growing", Some(1));
                progress.set_position(1);
                let endpoint = invocation.remote()?.endpoint.unwrap_or_default();
                invocation.print(format_args!(
                    "speaks {} in {program} at {endpoint}, size {size}\n",
                    plugin_abi::PROTOCOL
                ))?;
                let transport = invocation.transport()?;
                let echo = transport.call(Call::new(ECHO, b"hello"))?;
                let behind = match transport.call(Call::new("/growth.Growth/Nothing", b"")) {
                    Ok(_) => "something".to_owned(),
                    Err(status) => status.code.to_string(),
                };
                invocation.print(format_args!(
                    "its transport says {} {:?}; behind it is {behind}\n",
                    String::from_utf8_lossy(&echo.message),
                    echo.metadata
                ))
            },
        ));
        main.group("growth")
            .option("size")
            .set_default_with(|previous| Ok(vec![format!("{}2", previous.concat())]));
        Ok(())
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        Ok(!next.secret_requires_group()?)
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        let behind = next.get_default_image()?;
        Ok(Some(behind.map_or_else(|| "growth/base:v1".to_owned(), |image| format!("growth/{image}"))))
    }

    fn get_auth_success_html(&self, endpoint: &str, _next: Next<'_>) -> Result<Option<String>, PluginError> {
        Ok(Some(format!("<p>grown at {endpoint}</p>")))
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let mut policies = next.get_default_cache_policies()?;
        policies.push(
            CachePolicy::computed(|salt, parameters| Ok(format!("{salt}{}", parameters.task_name)))
                .name("growth-policy")
                .when(|parameters| parameters.task_type == "raw-container"),
        );
        Ok(policies)
    }

    #[cfg(next_protocol)]
    fn get_greeting(&self, next: Next<'_>) -> Result<String, PluginError> {
        let behind = next.get_greeting()?;
        Ok(format!(
            "hello; methods beyond 1.0 in the host's services: {}; behind: {behind}",
            self.host.revision()
        ))
    }
}

/// The method that the plugin's transport answers itself.
const ECHO: &str = "/growth.Growth/Echo";

/// Answers one method, and passes on all others with a header.
struct Echo {
    behind: TransportHandle,
}

impl Transport for Echo {
    fn call(&self, mut call: Call<'_>) -> Result<Answer, Status> {
        call.metadata.push(("x-growth".to_owned(), plugin_abi::PROTOCOL.to_string()));
        if call.path != ECHO {
            return self.behind.call(call);
        }
        let mut answer = Answer::new(call.message);
        answer.metadata = call.metadata;
        Ok(answer)
    }
}

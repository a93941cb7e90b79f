//! The plugin: calls the author's functions.

#![expect(unsafe_code, reason = "the author's functions and their data are C's")]

use std::{
    ffi::{CString, c_char, c_int, c_void},
    ptr,
};

use plugin_abi::{
    CachePolicy, Group, Hook, HookSet, Host, Next, Plugin, PluginError, Remote, RemoteRequest,
    export::Exported,
};

use crate::{
    export,
    functions::check,
    interface::{
        FlyteError, FlyteFunctions, FlyteGroup, FlyteHost, FlyteNext, FlytePolicies, FlyteRemote,
        FlyteRemoteRequest, FlyteSelf, FlyteString, LentGroup,
    },
    text::{address, to_c},
};

// SAFETY: the header says that the functions are called on any thread, with this address; the address itself
// is a number.
unsafe impl Send for FlyteSelf {}
// SAFETY: as above.
unsafe impl Sync for FlyteSelf {}

/// A plugin whose functions are C's.
pub(crate) struct CPlugin {
    functions: &'static FlyteFunctions,
    plugin: FlyteSelf,
}

/// The host gets the module of `export`, with the passport of the author.
impl Exported for CPlugin {
    const PASSPORT: &'static str = "";
    const HOOKS: HookSet = HookSet::EMPTY;
}

impl Plugin for CPlugin {
    fn create(host: Host) -> Result<Self, PluginError> {
        let functions = export::functions();
        if functions.size != size_of::<FlyteFunctions>() {
            let (has, needs) = (functions.size, size_of::<FlyteFunctions>());
            return Err(PluginError::new(format_args!(
                "the table of functions has {has} bytes: `flyte_plugin.h` and the library need {needs}"
            ))
            .hint("use the header and the library of one release"));
        }
        check_hooks(functions)?;
        // It is valid until the process ends.
        let host: &'static FlyteHost = Box::leak(Box::new(FlyteHost(host)));
        let mut plugin: *mut c_void = ptr::null_mut();
        if let Some(create) = functions.create {
            let mut error = FlyteError::default();
            // SAFETY: the function is the author's, of this type; all that it gets lives during the call.
            let code = unsafe { create(host, &raw mut plugin, &raw mut error) };
            check(code, error)?;
        }
        Ok(Self { functions, plugin: FlyteSelf(plugin) })
    }

    fn get_remote(&self, request: &RemoteRequest, next: Next<'_>) -> Result<Remote, PluginError> {
        let Some(function) = self.functions.get_remote else { return next.get_remote(request) };
        let config = request.config.as_ref().map(|path| path.to_str().ok_or_else(not_utf8)).transpose()?;
        let config = config.map(to_c).transpose()?;
        let (project, domain) = (to_c(&request.project)?, to_c(&request.domain)?);
        let location = request.data_upload_location.as_deref().map(to_c).transpose()?;
        let request = FlyteRemoteRequest {
            config: address(config.as_ref()),
            project: project.as_ptr(),
            domain: domain.as_ptr(),
            data_upload_location: address(location.as_ref()),
        };
        let mut remote = FlyteRemote::default();
        self.call(|plugin, error| {
            // SAFETY: the function is the author's, of this type; all that it gets lives during the call.
            unsafe { function(plugin, &request, &FlyteNext(next), &mut remote, error) }
        })?;
        Ok(remote.0)
    }

    fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
        let Some(function) = self.functions.configure_cli else { return Ok(()) };
        let mut group = FlyteGroup { group: LentGroup::Main(main), plugin: self.plugin, below: Vec::new() };
        self.call(|plugin, error| {
            // SAFETY: as in `get_remote`.
            unsafe { function(plugin, &mut group, error) }
        })
    }

    fn secret_requires_group(&self, next: Next<'_>) -> Result<bool, PluginError> {
        let Some(function) = self.functions.secret_requires_group else {
            return next.secret_requires_group();
        };
        let mut answer = 1;
        self.call(|plugin, error| {
            // SAFETY: as in `get_remote`.
            unsafe { function(plugin, &FlyteNext(next), &mut answer, error) }
        })?;
        Ok(answer != 0)
    }

    fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
        let Some(function) = self.functions.get_default_image else { return next.get_default_image() };
        let mut image = FlyteString::default();
        self.call(|plugin, error| {
            // SAFETY: as in `get_remote`.
            unsafe { function(plugin, &FlyteNext(next), &mut image, error) }
        })?;
        text(image)
    }

    fn get_auth_success_html(&self, endpoint: &str, next: Next<'_>) -> Result<Option<String>, PluginError> {
        let Some(function) = self.functions.get_auth_success_html else {
            return next.get_auth_success_html(endpoint);
        };
        let endpoint = to_c(endpoint)?;
        let mut html = FlyteString::default();
        self.call(|plugin, error| {
            let endpoint: *const c_char = endpoint.as_ptr();
            // SAFETY: as in `get_remote`.
            unsafe { function(plugin, endpoint, &FlyteNext(next), &mut html, error) }
        })?;
        text(html)
    }

    fn get_default_cache_policies(&self, next: Next<'_>) -> Result<Vec<CachePolicy>, PluginError> {
        let Some(function) = self.functions.get_default_cache_policies else {
            return next.get_default_cache_policies();
        };
        let mut policies = FlytePolicies { policies: Vec::new(), plugin: self.plugin };
        self.call(|plugin, error| {
            // SAFETY: as in `get_remote`.
            unsafe { function(plugin, &FlyteNext(next), &mut policies, error) }
        })?;
        Ok(policies.policies)
    }
}

impl CPlugin {
    fn call(&self, function: impl FnOnce(*mut c_void, *mut FlyteError) -> c_int) -> Result<(), PluginError> {
        let mut error = FlyteError::default();
        let code = function(self.plugin.0, &raw mut error);
        check(code, error)
    }
}

/// The host calls the hooks of the passport, so these must be the functions that are there.
fn check_hooks(functions: &FlyteFunctions) -> Result<(), PluginError> {
    let passport = export::passport()?;
    let listed = passport.lines().find_map(|line| line.strip_prefix("hooks=")).unwrap_or_default();
    let listed: Vec<&str> = listed.split(',').collect();
    for (hook, is_there) in [
        (Hook::GetRemote, functions.get_remote.is_some()),
        (Hook::ConfigureCli, functions.configure_cli.is_some()),
        (Hook::SecretRequiresGroup, functions.secret_requires_group.is_some()),
        (Hook::GetDefaultImage, functions.get_default_image.is_some()),
        (Hook::GetAuthSuccessHtml, functions.get_auth_success_html.is_some()),
        (Hook::GetDefaultCachePolicies, functions.get_default_cache_policies.is_some()),
    ] {
        let name = hook.name();
        if listed.contains(&name) != is_there {
            let (which, other) = if is_there { ("not named", "has it") } else { ("named", "lacks it") };
            return Err(PluginError::new(format_args!(
                "the hook `{name}` is {which} in `FLYTE_PLUGIN`, and the table of functions {other}"
            )));
        }
    }
    Ok(())
}

fn text(string: FlyteString) -> Result<Option<String>, PluginError> {
    string.0.map(CString::into_string).transpose().map_err(|_| not_utf8())
}

fn not_utf8() -> PluginError {
    PluginError::new("a text is not UTF-8")
}

//! flyte-host, built once more: Cargo gives tests the path only of programs of their own package.

//!
//! This one reads the administrator's settings from another file, so that tests need not write into `/etc`.

fn main() -> ! {
    let file = std::env::var_os("TEST_ADMINISTRATOR_SETTINGS");
    flyte_host::settings::set_administrator_file(file.map_or("/dev/null/absent".into(), Into::into));
    flyte_host::app::end_process(flyte_host::app::main())
}

//! flyte-host, built once more: Cargo gives tests the path only of programs of their own package.

fn main() -> std::process::ExitCode {
    flyte_host::app::main()
}

//! flyte-host, built once more: Cargo tells tests the path of a program only if it is of their own package.

fn main() -> std::process::ExitCode {
    flyte_host::app::main()
}

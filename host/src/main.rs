//! The program: everything is in the library.

fn main() -> std::process::ExitCode {
    flyte_host::app::main()
}

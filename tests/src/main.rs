//! flyte-host, built once more: Cargo gives tests the path only of programs of their own package.

fn main() -> ! {
    flyte_host::app::end_process(flyte_host::app::main())
}

//! The program: everything is in the library.

fn main() -> ! {
    flyte_host::app::end_process(flyte_host::app::main())
}

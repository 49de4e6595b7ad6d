//! The `copydesk` program: hands the command line to [`cli`] and returns its exit code.
#![forbid(unsafe_code)]

mod cli;

/// Cleaning allocates many small strings on all cores, which this allocator does without contention.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main().into()
}

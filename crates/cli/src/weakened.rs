//! The program with layers that tests can leave out.

fn main() -> std::process::ExitCode {
    ringfence_cli::main()
}

//! The binary.

fn main() -> std::process::ExitCode {
    twiceshy::main()
}

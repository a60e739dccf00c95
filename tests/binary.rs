//! The binary as tests and benches run it: cargo tells a package the path of its own binaries only.

fn main() -> std::process::ExitCode {
    twiceshy::main()
}

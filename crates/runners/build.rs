//! Makes code of the contract in `proto/`, without `protoc`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    println!("cargo::rerun-if-changed={folder}");
    let contract = protox::compile(["runner.proto", "runner_v2.proto"], [folder])?;
    tonic_prost_build::configure().compile_fds(contract)?;
    Ok(())
}

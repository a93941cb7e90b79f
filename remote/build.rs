//! Compiles `proto/` without `protoc`: Rust types for the compiler, descriptors for reflection.

use std::{env, error::Error, fs, path::PathBuf};

use protox::prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let files = proto_files()?;

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_source_info(true).include_imports(true).open_files(&files)?;
    // Maps are ordered, so that the same message always has the same bytes.
    prost_build::Config::new()
        .btree_map(["."])
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        .compile_fds(compiler.file_descriptor_set())?;

    // At run time nobody reads comments, and they are half of the size.
    compiler.include_source_info(false);
    let descriptors = compiler.file_descriptor_set();
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    Ok(())
}

/// Lists `proto/flyteidl/*/*.proto`, sorted, as paths that imports use.
fn proto_files() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for package in fs::read_dir("proto/flyteidl")? {
        for file in fs::read_dir(package?.path())? {
            files.push(file?.path().strip_prefix("proto")?.to_owned());
        }
    }
    files.sort();
    Ok(files)
}

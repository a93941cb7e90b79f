//! Compiles `proto/` without `protoc`: Rust types for the compiler, descriptors for reflection, and for each
//! service the client's functions and the server's trait.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use prost_build::{Service, ServiceGenerator};
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
        .service_generator(Box::new(Calls))
        .compile_fds(compiler.file_descriptor_set())?;

    // Comments are half of the size, and not read at run time.
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

/// Both ends of every call, so that a method exists under one path and one pair of messages only.
struct Calls;

impl ServiceGenerator for Calls {
    fn generate(&mut self, service: Service, code: &mut String) {
        let name = &service.name;
        let mut client = String::new();
        let mut server = String::new();
        let mut dispatch = String::new();
        for method in &service.methods {
            let (call, rpc) = (&method.name, &method.proto_name);
            let (request, answer) = (&method.input_type, &method.output_type);
            let path = format!("/{}.{}/{rpc}", service.package, service.proto_name);
            write!(
                client,
                "/// Calls `{rpc}` of `{name}`.\n\
                 ///\n/// # Errors\n///\n/// As [`crate::client::Client::unary`].\n\
                 pub async fn {call}(&self, request: &{request}) -> Result<{answer}, crate::client::ClientError> {{\n\
                     self.unary(\"{path}\", request).await\n\
                 }}\n"
            )
            .expect("a string takes everything");
            write!(
                server,
                "/// Serves `{rpc}`.\n\
                 ///\n/// # Errors\n///\n/// The status for the client; UNIMPLEMENTED by default.\n\
                 fn {call}(&self, request: {request}) -> Result<{answer}, crate::transport::Status> {{\n\
                     let _ = request;\n\
                     Err(crate::transport::Status::unimplemented(\"{path}\"))\n\
                 }}\n"
            )
            .expect("a string takes everything");
            writeln!(
                dispatch,
                "\"{path}\" => crate::transport::serve(message, |request| self.{call}(request)),"
            )
            .expect("a string takes everything");
        }
        write!(
            code,
            "/// The calls of `{name}`.\n\
             impl crate::client::Client {{\n{client}}}\n\
             /// The server's side of `{name}`: what is not implemented answers UNIMPLEMENTED.\n\
             pub trait {name} {{\n{server}\n\
             /// Answers the call at a path; `None` for a path of another service.\n\
             fn answer_{snake}(&self, path: &str, message: &[u8]) -> Option<Result<Vec<u8>, crate::transport::Status>> {{\n\
             Some(match path {{\n{dispatch}_ => return None,\n}})\n}}\n}}\n",
            snake = snake(name)
        )
        .expect("a string takes everything");
    }
}

/// `AdminService` becomes `admin_service`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

//! Reads what `register` reads and writes it out again, for tests that compare both sides.
//!
//!     roundtrip descriptors FILE              write the descriptors of all our messages
//!     roundtrip pb|json|yaml OUT INPUT…       write entities: `pb` into a folder, text into a file
//!
//! `PROJECT`, `DOMAIN` and `VERSION` in the environment fill identifiers.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use flyte_client::{
    proto::descriptor,
    register::{self, Identity, ReadError, render},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let form = arguments.next().ok_or("a form is missing")?;
    let out = PathBuf::from(arguments.next().ok_or("an output is missing")?);
    let inputs: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    match form.to_str() {
        Some("descriptors") => fs::write(out, descriptor::FILE_DESCRIPTOR_SET)?,
        Some("json") => write_text(&out, &inputs, render::TextFormat::Json)?,
        Some("pb") => {
            render::files(&read(&inputs)?, &out)?;
        }
        Some("yaml") => write_text(&out, &inputs, render::TextFormat::Yaml)?,
        _ => return Err("unknown form: expected `descriptors`, `json`, `pb` or `yaml`".into()),
    }
    Ok(())
}

fn write_text(out: &Path, inputs: &[PathBuf], form: render::TextFormat) -> Result<(), Box<dyn Error>> {
    let entries = read(inputs)?;
    fs::write(out, render::text(entries.iter().map(|entry| &entry.entity), form)?)?;
    Ok(())
}

fn read(inputs: &[PathBuf]) -> Result<Vec<register::RegisterItem>, ReadError> {
    let variable = |name| env::var(name).ok();
    let identity =
        Identity { project: variable("PROJECT"), domain: variable("DOMAIN"), version: variable("VERSION") };
    register::read(inputs, &identity)
}

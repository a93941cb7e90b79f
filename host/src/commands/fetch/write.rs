//! Values as files: what is in Flyte's store is brought here, what has a form is written as JSON.

use std::{
    fs,
    path::{Path, PathBuf},
};

use remote::{
    literal,
    proto::core::{
        Blob, Literal, Scalar, blob_type::BlobDimensionality, literal::Value as LiteralValue,
        scalar::Value as ScalarValue,
    },
};
use serde_json::{Value, json};

use super::super::{session::Session, show, transfer, values};
use crate::cli::{
    exit::Exit,
    output::{self, Format},
    report::Failure,
};

/// A file of the store as a value.
pub(super) fn file(uri: String) -> Literal {
    let blob = Blob { uri, metadata: None };
    let scalar = Scalar { value: Some(ScalarValue::Blob(blob)) };
    Literal { value: Some(LiteralValue::Scalar(Box::new(scalar))), ..Default::default() }
}

/// What became of the values.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<(String, Became)>);

#[derive(Debug)]
enum Became {
    Files(Vec<PathBuf>),
    Printed(Value),
}

impl Written {
    /// Prints files and values by their names.
    pub(super) fn print(&self, format: Format) -> Result<(), Failure> {
        match format {
            Format::Table if self.0.is_empty() => Ok(()),
            Format::Table => {
                let rows = self.0.iter().flat_map(|(name, became)| match became {
                    Became::Files(files) => {
                        files.iter().map(|file| vec![name.clone(), file.display().to_string()]).collect()
                    }
                    Became::Printed(value) => vec![vec![name.clone(), values::plain(value)]],
                });
                output::table(&["NAME", "VALUE"], rows)
            }
            Format::Name => show::names(self.0.iter().map(|(name, _)| name.clone())),
            format => {
                let entries = self.0.iter().map(|(name, became)| {
                    let value = match became {
                        Became::Files(files) => {
                            json!({ "files": files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>() })
                        }
                        Became::Printed(value) => json!({ "value": value }),
                    };
                    (name.clone(), value)
                });
                output::structured(format, &entries.collect::<serde_json::Map<_, _>>().into())
            }
        }
    }
}

/// Writes values into folders.
pub(super) struct Writer<'s> {
    session: &'s Session,
    recursive: bool,
    /// What became of those so far.
    pub written: Written,
}

impl<'s> Writer<'s> {
    pub(super) fn new(session: &'s Session, recursive: bool) -> Self {
        Self { session, recursive, written: Written::default() }
    }

    /// Writes a value below a folder, under its name.
    pub(super) async fn value(&mut self, name: &str, value: &Literal, dir: &Path) -> Result<(), Failure> {
        let mut open = vec![(name.to_owned(), dir.join(tame(name)), value)];
        while let Some((name, path, value)) = open.pop() {
            match &value.value {
                Some(LiteralValue::Collection(list)) if self.recursive => {
                    let parts = list.literals.iter().enumerate();
                    let parts = parts.map(|(index, part)| {
                        (format!("{name}[{index}]"), path.join(index.to_string()), part)
                    });
                    open.extend(parts.collect::<Vec<_>>().into_iter().rev());
                }
                Some(LiteralValue::Map(map)) if self.recursive => {
                    let parts = map.literals.iter();
                    let parts =
                        parts.map(|(key, part)| (format!("{name}.{key}"), path.join(tame(key)), part));
                    open.extend(parts.collect::<Vec<_>>().into_iter().rev());
                }
                Some(LiteralValue::Collection(_) | LiteralValue::Map(_)) => self.json(name, &path, value)?,
                Some(LiteralValue::Scalar(scalar)) => match &scalar.value {
                    Some(ScalarValue::Union(union)) => {
                        if let Some(inner) = union.value.as_deref() {
                            open.push((name, path, inner));
                        }
                    }
                    Some(inner) => self.scalar(name, &path, value, inner).await?,
                    None => {}
                },
                Some(LiteralValue::OffloadedMetadata(offloaded)) => {
                    self.fetch(name, &offloaded.uri, &path, false).await?;
                }
                None => {}
            }
        }
        Ok(())
    }

    async fn scalar(
        &mut self,
        name: String,
        path: &Path,
        literal: &Literal,
        value: &ScalarValue,
    ) -> Result<(), Failure> {
        match value {
            ScalarValue::Blob(blob) => {
                let kind = blob.metadata.as_ref().and_then(|metadata| metadata.r#type.as_ref());
                let is_folder =
                    kind.is_some_and(|kind| kind.dimensionality() == BlobDimensionality::Multipart);
                self.fetch(name, &blob.uri, path, is_folder).await
            }
            // A table is a folder of files.
            ScalarValue::StructuredDataset(table) => self.fetch(name, &table.uri, path, true).await,
            ScalarValue::Schema(table) => self.fetch(name, &table.uri, path, true).await,
            ScalarValue::Generic(_) | ScalarValue::Binary(_) => self.json(name, path, literal),
            _ => {
                self.written.0.push((name, Became::Printed(literal::to_json(literal))));
                Ok(())
            }
        }
    }

    async fn fetch(&mut self, name: String, uri: &str, to: &Path, is_folder: bool) -> Result<(), Failure> {
        let files = transfer::download(self.session, uri, to, is_folder).await?;
        self.written.0.push((name, Became::Files(files)));
        Ok(())
    }

    fn json(&mut self, name: String, path: &Path, literal: &Literal) -> Result<(), Failure> {
        let mut file = path.as_os_str().to_owned();
        file.push(".json");
        let file = PathBuf::from(file);
        let text = format!("{:#}\n", literal::to_json(literal));
        let parent = file.parent().map_or(Ok(()), fs::create_dir_all);
        parent.and_then(|()| fs::write(&file, text)).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot write `{}`", file.display())).caused_by(error)
        })?;
        self.written.0.push((name, Became::Files(vec![file])));
        Ok(())
    }
}

/// A name that stays within its folder: the names of values come from the server.
fn tame(name: &str) -> String {
    let tame: String = name.chars().map(|c| if matches!(c, '/' | '\\' | '\0') { '-' } else { c }).collect();
    if tame.trim_matches('.').is_empty() { format!("_{tame}") } else { tame }
}

#[cfg(test)]
mod tests {
    use super::tame;

    #[test]
    fn no_name_leads_out_of_its_folder() {
        for (name, expected) in [("o0", "o0"), ("../x", "..-x"), ("..", "_.."), ("", "_"), ("a/b", "a-b")] {
            assert_eq!(tame(name), expected);
        }
    }
}

//! The file of an answer, in the user's cache folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use flyte_client::atomic_file;
use plugin_host::isolated::RecordedEdits;
use serde::{Deserialize, Serialize};

use super::dependencies::Dependencies;
use crate::{env, settings};

/// The form of the file; a file of another form is not read.
const FORMAT: u32 = 3;
/// More answers than a user has selections of plugins; the oldest are removed.
const MAX_FILES: usize = 64;
/// How long a death is remembered: its causes are not known.
const DEATH_AGE: Duration = Duration::from_mins(10);

/// An answer, and what it depended on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    dependencies: Dependencies,
    pub(super) outcome: Outcome,
    /// When the plugins were asked.
    asked: SystemTime,
    #[serde(skip)]
    is_new: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The edits of each plugin, in the order in which they are applied.
    Edits(Vec<PluginEdits>),
    /// The child did not end as it should.
    Died(Death),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PluginEdits {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) homepage: Option<String>,
    /// Its line in `--version`.
    pub(super) summary: String,
    pub(super) edits: RecordedEdits,
}

/// A function of a plugin.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PluginCall {
    pub(super) plugin: String,
    pub(super) version: String,
    pub(super) function: String,
}

/// How a plugin ended the child.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Death {
    /// What ran.
    pub(super) call: PluginCall,
    /// What the plugin did: `crashed`.
    pub(super) verb: String,
    pub(super) cause: String,
}

impl Record {
    pub(super) fn new(dependencies: Dependencies, outcome: Outcome, asked: SystemTime) -> Self {
        Self { format: FORMAT, dependencies, outcome, asked, is_new: true }
    }

    /// `None` if there is no file, or one that this program does not understand.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (record.format == FORMAT).then_some(record)
    }

    pub(super) fn is_current(&self, program: &Dependencies) -> bool {
        let age = SystemTime::now().duration_since(self.asked);
        let is_fresh = match self.outcome {
            Outcome::Edits(_) => true,
            Outcome::Died(_) => age.is_ok_and(|age| age < DEATH_AGE),
        };
        is_fresh && self.dependencies.are_current(program)
    }

    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether a later change would be noticed.
    pub(super) fn can_be_kept(&self) -> bool {
        !self.dependencies.changed_just_before(self.asked)
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        atomic_file::replace(path, &text)?;
        path.parent().map_or(Ok(()), remove_oldest)
    }
}

/// Where the answer is kept; `None` without a home directory.
pub(super) fn path(program: &Dependencies) -> Option<PathBuf> {
    let folder = match env::text(env::CACHE_HOME).map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(folder) => folder,
        None => settings::home()?.join(".cache"),
    };
    Some(folder.join("flyte-host/command-line").join(format!("{}.json", program.name())))
}

fn remove_oldest(folder: &Path) -> io::Result<()> {
    let mut files: Vec<_> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(MAX_FILES);
    files.into_iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}

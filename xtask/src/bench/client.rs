//! The client and the sandbox under load, beside the official Python client (and `curl`) on the same server
//! in one run.
//!
//! Times are of whole processes, from start to end, as a user waits for them: the shortest of a few runs,
//! since everything else is noise of the machine.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::server::Server;
use super::timing::{clean, ratio, shortest, time};
use super::{far, gnu_time};
use crate::Result;
use crate::command::{capture, command, works};
use crate::python::Venv;
use crate::workspace::{Workspace, program};

/// How many times as fast as the official client the registration of [`TASKS`] tasks must be.
const REGISTER_BUDGET: f64 = 20.0;
/// How many times as fast as with the official client one entity must be read, and in which part of its
/// memory.
const GET_BUDGET: f64 = 50.0;
const GET_MEMORY_BUDGET: f64 = 0.2;

const TASKS: usize = 1_000;
const NODES: usize = 100;
const UPLOAD_BYTES: u64 = 1 << 30;
/// Numbers of entities between which cost must not grow with the number.
const GROWTH: [usize; 4] = [10, 100, 1_000, 10_000];

/// Runs the measurements; `built` is where the release binaries are.
pub(super) fn measure(workspace: &Workspace, built: &Path) -> Result {
    let bench = Bench::start(workspace, built)?;
    let mut over_budget = Vec::new();
    println!("\n━━ the client, beside the official one on the same server ━━");
    match Venv::install(workspace) {
        Ok(venv) => {
            over_budget.extend(bench.register(&venv)?);
            over_budget.extend(bench.get(&venv, workspace)?);
            over_budget.extend(far::register(&bench, &venv)?);
            bench.upload(&venv)?;
        }
        Err(error) => println!("not measured, the official client: {error}"),
    }
    println!("\n━━ the sandbox ━━");
    bench.workflows()?;
    bench.growth(built)?;
    if over_budget.is_empty() { Ok(()) } else { Err(over_budget.join("; ").into()) }
}

/// Asks for a signed URL with the official client, and prints it and the headers to send.
const SIGNED_URL: &str = "\
import base64, hashlib, sys
from flytekit.configuration import Config
from flytekit.remote import FlyteRemote
remote = FlyteRemote(Config.auto(), 'flytesnacks', 'development')
with open(sys.argv[1], 'rb') as file:
    md5 = hashlib.file_digest(file, 'md5').digest()
signed = remote.client.get_upload_signed_url('flytesnacks', 'development', md5, 'by-curl.bin')
print(signed.signed_url)
headers = {'Content-MD5': base64.b64encode(md5).decode(), **signed.headers}
# Flyte puts the length of the MD5's base64 there; every client works out that of the file.
headers.pop('Content-Length', None)
for name, value in headers.items():
    print(name + ':', value)
";

/// A sandbox that is served, and a folder for files.
pub(super) struct Bench {
    host: PathBuf,
    pub(super) files: TempDir,
    pub(super) server: Server,
}

impl Bench {
    /// Starts a sandbox of the release binaries, which are in `built`.
    pub(super) fn start(workspace: &Workspace, built: &Path) -> Result<Self> {
        let host = program(built, "flyte-host");
        let files = tempfile::tempdir_in(workspace.target(""))?;
        let mut server = clean(&host, files.path());
        server.args(["sandbox", "start", "--port", "0"]);
        let server = Server::start(&mut server)?;
        Ok(Self { host, files, server })
    }

    /// `flyte-host` against the server.
    pub(super) fn host(&self) -> Command {
        let mut host = clean(&self.host, self.files.path());
        host.env("FLYTE_PLATFORM_URL", &self.server.address).env("FLYTE_PLATFORM_INSECURE", "true");
        host
    }

    /// A program of the official client against the server.
    pub(super) fn official(&self, venv: &Venv, name: &str) -> Command {
        let mut official = clean(&venv.program(name), self.files.path());
        official.env("FLYTE_PLATFORM_URL", &self.server.address).env("FLYTE_PLATFORM_INSECURE", "true");
        official.env("PYTHONDONTWRITEBYTECODE", "1").env("FLYTE_SDK_LOGGING_LEVEL", "50");
        official
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.files.path().join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// The same tasks, registered by both.
    fn register(&self, venv: &Venv) -> Result<Option<String>> {
        let documents = self.write("thousand.yaml", &tasks(TASKS, "thousand"))?;
        let mut module = "from flytekit import ContainerTask\n".to_owned();
        for number in 0..TASKS {
            module.push_str(&format!(
                "t{number} = ContainerTask(name='thousand.{number}', image='example.org/i:1', command=['true'])\n"
            ));
        }
        self.write("thousand.py", &module)?;
        let versions = ["ours-1", "ours-2", "ours-3"];
        let ours = versions.map(|version| {
            let mut register = self.host();
            register.arg("register").arg(&documents).args(["--version", version]);
            time(&mut register)
        });
        let ours = shortest(ours)?;
        let mut register = self.official(venv, "pyflyte");
        register.args(["register", "--non-fast", "--version", "theirs-1", "--image", "example.org/i:1"]);
        register.args(["--project", "flytesnacks", "--domain", "development", "thousand.py"]);
        let theirs = time(&mut register)?;
        let name = format!("register {TASKS} tasks");
        Ok(ratio(&name, ours, "pyflyte register", theirs, REGISTER_BUDGET))
    }

    /// One task, read by both.
    fn get(&self, venv: &Venv, workspace: &Workspace) -> Result<Vec<String>> {
        let script = self.write(
            "get.py",
            "import os\n\
             from flytekit.configuration import Config\n\
             from flytekit.remote import FlyteRemote\n\
             remote = FlyteRemote(Config.auto(), 'flytesnacks', 'development')\n\
             print(remote.fetch_task(name='thousand.7', version='ours-1').id)\n",
        )?;
        let ours = || {
            let mut get = self.host();
            get.args(["get", "task", "thousand.7", "ours-1", "-o", "json"]);
            get
        };
        let theirs = || {
            let mut get = self.official(venv, "python");
            get.arg(&script);
            get
        };
        let fastest = |make: &dyn Fn() -> Command| shortest([(); 7].map(|()| time(&mut make())));
        let mut over = Vec::new();
        over.extend(ratio(
            "get one task",
            fastest(&ours)?,
            "FlyteRemote.fetch_task",
            fastest(&theirs)?,
            GET_BUDGET,
        ));
        let time = gnu_time(workspace)?;
        let (ours, theirs) = (peak_bytes(&time, &ours())?, peak_bytes(&time, &theirs())?);
        let part = ours / theirs;
        println!(
            "{:<34}{:>9.1} MB   {:<26}{:>9.1} MB   {:>5.1} % of it (budget {:.0} %)",
            "get one task, peak memory",
            ours / 1e6,
            "FlyteRemote.fetch_task",
            theirs / 1e6,
            part * 100.0,
            GET_MEMORY_BUDGET * 100.0
        );
        if part > GET_MEMORY_BUDGET {
            over.push("`get` takes more memory than its budget".to_owned());
        }
        Ok(over)
    }

    /// A large file to the same server. Both read it twice: for its hash, which the server wants first, and
    /// to send it.
    fn upload(&self, venv: &Venv) -> Result {
        if !works(command("curl").arg("--version")) {
            println!("not measured, an upload: there is no `curl`");
            return Ok(());
        }
        let file = self.files.path().join("large.bin");
        let mut writer = fs::File::create(&file)?;
        let block: Vec<u8> =
            (0..1 << 20).map(|number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        for _ in 0..UPLOAD_BYTES >> 20 {
            writer.write_all(&block)?;
        }
        drop(writer);
        // Once before, so that the file is in memory for all alike.
        let ours = || time(self.host().arg("upload").arg(&file));
        ours()?;
        let ours = shortest([ours(), ours(), ours()])?;
        let hash = || time(clean(Path::new("md5sum"), self.files.path()).arg(&file));
        let hashed = shortest([hash(), hash(), hash()])?;
        let script = self.write("url.py", SIGNED_URL)?;
        let signed = capture(self.official(venv, "python").arg(&script).arg(&file))?;
        let mut curl = clean(Path::new("curl"), self.files.path());
        curl.args(["--silent", "--show-error", "--fail", "--upload-file"]).arg(&file);
        let mut lines = signed.lines();
        curl.args(lines.next());
        for header in lines {
            curl.args(["--header", header]);
        }
        let mut send = || time(&mut curl);
        let sent = shortest([send(), send(), send()])?;
        fs::remove_file(&file)?;
        ratio("upload 1 GiB", ours, "md5sum, then curl", hashed + sent, 0.0);
        Ok(())
    }

    /// Workflows of trivial tasks, one after another and all at once.
    fn workflows(&self) -> Result {
        let base = {
            let started = Instant::now();
            for _ in 0..NODES {
                works(&mut command("true"));
            }
            started.elapsed()
        };
        for (shape, is_chain) in [("in a row", true), ("side by side", false)] {
            let name = if is_chain { "row" } else { "wide" };
            let file = self.write(&format!("{name}.yaml"), &workflow(name, is_chain))?;
            let mut register = self.host();
            capture(register.arg("register").arg(&file).args(["--version", "v1"]))?;
            let run = || {
                let mut run = self.host();
                run.args(["run", "--workflow", name, "--wait", "--max-parallelism", "100"]);
                time(&mut run)
            };
            let took = shortest([run(), run(), run()])?;
            let each = |total: Duration| total.as_secs_f64() * 1e3 / NODES as f64;
            println!(
                "{:<34}{:>9.1} ms a node, of which {:.1} ms start a process",
                format!("{NODES} nodes {shape}"),
                each(took),
                each(base)
            );
        }
        Ok(())
    }

    /// What the same commands cost in sandboxes of growing size.
    fn growth(&self, built: &Path) -> Result {
        println!("\n{:>10}{:>16}{:>16}{:>16}", "entities", "register", "get", "list of 100");
        for size in GROWTH {
            let home = tempfile::tempdir_in(self.files.path())?;
            let host = || {
                let mut host = clean(&program(built, "flyte-host"), home.path());
                host.env("FLYTE_SANDBOX", "1");
                host
            };
            let documents = self.write("many.yaml", &tasks(size, "many"))?;
            let mut fill = host();
            let filled = time(fill.arg("register").arg(&documents).args(["--version", "v1"]))?;
            let get = || time(host().args(["get", "task", "many.7", "v1", "-o", "json"]));
            let list = || time(host().args(["get", "tasks", "--limit", "100", "-o", "name"]));
            let (get, list) = (shortest([get(), get(), get()])?, shortest([list(), list(), list()])?);
            println!(
                "{size:>10}{:>9.3} ms each{:>13.1} ms{:>13.1} ms",
                filled.as_secs_f64() * 1e3 / size as f64,
                get.as_secs_f64() * 1e3,
                list.as_secs_f64() * 1e3
            );
        }
        Ok(())
    }
}

/// Short forms of container tasks, as one YAML file.
pub(super) fn tasks(count: usize, prefix: &str) -> String {
    (0..count)
        .map(|number| {
            format!("name: {prefix}.{number}\nimage: example.org/i:1\ncommand: ['true']\ncache: false\n---\n")
        })
        .collect()
}

/// A workflow of [`NODES`] nodes that do nothing.
fn workflow(name: &str, is_chain: bool) -> String {
    let mut text = format!(
        "name: {name}.nothing\nimage: example.org/i:1\ncommand: ['true']\ncache: false\n---\nworkflow: {name}\nnodes:\n"
    );
    for number in 0..NODES {
        let after = match number.checked_sub(1) {
            Some(previous) if is_chain => format!(", after: [n{previous}]"),
            _ => String::new(),
        };
        text.push_str(&format!("  n{number}: {{task: {name}.nothing{after}}}\n"));
    }
    text
}

fn peak_bytes(time: &Path, measured: &Command) -> Result<f64> {
    let report = tempfile::NamedTempFile::new()?;
    let mut tool = command(time);
    let format: [OsString; 3] = ["--format=%M".into(), "--output".into(), report.path().into()];
    tool.args(format).env_clear();
    let folder = measured.get_current_dir().unwrap_or(Path::new("."));
    capture(super::under(tool, measured).current_dir(folder))?;
    Ok(fs::read_to_string(report.path())?.trim().parse::<f64>()? * 1024.0)
}

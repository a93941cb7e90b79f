//! Signing in, beside the official client: the same provider, the same server, the same person, who is a
//! program.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::server::Server;
use super::timing::{clean, ratio, shortest};
use crate::Result;
use crate::command::{capture, command};
use crate::python::Venv;
use crate::sign_in::node_modules;
use crate::stamp::link;
use crate::workspace::{Workspace, program};

/// Reads one task with the official client.
const GET: &str = "\
from flytekit.configuration import Config
from flytekit.remote import FlyteRemote
remote = FlyteRemote(Config.auto(), 'flytesnacks', 'development')
print(remote.fetch_task(name='acme.train', version='v1').id, flush=True)
";

/// A keyring for the official client, which has no store of its own: as quick as a file.
const KEYRING: &str = "\
import json, os, pathlib
from keyring.backend import KeyringBackend
FILE = pathlib.Path(os.environ['BENCH_KEYRING'])
class Keyring(KeyringBackend):
    priority = 1
    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}
    def get_password(self, service, username):
        return self._all().get(service + username)
    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({**self._all(), service + username: password}))
    def delete_password(self, service, username):
        FILE.write_text(json.dumps({k: v for k, v in self._all().items() if k != service + username}))
";

/// Runs the measurements; `built` is where the release binaries are.
pub(super) fn measure(workspace: &Workspace, built: &Path) -> Result {
    println!("\n━━ signing in, beside the official client ━━");
    let bench = Bench::start(workspace, built)?;
    bench.callback()?;
    bench.cached()
}

/// A provider, a Flyte that wants its tokens, and a folder for files.
struct Bench {
    host: PathBuf,
    venv: Venv,
    files: TempDir,
    browser: String,
    flyte: Server,
    _provider: Server,
}

impl Bench {
    fn start(workspace: &Workspace, built: &Path) -> Result<Self> {
        let venv = Venv::install(workspace)?;
        let files = tempfile::tempdir_in(workspace.target(""))?;
        let scripts = Scripts::beside(&node_modules(workspace)?, workspace, files.path())?;
        let provider = Server::start(&mut scripts.command("provider.mjs"))?;
        // The port is free now; the system does not reassign it before it is listened on.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut flyte = command(venv.program("python"));
        flyte.arg(workspace.path("tests/fixtures/sign_in/server.py"));
        flyte.arg(files.path().join("requests.jsonl")).arg(format!("http://{}", provider.address));
        flyte.env("REDIRECT_URI", format!("http://localhost:{port}/callback"));
        let flyte = Server::start(&mut flyte)?;
        let browser = format!("node {} %s &", scripts.path("walker.mjs").display());
        let host = program(built, "flyte-host");
        Ok(Self { host, venv, files, browser, flyte, _provider: provider })
    }

    /// A client in a home of its own, with a file for its tokens.
    fn client(&self, program: &Path, home: &Path) -> Command {
        let mut client = clean(program, home);
        client.env("FLYTE_PLATFORM_URL", &self.flyte.address).env("FLYTE_PLATFORM_INSECURE", "true");
        client.env("BROWSER", &self.browser).env("STAMP", home.join("stamp"));
        client
    }

    fn ours(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut host = self.client(&self.host, home);
        host.env("FLYTE_TOKEN_STORE", "file").args(arguments);
        host
    }

    fn theirs(&self, home: &Path) -> Result<Command> {
        std::fs::write(home.join("file_keyring.py"), KEYRING)?;
        let mut python = self.client(&self.venv.program("python"), home);
        python.env("PYTHONPATH", home).env("PYTHON_KEYRING_BACKEND", "file_keyring.Keyring");
        python.env("BENCH_KEYRING", home.join("keyring.json"));
        python.env("PYTHONDONTWRITEBYTECODE", "1").env("FLYTE_SDK_LOGGING_LEVEL", "50");
        python.args(["-c", GET]);
        Ok(python)
    }

    fn home(&self) -> Result<TempDir> {
        Ok(tempfile::tempdir_in(self.files.path())?)
    }

    /// From the moment at which the browser asks for the callback to the end of the command, which by then
    /// has bought tokens, kept them, and called Flyte with them.
    fn callback(&self) -> Result {
        let ours = || {
            let home = self.home()?;
            after_callback(&mut self.ours(home.path(), &["login"]), home.path())
        };
        let theirs = || {
            let home = self.home()?;
            after_callback(&mut self.theirs(home.path())?, home.path())
        };
        let ours = shortest([ours(), ours(), ours()])?;
        let theirs = shortest([theirs(), theirs(), theirs()])?;
        ratio("callback to the end of `login`", ours, "FlyteRemote.fetch_task", theirs, 0.0);
        Ok(())
    }

    /// From the start of a command that has a token to the first byte that it prints of Flyte's answer.
    fn cached(&self) -> Result {
        let (our_home, their_home) = (self.home()?, self.home()?);
        capture(&mut self.ours(our_home.path(), &["login"]))?;
        capture(&mut self.theirs(their_home.path())?)?;
        let get = ["get", "task", "acme.train", "v1", "-o", "json"];
        let ours = || first_byte(&mut self.ours(our_home.path(), &get));
        let theirs = || first_byte(&mut self.theirs(their_home.path())?);
        let ours = shortest([(); 7].map(|()| ours()))?;
        let theirs = shortest([(); 5].map(|()| theirs()))?;
        ratio("get one task with a kept token", ours, "FlyteRemote.fetch_task", theirs, 0.0);
        Ok(())
    }
}

/// The programs of the tests, where they find their packages.
struct Scripts(PathBuf);

impl Scripts {
    fn beside(modules: &Path, workspace: &Workspace, files: &Path) -> Result<Self> {
        let folder = files.join("scripts");
        std::fs::create_dir(&folder)?;
        for name in ["provider.mjs", "walker.mjs"] {
            std::fs::copy(workspace.path("tests/fixtures/sign_in").join(name), folder.join(name))?;
        }
        link(&modules.join("node_modules"), &folder.join("node_modules"))?;
        Ok(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn command(&self, name: &str) -> Command {
        let mut node = command("node");
        node.arg(self.path(name));
        node
    }
}

/// How long a command takes after the browser's callback, whose time the person writes down.
fn after_callback(measured: &mut Command, home: &Path) -> Result<Duration> {
    capture(measured)?;
    let end = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let stamp: f64 = std::fs::read_to_string(home.join("stamp"))?.parse()?;
    Ok(end.saturating_sub(Duration::from_secs_f64(stamp / 1e3)))
}

/// How long a command takes until its first byte of output.
fn first_byte(measured: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let mut child = measured.stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().ok_or("the command has no output")?;
    let mut byte = [0];
    let got = output.read(&mut byte)?;
    let took = started.elapsed();
    std::io::copy(&mut output, &mut std::io::sink())?;
    if !child.wait()?.success() || got == 0 {
        return Err("a command that was to be measured failed".into());
    }
    Ok(took)
}

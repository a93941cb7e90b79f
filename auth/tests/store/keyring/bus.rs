//! A session of its own for each test: a message bus, and the keyring of GNOME on it.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use zbus::{
    blocking::{
        Connection,
        connection::Builder,
        fdo::{DBusProxy, NameOwnerChangedIterator},
    },
    zvariant::OwnedObjectPath,
};

use super::unpacked;

pub(super) const KEYRING: &str = "org.freedesktop.secrets";
/// Who shows windows that ask for a password.
pub(super) const PROMPTER: &str = "org.gnome.keyring.SystemPrompter";
const PASSWORD: &str = "the password of the person";

/// Clients may do anything: only this test can open its socket.
const SETTINGS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=FOLDER</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A running bus, and what runs on it; all end with it.
pub(super) struct Bus {
    pub(super) address: String,
    tree: PathBuf,
    folder: TempDir,
    programs: Vec<Child>,
}

impl Drop for Bus {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

impl Bus {
    /// A bus without a keyring; `None` where nothing is prepared for this test.
    pub(super) fn start() -> Option<Self> {
        let tree = unpacked()?;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let settings = folder.path().join("bus.conf");
        fs::write(&settings, SETTINGS.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
        let mut daemon = program(&tree, "dbus-daemon")
            .arg("--nofork")
            .arg("--print-address=1")
            .arg(format!("--config-file={}", settings.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { address: address.trim().to_owned(), tree, folder, programs: vec![daemon] })
    }

    /// A bus with a keyring that its person has unlocked.
    pub(super) fn with_keyring() -> Option<Self> {
        let mut bus = Self::start()?;
        bus.start_keyring(&["--unlock"]);
        Some(bus)
    }

    /// As when the person has signed out of the machine: the keyring is started when it is needed, and
    /// locked.
    pub(super) fn restart_locked(&mut self) {
        self.stop_keyring();
        self.start_keyring(&["--start"]);
    }

    /// As when the person has signed in again.
    pub(super) fn restart_unlocked(&mut self) {
        self.stop_keyring();
        self.start_keyring(&["--unlock"]);
    }

    fn start_keyring(&mut self, arguments: &[&str]) {
        let mut owners = self.owners();
        let mut daemon = self.keyring(arguments);
        daemon.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        self.programs.push(daemon);
        while owners.next().unwrap().args().unwrap().new_owner.is_none() {}
    }

    fn stop_keyring(&mut self) {
        let mut owners = self.owners();
        let mut daemon = self.programs.pop().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        while owners.next().unwrap().args().unwrap().new_owner.is_some() {}
    }

    /// Who becomes the keyring from now on.
    fn owners(&self) -> NameOwnerChangedIterator<'static> {
        let bus = DBusProxy::new(&self.connect()).unwrap();
        bus.receive_name_owner_changed_with_args(&[(0, KEYRING)]).unwrap()
    }

    fn keyring(&self, arguments: &[&str]) -> Child {
        program(&self.tree, "gnome-keyring-daemon")
            .args(arguments)
            .args(["--foreground", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn connect(&self) -> Connection {
        Builder::address(&*self.address).unwrap().build().unwrap()
    }

    /// The keyring, or who asks the person for its password, takes all requests, and answers none.
    pub(super) fn say_nothing_as(&self, name: &str) -> Connection {
        // Requests stay in a queue that is not read, so there is not even an error response.
        Builder::address(&*self.address).unwrap().name(name).unwrap().build().unwrap()
    }

    /// Locks what the keyring holds.
    pub(super) fn lock(&self) {
        let collection = self.collection();
        let (locked, _): (Vec<OwnedObjectPath>, OwnedObjectPath) = self.ask("Lock", &(vec![&collection],));
        assert_eq!(locked, [collection]);
    }

    fn collection(&self) -> OwnedObjectPath {
        self.ask("ReadAlias", &("default",))
    }

    fn ask<B, T>(&self, method: &str, body: &B) -> T
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
        T: serde::de::DeserializeOwned + zbus::zvariant::Type,
    {
        let interface = Some("org.freedesktop.Secret.Service");
        let answer = self
            .connect()
            .call_method(Some(KEYRING), "/org/freedesktop/secrets", interface, method, body)
            .unwrap();
        answer.body().deserialize().unwrap()
    }
}

/// A program of the unpacked tree with the libraries there, else the system's.
fn program(tree: &Path, name: &str) -> Command {
    let path = tree.join("usr/bin").join(name);
    let mut command = Command::new(if path.exists() { path } else { name.into() });
    let folders = fs::read_dir(tree.join("usr/lib")).unwrap().map(|entry| entry.unwrap().path());
    let libraries = folders.filter(|path| path.to_string_lossy().contains("-linux-"));
    command.env("LD_LIBRARY_PATH", env::join_paths(libraries).unwrap());
    command
}

//! Which release of a plugin fits a host.

use std::fmt;

use plugin_host::preflight::{HostTarget, System};
use semver::Version;

use crate::index::{IndexedPlugin, PlatformFile, Release, STABLE};

/// The host that a release has to fit.
#[derive(Clone, Debug)]
pub struct Host {
    /// The machine.
    pub target: HostTarget,
    /// The version of flyte-host.
    pub version: Version,
}

/// What the user asks for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Exactly this version, also one that was withdrawn.
    pub version: Option<Version>,
    /// Releases of this channel, besides the stable ones.
    pub channel: Option<String>,
}

/// Why a release does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// It is of a channel that was not asked for.
    Channel(String),
    /// It needs a later flyte-host.
    Host(Version),
    /// It needs a later glibc.
    Glibc(String),
    /// It has no file for this platform; those that it has.
    Platform(Vec<String>),
    /// It is of another protocol.
    Protocol(String),
    /// It was withdrawn.
    Yanked,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel) => write!(f, "only in channel `{channel}`"),
            Self::Host(version) => write!(f, "needs flyte-host {version}"),
            Self::Glibc(version) => write!(f, "needs glibc {version}"),
            Self::Platform(targets) => write!(f, "only for {}", targets.join(", ")),
            Self::Protocol(protocol) => write!(f, "needs protocol {protocol}"),
            Self::Yanked => f.write_str("withdrawn"),
        }
    }
}

impl Host {
    /// The newest release that fits, and its file.
    ///
    /// # Errors
    ///
    /// Each release, from the newest, with the reason why it does not fit.
    pub fn choose<'a>(
        &self,
        plugin: &'a IndexedPlugin,
        wanted: &Wanted,
    ) -> Result<(&'a Release, &'a PlatformFile), Vec<(Version, Unfit)>> {
        let mut releases: Vec<&Release> = plugin.releases.iter().collect();
        releases.sort_by(|left, right| right.version.cmp(&left.version));
        if let Some(version) = &wanted.version {
            releases.retain(|release| release.version == *version);
        }
        let mut unfit = Vec::new();
        for release in releases {
            match self.file(release, wanted) {
                Ok(file) => return Ok((release, file)),
                Err(reason) => unfit.push((release.version.clone(), reason)),
            }
        }
        Err(unfit)
    }

    fn file<'a>(&self, release: &'a Release, wanted: &Wanted) -> Result<&'a PlatformFile, Unfit> {
        if wanted.version.is_none() {
            if release.yanked {
                return Err(Unfit::Yanked);
            }
            let is_asked_for = release.channel == STABLE || Some(&release.channel) == wanted.channel.as_ref();
            if !is_asked_for {
                return Err(Unfit::Channel(release.channel.clone()));
            }
        }
        if release.protocol_number().map(|(major, _)| major) != Some(self.target.protocol.major) {
            return Err(Unfit::Protocol(release.protocol.clone()));
        }
        if let Some(minimum) = release.minimum_host.as_ref().filter(|minimum| **minimum > self.version) {
            return Err(Unfit::Host(minimum.clone()));
        }
        let Some(file) = release.files.iter().find(|file| self.fits(&file.target)) else {
            return Err(Unfit::Platform(release.files.iter().map(|file| file.target.clone()).collect()));
        };
        match (file.glibc.as_deref(), self.target.glibc) {
            (Some(needs), Some(has)) if glibc(needs).is_some_and(|needs| needs > has) => {
                Err(Unfit::Glibc(needs.to_owned()))
            }
            _ => Ok(file),
        }
    }

    /// Whether libraries for a platform can be loaded here, by Rust's name of the platform.
    #[must_use]
    pub fn fits(&self, target: &str) -> bool {
        let mut parts = target.split('-');
        let cpu = match parts.next() {
            Some("i586" | "i686") => "x86",
            Some(cpu) if cpu.starts_with("armv7") => "arm",
            cpu => cpu.unwrap_or_default(),
        };
        let rest: Vec<&str> = parts.collect();
        let system = match self.target.system {
            System::Linux => "linux",
            System::MacOs => "darwin",
            System::Windows => "windows",
            _ => return false,
        };
        let c_library = |part: &&str| part.starts_with("gnu") || part.starts_with("musl");
        let fits_c_library = self.target.c_library.is_empty()
            || rest
                .iter()
                .find(|part| c_library(part))
                .is_some_and(|part| part.starts_with(self.target.c_library));
        cpu == self.target.cpu && rest.contains(&system) && fits_c_library
    }
}

fn glibc(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        let target = HostTarget {
            system: System::Linux,
            cpu: "x86_64",
            c_library: "gnu",
            glibc: Some((2, 36)),
            ..HostTarget::current()
        };
        Host { target, version: Version::new(0, 2, 0) }
    }

    fn release(version: &str, change: impl Fn(&mut Release)) -> Release {
        let file = |target: &str| PlatformFile {
            target: target.to_owned(),
            glibc: Some("2.28".to_owned()),
            path: "a".to_owned(),
            sha256: "a".repeat(64),
            size: 1,
        };
        let mut release = Release {
            version: version.parse().unwrap(),
            protocol: "1.0".to_owned(),
            channel: STABLE.to_owned(),
            yanked: false,
            minimum_host: None,
            time: jiff::Timestamp::UNIX_EPOCH,
            files: vec![file("aarch64-unknown-linux-gnu"), file("x86_64-unknown-linux-gnu")],
        };
        change(&mut release);
        release
    }

    fn plugin(releases: Vec<Release>) -> IndexedPlugin {
        let name = "acme".to_owned();
        IndexedPlugin { name, description: None, homepage: None, license: None, releases }
    }

    #[test]
    fn the_newest_release_that_fits_is_chosen() {
        let all = plugin(vec![
            release("1.0.0", |_| ()),
            release("1.10.0", |_| ()),
            release("1.9.0", |_| ()),
            release("1.11.0", |it| it.yanked = true),
            release("1.12.0", |it| it.channel = "beta".to_owned()),
            release("2.0.0", |it| it.protocol = "2.0".to_owned()),
            release("1.13.0", |it| it.minimum_host = Some(Version::new(0, 3, 0))),
            release("1.14.0", |it| it.files[1].glibc = Some("2.39".to_owned())),
            release("1.15.0", |it| it.files.truncate(1)),
        ]);
        let choose = |version: Option<&str>, channel: Option<&str>| {
            let wanted = Wanted {
                version: version.map(|version| version.parse().unwrap()),
                channel: channel.map(str::to_owned),
            };
            host().choose(&all, &wanted).map(|(release, file)| {
                assert_eq!(file.target, "x86_64-unknown-linux-gnu");
                release.version.to_string()
            })
        };
        assert_eq!(choose(None, None).unwrap(), "1.10.0");
        assert_eq!(choose(None, Some("beta")).unwrap(), "1.12.0");
        assert_eq!(choose(Some("1.11.0"), None).unwrap(), "1.11.0");
        assert_eq!(choose(Some("1.12.0"), None).unwrap(), "1.12.0");
        assert_eq!(choose(Some("3.0.0"), None).unwrap_err(), []);
        for (version, reason) in [
            ("2.0.0", "needs protocol 2.0"),
            ("1.13.0", "needs flyte-host 0.3.0"),
            ("1.14.0", "needs glibc 2.39"),
            ("1.15.0", "only for aarch64-unknown-linux-gnu"),
        ] {
            assert_eq!(choose(Some(version), None).unwrap_err()[0].1.to_string(), reason);
        }
    }

    #[test]
    fn platforms_are_compared_by_cpu_system_and_c_library() {
        for (target, fits) in [
            ("x86_64-unknown-linux-gnu", true),
            ("x86_64-acme-linux-gnu", true),
            ("x86_64-unknown-linux-musl", false),
            ("aarch64-unknown-linux-gnu", false),
            ("x86_64-pc-windows-gnu", false),
            ("x86_64-apple-darwin", false),
            ("x86_64", false),
        ] {
            assert_eq!(host().fits(target), fits, "{target}");
        }
    }
}

//! Ports that are known before anything listens on them.

use std::{
    env,
    fs::File,
    net::{Ipv4Addr, Ipv6Addr, TcpListener},
};

/// Below what systems give to those who ask for any port, so that no server of another test gets one of
/// these.
const RANGE: std::ops::Range<u16> = 20_000..30_000;

/// A port of this machine that nothing listens on, and that no other test claims while this exists.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Locked: how tests in other processes see the claim.
    _claim: File,
}

impl Port {
    /// Claims one.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn claim() -> Self {
        // Tests start at different places, so that they rarely ask for the same.
        let start = u16::try_from(std::process::id() * 7 % u32::from(RANGE.end - RANGE.start)).unwrap_or(0);
        let numbers = (RANGE.start + start..RANGE.end).chain(RANGE);
        numbers.into_iter().find_map(Self::try_claim).expect("a port that is free")
    }

    fn try_claim(number: u16) -> Option<Self> {
        let folder = env::temp_dir().join("flyte-host-test-ports");
        std::fs::create_dir_all(&folder).expect("a directory in the temporary one");
        let claim = File::create(folder.join(number.to_string())).expect("a file of the tests' own");
        claim.try_lock().ok()?;
        // A program other than a test may use it.
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, number));
        if v6.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse) {
            return None;
        }
        Some(Self { number, _claim: claim })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

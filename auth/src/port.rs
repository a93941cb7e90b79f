//! Who has a port: for a message that names whom to ask.

#[cfg(target_os = "linux")]
pub(super) use self::linux::holder;

/// Elsewhere nobody is asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_: u16) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use crate::redact::clean;

    /// Local addresses that stand in the way of a port on the loopback interface, as `/proc/net/tcp` writes them:
    /// `127.0.0.1`, every address; `::1`, every address, `127.0.0.1` in IPv6.
    const IN_THE_WAY: [&str; 5] = [
        "0100007F",
        "00000000",
        "00000000000000000000000001000000",
        "00000000000000000000000000000000",
        "0000000000000000FFFF00000100007F",
    ];

    /// The program that has a TCP port of this machine's loopback interface, as `name` (process 123); `None` where that
    /// cannot be seen, as with other users' programs.
    pub(crate) fn holder(port: u16) -> Option<String> {
        let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| sockets(&table, port))
            .collect();
        let process = processes().find(|process| has_one(&process.join("fd"), &sockets))?;
        let name = fs::read_to_string(process.join("comm")).ok()?;
        // A process may call itself anything.
        Some(format!("`{}` (process {})", clean(&name), process.file_name()?.to_str()?))
    }

    /// The sockets at a port, as links to them read: listening, or the end of a connection (`proc(5)`: the columns are
    /// number, local address, remote address, state, …, inode).
    fn sockets(table: &str, port: u16) -> Vec<String> {
        let wanted: Vec<String> = IN_THE_WAY.iter().map(|address| format!("{address}:{port:04X}")).collect();
        let socket = |line: &str| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let local = *columns.get(1)?;
            let inode = columns.get(9).filter(|_| wanted.iter().any(|address| address == local))?;
            Some(format!("socket:[{inode}]"))
        };
        table.lines().skip(1).filter_map(socket).collect()
    }

    fn processes() -> impl Iterator<Item = PathBuf> {
        let is_process = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        };
        fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path()).filter(is_process)
    }

    fn has_one(descriptors: &Path, sockets: &[String]) -> bool {
        fs::read_dir(descriptors)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
            .any(|link| link.to_str().is_some_and(|link| sockets.iter().any(|socket| socket == link)))
    }

    #[cfg(test)]
    mod tests {
        use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

        use super::*;

        fn ours() -> String {
            format!("(process {})", std::process::id())
        }

        #[test]
        fn our_own_port_is_found_whatever_address_it_is_at() {
            let addresses: [SocketAddr; 4] = [
                (Ipv4Addr::LOCALHOST, 0).into(),
                (Ipv4Addr::UNSPECIFIED, 0).into(),
                (Ipv6Addr::LOCALHOST, 0).into(),
                (Ipv6Addr::UNSPECIFIED, 0).into(),
            ];
            for address in addresses {
                let listener = match TcpListener::bind(address) {
                    Ok(listener) => listener,
                    // Not every machine has IPv6.
                    Err(_) if address.is_ipv6() => continue,
                    Err(error) => panic!("{error}"),
                };
                let holder = holder(listener.local_addr().unwrap().port()).unwrap();
                assert!(holder.ends_with(&ours()), "{address}: {holder}");
            }
        }

        #[test]
        fn a_socket_on_another_interface_is_not_in_the_way() {
            let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                         0: 0500A8C0:D159 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 11 1 0\n\
                         1: 0100007F:D159 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 12 1 0\n\
                         2: 0100007F:D15A 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 13 1 0\n";
            assert_eq!(sockets(table, 53593), ["socket:[12]"]);
        }
    }
}

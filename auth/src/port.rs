//! Who has a port: for a message that names whom to ask.

use std::{fs, path::Path};

/// The program that listens on a TCP port of this machine, as `name (process 123)`; `None` where that cannot be seen,
/// as with other users' programs.
#[cfg(target_os = "linux")]
pub(super) fn holder(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, port))
        .collect();
    let wanted: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) else {
            continue;
        };
        if has_one(&process.path().join("fd"), &wanted) {
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            return Some(format!("`{}` (process {pid})", name.trim()));
        }
    }
    None
}

/// Elsewhere nobody is asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder(_: u16) -> Option<String> {
    None
}

/// The inodes of sockets that listen on a port (`proc(5)`: columns are number, local address, remote address, state,
/// …, inode; 0A is LISTEN).
#[cfg(target_os = "linux")]
fn listening(table: &str, port: u16) -> Vec<String> {
    let port = format!(":{port:04X}");
    let inode = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let listens = columns.get(1)?.ends_with(&port) && *columns.get(3)? == "0A";
        columns.get(9).filter(|_| listens).map(|&inode| inode.to_owned())
    };
    table.lines().skip(1).filter_map(inode).collect()
}

#[cfg(target_os = "linux")]
fn has_one(descriptors: &Path, wanted: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(descriptors) else { return false };
    descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|link| link.to_str().is_some_and(|link| wanted.iter().any(|socket| socket == link)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn our_own_port_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = holder(listener.local_addr().unwrap().port()).unwrap();
        assert!(holder.ends_with(&format!("(process {})", std::process::id())), "{holder}");
    }
}

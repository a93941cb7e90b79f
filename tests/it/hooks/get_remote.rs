//! `get_remote`, through `config show`.

use snapbox::str;
use tests::snapshot;

use super::home_where;

fn config_show(plugin: &str, fault: &str) -> String {
    home_where(plugin, fault).run(&["config", "show"])
}

#[test]
fn the_plugin_says_where_flyte_is() {
    snapshot!(
        config_show("faulty", "answer:get_remote"),
        str![[r#"
SETTING               VALUE                  FROM
endpoint              faulty.example:443     plugin `faulty`
insecure              false                  default (plugin `faulty` does not set it)
insecure_skip_verify  false                  default (plugin `faulty` does not set it)
ca_cert_file_path     -                      default (plugin `faulty` does not set it)
console_endpoint      -                      default (plugin `faulty` does not set it)
http_proxy_url        -                      default (plugin `faulty` does not set it)
auth_mode             Pkce                   default (plugin `faulty` does not set it)
client_id             -                      default (plugin `faulty` does not set it)
client_secret         -                      default (plugin `faulty` does not set it)
scopes                -                      default (plugin `faulty` does not set it)
audience              -                      default (plugin `faulty` does not set it)
command               -                      default (plugin `faulty` does not set it)
proxy_command         -                      default (plugin `faulty` does not set it)
default_project       flytesnacks            default
default_domain        development            default
data_upload_location  flyte://my-s3-bucket/  default (plugin `faulty` does not set it)
[exit: 0]
"#]]
    );
}

#[test]
fn a_hint_about_a_value_of_the_plugin_names_the_plugin() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};

        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let mut home = home_where("faulty", "answer:get_remote");
    home.set("FAULTY_ENDPOINT", address);
    home.write(".flyte/config.yaml", "admin:\n  endpoint: elsewhere.example\n  insecure: true\n");
    snapshot!(
        home.run(&["version", "-o", "name"]),
        str![[r#"
flyte-host
faulty
------- stderr -------
error: cannot reach Flyte
  caused by: `127.0.0.1:[PORT]` speaks plain text, not TLS
hint: set `insecure` in `get_remote` of plugin `faulty` to true if that is meant
[exit: 21]
"#]]
    );
}

#[test]
fn a_plugin_without_the_hook_leaves_it_to_the_default() {
    snapshot!(
        config_show("plain", ""),
        str![[r#"
SETTING               VALUE                  FROM
endpoint              localhost:30080        default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
insecure              true                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
insecure_skip_verify  false                  default
ca_cert_file_path     -                      default
console_endpoint      -                      default
http_proxy_url        -                      default
auth_mode             Pkce                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
client_id             -                      default
client_secret         -                      default
scopes                -                      default
audience              -                      default
command               -                      default
proxy_command         -                      default
default_project       flytesnacks            default
default_domain        development            default
data_upload_location  flyte://my-s3-bucket/  default
[exit: 0]
"#]]
    );
}

#[test]
fn a_plugin_that_asks_next_leaves_it_to_the_default() {
    snapshot!(
        config_show("faulty", "decline:get_remote"),
        str![[r#"
SETTING               VALUE                  FROM
endpoint              localhost:30080        default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
insecure              true                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
insecure_skip_verify  false                  default
ca_cert_file_path     -                      default
console_endpoint      -                      default
http_proxy_url        -                      default
auth_mode             Pkce                   default (sandbox: no configuration file and no `FLYTE_PLATFORM_URL`)
client_id             -                      default
client_secret         -                      default
scopes                -                      default
audience              -                      default
command               -                      default
proxy_command         -                      default
default_project       flytesnacks            default
default_domain        development            default
data_upload_location  flyte://my-s3-bucket/  default
[exit: 0]
"#]]
    );
}

#[test]
fn an_invalid_endpoint_is_refused() {
    snapshot!(
        config_show("faulty", "invalid:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 returned an invalid value from `get_remote`
  caused by: `faulty.example:notaport` has the invalid port `notaport`; use a number from 1 to 65535
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn an_error_is_told_with_causes_and_hints() {
    snapshot!(
        config_show("faulty", "error:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 failed in `get_remote`
  caused by: the vault is sealed
  caused by: no key was given
hint: run `faulty unseal`
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_is_told_with_its_place() {
    snapshot!(
        config_show("faulty", "panic:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `get_remote`
  caused by: index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_with_a_value_is_told_with_its_place() {
    snapshot!(
        config_show("faulty", "panic-value:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `get_remote`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:36)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

#[test]
fn a_panic_in_a_panics_destructor_is_survived() {
    snapshot!(
        config_show("faulty", "panic-drop:get_remote"),
        str![[r#"
------- stderr -------
error: plugin `faulty` 0.4.1 panicked in `get_remote`
  caused by: panicked with a value that is not text (tests/plugins/faulty/src/fault.rs:37)
hint: report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it
[exit: 11]
"#]]
    );
}

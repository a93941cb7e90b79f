//! `get_remote`: the whole table of `config show`, and hints about values of a plugin.

use snapbox::str;
use tests::snapshot;

use super::home_where;

#[test]
fn config_show_names_the_plugin_at_each_value() {
    snapshot!(
        home_where("faulty", "answer:get_remote").run(["config", "show"]),
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
        home.run(["version", "-o", "name"]),
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

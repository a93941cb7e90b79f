//! From the publisher's folder to the user's command, and back.

use snapbox::str;
use tests::snapshot;

use super::{Company, loaded_version, stable};

#[test]
fn a_plugin_is_published_installed_updated_rolled_back_and_removed() {
    let company = Company::new();
    let user = company.user();
    snapshot!(
        stable(user.run(["plugin", "install", "acme"])),
        str![[r#"
------- stderr -------
installed `acme` 1.0.0 from `https://localhost:[PORT]/`, signed by key [KEYID], which is trusted from now on
hint: run `flyte-host plugin enable acme` to use it
[exit: 0]
"#]]
    );
    snapshot!(
        stable(user.run(["plugin", "list"])),
        str![[r#"
NAME  VERSION  PROTOCOL  STATE      SIGNER            FILE
acme  1.0.0    1.0       installed  [KEYID]  [HOME]/.flyte/plugins/libacme.so
[exit: 0]
"#]]
    );
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
    snapshot!(
        stable(user.run(["plugin", "enable", "acme"])),
        str![[r#"
------- stderr -------
enabled plugins: acme (in `[HOME]/.flyte/host.toml`)
[exit: 0]
"#]]
    );
    snapshot!(
        stable(user.run(["plugin", "update"])),
        str![[r#"
------- stderr -------
`acme` 1.0.0 is unchanged
[exit: 0]
"#]]
    );
    company.release("1.1.0");
    snapshot!(
        stable(user.run(["plugin", "list", "--outdated"])),
        str![[r#"
NAME  INSTALLED  NEWEST  SOURCE
acme  1.0.0      1.1.0   https://localhost:[PORT]/
[exit: 0]
"#]]
    );
    snapshot!(
        stable(user.run(["plugin", "search"])),
        str![[r#"
NAME  VERSION  INSTALLED  REPOSITORY  DESCRIPTION
acme  1.1.0    1.0.0      acme        Acme's plugin for flyte-host: the six hooks as a newcomer would write them
[exit: 0]
"#]]
    );
    snapshot!(
        stable(user.run(["plugin", "update"])),
        str![[r#"
------- stderr -------
updated `acme` from 1.0.0 to 1.1.0 from `https://localhost:[PORT]/`, signed by key [KEYID]
[exit: 0]
"#]]
    );
    snapshot!(
        stable(user.run(["--version"])),
        str![[r#"
flyte-host [VERSION]
plugin `acme` 1.1.0 (protocol 1.0) overrides get_remote, configure_cli, secret_requires_group, get_default_image, get_auth_success_html, get_default_cache_policies; sha256 [SHA256]; signed by key [KEYID]
[exit: 0]
"#]]
    );
    snapshot!(
        stable(user.run(["my-custom-command"])),
        str![[r#"
Executing my custom CLI command!
[exit: 0]
"#]]
    );
    let completed = |line: &str| crate::configure_cli::completion::bash(&user, line).stdout().to_owned();
    assert_eq!(completed("flyte-host plugin rollback a").trim(), "acme");
    assert_eq!(completed("flyte-host plugin enable a").trim(), "acme");
    snapshot!(
        stable(user.run(["plugin", "rollback", "acme"])),
        str![[r#"
------- stderr -------
`acme` is at 1.0.0 again; 1.1.0 is kept
hint: run `flyte-host plugin rollback acme` to take it back
[exit: 0]
"#]]
    );
    assert_eq!(loaded_version(&user).as_deref(), Some("1.0.0"));
    snapshot!(
        stable(user.run(["plugin", "remove", "acme"])),
        str![[r#"
------- stderr -------
disabled and removed `acme`
[exit: 0]
"#]]
    );
    snapshot!(
        stable(user.run(["plugin", "list"])),
        str![[r#"
------- stderr -------
no plugins are installed; run `flyte-host plugin install`, or copy plugin files to `[HOME]/.flyte/plugins`
[exit: 0]
"#]]
    );
    assert_eq!(loaded_version(&user), None);
}

//! The loader, used by another Rust program: this one.

use std::collections::BTreeMap;

use plugin_abi::Remote;
use plugin_host::{
    Builtin, Chain, Directories, LoadError, Loader, SelectError, Selection, Source, preflight::PreflightError,
};
use serde_json::json;
use snapbox::str;
use tests::snapshot;

use crate::home_with;

#[test]
fn a_page_goes_through_the_chain_and_the_blame_stays_with_the_bad_link() {
    let home = home_with(&["wrapper", "faulty", "acme"]);
    let chain = |specs: &str, fault: &str| {
        let directories = Directories::new(None, Some(&home.home()));
        let sections = BTreeMap::from([("faulty".to_owned(), json!({ "fault": fault }))]);
        let loader = Loader::new("my-program", directories).with_sections(sections);
        let links = loader.load_all(&Selection::parse(specs, Source::Program).unwrap()).unwrap();
        Chain::new(links, Builtin::new(|_request| Ok(Remote::new("localhost:30080"))))
    };
    let page = |specs: &str, fault: &str| match chain(specs, fault).get_auth_success_html("<flyte>") {
        Ok(page) => format!("{}\n", page.unwrap_or_else(|| "none".to_owned())),
        Err(fault) => format!("{fault}\n{}\n{}\n", fault.causes().join("\n"), fault.hints().join("\n")),
    };
    snapshot!(
        page("wrapper:faulty:acme", "decline"),
        str![[r#"
<main><html>
<head><title>Authentication Successful!</title></head>
<body>
<h1>Welcome to My Company's Platform!</h1>
<p>You have successfully authenticated with &lt;flyte&gt;.</p>
<p>You can now close this window.</p>
</body>
</html>
</main>

"#]]
    );
    snapshot!(
        page("wrapper:faulty:acme", "answer"),
        str![[r#"
<main><p>faulty, but signed in at <flyte></p></main>

"#]]
    );
    snapshot!(
        page("wrapper:faulty", "decline"),
        str![[r#"
none

"#]]
    );
    snapshot!(
        page("wrapper:faulty:acme", "error:get_auth_success_html"),
        str![[r#"
plugin `faulty` 0.4.1 failed in `get_auth_success_html`
the vault is sealed
no key was given
run `faulty unseal`

"#]]
    );
    snapshot!(
        page("wrapper:faulty:acme", "panic:get_auth_success_html"),
        str![[r#"
plugin `faulty` 0.4.1 panicked in `get_auth_success_html`
index out of bounds: the len is 3 but the index is 7 (tests/plugins/faulty/src/fault.rs:35)
report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it

"#]]
    );
    snapshot!(
        page("wrapper:faulty:acme", "invalid:get_auth_success_html"),
        str![[r#"
plugin `faulty` 0.4.1 returned an invalid value from `get_auth_success_html`
the page is empty; return `None` to leave it to the next plugin
report this plugin bug at <https://faulty.example>; use `--no-plugins` to continue without it

"#]]
    );
}

#[test]
fn kinds_of_errors_can_be_distinguished() {
    let home = home_with(&["plain"]);
    let loader = Loader::new("my-program", Directories::new(None, Some(&home.home())));
    let candidate = loader.check("plain").unwrap();
    assert_eq!(candidate.passport.name(), "plain");
    assert_eq!(candidate.file.path(), home.plugins().join("libplain.so"));
    let unknown = loader.check("plian").unwrap_err();
    assert!(
        matches!(&unknown, LoadError::Select(SelectError::UnknownName { near: Some(near), .. }) if near == "plain")
    );
    let missing = loader.check("./plain.so").unwrap_err();
    assert!(matches!(&missing, LoadError::Preflight(PreflightError::Missing { .. })), "{missing}");
}

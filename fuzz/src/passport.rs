//! The text of a passport.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plugin_host::preflight::Passport;

fuzz_target!(|bytes: &[u8]| {
    match Passport::parse(bytes) {
        Ok(passport) => {
            // What was accepted is safe to print, and can be read again.
            let text: String = passport.entries().map(|(key, value)| format!("{key}={value}\n")).collect();
            assert!(!text.replace('\n', "").contains(char::is_control), "{text:?}");
            let again = Passport::from_text(&format!("flyte-plugin-passport 1\n{text}"));
            assert_eq!(again.as_ref(), Ok(&passport));
            assert!(passport.hooks().all(|hook| !hook.is_empty()));
        }
        Err(error) => drop(error.to_string()),
    }
});

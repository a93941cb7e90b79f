//! Libraries, versions and symbols that a plugin needs and this machine may not have.

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use plugin_host::isolated::Isolations;
use plugin_host::{
    Directories, Loader, Selection, Source,
    preflight::{HostTarget, LoaderState, check_conflicts},
};

use super::fixture::{
    Fixture, PASSPORT, accepted, good_plugin, host, libraries_of, loader_state, plugin_source,
};

const CALLS_HELP: &str = "int help(void);\nint call(void) { return help(); }";
const HELP: &str = "int help(void) { return 1; }";

/// A folder with `libhelp.so`, and a plugin that is linked with it.
fn with_help(arguments: &[&str]) -> Option<(Fixture, PathBuf)> {
    let fixture = Fixture::with_compiler()?;
    fixture.library("libhelp.so", HELP, &["-Wl,-soname,libhelp.so"]);
    let plugin = fixture.plugin(CALLS_HELP, &[&["-LFOLDER", "-lhelp"], arguments].concat());
    Some((fixture, plugin))
}

fn searching(folders: &[&Path]) -> LoaderState {
    LoaderState { library_path: folders.iter().map(|&folder| folder.to_owned()).collect(), ..loader_state() }
}

#[test]
fn this_machine_is_known() {
    let host = host();
    assert!(!cfg!(target_env = "gnu") || host.glibc.is_some_and(|version| version >= (2, 17)));
    assert!(loader_state().loaded.iter().any(|path| path.to_string_lossy().contains("libc.so")));
}

#[test]
fn a_missing_library_is_named() {
    let Some((fixture, plugin)) = with_help(&[]) else { return };
    assert_eq!(
        fixture.explanation(&plugin, &loader_state()),
        "error: plugin `acme` needs the library `libhelp.so`, which is not on this machine
hint: install the package that has `libhelp.so`, or add its folder to `LD_LIBRARY_PATH`
"
    );
    let libraries = libraries_of(&plugin, &searching(&[plugin.parent().unwrap()]));
    assert_eq!(libraries[0].name, "libhelp.so");
    assert_eq!(libraries[0].path, fixture.path("libhelp.so"));
    assert!(!libraries[0].is_private && !accepted(&plugin, &host()).has_search_path);
}

#[test]
fn a_library_beside_the_plugin_is_found() {
    for arguments in [
        &["-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags"][..],
        &["-Wl,-rpath,${ORIGIN}/.", "-Wl,--disable-new-dtags"],
    ] {
        let Some((_workshop, plugin)) = with_help(arguments) else { return };
        let libraries = libraries_of(&plugin, &loader_state());
        assert_eq!((libraries[0].name.as_str(), libraries[0].is_private), ("libhelp.so", true));
        let findings = accepted(&plugin, &host());
        assert!(findings.has_search_path && findings.depends_on_location);
    }
}

#[test]
fn a_library_of_a_library_is_named_with_both() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    fixture.library("libdeep.so", "int deep(void) { return 1; }", &["-Wl,-soname,libdeep.so"]);
    let source = "int deep(void);\nint help(void) { return deep(); }";
    fixture.library("libhelp.so", source, &["-Wl,-soname,libhelp.so", "-LFOLDER", "-ldeep"]);
    let plugin = fixture.plugin(CALLS_HELP, &["-LFOLDER", "-lhelp", "-Wl,-rpath-link,FOLDER"]);
    let folder = plugin.parent().unwrap();
    let libraries = libraries_of(&plugin, &searching(&[folder]));
    assert!(libraries.iter().any(|library| library.path == fixture.path("libdeep.so")));
    fs::remove_file(fixture.path("libdeep.so")).unwrap();
    assert_eq!(
        fixture.explanation(&plugin, &searching(&[folder])),
        "error: plugin `acme` needs the library `libdeep.so` (through `libhelp.so`), \
         which is not on this machine
hint: install the package that has `libdeep.so`, or add its folder to `LD_LIBRARY_PATH`
"
    );
}

#[test]
fn a_library_for_another_machine_is_passed_over() {
    let Some((fixture, plugin)) = with_help(&[]) else { return };
    let folder = plugin.parent().unwrap();
    let mut other = fs::read(fixture.path("libhelp.so")).unwrap();
    other[18] = 183;
    fixture.write("other/libhelp.so", other);
    let libraries = libraries_of(&plugin, &searching(&[&folder.join("other"), folder]));
    assert_eq!(libraries[0].path, fixture.path("libhelp.so"));
    fixture.explanation(&plugin, &searching(&[&folder.join("other")]));
}

#[test]
fn the_loaders_index_is_read() {
    let Some((fixture, plugin)) = with_help(&[]) else { return };
    let path = fixture.path("libhelp.so");
    let texts = format!("libhelp.so\0{}\0", path.display());
    let mut index = b"glibc-ld.so.cache1.1".to_vec();
    let number = |number: usize| u32::try_from(number).unwrap().to_ne_bytes();
    index.extend([number(1), number(texts.len())].concat());
    index.resize(48, 0);
    index.extend([number(0x303), number(72), number(72 + 11), [0; 4], [0; 4], [0; 4]].concat());
    index.extend(texts.as_bytes());
    let library_cache = fixture.write("ld.so.cache", &index);
    let state = LoaderState { library_cache: library_cache.clone(), ..loader_state() };
    assert_eq!(libraries_of(&plugin, &state)[0].path, path);
    index.truncate(60);
    fs::write(library_cache, index).unwrap();
    assert!(fixture.explanation(&plugin, &state).contains("`libhelp.so`, which is not on this machine"));
}

#[test]
fn a_plugin_for_musl_is_recognised() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    fixture.library("libmusl.so", HELP, &["-Wl,-soname,libc.musl-x86_64.so.1"]);
    let plugin = fixture.plugin(CALLS_HELP, &["-LFOLDER", "-lmusl"]);
    assert_eq!(
        fixture.explanation(&plugin, &loader_state()),
        format!(
            "error: plugin `acme` needs the library `libc.musl-x86_64.so.1`, which is not on this machine
hint: the plugin was built for musl; build it for this host: `cargo build --release --target {}-unknown-linux-gnu`
",
            std::env::consts::ARCH
        )
    );
}

#[test]
fn both_glibc_versions_are_named() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let script = fixture.write("versions", "GLIBC_2.99 { global: help; local: *; };");
    let script = format!("-Wl,--version-script,{}", script.display());
    fixture.library("libnew.so", HELP, &["-nostdlib", "-Wl,-soname,libc.so.6", &script]);
    let plugin = fixture.plugin(CALLS_HELP, &["-nostdlib", "-LFOLDER", "-lnew"]);
    assert_eq!(
        fixture.report(&plugin, &HostTarget { glibc: Some((2, 36)), ..host() }),
        "error: plugin `acme` needs glibc 2.99; this machine has 2.36
hint: build the plugin on a system with glibc 2.36 or older, or with \
         `cargo zigbuild --target <triple>.2.36`
"
    );
    // Nothing is claimed about a C library that is not known.
    accepted(&plugin, &HostTarget { glibc: None, ..host() });
}

#[test]
fn an_older_library_is_named_with_its_version() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let library = |versions: &str, source: &str| {
        let script = fixture.write("versions", versions);
        let script = format!("-Wl,--version-script,{}", script.display());
        fixture.library("libhelp.so", source, &["-Wl,-soname,libhelp.so", &script]);
    };
    let old = "HELP_1.2 { global: old; }; HELP_1.10 { global: older; }; OTHER_9 { global: other; };";
    let old_source =
        "int old(void) { return 1; } int older(void) { return 1; } int other(void) { return 1; }";
    library(&format!("{old} HELP_2.0 {{ global: help; }};"), &format!("{old_source} {HELP}"));
    let plugin = fixture.plugin(CALLS_HELP, &["-LFOLDER", "-lhelp", "-Wl,-rpath,FOLDER"]);
    assert_eq!(fixture.explanation(&plugin, &loader_state()), "no reason");
    library(old, old_source);
    assert_eq!(
        fixture.explanation(&plugin, &loader_state()),
        "error: plugin `acme` needs `HELP_2.0` of `libhelp.so`; `DIR/libhelp.so` ends at `HELP_1.10`
hint: install a newer `libhelp.so`, or build the plugin on a system as old as this one
"
    );
    library("OTHER_9 { global: other; };", old_source);
    assert_eq!(
        fixture.explanation(&plugin, &loader_state()),
        "error: plugin `acme` needs `HELP_2.0` of `libhelp.so`; `DIR/libhelp.so` has nothing of that kind
hint: install a newer `libhelp.so`, or build the plugin on a system as old as this one
"
    );
    // The loader only grumbles about a library that has no versions at all.
    fixture.library("libhelp.so", HELP, &["-Wl,-soname,libhelp.so"]);
    assert_eq!(fixture.explanation(&plugin, &loader_state()), "no reason");
}

#[test]
fn unresolved_symbols_are_named() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let hint =
        "hint: link the plugin with the library that has it: `cargo::rustc-link-lib=<name>` in `build.rs`\n";
    for (count, named) in [
        (1, "the symbol `gone_1`"),
        (2, "the symbols `gone_1` and `gone_2`"),
        (3, "the symbols `gone_1`, `gone_2` and `gone_3`"),
        (5, "`gone_1`, `gone_2`, `gone_3` and 2 more symbols"),
    ] {
        let source: String = (1..=count)
            .map(|number| {
                format!("int gone_{number}(void);\nint call_{number}(void) {{ return gone_{number}(); }}\n")
            })
            .collect();
        for hash_style in ["-Wl,--hash-style=gnu", "-Wl,--hash-style=sysv"] {
            let plugin = fixture.plugin(&source, &[hash_style]);
            assert_eq!(
                fixture.explanation(&plugin, &loader_state()),
                format!("error: plugin `acme` uses {named}, which none of its libraries provides\n{hint}")
            );
        }
    }
}

#[test]
fn a_symbol_of_the_host_will_do() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let plugin = fixture.plugin(CALLS_HELP, &[]);
    let program =
        fixture.compile("program", &format!("{HELP}\nint main(void) {{ return 0; }}"), &["-rdynamic"]);
    let state = LoaderState { executable: Some(program), ..loader_state() };
    assert_eq!(fixture.explanation(&plugin, &state), "no reason");
}

#[test]
fn a_weak_symbol_may_stay_open() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let weak = "__attribute__((weak)) int help(void);\nint call(void) { return help ? help() : 0; }";
    assert_eq!(fixture.explanation(&fixture.plugin(weak, &[]), &loader_state()), "no reason");
}

#[test]
fn a_library_that_lost_a_symbol_is_noticed() {
    let Some((fixture, plugin)) = with_help(&["-Wl,-rpath,$ORIGIN"]) else { return };
    assert_eq!(fixture.explanation(&plugin, &loader_state()), "no reason");
    fixture.library("libhelp.so", "int other(void) { return 1; }", &["-Wl,-soname,libhelp.so"]);
    assert_eq!(
        fixture.explanation(&plugin, &loader_state()),
        "error: plugin `acme` uses the symbol `help`, which none of its libraries provides
hint: link the plugin with the library that has it: `cargo::rustc-link-lib=<name>` in `build.rs`
"
    );
}

#[test]
fn the_c_library_of_this_machine_has_what_it_promises() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let path = fixture.write("libacme.so", good_plugin());
    assert_eq!(fixture.explanation(&path, &loader_state()), "no reason");
    // With an empty view of the process, the same library is found by searching.
    let state = LoaderState { loaded: Vec::new(), ..loader_state() };
    assert_eq!(fixture.explanation(&path, &state), "no reason");
    assert!(libraries_of(&path, &state).iter().any(|library| library.name == "libc.so.6"));
}

#[test]
fn a_search_path_is_inherited() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let dtags = "-Wl,--disable-new-dtags";
    fs::create_dir_all(fixture.path("own")).unwrap();
    fixture.library("own/libdeep.so", "int deep(void) { return 1; }", &["-Wl,-soname,libdeep.so"]);
    let source = "int deep(void);\nint help(void) { return deep(); }";
    fixture.library("own/libhelp.so", source, &["-Wl,-soname,libhelp.so", "-LFOLDER/own", "-ldeep"]);
    let link = ["-LFOLDER/own", "-lhelp", "-Wl,-rpath-link,FOLDER/own", "-Wl,-rpath,$ORIGIN/own"];
    let plugin = fixture.plugin(CALLS_HELP, &[&link[..], &[dtags]].concat());
    assert_eq!(fixture.explanation(&plugin, &loader_state()), "no reason");
    let private = libraries_of(&plugin, &loader_state()).into_iter().filter(|library| library.is_private);
    assert_eq!(private.map(|library| library.name).collect::<Vec<_>>(), ["libhelp.so", "libdeep.so"]);
    // RUNPATH is not inherited.
    let plugin = fixture.plugin(CALLS_HELP, &[&link[..], &["-Wl,--enable-new-dtags"]].concat());
    assert!(fixture.explanation(&plugin, &loader_state()).contains("`libdeep.so` (through `libhelp.so`)"));
}

#[test]
fn a_library_has_its_exact_name() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    // What a program for musl needs; the file in memory is called `libc.so.6`.
    fixture.library("libmusl.so", HELP, &["-Wl,-soname,libc.so"]);
    let plugin = fixture.plugin(CALLS_HELP, &["-nostdlib", "-LFOLDER", "-lmusl"]);
    let state = LoaderState { library_folders: Vec::new(), ..loader_state() };
    assert!(fixture.explanation(&plugin, &state).contains("needs the library `libc.so`, which is not"));
}

/// A plugin with a `libhelp.so` of its own that returns `number`.
fn with_own_help(fixture: &Fixture, name: &str, number: u32) -> PathBuf {
    fs::create_dir_all(fixture.path(name)).unwrap();
    let help = format!("int help(void) {{ return {number}; }}");
    fixture.library(&format!("{name}/libhelp.so"), &help, &["-Wl,-soname,libhelp.so"]);
    let passport = PASSPORT.replace("name=acme", &format!("name={name}"));
    let source = format!("{}{CALLS_HELP}", plugin_source(&passport));
    let folder = format!("FOLDER/{name}");
    let arguments = [&format!("-L{folder}"), "-lhelp", &format!("-Wl,-rpath,$ORIGIN/{name}")];
    fixture.library(&format!("lib{name}.so"), &source, &arguments)
}

#[test]
fn two_plugins_with_different_libraries_of_one_name_are_refused() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let [first, second, same] = [("first", 1), ("second", 2), ("same", 1)]
        .map(|(name, number)| with_own_help(&fixture, name, number));
    let check = |plugins: &[&PathBuf]| {
        let specs = plugins.iter().map(|path| path.display().to_string()).collect();
        let selection = Selection::new(specs, Source::Program).unwrap();
        Loader::new("my-program", Directories::default()).check_all(&selection).map(|checked| checked.len())
    };
    let error = check(&[&first, &second]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugins `first` and `second` need different versions of the library `libhelp.so`"
    );
    assert!(error.hint().unwrap().starts_with("link `second` statically"));
    assert_eq!(check(&[&second]).unwrap(), 1);
    // A copy of the same library does for both.
    assert_eq!(check(&[&first, &same]).unwrap(), 2);
    #[cfg(target_os = "linux")]
    {
        // Each has a process of its own.
        let specs = [&first, &second].map(|path| path.display().to_string()).to_vec();
        let isolations = Isolations { all: true, ..Isolations::default() };
        let loader = Loader::new("my-program", Directories::default()).with_isolations(isolations, &[]);
        let checked = loader.check_all(&Selection::new(specs, Source::Program).unwrap());
        assert_eq!(checked.unwrap().len(), 2);
    }
}

#[test]
fn a_plugin_with_another_library_than_this_process_is_refused() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let plugin = with_own_help(&fixture, "first", 1);
    let loaded = fixture.library("libloaded.so", "int help(void) { return 3; }", &["-Wl,-soname,libhelp.so"]);
    let mut state = loader_state();
    let passport = accepted(&plugin, &host()).passport;
    let libraries = libraries_of(&plugin, &state);
    assert!(check_conflicts(&plugin, &passport, &libraries, &state).is_ok());
    state.loaded.push(loaded);
    let error = check_conflicts(&plugin, &passport, &libraries, &state).unwrap_err();
    assert_eq!(
        fixture.describe(&error),
        "error: plugin `first` needs its own `DIR/first/libhelp.so`, but the library `DIR/libloaded.so` is loaded
hint: build the plugin without a library of its own, or link that library statically
"
    );
}

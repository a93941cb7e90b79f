//! Versions made of content: what counts for them, and what does not.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use flyte_client::register::{
    self, EntityKind, Identity, RegisterItem,
    render::{self, TextFormat},
    version,
};

/// Versions by kind and name.
type Versions = BTreeMap<(EntityKind, String), String>;

fn scope(domain: &str) -> Identity {
    let text = |text: &str| Some(text.to_owned());
    Identity { project: text("p"), domain: text(domain), version: None }
}

fn read(files: &[String], ending: &str) -> Vec<RegisterItem> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(index, text): (usize, &String)| {
        let path = folder.path().join(format!("{index}.{ending}"));
        std::fs::write(&path, text).unwrap();
        path
    };
    let paths: Vec<_> = files.iter().enumerate().map(write).collect();
    register::read(&paths, &Identity::default()).unwrap()
}

fn filled(mut entries: Vec<RegisterItem>, domain: &str) -> Vec<RegisterItem> {
    version::fill(&mut entries, &scope(domain)).unwrap();
    entries
}

fn versions_of(entries: &[RegisterItem]) -> Versions {
    let named = |entry: &RegisterItem| {
        let id = entry.entity.id().unwrap();
        ((entry.entity.kind(), id.name.clone()), id.version.clone())
    };
    entries.iter().map(named).collect()
}

fn versions(files: &[String]) -> Versions {
    versions_of(&filled(read(files, "yaml"), "development"))
}

/// A document, and the documents that it refers to.
#[derive(Clone)]
struct Document {
    name: String,
    kind: EntityKind,
    content: u32,
    needs: Vec<usize>,
}

/// A set of documents that refer to earlier ones.
fn generate(rng: &mut Rng) -> Vec<Document> {
    let mut documents: Vec<Document> = Vec::new();
    for index in 0..rng.usize(2..12) {
        let of_kind = |kind: EntityKind| {
            let documents = documents.iter().enumerate();
            documents.filter(|(_, known)| known.kind == kind).map(|(at, _)| at).collect::<Vec<_>>()
        };
        let workflows = of_kind(EntityKind::Workflow);
        let (kind, needs) = match rng.u8(0..5) {
            0 | 1 if index > 0 => {
                let some: BTreeSet<usize> =
                    (0..rng.usize(1..4)).map(|_| rng.usize(0..documents.len())).collect();
                (EntityKind::Workflow, some.into_iter().collect())
            }
            2 if !workflows.is_empty() => {
                (EntityKind::LaunchPlan, vec![workflows[rng.usize(0..workflows.len())]])
            }
            _ => (EntityKind::Task, Vec::new()),
        };
        documents.push(Document { name: format!("e{index}"), kind, content: rng.u32(0..1000), needs });
    }
    documents
}

fn text(document: &Document, all: &[Document]) -> String {
    let Document { name, content, .. } = document;
    match document.kind {
        EntityKind::Task => format!("name: {name}\nimage: a\ncommand: ['{content}']\n"),
        EntityKind::LaunchPlan => {
            let workflow = &all[document.needs[0]].name;
            format!("launch_plan: {name}\nworkflow: {workflow}\nlabels: {{content: '{content}'}}\n")
        }
        EntityKind::Workflow => {
            let node = |(index, need): (usize, &usize)| {
                let key = match all[*need].kind {
                    EntityKind::Task => "task",
                    // Both ways to run a workflow.
                    EntityKind::Workflow if (index + *need).is_multiple_of(2) => "workflow",
                    EntityKind::Workflow | EntityKind::LaunchPlan => "launch_plan",
                };
                format!("  n{index}: {{{key}: {}}}\n", all[*need].name)
            };
            let nodes: String = document.needs.iter().enumerate().map(node).collect();
            format!("workflow: {name}\ninputs: {{x: int = {content}}}\nnodes:\n{nodes}")
        }
    }
}

/// Some documents with all that they need.
fn closure(all: &[Document], mut wanted: Vec<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    while let Some(index) = wanted.pop() {
        if found.insert(index) {
            wanted.extend(&all[index].needs);
        }
    }
    found
}

/// In any order, spread over files at random.
fn files(rng: &mut Rng, all: &[Document], chosen: &BTreeSet<usize>) -> Vec<String> {
    let mut chosen: Vec<usize> = chosen.iter().copied().collect();
    rng.shuffle(&mut chosen);
    let mut files: Vec<String> = Vec::new();
    for index in chosen {
        let text = text(&all[index], all);
        match files.last_mut().filter(|_| rng.bool()) {
            Some(file) => file.push_str(&format!("---\n{text}")),
            None => files.push(text),
        }
    }
    files
}

#[test]
fn neighbours_order_and_files_do_not_count() {
    let mut rng = Rng::with_seed(1);
    for round in 0..200 {
        let all = generate(&mut rng);
        let everything: BTreeSet<usize> = (0..all.len()).collect();
        let expected = versions(&files(&mut rng, &all, &everything));
        assert!(expected.values().all(|version| version.len() == 16), "{expected:?}");
        let some = closure(&all, vec![rng.usize(0..all.len()), rng.usize(0..all.len())]);
        for chosen in [&everything, &some] {
            let found = versions(&files(&mut rng, &all, chosen));
            for (name, version) in &found {
                assert_eq!(Some(version), expected.get(name), "{name:?} in round {round}");
            }
        }
    }
}

#[test]
fn a_change_reaches_what_refers_to_it_and_nothing_else() {
    let mut rng = Rng::with_seed(2);
    for round in 0..200 {
        let before = generate(&mut rng);
        let everything: BTreeSet<usize> = (0..before.len()).collect();
        let changed = rng.usize(0..before.len());
        let mut after = before.clone();
        after[changed].content += 1000;
        let old = versions(&files(&mut rng, &before, &everything));
        let new = versions(&files(&mut rng, &after, &everything));
        assert_eq!(old.len(), new.len());
        for index in everything {
            let name = &before[index].name;
            let is_reached = closure(&before, vec![index]).contains(&changed);
            for ((kind, _), version) in old.iter().filter(|((_, known), _)| known == name) {
                let is_new = new[&(*kind, name.clone())] != *version;
                assert_eq!(is_new, is_reached, "{kind} {name} in round {round}");
            }
        }
    }
}

#[test]
fn references_have_the_versions_of_what_they_mean() {
    let mut rng = Rng::with_seed(3);
    for _ in 0..100 {
        let all = generate(&mut rng);
        let everything: BTreeSet<usize> = (0..all.len()).collect();
        let entries = filled(read(&files(&mut rng, &all, &everything), "yaml"), "development");
        let entities = entries.iter().map(|entry| &entry.entity);
        // Only if each reference is to one of the set, everything that is needed is waited for.
        let text = render::text(entities, TextFormat::Json).unwrap();
        assert!(!text.contains("\"version\": \"\""), "{text}");
        let known: BTreeSet<String> = versions_of(&entries).into_values().collect();
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("\"version\": \"")) {
            let version = line.trim_end_matches(',').trim_end_matches('"');
            // A workflow within another's message is the one of the set. 0.1.0: the short form's own version.
            assert!(version == "0.1.0" || known.contains(version), "{version}");
        }
    }
}

const SET: &str = "\
name: greet
image: a
command: [greet]
inputs: {name: str}
outputs: {text: str}
---
workflow: hello
inputs: {name: str}
nodes: {first: {task: greet, inputs: {name: $inputs.name}}}
outputs: {text: $first.text}
---
launch_plan: nightly
workflow: hello
inputs: {name: night}
";

#[test]
fn the_form_does_not_count() {
    let short = read(&[SET.to_owned()], "yaml");
    let expected = versions_of(&filled(short.clone(), "development"));
    assert_eq!(expected.len(), 4);
    for (form, ending) in [(TextFormat::Yaml, "yaml"), (TextFormat::Json, "json")] {
        let text = render::text(short.iter().map(|entry| &entry.entity), form).unwrap();
        assert_eq!(versions_of(&filled(read(&[text], ending), "development")), expected);
    }
    let folder = tempfile::tempdir().unwrap();
    render::files(&short, folder.path()).unwrap();
    let package = register::read(&[folder.path().to_owned()], &Identity::default()).unwrap();
    assert_eq!(versions_of(&filled(package, "development")), expected);
    // `pyflyte package` leaves placeholders.
    let open = Identity {
        project: Some(register::PROJECT.to_owned()),
        domain: Some(register::DOMAIN.to_owned()),
        version: Some(register::VERSION.to_owned()),
    };
    let placeholders: Vec<RegisterItem> =
        short.into_iter().map(|entry| RegisterItem { entity: open.fill(entry.entity), ..entry }).collect();
    assert_eq!(versions_of(&filled(placeholders, "development")), expected);
}

#[test]
fn a_domain_counts_where_it_is_named() {
    let set = |domain: &str| {
        format!(
            "name: warm\nimage: a\ncommand: [warm]\n---\nworkflow: w\nnodes: {{first: {{task: warm{domain}}}}}\n"
        )
    };
    let in_domain = |set: String, domain: &str| versions_of(&filled(read(&[set], "yaml"), domain));
    let open = in_domain(set(""), "development");
    assert_eq!(in_domain(set(""), "staging"), open);
    let named = in_domain(set(", domain: development"), "development");
    let (task, workflow) = ((EntityKind::Task, "warm".to_owned()), (EntityKind::Workflow, "w".to_owned()));
    assert_eq!(named[&task], open[&task]);
    assert_ne!(named[&workflow], open[&workflow]);
    // Elsewhere the node means another task, which is not in the set.
    let elsewhere = filled(read(&[set(", domain: development")], "yaml"), "staging");
    let lacks: Vec<bool> = elsewhere.iter().map(|entry| register::lacks_version(&entry.entity)).collect();
    assert_eq!(lacks, [false, true, false]);
}

#[test]
fn a_version_that_is_given_stays_and_is_referred_to() {
    let set = SET.replace("workflow: hello\ninputs: {name: night}", "workflow: hello\ninputs: {name: day}");
    let entries = read(&[set], "yaml");
    let given = Identity { version: Some("v1".to_owned()), ..Identity::default() };
    let fixed = |entry: RegisterItem| match entry.entity.kind() {
        EntityKind::Task => RegisterItem { entity: given.fill(entry.entity), ..entry },
        EntityKind::LaunchPlan | EntityKind::Workflow => entry,
    };
    let entries = filled(entries.into_iter().map(fixed).collect(), "development");
    assert_eq!(versions_of(&entries)[&(EntityKind::Task, "greet".to_owned())], "v1");
    let workflow = entries.iter().find(|entry| entry.entity.kind() == EntityKind::Workflow).unwrap();
    let text = render::text([&workflow.entity], TextFormat::Json).unwrap();
    assert!(text.contains("\"version\": \"v1\""), "{text}");
}

#[test]
fn a_name_with_two_contents_is_refused() {
    let (task, _) = SET.split_once("---\n").unwrap();
    let twice = format!("{SET}---\n{}", task.replace("image: a", "image: b"));
    let mut entries = read(&[twice], "yaml");
    let error = version::fill(&mut entries, &scope("development")).unwrap_err();
    assert_eq!(error.to_string(), "task `greet` is defined twice, differently");
    let sources = error.sources.map(|source| source.part);
    assert_eq!(sources, [register::Part::Document(1), register::Part::Document(4)]);
    // The same twice is one.
    let same = format!("{SET}---\n{SET}");
    assert_eq!(versions(&[same]), versions(&[SET.to_owned()]));
}

#[test]
fn a_circle_ends() {
    let plan = "launch_plan: again\nworkflow: hello\n".to_owned();
    let entries = read(&[SET.to_owned(), plan], "yaml");
    let text = render::text(entries.iter().map(|entry| &entry.entity), TextFormat::Json).unwrap();
    let round = text.replace(
        "\"taskNode\": {\n            \"referenceId\"",
        "\"workflowNode\": {\n            \"launchplanRef\"",
    );
    assert_ne!(round, text);
    let round = round
        .replace("\"name\": \"greet\",\n              \"resourceType\": \"TASK\"", "\"name\": \"again\"");
    let entries = filled(read(&[round], "json"), "development");
    assert!(versions_of(&entries).values().all(|version| version.len() == 16));
}

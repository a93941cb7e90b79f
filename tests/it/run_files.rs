//! Versions made of content, and `run FILE`.

mod choice;
mod versions;

use std::{cell::RefCell, ffi::OsStr};

use regex::{Captures, Regex};
use tests::Output;

use crate::flyte::{self, Flyte};

const HELLO: &str = "\
name: greet
image: sh
command: [sh, -c, 'printf \"Hello, %s!\" \"$1\" > /var/outputs/greeting', greet]
arguments: ['{{.inputs.name}}']
output_data_dir: /var/outputs
inputs: { name: str }
outputs: { greeting: str }
---
workflow: hello
inputs: { name: str }
nodes:
  first: { task: greet, inputs: { name: $inputs.name } }
  second: { task: greet, inputs: { name: $first.greeting } }
outputs: { greeting: $second.greeting }
";

/// A sandbox whose versions are numbered in the order in which they appear.
struct Numbered {
    flyte: Flyte,
    known: RefCell<Vec<String>>,
}

impl Numbered {
    fn new(document: &str) -> Self {
        let flyte = flyte::empty();
        flyte.home.write("hello.yaml", document);
        Self { flyte, known: RefCell::default() }
    }

    fn run(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Output {
        let version = Regex::new(r"\b[a-z2-7]{16}\b").unwrap();
        let number = |found: &Captures<'_>| self.number(&found[0]);
        self.flyte.outcome(arguments).map(|text| version.replace_all(text, number).into_owned())
    }

    fn number(&self, version: &str) -> String {
        let mut known = self.known.borrow_mut();
        let at = known.iter().position(|other| other == version).unwrap_or_else(|| {
            known.push(version.to_owned());
            known.len() - 1
        });
        format!("[V{}]", at + 1)
    }

    fn write(&self, document: &str) {
        self.flyte.home.write("hello.yaml", document);
    }
}

//! Packages of `pyflyte package`: the official ones arrive whole, damaged and hostile ones are refused.

mod documents;
mod hostile;
mod official;

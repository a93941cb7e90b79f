//! Inputs as the key of a cache.

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use crate::proto::core::{Literal, LiteralCollection, LiteralMap, literal::Value as LiteralValue};

/// Returns a stable digest of inputs, without those that are to be ignored: SHA-256 in lower-case hex.
///
/// Equal inputs have equal digests on every machine and in every version. As Flyte's catalog does it
/// (`HashLiteralMap` in flyteplugins), a literal with a `hash` counts by that hash alone, whatever its value,
/// at any depth of lists and maps. Unions are not unwrapped: the same value as another variant is another
/// input. A literal's `metadata` does not count.
pub fn digest(inputs: &LiteralMap, ignored: &[String]) -> String {
    let counted = inputs.literals.iter().filter(|(name, _)| !ignored.contains(name));
    let counted =
        LiteralMap { literals: counted.map(|(name, literal)| (name.clone(), by_hash(literal))).collect() };
    data_encoding::HEXLOWER.encode(&Sha256::digest(counted.encode_to_vec()))
}

/// A literal in which whatever has a hash is that hash.
fn by_hash(literal: &Literal) -> Literal {
    if !literal.hash.is_empty() {
        return Literal { hash: literal.hash.clone(), ..Literal::default() };
    }
    let value = literal.value.as_ref().map(|value| match value {
        LiteralValue::Collection(list) => LiteralValue::Collection(LiteralCollection {
            literals: list.literals.iter().map(by_hash).collect(),
        }),
        LiteralValue::Map(map) => LiteralValue::Map(LiteralMap {
            literals: map.literals.iter().map(|(key, literal)| (key.clone(), by_hash(literal))).collect(),
        }),
        LiteralValue::Scalar(_) | LiteralValue::OffloadedMetadata(_) => value.clone(),
    });
    Literal { value, ..Literal::default() }
}

#[cfg(test)]
mod tests {
    use super::digest;
    use crate::{
        literal::from_text,
        proto::core::{Literal, LiteralMap},
        register::read::task::parse_type,
    };

    fn inputs(pairs: &[(&str, &Literal)]) -> LiteralMap {
        LiteralMap {
            literals: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect(),
        }
    }

    fn integer(text: &str) -> Literal {
        from_text(text, &parse_type("int").unwrap()).unwrap()
    }

    #[test]
    fn ignored_inputs_do_not_count() {
        let (one, two) = (integer("1"), integer("2"));
        let ignored = ["b".to_owned()];
        assert_eq!(
            digest(&inputs(&[("a", &one), ("b", &one)]), &ignored),
            digest(&inputs(&[("a", &one)]), &[])
        );
        assert_ne!(digest(&inputs(&[("a", &one)]), &[]), digest(&inputs(&[("a", &two)]), &[]));
        assert_ne!(digest(&inputs(&[("a", &one)]), &[]), digest(&inputs(&[("b", &one)]), &[]));
    }

    #[test]
    fn a_hash_counts_for_its_value() {
        let hashed = |text: &str| Literal { hash: "same".to_owned(), ..integer(text) };
        assert_eq!(
            digest(&inputs(&[("a", &hashed("1"))]), &[]),
            digest(&inputs(&[("a", &hashed("2"))]), &[])
        );
        assert_ne!(
            digest(&inputs(&[("a", &hashed("1"))]), &[]),
            digest(&inputs(&[("a", &integer("1"))]), &[])
        );
    }
}

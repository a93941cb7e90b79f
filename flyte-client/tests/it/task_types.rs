//! The notation of types: whatever is written can be read.

use flyte_client::proto::core::{
    BlobType, EnumType, LiteralType, SimpleType, TypeStructure, UnionType, blob_type::BlobDimensionality,
    literal_type::Type,
};
use flyte_client::register::read::task::parse_type;
use proptest::prelude::*;

/// A type as a user means it: the model that the notation is tested against.
#[derive(Clone, Debug)]
enum Model {
    Dict(Box<Model>),
    Directory(Option<String>),
    Enum(Vec<String>),
    File(Option<String>),
    List(Box<Model>),
    Simple(&'static str, SimpleType, &'static str),
    Union(Vec<Model>),
}

impl Model {
    fn written(&self, space: &str) -> String {
        let format = |name: &str, format: &Option<String>| match format {
            Some(format) => format!("{name}[{space}{format}{space}]"),
            None => name.to_owned(),
        };
        match self {
            Model::Dict(value) => format!("dict[{space}str,{space}{}]", value.written(space)),
            Model::Directory(of) => format("directory", of),
            Model::Enum(values) => format!("enum[{}]", values.join(&format!("{space},{space}"))),
            Model::File(of) => format("file", of),
            Model::List(item) => format!("list{space}[{}]", item.written(space)),
            Model::Simple(name, ..) => (*name).to_owned(),
            Model::Union(variants) => variants
                .iter()
                .map(|variant| variant.written(space))
                .collect::<Vec<_>>()
                .join(&format!("{space}|{space}")),
        }
    }

    fn tag(&self) -> &'static str {
        match self {
            Model::Dict(_) => "Typed Dict",
            Model::Directory(_) => "FlyteDirectory",
            Model::Enum(_) => "DefaultEnumTransformer",
            Model::File(_) => "FlyteFilePath",
            Model::List(_) => "Typed List",
            Model::Simple(_, _, tag) => tag,
            Model::Union(_) => "",
        }
    }

    fn literal(&self) -> LiteralType {
        let blob = |format: &Option<String>, dimensionality: BlobDimensionality| {
            Type::Blob(BlobType {
                format: format.clone().unwrap_or_default(),
                dimensionality: dimensionality.into(),
            })
        };
        let r#type = match self {
            Model::Dict(value) => Type::MapValueType(Box::new(value.literal())),
            Model::Directory(format) => blob(format, BlobDimensionality::Multipart),
            Model::Enum(values) => Type::EnumType(EnumType { values: values.clone() }),
            Model::File(format) => blob(format, BlobDimensionality::Single),
            Model::List(item) => Type::CollectionType(Box::new(item.literal())),
            Model::Simple(_, kind, _) => Type::Simple((*kind).into()),
            Model::Union(variants) => {
                let mut unique: Vec<LiteralType> = Vec::new();
                for variant in variants {
                    let structure =
                        TypeStructure { tag: variant.tag().to_owned(), ..TypeStructure::default() };
                    let tagged = LiteralType { structure: Some(structure), ..variant.literal() };
                    if !unique.contains(&tagged) {
                        unique.push(tagged);
                    }
                }
                if unique.len() == 1 {
                    return LiteralType { structure: None, ..unique.remove(0) };
                }
                Type::UnionType(UnionType { variants: unique })
            }
        };
        LiteralType { r#type: Some(r#type), ..LiteralType::default() }
    }
}

fn model() -> impl Strategy<Value = Model> {
    let simple = prop::sample::select(vec![
        Model::Simple("int", SimpleType::Integer, "int"),
        Model::Simple("float", SimpleType::Float, "float"),
        Model::Simple("str", SimpleType::String, "str"),
        Model::Simple("bool", SimpleType::Boolean, "bool"),
        Model::Simple("datetime", SimpleType::Datetime, "datetime"),
        Model::Simple("date", SimpleType::Datetime, "date"),
        Model::Simple("duration", SimpleType::Duration, "timedelta"),
        Model::Simple("None", SimpleType::None, "none"),
    ]);
    let word = "[a-zA-Z0-9_.+-]{1,8}";
    let leaf = prop_oneof![
        4 => simple,
        1 => prop::option::of(word).prop_map(Model::File),
        1 => prop::option::of(word).prop_map(Model::Directory),
        1 => prop::collection::vec(word, 1..4).prop_map(Model::Enum),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let single = prop_oneof![
            inner.clone().prop_map(|item| Model::List(Box::new(item))),
            inner.clone().prop_map(|value| Model::Dict(Box::new(value))),
        ];
        let variant =
            inner.prop_filter("a union in a union is flat", |model| !matches!(model, Model::Union(_)));
        prop_oneof![2 => single, 1 => prop::collection::vec(variant, 2..4).prop_map(Model::Union)]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(model in model(), space in prop::sample::select(vec!["", " ", "  "])) {
        prop_assert_eq!(parse_type(&model.written(space)), Ok(model.literal()));
    }

    #[test]
    fn no_text_is_too_odd_for_an_answer(text in "[a-z\\[\\]|, \"ü.]{0,40}") {
        let _ = parse_type(&text);
    }
}

#[test]
fn what_is_no_type_is_explained() {
    let refused = |text: &str| parse_type(text).unwrap_err();
    assert_eq!(refused(""), "expected a type at the end");
    assert_eq!(refused("int |"), "expected a type at the end");
    assert_eq!(refused("strng"), "unknown type `strng`; did you mean `str`?");
    assert_eq!(refused("numpy.ndarray"), "unknown type `ndarray`");
    assert_eq!(refused("list"), "`list` needs the type of its items, such as `list[int]`");
    assert_eq!(refused("list[int"), "expected `]` at the end");
    assert_eq!(refused("list[int, str]"), "expected `]` before `,`");
    assert_eq!(refused("dict[int, str]"), "the keys of a `dict` are `str`, not `int`");
    assert_eq!(refused("int str"), "unexpected `str` at the end");
    assert_eq!(refused("enum[]"), "expected a value before `]`");
    assert_eq!(refused("enum"), "expected `[` at the end");
    assert_eq!(refused("file['csv]"), "a quote is not closed");
    assert_eq!(
        refused(&format!("{}int{}", "list[".repeat(40), "]".repeat(40))),
        "more than 32 types are nested"
    );
}

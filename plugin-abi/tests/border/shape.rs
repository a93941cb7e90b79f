//! Reads the interfaces from the layouts that abi_stable compares.

use std::collections::BTreeSet;

use abi_stable::{
    StableAbi,
    type_layout::{TLData, TLField, TLFunction, TypeLayout},
};
use plugin_abi::{
    Hook,
    passport::{HEADER_SYMBOL, SYMBOL},
    vtable::{self, PluginModuleRef},
};

/// As many members has an interface at most, those of abi_stable included.
pub(crate) const MAX_MEMBERS: usize = 64;

/// The numbers of `Edit::kind`.
const EDITS: [(&str, u32); 8] = [
    ("ADD_COMMAND", vtable::EDIT_ADD_COMMAND),
    ("MERGE_GROUP", vtable::EDIT_MERGE_GROUP),
    ("REPLACE_COMMAND", vtable::EDIT_REPLACE_COMMAND),
    ("HIDE_COMMAND", vtable::EDIT_HIDE_COMMAND),
    ("ADD_ARGUMENT", vtable::EDIT_ADD_ARGUMENT),
    ("SET_DEFAULT", vtable::EDIT_SET_DEFAULT),
    ("SET_LAZY_DEFAULT", vtable::EDIT_SET_LAZY_DEFAULT),
    ("ADD_CALLBACK", vtable::EDIT_ADD_CALLBACK),
];

/// An interface, or what else has to stay as it is.
#[derive(Clone)]
pub(crate) struct Interface {
    pub(crate) name: String,
    /// Everything about it that may not change.
    pub(crate) head: String,
    /// In the order of the vtable; more may come at the end.
    pub(crate) members: Vec<String>,
    /// The number of members with those that abi_stable adds.
    pub(crate) size: usize,
}

/// What plugins and hosts know by name or number, and every interface that is reached from the root module.
pub(crate) fn interfaces() -> Vec<Interface> {
    let list = |name: &str, members: Vec<String>| Interface {
        name: name.to_owned(),
        head: name.to_owned(),
        size: 0,
        members,
    };
    let found = vec![
        list("symbols", [SYMBOL, HEADER_SYMBOL].map(str::to_owned).to_vec()),
        list("hooks", Hook::ALL.iter().map(ToString::to_string).collect()),
        list("edits", EDITS.map(|(name, number)| format!("{name} = {number}")).to_vec()),
    ];
    let mut walk = Walk { seen: BTreeSet::new(), found };
    walk.visit(<PluginModuleRef as StableAbi>::LAYOUT, None);
    walk.found
}

struct Walk {
    seen: BTreeSet<String>,
    found: Vec<Interface>,
}

impl Walk {
    /// Visits a type and all types that are reached from it. `bounds` are those of the trait object around
    /// it.
    fn visit(&mut self, layout: &'static TypeLayout, bounds: Option<&str>) {
        if !self.seen.insert(format!("{:?}", layout.get_utypeid())) {
            return;
        }
        let own = layout.extra_checks().map(|checks| traits(&checks.to_string()));
        let bounds = own.as_deref().or(bounds);
        let fields = fields(layout);
        if let TLData::PrefixType(prefix) = layout.data() {
            self.note(layout, &fields, usize::from(prefix.first_suffix_field), bounds.unwrap_or_default());
        }
        for field in fields.iter().copied().chain(layout.phantom_fields().iter()) {
            for function in field.function_range().iter() {
                types_of(&function).for_each(|layout| self.visit(layout, None));
            }
            self.visit(field.layout(), bounds);
        }
    }

    fn note(&mut self, layout: &TypeLayout, fields: &[TLField], fixed: usize, bounds: &str) {
        let name = interface_name(layout);
        let members: Vec<String> = fields
            .iter()
            .filter(|field| !is_scaffolding(layout, field))
            .map(|field| member(layout, field))
            .collect();
        let fixed = fixed - (fields.len() - members.len());
        let (krate, version) = layout.package_and_version();
        // The version of plugin-abi moves within the major number; that of abi_stable is pinned.
        let version = if krate == "plugin-abi" { String::new() } else { format!(" {version}") };
        let bounds = if layout.name() == "VTable" { format!(", {bounds}") } else { String::new() };
        let head = format!("interface {name} of {krate}{version}, {fixed} fixed{bounds}");
        if self.found.iter().all(|known| known.name != name) {
            self.found.push(Interface { name, head, members, size: fields.len() });
        }
    }
}

/// What abi_stable's derive puts into a vtable besides the methods of the trait.
fn is_scaffolding(layout: &TypeLayout, field: &TLField) -> bool {
    layout.name() == "VTable" && field.name().starts_with("_sabi_") || field.name() == "_sabi_tys"
}

/// The name of a trait, whose vtable is always called `VTable` and lies in a module `NAME_trait`.
fn interface_name(layout: &TypeLayout) -> String {
    if layout.name() != "VTable" {
        return layout.name().to_owned();
    }
    let module = layout.mod_path().to_string();
    let module = module.rsplit("::").next().unwrap_or_default();
    module.strip_suffix("_trait").unwrap_or(module).to_owned()
}

fn fields(layout: &TypeLayout) -> Vec<TLField> {
    layout.get_fields().map(|fields| fields.iter().collect()).unwrap_or_default()
}

fn types_of(function: &TLFunction) -> impl Iterator<Item = &'static TypeLayout> {
    let result = function.return_type_layout();
    function.param_type_layouts.iter().chain(result).map(|layout| layout())
}

fn member(layout: &TypeLayout, field: &TLField) -> String {
    match field.function_range().iter().next() {
        Some(function) => format!("{}{}", field.name(), signature(&function, layout.name() == "VTable")),
        None => format!("{}: {}", field.name(), shown(field.layout())),
    }
}

fn signature(function: &TLFunction, is_method: bool) -> String {
    let mut parameters: Vec<String> =
        function.param_type_layouts.iter().map(|layout| shown(layout())).collect();
    if is_method {
        parameters[0] = "&self".to_owned();
    }
    let result = function.return_type_layout().map_or_else(|| "()".to_owned(), |layout| shown(layout()));
    let lifetimes = lifetimes(&format!("{:?}", function.paramret_lifetime_indices));
    format!("({}) -> {result}{lifetimes}", parameters.join(", "))
}

/// The lifetimes of the borrowed parameters and of the result, in order.
fn lifetimes(indices: &str) -> String {
    let words = indices.split(|c: char| !c.is_alphanumeric());
    let mut named: Vec<String> = Vec::new();
    let mut words = words.skip_while(|word| *word != "array").filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match word {
            "ANONYMOUS" => named.push("'_".into()),
            "STATIC" => named.push("'static".into()),
            "Param" => named.push(format!("'{}", words.next().unwrap_or_default())),
            _ => {}
        }
    }
    if named.is_empty() { String::new() } else { format!(" [{}]", named.join(" ")) }
}

/// A type as the source names it, but with the pointer around a trait.
fn shown(layout: &'static TypeLayout) -> String {
    let inside = |fields: Vec<TLField>| fields.iter().map(|field| shown(field.layout())).collect::<Vec<_>>();
    let name = layout.name();
    if let Some(interface) = name.strip_suffix("_TO") {
        return format!("{}<{interface}>", pointer(layout).unwrap_or("?"));
    }
    let arguments = match name {
        "ROption" | "RResult" | "Tuple2" => inside(fields(layout)),
        "RSlice" | "RVec" => marker(layout).map(shown).into_iter().collect(),
        "PrefixRef" => inside(layout.phantom_fields().iter().collect()),
        _ => return layout.full_type().to_string().trim().replace("  ", " "),
    };
    format!("{name}<{}>", arguments.join(", "))
}

fn field(layout: &'static TypeLayout, name: &str) -> Option<&'static TypeLayout> {
    fields(layout).iter().find(|field| field.name() == name).map(TLField::layout)
}

/// What holds a trait object: `RBox`, `RArc` or `RRef`.
fn pointer(object: &'static TypeLayout) -> Option<&'static str> {
    let holder = field(field(object, "obj")?, "ptr")?;
    fields(holder).first().map(|field| field.layout().name())
}

/// The type of the elements, which a list names by a marker only.
fn marker(list: &'static TypeLayout) -> Option<&'static TypeLayout> {
    let first =
        |layout: &'static TypeLayout| layout.phantom_fields().iter().next().map(|field| field.layout());
    let element = first(field(list, "_marker")?)?;
    if element.name() == "&" { first(element) } else { Some(element) }
}

/// The traits that a trait object must have, out of abi_stable's text about them.
fn traits(checks: &str) -> String {
    let known = ["Send", "Sync", "Clone", "Unpin", "Debug", "Display", "Error", "Iterator"];
    let words = checks.split(|c: char| !c.is_alphanumeric()).filter(|word| known.contains(word));
    let named: Vec<_> = words.collect();
    if named.is_empty() { "any".to_owned() } else { named.join(" + ") }
}

//! How well a value fits a type, by which a variant of a union is chosen.

/// How few values a type takes that takes this one: the smallest wins. The order is part of the documentation
/// of [the module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit(u8);

impl Fit {
    /// JSON's own `null`, booleans and numbers, and texts that can only mean these.
    pub(super) const EXACT: Self = Self(0);
    /// One of a few values.
    pub(super) const ENUM: Self = Self(1);
    /// `3` as a float, `3.0` as an integer.
    pub(super) const CONVERTED: Self = Self(2);
    /// A time or a duration.
    pub(super) const TIME: Self = Self(3);
    /// A structure with a schema.
    pub(super) const DESCRIBED: Self = Self(4);
    /// What names a file, data set or bytes beyond doubt.
    pub(super) const REFERENCE: Self = Self(4);
    /// A structure without a schema.
    pub(super) const STRUCTURE: Self = Self(5);
    /// Any text.
    pub(super) const TEXT: Self = Self(6);
    /// Any text as the name of a file.
    pub(super) const ANY_REFERENCE: Self = Self(7);
    /// What is allowed, but seldom meant: `yes` as a boolean, nothing as `None`.
    pub(super) const LAX: Self = Self(8);
}

//! How a value crosses between the processes: what is sent for it, and what stands for it on the other side.
//!
//! Leaves are sent as they are. A value with methods is sent as the answers of those that only read, and the
//! number under which its process keeps it for the others; both are in `interfaces.rs`.

use std::{cell::Cell, fmt, marker::PhantomData, sync::Arc};

use abi_stable::std_types::{ROption, RResult, RSlice, RStr, RString, RVec, Tuple2};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};

use super::peer::Peer;

/// The deepest nesting of lists in a message: commands nest, and the reader of a message is recursive.
const MAX_NESTING: u32 = 64;

/// A value that one process gives to the other.
pub(super) trait Carry: Sized {
    /// What is sent.
    type Wire: Serialize + DeserializeOwned;
    /// What the receiver keeps, to make the value of, as often as it is asked for.
    type Held: Clone + Send + Sync;

    /// Takes the value apart; objects in it stay in this process, under a number.
    fn export(self, peer: &Arc<Peer>) -> Self::Wire;
    /// Takes over what was sent.
    fn hold(wire: Self::Wire, peer: &Arc<Peer>) -> Self::Held;
    /// Makes a value of it.
    fn make(held: Self::Held) -> Self;
}

/// An argument of a method: a value, or something borrowed until the method returns.
pub(super) trait Argument {
    /// The type in the method's signature.
    type Abi<'a>;
    /// What is sent.
    type Wire: Serialize + DeserializeOwned;
    /// What the receiver keeps while the method runs.
    type Held;

    /// Takes the argument apart.
    fn export(abi: Self::Abi<'_>, peer: &Arc<Peer>) -> Self::Wire;
    /// Takes over what was sent.
    fn hold(wire: Self::Wire, peer: &Arc<Peer>) -> Self::Held;
    /// The argument for the method, once.
    fn lend(held: &mut Self::Held) -> Self::Abi<'_>;
}

macro_rules! leaves {
    ($($leaf:ty),*) => {
        $(
            impl Carry for $leaf {
                type Wire = Self;
                type Held = Self;

                fn export(self, _: &Arc<Peer>) -> Self {
                    self
                }
                fn hold(wire: Self, _: &Arc<Peer>) -> Self {
                    wire
                }
                fn make(held: Self) -> Self {
                    held
                }
            }
        )*
    };
}

leaves!((), bool, u8, u32, u64, RString);

impl<T: Carry> Carry for ROption<T> {
    type Wire = Option<T::Wire>;
    type Held = Option<T::Held>;

    fn export(self, peer: &Arc<Peer>) -> Self::Wire {
        self.into_option().map(|value| value.export(peer))
    }
    fn hold(wire: Self::Wire, peer: &Arc<Peer>) -> Self::Held {
        wire.map(|wire| T::hold(wire, peer))
    }
    fn make(held: Self::Held) -> Self {
        held.map(T::make).into()
    }
}

impl<T: Carry> Carry for RVec<T> {
    type Wire = List<T::Wire>;
    type Held = Vec<T::Held>;

    fn export(self, peer: &Arc<Peer>) -> Self::Wire {
        List(self.into_iter().map(|value| value.export(peer)).collect())
    }
    fn hold(wire: Self::Wire, peer: &Arc<Peer>) -> Self::Held {
        wire.0.into_iter().map(|wire| T::hold(wire, peer)).collect()
    }
    fn make(held: Self::Held) -> Self {
        held.into_iter().map(T::make).collect()
    }
}

impl<A: Carry, B: Carry> Carry for Tuple2<A, B> {
    type Wire = (A::Wire, B::Wire);
    type Held = (A::Held, B::Held);

    fn export(self, peer: &Arc<Peer>) -> Self::Wire {
        (self.0.export(peer), self.1.export(peer))
    }
    fn hold(wire: Self::Wire, peer: &Arc<Peer>) -> Self::Held {
        (A::hold(wire.0, peer), B::hold(wire.1, peer))
    }
    fn make(held: Self::Held) -> Self {
        Self(A::make(held.0), B::make(held.1))
    }
}

impl<T: Carry, E: Carry> Carry for RResult<T, E> {
    type Wire = Result<T::Wire, E::Wire>;
    type Held = Result<T::Held, E::Held>;

    fn export(self, peer: &Arc<Peer>) -> Self::Wire {
        match self {
            Self::ROk(value) => Ok(value.export(peer)),
            Self::RErr(error) => Err(error.export(peer)),
        }
    }
    fn hold(wire: Self::Wire, peer: &Arc<Peer>) -> Self::Held {
        match wire {
            Ok(wire) => Ok(T::hold(wire, peer)),
            Err(wire) => Err(E::hold(wire, peer)),
        }
    }
    fn make(held: Self::Held) -> Self {
        match held {
            Ok(held) => Self::ROk(T::make(held)),
            Err(held) => Self::RErr(E::make(held)),
        }
    }
}

/// An argument that is passed on as a value.
pub(super) struct Owned<T>(PhantomData<T>);

impl<T: Carry> Argument for Owned<T> {
    type Abi<'a> = T;
    type Wire = T::Wire;
    type Held = Option<T>;

    fn export(abi: T, peer: &Arc<Peer>) -> T::Wire {
        abi.export(peer)
    }
    fn hold(wire: T::Wire, peer: &Arc<Peer>) -> Option<T> {
        Some(T::make(T::hold(wire, peer)))
    }
    fn lend(held: &mut Option<T>) -> T {
        held.take().expect("an argument is lent once")
    }
}

/// A borrowed text.
pub(super) struct Text;

impl Argument for Text {
    type Abi<'a> = RStr<'a>;
    type Wire = String;
    type Held = String;

    fn export(abi: RStr<'_>, _: &Arc<Peer>) -> String {
        abi.as_str().to_owned()
    }
    fn hold(wire: String, _: &Arc<Peer>) -> String {
        wire
    }
    fn lend(held: &mut String) -> RStr<'_> {
        RStr::from_str(held)
    }
}

/// Borrowed bytes.
pub(super) struct Bytes;

impl Argument for Bytes {
    type Abi<'a> = RSlice<'a, u8>;
    type Wire = serde_bytes::ByteBuf;
    type Held = serde_bytes::ByteBuf;

    fn export(abi: RSlice<'_, u8>, _: &Arc<Peer>) -> Self::Wire {
        serde_bytes::ByteBuf::from(abi.to_vec())
    }
    fn hold(wire: Self::Wire, _: &Arc<Peer>) -> Self::Held {
        wire
    }
    fn lend(held: &mut Self::Held) -> RSlice<'_, u8> {
        RSlice::from_slice(held)
    }
}

/// A list whose nesting is limited.
#[derive(Clone)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let _nested = Nesting::enter().ok_or_else(|| D::Error::custom("lists are nested too deeply"))?;
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(List(list))
    }
}

/// One level of nested lists, while it is read.
struct Nesting;

thread_local! {
    static NESTING: Cell<u32> = const { Cell::new(0) };
}

impl Nesting {
    fn enter() -> Option<Self> {
        let depth = NESTING.get();
        (depth < MAX_NESTING).then(|| {
            NESTING.set(depth + 1);
            Self
        })
    }
}

impl Drop for Nesting {
    fn drop(&mut self) {
        NESTING.set(NESTING.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Tree {
        below: List<Tree>,
    }

    fn nested(depth: u32) -> Vec<u8> {
        let tree =
            (0..depth).fold(Tree { below: List(Vec::new()) }, |inner, _| Tree { below: List(vec![inner]) });
        postcard::to_allocvec(&tree).unwrap()
    }

    #[test]
    fn deep_messages_are_refused_before_they_exhaust_the_stack() {
        assert!(postcard::from_bytes::<Tree>(&nested(MAX_NESTING - 1)).is_ok());
        let endless = [1; 1 << 20];
        assert!(postcard::from_bytes::<Tree>(&endless).is_err());
        assert!(postcard::from_bytes::<Tree>(&nested(3)).is_ok(), "the depth is counted for each message");
    }
}

//! What is made of the definition of an interface.
//!
//! The macros are used where the names in them are imported: in `interfaces.rs` and in the files beside this
//! one.

/// Defines the message and the stand-in of an interface, by what its objects are to the other process:
///
/// * `sent`: a value, without calls;
/// * `given`: kept for it, with values and calls;
/// * `lent`: for the time of one call, without values.
macro_rules! interface {
    (
        sent $interface:ident: $stand_in:ident, $wire:ident $(= $boxed:ty, $make:expr)?;
        values { $($(#[$meta:meta])* $value:ident: $type:ty,)* }
        $(derived { $derived:ident: $derived_type:ty = $derive:path; $($underived:tt)* })?
    ) => {
        /// What is sent for an object.
        #[derive(Clone, Serialize, Deserialize)]
        pub(in crate::isolated) struct $wire {
            $($(#[$meta])* $value: <$type as Carry>::Wire,)*
            $($derived: <$derived_type as Carry>::Wire,)?
        }

        /// What stands for an object on the other side.
        pub(in crate::isolated) struct $stand_in {
            $($(#[$meta])* $value: <$type as Carry>::Held,)*
            $($derived: <$derived_type as Carry>::Held,)?
        }

        impl $wire {
            #[cfg(test)]
            pub(in crate::isolated) const METHODS: Methods =
                (stringify!($interface), &[$($(#[$meta])* stringify!($value),)* $(stringify!($derived))?]);

            fn read<T: vtable::$interface>(target: &T, peer: &Arc<Peer>) -> Self {
                Self {
                    $($(#[$meta])* $value: target.$value().export(peer),)*
                    $($derived: $derive(target).export(peer),)?
                }
            }

            fn stand_in(self, peer: &Arc<Peer>) -> Shared<$stand_in> {
                Shared(Arc::new($stand_in {
                    $($(#[$meta])* $value: <$type as Carry>::hold(self.$value, peer),)*
                    $($derived: <$derived_type as Carry>::hold(self.$derived, peer),)?
                }))
            }
        }

        impl vtable::$interface for Shared<$stand_in> {
            values! { $($(#[$meta])* $value: $type,)* }
            $($($underived)*)?
        }

        $(
            impl Carry for $boxed {
                type Wire = $wire;
                type Held = Shared<$stand_in>;

                fn export(self, peer: &Arc<Peer>) -> $wire {
                    $wire::read(&self, peer)
                }
                fn hold(wire: $wire, peer: &Arc<Peer>) -> Self::Held {
                    wire.stand_in(peer)
                }
                fn make(held: Self::Held) -> Self {
                    $make(held)
                }
            }
        )?
    };
    (
        given $interface:ident: $stand_in:ident, $wire:ident = $boxed:ty, $make:expr;
        values { $($(#[$meta:meta])* $value:ident: $type:ty,)* }
        calls { $($calls:tt)* }
    ) => {
        /// What is sent for an object.
        #[derive(Clone, Serialize, Deserialize)]
        pub(in crate::isolated) struct $wire {
            $($(#[$meta])* $value: <$type as Carry>::Wire,)*
            /// Its number in its process; 0 without calls.
            object: u64,
        }

        /// What stands for an object on the other side.
        pub(in crate::isolated) struct $stand_in {
            $($(#[$meta])* $value: <$type as Carry>::Held,)*
            source: Source,
        }

        impl $wire {
            #[cfg(test)]
            pub(in crate::isolated) const METHODS: Methods = (stringify!($interface), &[$($(#[$meta])* stringify!($value),)*]);

            fn read<T: vtable::$interface>(target: &T, object: u64, peer: &Arc<Peer>) -> Self {
                let _ = (target, peer);
                Self { $($(#[$meta])* $value: target.$value().export(peer),)* object }
            }

            fn stand_in(self, peer: &Arc<Peer>) -> Shared<$stand_in> {
                Shared(Arc::new($stand_in {
                    $($(#[$meta])* $value: <$type as Carry>::hold(self.$value, peer),)*
                    source: Source::object(self.object, peer),
                }))
            }
        }

        impl vtable::$interface for Shared<$stand_in> {
            values! { $($(#[$meta])* $value: $type,)* }
            calls! { $($calls)* }
        }

        impl $stand_in {
            dispatch! { $interface: $($calls)* }
        }

        impl Served for $boxed {
            fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed> {
                $stand_in::dispatch(self, method, input, peer)
            }
        }

        impl Carry for $boxed {
            type Wire = $wire;
            type Held = Shared<$stand_in>;

            fn export(self, peer: &Arc<Peer>) -> $wire {
                let kept = Arc::new(self);
                let number = peer.keep(Arc::clone(&kept) as Arc<dyn Served>);
                $wire::read(&*kept, number, peer)
            }
            fn hold(wire: $wire, peer: &Arc<Peer>) -> Self::Held {
                wire.stand_in(peer)
            }
            fn make(held: Self::Held) -> Self {
                $make(held)
            }
        }
    };
    (lent $interface:ident: $stand_in:ident = $abi:ident; calls { $($calls:tt)* }) => {
        /// What stands for an object that is lent for one call.
        pub(in crate::isolated) struct $stand_in {
            source: Source,
        }

        impl $stand_in {
            /// The stand-in of an object that the other process lends under a number.
            fn lent(number: u64, peer: &Arc<Peer>) -> Shared<Self> {
                Shared(Arc::new(Self { source: Source::Object(ObjectRef::lent(number, peer)) }))
            }

            dispatch! { $interface: $($calls)* }
        }

        impl vtable::$interface for Shared<$stand_in> {
            calls! { $($calls)* }
        }

        impl Lent for LentObject<$abi<'_>> {
            fn number(&self) -> u64 {
                self.0
            }

            fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed> {
                $stand_in::dispatch(&self.1, method, input, peer)
            }
        }
    };
}

/// The methods of a stand-in that only read.
macro_rules! values {
    ($($(#[$meta:meta])* $value:ident: $type:ty,)*) => {
        $($(#[$meta])* fn $value(&self) -> $type {
            <$type as Carry>::make(self.0.$value.clone())
        })*
    };
}

/// The methods of a stand-in that call the original.
macro_rules! calls {
    ($($(#[$meta:meta])* $call:ident(
        $($argument:ident: $kind:ty),* $(; $lent:ident: $lent_abi:ident $lent_stand_in:ident $lent_object:ident)?
    ) -> $returned:ty;)*) => {
        $($(#[$meta])* fn $call(
            &self,
            $($argument: <$kind as Argument>::Abi<'_>,)*
            $($lent: $lent_abi<'_>,)?
        ) -> $returned {
            let object = match self.0.source.get() {
                Ok(object) => object,
                Err(error) => return <$returned as Returned>::lost(error),
            };
            let arguments = ($(<$kind as Argument>::export($argument, object.peer()),)*);
            let lent = lent!(object $(, $lent)?);
            object.call(stringify!($call), &arguments, &lent)
        })*
    };
}

/// What a call lends.
macro_rules! lent {
    ($object:ident) => {
        Nothing
    };
    ($object:ident, $lent:ident) => {
        LentObject($object.peer().new_number(), $lent)
    };
}

/// Calls a method of an object of this process by its name.
macro_rules! dispatch {
    ($interface:ident: $($(#[$meta:meta])* $call:ident(
        $($argument:ident: $kind:ty),* $(; $lent:ident: $lent_abi:ident $lent_stand_in:ident $lent_object:ident)?
    ) -> $returned:ty;)*) => {
        #[cfg(test)]
        pub(in crate::isolated) const CALLS: Methods = (stringify!($interface), &[$($(#[$meta])* stringify!($call),)*]);

        fn dispatch<T: vtable::$interface>(
            target: &T,
            method: &str,
            input: &[u8],
            peer: &Arc<Peer>,
        ) -> Result<Vec<u8>, Malformed> {
            match method {
                $($(#[$meta])* stringify!($call) => {
                    let (lent, ($($argument,)*)): (u64, ($(<$kind as Argument>::Wire,)*)) = decode(input)?;
                    $(let mut $argument = <$kind as Argument>::hold($argument, peer);)*
                    $(let $lent = $lent_stand_in::lent(lent, peer);)?
                    let _ = lent;
                    let returned = target.$call(
                        $(<$kind as Argument>::lend(&mut $argument),)*
                        $($lent_object::from_ptr(RRef::new(&$lent), TD_Opaque),)?
                    );
                    encode(&<$returned as Carry>::export(returned, peer))
                })*
                _ => Err(Malformed::new(format_args!(
                    "`{}` has no method `{}`",
                    stringify!($interface),
                    method.escape_debug()
                ))),
            }
        }
    };
}

/// An object of which a method borrows only the values.
macro_rules! borrowed {
    ($marker:ident: $abi:ident, $object:ident, $stand_in:ident, $wire:ident $(, $no_object:literal)?) => {
        /// A borrowed object of which only the values are sent.
        pub(in crate::isolated) struct $marker;

        impl Argument for $marker {
            type Abi<'a> = $abi<'a>;
            type Wire = $wire;
            type Held = Shared<$stand_in>;

            fn export(abi: $abi<'_>, peer: &Arc<Peer>) -> $wire {
                $wire::read(&abi, $($no_object,)? peer)
            }
            fn hold(wire: $wire, peer: &Arc<Peer>) -> Self::Held {
                wire.stand_in(peer)
            }
            fn lend(held: &mut Self::Held) -> $abi<'_> {
                $object::from_ptr(RRef::new(&*held), TD_Opaque)
            }
        }
    };
}

//! Choices that have names.

/// A name that no choice has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} \"{name}\": use one of {known}")]
pub struct UnknownChoice {
    /// What was to be chosen, such as `"model"`.
    pub what: &'static str,
    /// The name as it was given.
    pub name: String,
    /// The names that exist, separated by commas.
    pub known: String,
}

/// Of an enum without data: `ALL`, `name()`, and reading and writing by that name. An unknown name becomes `$error`, which
/// is made from [`UnknownChoice`].
macro_rules! named {
    ($error:ty, $type:ident, $what:literal, $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// Every choice, in the order of the documentation.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The name that [`FromStr`](std::str::FromStr) reads and [`Display`](std::fmt::Display) writes.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $error;

            /// Reads a name exactly as [`Display`](std::fmt::Display) writes it.
            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let unknown = || $crate::choice::UnknownChoice {
                    what: $what,
                    name: name.to_owned(),
                    known: [$($name),+].join(", "),
                };
                Ok(Self::ALL.iter().copied().find(|choice| choice.name() == name).ok_or_else(unknown)?)
            }
        }
    };
}

/// An enum of choices in knowledge-graph embeddings, with their names.
macro_rules! named_choice {
    (
        $what:literal
        $(#[$meta:meta])*
        pub enum $type:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$meta])*
        pub enum $type {
            $($(#[$variant_meta])* $variant,)+
        }

        $crate::choice::named!($crate::kge::KgeError, $type, $what, $($variant = $name),+);
    };
}

pub(crate) use {named, named_choice};

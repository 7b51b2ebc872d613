//! Choices that have names.

/// A name that no choice has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} \"{name}\": use one of {known}")]
pub struct UnknownChoice {
    /// What was to be chosen, such as `"protocol"`.
    pub what: &'static str,
    /// The name as it was given.
    pub name: String,
    /// The names that exist, separated by commas.
    pub known: String,
}

/// `ALL`, `name()`, and reading and writing by that name.
macro_rules! named {
    ($type:ident, $what:literal, $($variant:ident = $name:literal),+ $(,)?) => {
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
            type Err = $crate::evaluate::EvaluateError;

            /// Reads a name exactly as [`Display`](std::fmt::Display) writes it.
            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let unknown = || $crate::evaluate::UnknownChoice {
                    what: $what,
                    name: name.to_owned(),
                    known: [$($name),+].join(", "),
                };
                Ok(Self::ALL.iter().copied().find(|choice| choice.name() == name).ok_or_else(unknown)?)
            }
        }
    };
}

pub(super) use named;

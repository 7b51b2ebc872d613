//! Choices that have names.

/// An enum of choices without data: `ALL`, `name()`, and reading and writing by that name.
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
            type Err = $crate::kge::KgeError;

            /// Reads a name exactly as [`Display`](std::fmt::Display) writes it.
            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|choice| choice.name() == name).ok_or_else(|| {
                    $crate::kge::KgeError::UnknownName {
                        what: $what,
                        name: name.to_owned(),
                        known: [$($name),+].join(", "),
                    }
                })
            }
        }
    };
}

pub(crate) use named_choice;

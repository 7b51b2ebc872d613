//! Entity alignment: which rows mean one thing, and which artists a field names.
//!
//! Three parts, each usable alone:
//!
//! - [`name_key`], [`tag_key`] and [`label_key`] normalise text: equal keys are one spelling.
//! - [`credits`] reads artist fields and titles: "A feat. B", "A & B", "(C Remix)".
//! - [`align`](mod@align) finds the rows of one kind that mean one thing, by blocking first and evidence after, and
//!   names one canonical row for each group.
//!
//! Everything is conservative: two things taken for one spoil every figure downstream, while one thing taken for two
//! only dilutes it and can be mended with a forced alias.
//!
//! ```
//! use sgr_engine::fuse::align::{AlignConfig, EntityKind, Row, align};
//! use sgr_engine::fuse::credits::{KnownNames, Role, artist_credits};
//! use sgr_engine::fuse::name_key;
//! use std::sync::atomic::AtomicBool;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! assert_eq!(name_key("Beyoncé"), name_key("BEYONCE"));
//!
//! let known = KnownNames::new();
//! let credits = artist_credits("Simon & Garfunkel feat. Miriam Makeba", &known);
//! assert_eq!(credits.len(), 2);
//! assert_eq!((credits[0].name.as_str(), credits[0].role), ("Simon & Garfunkel", Role::Main));
//! assert_eq!((credits[1].name.as_str(), credits[1].role), ("Miriam Makeba", Role::Featured));
//!
//! let rows = [Row::named(1, "Beyoncé", 10), Row::named(2, "BEYONCE", 3), Row::named(3, "Beyond", 5)];
//! let report = align(EntityKind::Artist, &rows, &AlignConfig::default(), &AtomicBool::new(false))?;
//! assert_eq!(report.aliases.len(), 1);
//! assert_eq!((report.aliases[0].alias, report.aliases[0].canonical), (2, 1));
//! # Ok(())
//! # }
//! ```

pub mod align;
pub mod credits;
mod error;
mod keys;

pub use error::FuseError;
pub use keys::{label_key, name_key, tag_key};

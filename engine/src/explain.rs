//! Counterfactuals: the smallest evidence without which a candidate would rank elsewhere.
//!
//! What a recommendation would be without some evidence is found by computing it again, and this module does not know
//! how: a [`CounterfactualSearch`] says which units of evidence to leave out next, its caller computes the
//! [`Outcome`], and in the end the search says which sets of units make a difference. (Counterfactual explanations of
//! recommendations: Ghazimatin et al., WSDM 2020, "PRINCE"; here nothing is estimated.)

mod search;

pub use search::{Counterfactual, CounterfactualSearch, Outcome};

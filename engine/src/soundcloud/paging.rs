//! From page to page, without trusting what `next_href` says.

use super::call::Call;
use super::endpoints::Endpoints;
use crate::catalog::is_credential;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;
use url::Url;

/// Why there is no further page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// There is no `next_href`: the list is whole.
    Complete,
    /// A full bare array, which cannot say whether more would come.
    Bare,
    /// The `next_href` leads to a page that was read already.
    Loop,
    /// The service refuses the cursor that it gave.
    CursorRefused,
    /// As many pages as are allowed.
    PageLimit,
    /// The `next_href` is no URL.
    BadHref,
    /// The page has a shape that is not known.
    UnknownShape,
    /// A page could not be had.
    Failed,
    /// The crawl's budget is used up.
    Budget,
}

/// Where a list stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pages {
    /// The query of the page to ask for; `None` is the first.
    query: Option<String>,
    /// Hashes of the queries of `next_href` that have been seen: the whole of them would be stored anew with each page.
    visited: Vec<u64>,
    /// Pages read.
    pub(super) read: u32,
}

/// What comes after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Following {
    /// Why there is no further page.
    pub(super) ending: Option<Ending>,
    /// Whether `next_href` named another host, which was passed over.
    pub(super) foreign_host: bool,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self { query: None, visited: Vec::new(), read: 0 }
    }

    /// Whether the page to ask for is one after the first.
    pub(super) fn continues(&self) -> bool {
        self.query.is_some()
    }

    /// The URL of the page to ask for.
    pub(super) fn url(&self, call: &Call, endpoints: &Endpoints, limit: u32) -> Url {
        match &self.query {
            None => call.url(endpoints, limit),
            Some(query) => {
                let mut url = call.path(endpoints);
                url.set_query(Some(query));
                url
            }
        }
    }

    /// Goes to the page after the one that was just read.
    ///
    /// Of `next_href` only the query is used: the host and the path are those of the call, so the token cannot go
    /// elsewhere, whatever it says. Our parameters that it dropped are added again; credentials in it are dropped.
    pub(super) fn follow(
        &mut self,
        next_href: Option<&str>,
        call: &Call,
        endpoints: &Endpoints,
        limit: u32,
        max_pages: u32,
    ) -> Following {
        self.read += 1;
        let end = |ending| Following { ending: Some(ending), foreign_host: false };
        let Some(next_href) = next_href else { return end(Ending::Complete) };
        let Ok(href) = endpoints.api().join(next_href) else { return end(Ending::BadHref) };
        let foreign_host = href.origin() != endpoints.api().origin();
        let mut pairs: Vec<(String, String)> = href
            .query_pairs()
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .filter(|(key, _)| !is_credential(key))
            .collect();
        for (key, value) in call.parameters(limit) {
            if !pairs.iter().any(|(known, _)| known == key) {
                pairs.push((key.to_owned(), value));
            }
        }
        // Cursors are the same whatever the order of the parameters.
        pairs.sort();
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut first = call.parameters(limit);
        first.sort();
        let first = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(first).finish();
        let hash = FxBuildHasher.hash_one(&query);
        let ending = if query == first || self.visited.contains(&hash) {
            Some(Ending::Loop)
        } else if self.read >= max_pages {
            Some(Ending::PageLimit)
        } else {
            self.visited.push(hash);
            self.query = Some(query);
            None
        };
        Following { ending, foreign_host }
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Complete => "the list is whole",
            Self::Bare => "a full page that does not say whether there are more",
            Self::Loop => "next_href leads back to a page that was read already",
            Self::CursorRefused => "the cursor in next_href is refused; taken for the end",
            Self::PageLimit => "more pages than are allowed",
            Self::BadHref => "next_href is no URL",
            Self::UnknownShape => "the answer has no known shape",
            Self::Failed => "not to be had",
            Self::Budget => "the budget is used up",
        })
    }
}

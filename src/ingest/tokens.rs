//! Tokens of an application, kept by the process from one client to the next: they are rationed.
//!
//! They are in memory only, in no table.

use super::Prepared;
use sgr_engine::soundcloud::{Client, Credentials, Endpoints, TokenKeeper};
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Whose tokens they are, and who gave them.
#[derive(PartialEq, Eq)]
struct Owner {
    credentials: Credentials,
    endpoints: Endpoints,
}

thread_local! {
    /// Of the application that was used last.
    static KEPT: RefCell<Option<(Owner, TokenKeeper)>> = const { RefCell::new(None) };
}

/// A client that begins with the tokens that are kept, and leaves its own: also when a cancel unwinds.
pub struct Kept {
    client: Client,
    owner: Option<Owner>,
}

impl Kept {
    pub fn new(mut client: Client, prepared: &Prepared) -> Self {
        let owner = Owner { credentials: prepared.found.credentials.clone(), endpoints: prepared.endpoints.clone() };
        if let Some((_, tokens)) = KEPT.take().filter(|(kept, _)| *kept == owner) {
            client.set_tokens(tokens);
        }
        Self { client, owner: Some(owner) }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(owner) = self.owner.take() {
            KEPT.set(Some((owner, self.client.tokens().clone())));
        }
    }
}

impl Deref for Kept {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

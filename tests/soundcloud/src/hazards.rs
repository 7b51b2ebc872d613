//! What can go wrong, each of it seen in public or to be expected of any server.

/// Which hazards are on. Where one strikes follows from the request alone, so runs can be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hazards {
    /// `next_href` names a host inside the provider's network.
    pub foreign_host: bool,
    /// `next_href` holds the client id that asked.
    pub client_id: bool,
    /// `next_href` forgets our `access` filter, and the next page leaves tracks out if it is not added again.
    pub dropped_filter: bool,
    /// The last page's `next_href` leads back to a page that was given already.
    pub loops: bool,
    /// The last page's `next_href` holds a cursor that is then refused as "not a valid UUID".
    pub bad_cursor: bool,
    /// Pages that are shorter than the limit, or empty, in the middle of a list.
    pub short_pages: bool,
    /// Lists that fit into one page come as a bare array.
    pub bare_arrays: bool,
    /// Tracks of playlists that are only an id and a kind.
    pub stubs: bool,
    /// Old and new forms of the same thing: id or urn, two forms of dates, old and new names, counts hidden in three ways,
    /// members nobody knows, likes in wrappers.
    pub drift: bool,
    /// 429 in its four shapes, some with `Retry-After`, all with rate-limit headers that mean nothing.
    pub rate_limits: bool,
    /// The token endpoint's own limit of 30 per hour.
    pub token_limit: bool,
    /// Tokens that are revoked before they expire: 401 with an empty body.
    pub expired_tokens: bool,
    /// 500, 502 and 503, with bodies of three kinds.
    pub server_errors: bool,
    /// Bodies that end in the middle.
    pub half_bodies: bool,
    /// Bodies that come in small pieces.
    pub slow_bodies: bool,
    /// One body that stops in the middle and leaves the connection open.
    pub stall: bool,
    /// 200 with an HTML page.
    pub wrong_type: bool,
    /// Compressed bodies.
    pub gzip: bool,
    /// Pages of 10 MB.
    pub big_pages: bool,
}

/// Names and fields, for the command line.
macro_rules! by_name {
    ($($name:ident),+ $(,)?) => {
        impl Hazards {
            /// All of them.
            pub const ALL: Hazards = Hazards { $($name: true),+ };

            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Switches one on by its name. Returns whether there is one.
            pub fn switch_on(&mut self, name: &str) -> bool {
                match name {
                    $(stringify!($name) => self.$name = true,)+
                    _ => return false,
                }
                true
            }
        }
    };
}

by_name!(
    foreign_host,
    client_id,
    dropped_filter,
    loops,
    bad_cursor,
    short_pages,
    bare_arrays,
    stubs,
    drift,
    rate_limits,
    token_limit,
    expired_tokens,
    server_errors,
    half_bodies,
    slow_bodies,
    stall,
    wrong_type,
    gzip,
    big_pages,
);

/// A number that follows from a text and a purpose, evenly spread (64-bit FNV-1a, finished as in SplitMix64).
pub(crate) fn lot(text: &str, purpose: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes().chain([0]).chain(purpose.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// What spoils the first answers to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoiler {
    RateLimit(u8),
    ExpiredToken,
    ServerError(u8),
    HalfBody,
    WrongType,
    Stall,
}

impl Spoiler {
    /// The time that a rate limit names to a client that it meets at `now`, to come back at, `patience` seconds later.
    pub(crate) fn reset(self, now: i64, patience: i64) -> Option<i64> {
        matches!(self, Self::RateLimit(0 | 1)).then_some((now / 1_000_000 + patience) * 1_000_000)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RateLimit(_) => "rate limit",
            Self::ExpiredToken => "expired token",
            Self::ServerError(_) => "server error",
            Self::HalfBody => "half body",
            Self::WrongType => "wrong type",
            Self::Stall => "stall",
        }
    }
}

impl Hazards {
    /// What spoils the answer to a request that was made `before` times before. About half of all requests meet
    /// something the first time, one in eight something else the second time; the third time all is well.
    pub(crate) fn spoiler(&self, target: &str, before: u32) -> Option<Spoiler> {
        let chance = match before {
            0 => 2,
            1 => 8,
            _ => return None,
        };
        let lots = lot(target, if before == 0 { "first" } else { "second" });
        if !lots.is_multiple_of(chance) {
            return None;
        }
        let kinds = [
            (self.rate_limits, Spoiler::RateLimit(0)),
            (self.rate_limits, Spoiler::RateLimit(1)),
            (self.rate_limits, Spoiler::RateLimit(2)),
            (self.rate_limits, Spoiler::RateLimit(3)),
            (self.server_errors, Spoiler::ServerError(0)),
            (self.server_errors, Spoiler::ServerError(1)),
            (self.server_errors, Spoiler::ServerError(2)),
            (self.half_bodies, Spoiler::HalfBody),
            (self.half_bodies, Spoiler::HalfBody),
            (self.wrong_type, Spoiler::WrongType),
        ];
        // Tokens are rationed, so few; and never twice for one request, which would mean that it is not to be had.
        if self.expired_tokens && before == 0 && lot(target, "token").is_multiple_of(50) {
            return Some(Spoiler::ExpiredToken);
        }
        let (on, spoiler) = kinds[(lots / chance % kinds.len() as u64) as usize];
        on.then_some(spoiler)
    }
}

//! The client id and secret: from a file that is kept like a private key, or from the server's environment.

use crate::error::{Error, Result};
use crate::server_file;
use pgrx::PgSqlErrorCode;
use sgr_engine::soundcloud::{Credentials, Secret};
use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

/// The environment variables.
const ID_VARIABLE: &str = "SGR_SOUNDCLOUD_CLIENT_ID";
const SECRET_VARIABLE: &str = "SGR_SOUNDCLOUD_CLIENT_SECRET";

const FILE_SETTING: &str = "sgr_graph.soundcloud_credentials_file";

/// Longest file of credentials that is read.
const MAX_BYTES: u64 = 64 << 10;

/// Credentials, and where they were found.
pub struct Found {
    pub credentials: Credentials,
    /// `file` or `environment`.
    pub place: &'static str,
}

/// Looks into the file, or, where none is named, into the environment. No error repeats a part of what was read.
///
/// Errors: 55000 without credentials, F0000 for a file that others may read or that does not hold them, 58P01, 42501,
/// 42809 for one that cannot be read.
pub fn find(file: Option<&str>) -> Result<Found> {
    match file {
        Some(path) => {
            let (found, contents) = read(FILE_SETTING, path, MAX_BYTES)?;
            check_permissions(&found)?;
            let text = String::from_utf8(contents).map_err(|_| malformed("it is not UTF-8 text".to_owned()))?;
            Ok(Found { credentials: parsed(&text)?, place: "file" })
        }
        None => {
            let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
            match (variable(ID_VARIABLE), variable(SECRET_VARIABLE)) {
                (Some(id), Some(secret)) => {
                    let client_secret = Secret::from(secret.trim());
                    let credentials = Credentials { client_id: id.trim().to_owned(), client_secret };
                    Ok(Found { credentials, place: "environment" })
                }
                _ => Err(Error::not_ready("there are no credentials for SoundCloud")
                    .detail(format!(
                        "{FILE_SETTING} is not set, and {ID_VARIABLE} and {SECRET_VARIABLE} are not in the environment of the server"
                    ))
                    .hint("a superuser sets one of them, see docs/SOUNDCLOUD.md")),
            }
        }
    }
}

/// Reads a file that a setting names. Errors do not name the file, which not everybody may know.
pub fn read(setting: &str, path: &str, limit: u64) -> Result<(Metadata, Vec<u8>)> {
    let failed = |error: &std::io::Error| server_file::setting_failed(setting, error);
    let file = server_file::open_setting(setting, path)?;
    let found = file.metadata().map_err(|error| failed(&error))?;
    let mut contents = Vec::new();
    file.take(limit + 1).read_to_end(&mut contents).map_err(|error| failed(&error))?;
    if contents.len() as u64 > limit {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_CONFIG_FILE_ERROR,
            format!("the file of {setting} is over {limit} bytes"),
        ));
    }
    Ok((found, contents))
}

/// As the server checks its own private key: its own and nobody else's, or root's and at most its group's to read.
#[allow(unsafe_code, reason = "the effective user id is only to be had from libc")]
fn check_permissions(found: &Metadata) -> Result<()> {
    // SAFETY: it cannot fail.
    let own = unsafe { libc::geteuid() };
    let refused = |detail: &str| {
        Err(Error::new(
            PgSqlErrorCode::ERRCODE_CONFIG_FILE_ERROR,
            format!("the file of {FILE_SETTING} is not kept like a private key"),
        )
        .detail(detail.to_owned())
        .hint("chmod 0600 if it belongs to the user that runs the server, 0640 if it belongs to root"))
    };
    let mode = found.mode() & 0o777;
    match found.uid() {
        uid if uid == own && mode & 0o077 == 0 => Ok(()),
        uid if uid == own => refused(&format!("its permissions are {mode:04o}: others than the server may use it")),
        0 if mode & 0o037 == 0 => Ok(()),
        0 => refused(&format!("its permissions are {mode:04o}: others than root and the server may use it")),
        _ => refused("it belongs neither to the user that runs the server nor to root"),
    }
}

/// Lines `client_id=…` and `client_secret=…`, in any order; blank ones and those that begin with `#` are passed over.
fn parsed(text: &str) -> Result<Credentials> {
    let (mut id, mut secret) = (None, None);
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(malformed(format!("line {number} is not name=value")));
        };
        let place = match name.trim() {
            "client_id" => &mut id,
            "client_secret" => &mut secret,
            _ => return Err(malformed(format!("line {number} is neither client_id nor client_secret"))),
        };
        *place = Some(value.trim()).filter(|value| !value.is_empty());
    }
    match (id, secret) {
        (Some(id), Some(secret)) => Ok(Credentials { client_id: id.to_owned(), client_secret: secret.into() }),
        (None, _) => Err(malformed("there is no client_id in it".to_owned())),
        (_, None) => Err(malformed("there is no client_secret in it".to_owned())),
    }
}

fn malformed(detail: String) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_CONFIG_FILE_ERROR,
        format!("the file of {FILE_SETTING} cannot be read as credentials"),
    )
    .detail(detail)
    .hint("two lines: client_id=... and client_secret=...")
}

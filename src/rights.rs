//! What the calling role may do with the extension's own tables, asked of the system catalogue directly where no
//! executor asks on our behalf: bulk writing and answers from a cache.

use crate::error::{Error, Result};
use pgrx::pg_sys;
use std::ffi::CStr;

/// A table of schema `sgr`. Errors: 55000 if it is missing.
#[allow(unsafe_code, reason = "catalogue look-ups have no safe wrapper")]
pub fn table(name: &'static CStr) -> Result<pg_sys::Oid> {
    // SAFETY: main thread, inside a transaction, NUL-terminated constants.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"sgr".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    if oid == pg_sys::InvalidOid {
        return Err(Error::not_ready(format!("table sgr.{} is missing", name.to_string_lossy()))
            .hint("ALTER EXTENSION sgr_graph UPDATE, or DROP EXTENSION and CREATE EXTENSION again"));
    }
    Ok(oid)
}

/// Whether the current role has this right on the table.
#[allow(unsafe_code, reason = "catalogue look-ups have no safe wrapper")]
pub fn has(table: pg_sys::Oid, right: u32) -> bool {
    #[allow(clippy::useless_conversion, reason = "the mode is wider from Postgres 16 on")]
    let right = right.into();
    // SAFETY: main thread, inside a transaction.
    unsafe { pg_sys::pg_class_aclcheck(table, pg_sys::GetUserId(), right) == pg_sys::AclResult::ACLCHECK_OK }
}

/// What may be done with a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Right {
    Select,
    Insert,
    Update,
    Delete,
}

impl Right {
    fn mask(self) -> u32 {
        match self {
            Self::Select => pg_sys::ACL_SELECT,
            Self::Insert => pg_sys::ACL_INSERT,
            Self::Update => pg_sys::ACL_UPDATE,
            Self::Delete => pg_sys::ACL_DELETE,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Errors: 25006 in a read-only transaction, 42501 where the role may not fill the tables; found before the work is done.
/// `does` is what the role does, as part of a sentence.
pub fn may_fill(function: &'static CStr, tables: &[&'static CStr], does: &str) -> Result<()> {
    refuse_read_only(function);
    for name in tables {
        if !has(table(name)?, pg_sys::ACL_INSERT) {
            return Err(denied(name).hint(format!(
                "GRANT SELECT, INSERT, UPDATE, DELETE ON sgr.{} TO the role that {does}",
                name.to_string_lossy()
            )));
        }
    }
    Ok(())
}

/// As [`may_fill`], of each right that will be needed.
pub fn may_change(function: &'static CStr, tables: &[(&'static CStr, &[Right])], does: &str) -> Result<()> {
    refuse_read_only(function);
    for (name, rights) in tables {
        let table = table(name)?;
        if let Some(missing) = rights.iter().find(|right| !has(table, right.mask())) {
            let all: Vec<&str> = rights.iter().map(|right| right.name()).collect();
            return Err(denied(name).detail(format!("the role lacks {}", missing.name())).hint(format!(
                "GRANT {} ON sgr.{} TO the role that {does}",
                all.join(", "),
                name.to_string_lossy()
            )));
        }
    }
    Ok(())
}

#[allow(unsafe_code, reason = "asks the backend")]
fn refuse_read_only(function: &'static CStr) {
    // SAFETY: main thread, inside a transaction, a NUL-terminated constant.
    unsafe {
        pg_sys::PreventCommandIfReadOnly(function.as_ptr());
    }
}

fn denied(table: &CStr) -> Error {
    let message = format!("permission denied for table {}", table.to_string_lossy());
    Error::new(pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message)
}

/// Whether row-level security restricts the current role on the table.
#[allow(unsafe_code, reason = "catalogue look-ups have no safe wrapper")]
pub fn row_security(table: pg_sys::Oid) -> bool {
    // SAFETY: main thread, inside a transaction; with `noError` it only answers.
    unsafe {
        pg_sys::check_enable_rls(table, pg_sys::InvalidOid, true) == pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32
    }
}

/// The current role.
#[allow(unsafe_code, reason = "reads a backend variable")]
pub fn current_role() -> pg_sys::Oid {
    // SAFETY: main thread, inside a transaction.
    unsafe { pg_sys::GetUserId() }
}

/// Whether the current role is a superuser.
#[allow(unsafe_code, reason = "asks the backend")]
pub fn is_superuser() -> bool {
    // SAFETY: main thread, inside a transaction.
    unsafe { pg_sys::superuser() }
}

/// What is done with files of the server.
#[derive(Clone, Copy)]
pub enum Access {
    /// `pg_read_server_files`
    Read,
    /// `pg_write_server_files`
    Write,
}

/// Errors: 42501 unless the current role may read or write files of the server, as COPY demands it.
#[allow(unsafe_code, reason = "role membership has no safe wrapper")]
pub fn server_files(access: Access) -> Result<()> {
    let (role, name) = match access {
        Access::Read => (pg_sys::ROLE_PG_READ_SERVER_FILES, "pg_read_server_files"),
        Access::Write => (pg_sys::ROLE_PG_WRITE_SERVER_FILES, "pg_write_server_files"),
    };
    // SAFETY: main thread, inside a transaction.
    if unsafe { pg_sys::has_privs_of_role(pg_sys::GetUserId(), pg_sys::Oid::from(role)) } {
        return Ok(());
    }
    Err(Error::new(pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for files of the server")
        .detail(format!("only roles with the rights of {name} may name one"))
        .hint("use \\copy from a client, or have a superuser GRANT that role"))
}

//! Files of the server: opened, written and refused as COPY does it.

use crate::error::{Error, Result};
use pgrx::prelude::*;
use std::fs::{File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

/// What COPY gives the files that it writes.
const MODE: u32 = 0o644;

/// Files that are being written. A session that is terminated does not unwind: its files are removed from here.
static PARTIAL: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Opens a regular file for reading. Errors: 22023 relative path, 58P01 no such file, 42501 no rights, 42809 a directory
/// or device.
pub fn open(path: &str) -> Result<File> {
    absolute(path)?;
    let refused = |error: std::io::Error| failed("open", path, &error);
    // Looked at before it is opened: opening a pipe would wait for its other end.
    regular(path, &std::fs::metadata(path).map_err(refused)?)?;
    File::open(path).map_err(refused)
}

/// The same for a file that a setting names. Errors name the setting: not everybody may know the file.
pub fn open_setting(setting: &str, path: &str) -> Result<File> {
    if !Path::new(path).is_absolute() {
        return Err(Error::invalid(format!("the file of {setting} is not named by an absolute path")));
    }
    let refused = |error: std::io::Error| setting_failed(setting, &error);
    let what = format!("the file of {setting}");
    check_regular(&what, &std::fs::metadata(path).map_err(refused)?)?;
    File::open(path).map_err(refused)
}

/// A file that is written beside another and takes its place at the end. Dropped before that, it is removed.
pub struct Replacement {
    /// What was asked for.
    path: String,
    /// The same, symbolic links followed.
    target: PathBuf,
    partial: PathBuf,
    mode: u32,
    replaced: bool,
}

impl Replacement {
    /// Begins a file beside `path`. Errors: 22023 relative path, 58P01 no such folder, 42501 no rights, 42809 `path` is a
    /// directory or device.
    pub fn create(path: &str) -> Result<(Self, File)> {
        absolute(path)?;
        let refused = |error: std::io::Error| failed("create", path, &error);
        let target = match std::fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => std::fs::canonicalize(path).map_err(refused)?,
            _ => PathBuf::from(path),
        };
        let mode = match std::fs::metadata(&target) {
            Ok(found) => {
                regular(path, &found)?;
                // A folder that may be written to can hold files that may not.
                OpenOptions::new().write(true).open(&target).map_err(refused)?;
                found.permissions().mode() & 0o777
            }
            Err(error) if error.kind() == ErrorKind::NotFound => MODE,
            Err(error) => return Err(refused(error)),
        };
        let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(Error::new(PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, format!("\"{path}\" is a directory")));
        };
        if path.ends_with('/') {
            return Err(failed("create", path, &ErrorKind::NotADirectory.into()));
        }
        let partial = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        remove_at_exit(&partial);
        // Made first: dropped, it takes the name from the list again.
        let replacement = Self { path: path.to_owned(), target, partial, mode, replaced: false };
        let file = create_new(&replacement.partial).map_err(refused)?;
        Ok((replacement, file))
    }

    /// Takes the other file's place, atomically. `file` must have been synchronised.
    pub fn finish(mut self, file: &File) -> Result<()> {
        let refused = |error: std::io::Error| failed("write", &self.path, &error);
        file.set_permissions(Permissions::from_mode(self.mode)).map_err(refused)?;
        std::fs::rename(&self.partial, &self.target).map_err(refused)?;
        self.replaced = true;
        // Not every file system can synchronise a folder, and the file is there either way.
        if let Some(folder) = self.target.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.replaced {
            let _ = std::fs::remove_file(&self.partial);
        }
        forget(&self.partial);
    }
}

/// What a killed process left under this name is in nobody's use: process ids are unique.
fn create_new(path: &Path) -> std::io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match create() {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(path)?;
            create()
        }
        other => other,
    }
}

fn absolute(path: &str) -> Result<()> {
    if Path::new(path).is_absolute() {
        return Ok(());
    }
    Err(Error::invalid(format!("path \"{path}\" is not absolute"))
        .hint("the server opens the file, and it has a working directory of its own"))
}

fn regular(path: &str, found: &std::fs::Metadata) -> Result<()> {
    check_regular(&format!("\"{path}\""), found)
}

fn check_regular(name: &str, found: &std::fs::Metadata) -> Result<()> {
    let what = match found.file_type() {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a directory",
        _ => "not a regular file",
    };
    Err(Error::new(PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, format!("{name} is {what}")))
}

/// A file error with the SQLSTATE that COPY gives it.
pub fn failed(verb: &str, path: &str, error: &std::io::Error) -> Error {
    file_error(verb, &format!("file \"{path}\""), error)
}

/// The same for a file that a setting names.
pub fn setting_failed(setting: &str, error: &std::io::Error) -> Error {
    file_error("read", &format!("the file of {setting}"), error)
}

fn file_error(verb: &str, name: &str, error: &std::io::Error) -> Error {
    let sqlstate = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES | libc::EROFS) => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        Some(libc::ENOENT) => PgSqlErrorCode::ERRCODE_UNDEFINED_FILE,
        Some(libc::EEXIST) => PgSqlErrorCode::ERRCODE_DUPLICATE_FILE,
        Some(libc::ENOTDIR | libc::EISDIR) => PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
        Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => PgSqlErrorCode::ERRCODE_DISK_FULL,
        Some(libc::ENAMETOOLONG) => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        Some(libc::ENFILE | libc::EMFILE) => PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES,
        // A NUL byte cannot come from SQL; what is left is a path that ends in a slash.
        None if error.kind() == ErrorKind::NotADirectory => PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
        _ => PgSqlErrorCode::ERRCODE_IO_ERROR,
    };
    let reason = error.to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default();
    let error = Error::new(sqlstate, format!("could not {verb} {name}: {reason}"));
    match sqlstate {
        PgSqlErrorCode::ERRCODE_DISK_FULL => {
            error.hint("nothing was left behind; free some space, or choose another disk")
        }
        PgSqlErrorCode::ERRCODE_UNDEFINED_FILE | PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE => {
            error.hint("the server opens the file, on its own machine and with the rights of its own account")
        }
        _ => error,
    }
}

fn partial_files() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    PARTIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forget(path: &Path) {
    partial_files().retain(|partial| partial != path);
}

/// A terminated session ends in the middle of its call without unwinding, but runs what was registered.
#[allow(unsafe_code, reason = "registers a callback of the backend")]
fn remove_at_exit(path: &Path) {
    static REGISTERED: Once = Once::new();
    // SAFETY: main thread; the callback is a function of this library, which is never unloaded.
    REGISTERED.call_once(|| unsafe { pg_sys::on_proc_exit(Some(at_exit), pg_sys::Datum::from(0)) });
    partial_files().push(path.to_owned());
}

#[pg_guard]
#[allow(unsafe_code, reason = "called by the backend when it ends")]
unsafe extern "C-unwind" fn at_exit(_code: i32, _argument: pg_sys::Datum) {
    for path in partial_files().drain(..) {
        let _ = std::fs::remove_file(path);
    }
}

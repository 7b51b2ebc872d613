//! Folders that the server can write to, and the Python that reads what it wrote.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// A folder that both the tests and the server may write to, removed with this value.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one where the server has its socket, if that is a folder.
    pub fn create(label: &str) -> Self {
        let place = std::env::var_os("PGHOST").map(PathBuf::from).filter(|host| host.is_dir());
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            place.unwrap_or_else(std::env::temp_dir).join(format!("files_{label}_{}_{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).unwrap();
        Folder(path)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in it, as SQL gets it.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file that the server can read, and returns its path.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.file(name);
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        path
    }

    /// The names of all files in it, hidden ones too, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a script of `tests/server/python`; returns what it printed to its output and to its error output. `None`, after
/// one line that says so, where `scripts/python.sh` could not make `build/venv`.
///
/// # Panics
/// If the script fails; in CI also without `build/venv`.
pub fn python(script: &str, arguments: &[&str]) -> Option<(String, String)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../../build/venv/bin/python");
    if !python.exists() {
        let what =
            format!("there is no {}: scripts/python.sh makes it (it needs a Python package index)", python.display());
        assert!(std::env::var_os("CI").is_none(), "{what}");
        crate::tell!("skipped: {what}");
        return None;
    }
    let output = Command::new(python).arg(here.join("python").join(script)).args(arguments).output().unwrap();
    let (out, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{script} {arguments:?}: {errors}");
    Some((out, errors))
}

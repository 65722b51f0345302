//! A model's folder: files are read in bounded memory, and a new model takes the old one's place in one step.

use super::{CARD, CONFIG, EMBEDDINGS_TOKENIZER, ModelFiles, TOKENIZER, WEIGHTS};
use crate::classifier::Classifier;
use crate::error::{Error, Result};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The bytes of a regular file of at most `limit` bytes; a `model.safetensors` must begin with a header that fits in it.
///
/// # Errors
/// [`Error::Model`] where it is none.
pub(super) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let fail = |e: &dyn std::fmt::Display| {
        Error::Model(format!(
            "{}: {e}; expected a file of a model",
            path.display()
        ))
    };
    // Looking before opening: opening a pipe would wait for its writer.
    let found = fs::metadata(path).map_err(|e| fail(&e))?;
    if !found.is_file() {
        return Err(fail(&"is not a regular file"));
    }
    if found.len() > limit {
        return Err(fail(&format!(
            "{} bytes, over the limit of {limit}",
            found.len()
        )));
    }
    let mut file = fs::File::open(path).map_err(|e| fail(&e))?;
    let mut bytes = Vec::new();
    if path.ends_with(WEIGHTS) {
        // Refused before the rest is read into memory.
        file.by_ref()
            .take(8)
            .read_to_end(&mut bytes)
            .map_err(|e| fail(&e))?;
        let header = bytes.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        if header == 0 || header > found.len().saturating_sub(8) {
            return Err(fail(&format!(
                "a header of {header} bytes in a file of {}",
                found.len()
            )));
        }
    }
    // The file may grow meanwhile.
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| fail(&e))?;
    Ok(bytes)
}

/// Whether a model may be written to `dir`: it is absent, empty, or a model.
///
/// # Errors
/// [`Error::Io`] where something else stands there.
pub fn check_output(dir: &Path) -> Result<()> {
    let exists = |e: &str| Error::io(dir, std::io::Error::other(e.to_string()));
    if !dir.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(dir).map_err(|e| Error::io(dir, e))?;
    if entries.next().is_none() || (dir.join(CONFIG).is_file() && dir.join(WEIGHTS).is_file()) {
        return Ok(());
    }
    Err(exists(
        "is not a model; only a model, or an empty folder, is replaced",
    ))
}

/// Saves `classifier` in `dir`, which is afterwards the old model or the new one, never a mixture.
///
/// # Errors
/// [`Error::Io`] where it cannot be written, or where `dir` is there and is not a model.
pub fn save(classifier: &Classifier, dir: &Path) -> Result<()> {
    check_output(dir)?;
    let files = ModelFiles::of(classifier);
    let name = dir
        .file_name()
        .ok_or_else(|| Error::io(dir, std::io::Error::other("expected the name of a folder")))?;
    let parent = match dir.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).map_err(|e| Error::io(&parent, e))?;
    let beside = |suffix: &str| {
        parent.join(format!(
            ".{}.{suffix}-{}",
            name.to_string_lossy(),
            std::process::id()
        ))
    };
    let new = beside("new");
    let result = write_files(&new, &files).and_then(|()| put_in_place(&new, dir, &beside("old")));
    if result.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    result
}

fn write_files(dir: &Path, files: &ModelFiles) -> Result<()> {
    fs::create_dir(dir).map_err(|e| Error::io(dir, e))?;
    let embeddings_tokenizer = files.embeddings_tokenizer.iter();
    let files = [
        (CONFIG, &files.config),
        (TOKENIZER, &files.tokenizer),
        (WEIGHTS, &files.weights),
        (CARD, &files.card),
    ];
    for (name, bytes) in files
        .into_iter()
        .chain(embeddings_tokenizer.map(|bytes| (EMBEDDINGS_TOKENIZER, bytes)))
    {
        let path = dir.join(name);
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&path)?;
            std::io::Write::write_all(&mut file, bytes)?;
            file.sync_all()
        };
        write().map_err(|e| Error::io(&path, e))?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn put_in_place(new: &Path, dir: &Path, old: &Path) -> Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    if dir.exists() && renameat_with(CWD, new, CWD, dir, RenameFlags::EXCHANGE).is_ok() {
        return fs::remove_dir_all(new).map_err(|e| Error::io(new, e));
    }
    put_in_place_by_steps(new, dir, old)
}

#[cfg(not(target_os = "linux"))]
fn put_in_place(new: &Path, dir: &Path, old: &Path) -> Result<()> {
    put_in_place_by_steps(new, dir, old)
}

fn put_in_place_by_steps(new: &Path, dir: &Path, old: &Path) -> Result<()> {
    let was_there = dir.exists();
    if was_there {
        fs::rename(dir, old).map_err(|e| Error::io(dir, e))?;
    }
    if let Err(e) = fs::rename(new, dir) {
        if was_there {
            let _ = fs::rename(old, dir);
        }
        return Err(Error::io(dir, e));
    }
    if was_there {
        fs::remove_dir_all(old).map_err(|e| Error::io(old, e))?;
    }
    Ok(())
}

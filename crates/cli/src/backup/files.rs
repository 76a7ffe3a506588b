//! The files beside the store that a registry needs: configuration, rules and their tables, keys.

use std::{
    cell::RefCell,
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::Context as _;

use super::format::File;
use crate::{config::Config, usage, wiring};

/// The largest file that is taken: configuration, rules and keys are small.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How deep the data folder is looked through.
const DEPTH_MAX: usize = 4;

/// Everything in the data folder but the store, and all files that the configuration names.
pub(super) fn gather(config: &Config, config_path: Option<&Path>) -> anyhow::Result<Vec<File>> {
    let mut named: Vec<(String, PathBuf)> = Vec::new();
    let mut add = |folder: &str, path: &Path| {
        if let (false, Some(name)) = (path.as_os_str().is_empty(), path.file_name()) {
            named.push((format!("{folder}/{}", name.to_string_lossy()), path.to_owned()));
        }
    };
    config_path.iter().for_each(|path| add("config", path));
    let rules = &config.matching.rules;
    add("rules", rules);
    if !rules.as_os_str().is_empty() {
        tables(rules)?.iter().for_each(|path| add("rules", path));
    }
    for path in
        [&config.tls.certificate, &config.tls.key, &config.tls.client_ca, &config.tls.revoked]
    {
        add("tls", path);
    }
    let clients = config.clients_path().filter(|path| path.exists());
    clients.iter().for_each(|path| add("clients", path));
    let mut files = Vec::new();
    for (name, path) in named {
        files.push(read(name, &path)?);
    }
    let url = config.store_url();
    let database = url.strip_prefix("sqlite:").map(|path| Path::new(path).to_owned());
    let image = config.image_path(&url);
    let is_data = |path: &Path| {
        let is_of_store = database.as_deref().is_some_and(|database| is_beside(path, database));
        !is_of_store && image.as_deref() != Some(path)
    };
    walk(&config.data.folder, &config.data.folder, 0, &is_data, &mut files)?;
    Ok(files)
}

/// Whether a path is the database or a file that only belongs to it.
fn is_beside(path: &Path, database: &Path) -> bool {
    let (Some(name), Some(database_name)) = (path.file_name(), database.file_name()) else {
        return false;
    };
    let name = name.to_string_lossy();
    path.parent() == database.parent() && name.starts_with(&*database_name.to_string_lossy())
}

/// The tables of names that a native rule file reads.
fn tables(rules: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let text = fs::read_to_string(rules)
        .map_err(|error| usage(format!("cannot read {}: {error}", rules.display())))?;
    let folder = rules.parent().unwrap_or(Path::new(""));
    let read = RefCell::new(Vec::new());
    let tables = |file: &str| {
        read.borrow_mut().push(folder.join(file));
        wiring::tables_beside(rules)(file)
    };
    // Rules that are wrong are kept as they are; the server says what is wrong with them.
    let _ = matching::native::rules_from_text_with(&text, &tables);
    Ok(read.into_inner())
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    is_wanted: &dyn Fn(&Path) -> bool,
    files: &mut Vec<File>,
) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() && depth < DEPTH_MAX {
            walk(root, &path, depth + 1, is_wanted, files)?;
        }
        if kind.is_file() && is_wanted(&path) && entry.metadata()?.len() <= BYTES_MAX {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            files.push(read(format!("data/{name}"), &path)?);
        }
    }
    Ok(())
}

fn read(name: String, path: &Path) -> anyhow::Result<File> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(File::new(name, &bytes))
}

/// Writes a file of a backup below `folder`; its owner only can read it.
pub(super) fn put(folder: &Path, file: &File) -> anyhow::Result<()> {
    let name = Path::new(&file.name);
    // A name must not lead out of the folder.
    if !name.components().all(|part| matches!(part, Component::Normal(_))) {
        anyhow::bail!("the backup names a file outside of its folder");
    }
    let path = folder.join(name);
    let bytes = file.bytes().context("a file in the backup cannot be read")?;
    if let Some(parent) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(parent)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut to = options.open(&path).with_context(|| format!("cannot write {}", path.display()))?;
    std::io::Write::write_all(&mut to, &bytes)?;
    Ok(())
}

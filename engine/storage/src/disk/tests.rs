//! The forgetful disk forgets what it should and nothing else; both disks behave alike until then.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::*;

fn put(disk: &dyn Disk, path: &Path, bytes: &[u8], sync: bool) -> Box<dyn DiskFile> {
    let mut file = disk.create(path).unwrap();
    file.write_all(bytes).unwrap();
    if sync {
        file.sync_all().unwrap();
    }
    file
}

/// Files and folders below `root` with their content, after a loss of power.
fn after(disk: &ForgetfulDisk, keep: Keep) -> Vec<(String, Vec<u8>)> {
    fn walk(at: &Path, root: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.push((name, Vec::new()));
                walk(&path, root, found);
            } else {
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    let into = tempfile::tempdir().unwrap();
    disk.lose_power(keep, into.path()).unwrap();
    let mut found = Vec::new();
    walk(into.path(), into.path(), &mut found);
    found.sort();
    found
}

fn named(entries: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
    let owned = entries
        .iter()
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
    owned.collect()
}

#[test]
fn bytes_need_a_sync_and_names_need_one_of_their_folder() {
    let root = tempfile::tempdir().unwrap();
    let disk = ForgetfulDisk::new(root.path()).unwrap();
    let (a, b) = (root.path().join("a"), root.path().join("b"));
    let mut file = put(&disk, &a, b"synced", true);
    assert_eq!(after(&disk, Keep::Nothing), [], "the name is not synced");
    disk.sync_dir(root.path()).unwrap();
    file.write_all(b" and not").unwrap();
    put(&disk, &b, b"b", true);
    assert_eq!(after(&disk, Keep::Nothing), named(&[("a", b"synced")]));
    assert_eq!(
        after(&disk, Keep::All),
        named(&[("a", b"synced and not"), ("b", b"b")])
    );
    disk.rename(&b, &a).unwrap();
    assert_eq!(after(&disk, Keep::Nothing), named(&[("a", b"synced")]));
    disk.sync_dir(root.path()).unwrap();
    assert_eq!(after(&disk, Keep::Nothing), named(&[("a", b"b")]));
    disk.remove_file(&a).unwrap();
    assert_eq!(after(&disk, Keep::Nothing), named(&[("a", b"b")]));
    assert_eq!(after(&disk, Keep::All), []);
}

#[test]
fn folders_need_the_sync_of_their_parent() {
    let root = tempfile::tempdir().unwrap();
    let disk = ForgetfulDisk::new(root.path()).unwrap();
    let deep = root.path().join("x/y");
    create_dir_all(&disk, &deep).unwrap();
    put(&disk, &deep.join("f"), b"1", true);
    assert_eq!(after(&disk, Keep::Nothing), named(&[("x", b""), ("x/y", b"")]));
    disk.sync_dir(&deep).unwrap();
    assert_eq!(
        after(&disk, Keep::Nothing),
        named(&[("x", b""), ("x/y", b""), ("x/y/f", b"1")])
    );
    disk.remove_dir_all(&deep).unwrap();
    assert_eq!(after(&disk, Keep::Nothing).len(), 3);
    disk.sync_dir(&root.path().join("x")).unwrap();
    assert_eq!(after(&disk, Keep::Nothing), named(&[("x", b"")]));
}

#[test]
fn random_survivors_are_reproducible_and_keep_what_was_synced() {
    let root = tempfile::tempdir().unwrap();
    let disk = ForgetfulDisk::new(root.path()).unwrap();
    let path = root.path().join("f");
    let mut file = put(&disk, &path, &[1; 700], true);
    disk.sync_dir(root.path()).unwrap();
    file.write_all(&[2; 2000]).unwrap();
    file.set_len(2500).unwrap();
    file.write_all(&[3; 100]).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let found = after(&disk, Keep::Random(seed));
        assert_eq!(found, after(&disk, Keep::Random(seed)));
        let (_, content) = &found[0];
        assert_eq!(&content[..700], [1; 700]);
        assert!(content.len() <= 2700);
        seen.insert(content.clone());
    }
    assert!(seen.len() > 20, "{} different states", seen.len());
}

#[test]
fn faults_come_when_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let disk = ForgetfulDisk::new(root.path()).unwrap();
    let path = root.path().join("f");
    let mut file = put(&disk, &path, b"one", false);
    disk.sync_dir(root.path()).unwrap();
    disk.fail(Operation::SyncFile, 1);
    file.sync_data().unwrap();
    file.write_all(b"two").unwrap();
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"onetwo", "readers see it all the same");
    assert_eq!(after(&disk, Keep::All), named(&[("f", b"one")]));
    assert_eq!(disk.count(Operation::SyncFile), 3);
    disk.set_free_bytes(Some(2));
    assert_eq!(file.write(b"three").unwrap(), 2);
    assert_eq!(file.write(b"ree").unwrap_err().kind(), ErrorKind::StorageFull);
    disk.set_free_bytes(None);
    disk.power_off_after(1);
    file.write_all(b"x").unwrap();
    file.sync_data().unwrap_err();
    disk.remove_file(&path).unwrap_err();
    assert_eq!(after(&disk, Keep::All), named(&[("f", b"one\0\0\0thx")]));
}

#[test]
fn both_disks_show_the_same() {
    for forgets in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let disk: SharedDisk = if forgets {
            Arc::new(ForgetfulDisk::new(root.path()).unwrap())
        } else {
            real()
        };
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        put(&*disk, &a, b"0123456789", true);
        let mut file = disk.open(&a).unwrap();
        file.write_all(b"ab").unwrap();
        file.set_len(5).unwrap();
        file.write_all(b"c").unwrap();
        disk.hard_link(&a, &b).unwrap();
        assert_eq!(fs::read(&b).unwrap(), b"01234c");
        assert_eq!(disk.create_new(&a).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(disk.create_dir(&a).unwrap_err().kind(), ErrorKind::AlreadyExists);
        put(&*disk, &a, b"new", false);
        assert_eq!(fs::read(&b).unwrap(), b"new", "emptied, not replaced");
        disk.remove_file(&a).unwrap();
        assert_eq!(disk.open(&a).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(disk.sync_dir(&a).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

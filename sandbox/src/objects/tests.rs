use std::io::Write as _;

use tempfile::TempDir;

use super::*;

fn objects() -> (TempDir, Objects) {
    let folder = tempfile::tempdir().unwrap();
    let objects = Objects::new(folder.path());
    objects.create_bucket("other").unwrap();
    (folder, objects)
}

fn put(objects: &Objects, key: &str, content: &str) -> Result<ObjectInfo, ObjectError> {
    let mut file = objects.prepare("other", key)?;
    file.file().write_all(content.as_bytes())?;
    objects.store("other", key, file)
}

fn get(objects: &Objects, key: &str) -> Result<String, ObjectError> {
    Ok(io::read_to_string(objects.open("other", key)?.file)?)
}

/// The keys of a list, prefixes with a star, all pages of a size.
fn list(objects: &Objects, prefix: &str, delimiter: Option<&str>, size: usize) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = objects.list("other", prefix, delimiter, after.as_deref(), size).unwrap();
        assert!(page.items.len() <= size);
        after = page.items.last().map(|(key, _)| key.clone());
        all.extend(page.items.into_iter().map(|(key, item)| match item {
            ListedItem::Prefix => format!("{key}*"),
            ListedItem::Object(_) => key,
        }));
        if !page.is_truncated {
            return all;
        }
    }
}

#[test]
fn objects_are_stored_read_copied_and_removed() {
    let (_folder, objects) = objects();
    let first = put(&objects, "a/b c:d/ü", "one").unwrap();
    assert_eq!((first.size, get(&objects, "a/b c:d/ü").unwrap().as_str()), (3, "one"));
    put(&objects, "a/b c:d/ü", "two!").unwrap();
    objects.copy(("other", "a/b c:d/ü"), (BUCKET, "copy")).unwrap();
    assert_eq!(objects.open(BUCKET, "copy").unwrap().info.size, 4);
    objects.remove("other", "a/b c:d/ü").unwrap();
    objects.remove("other", "a/b c:d/ü").unwrap();
    assert!(matches!(get(&objects, "a/b c:d/ü"), Err(ObjectError::NoKey)));
    // Its folders are gone: `a` can be an object now.
    put(&objects, "a", "three").unwrap();
    assert!(matches!(put(&objects, "a/b", "x"), Err(ObjectError::Conflict)));
    assert!(matches!(get(&objects, "a/b"), Err(ObjectError::NoKey)));
}

#[test]
fn of_requests_for_a_new_object_one_succeeds() {
    let (_folder, objects) = objects();
    let content = |text: &str| {
        let mut content = objects.prepare("other", "log/1").unwrap();
        content.file().write_all(text.as_bytes()).unwrap();
        content
    };
    let (first, second) = (content("first"), content("second"));
    objects.store_new("other", "log/1", first).unwrap();
    assert!(matches!(objects.store_new("other", "log/1", second), Err(ObjectError::KeyExists)));
    assert_eq!(get(&objects, "log/1").unwrap(), "first");
}

#[test]
fn no_key_leads_out_of_its_bucket() {
    let (_folder, objects) = objects();
    for key in ["", "/", "../x", "a/../../x", "/etc/passwd", "a//b", "./a", "a\0", ".aaaaaa.part"] {
        assert!(matches!(put(&objects, key, "x"), Err(ObjectError::Key)), "{key:?}");
        assert!(matches!(objects.remove("other", key), Err(ObjectError::Key)), "{key:?}");
    }
    assert!(list(&objects, "../", None, 10).is_empty());
    assert!(matches!(objects.open("none", "a"), Err(ObjectError::NoBucket)));
    assert!(matches!(objects.abort_upload("other", "a", "../other"), Err(ObjectError::NoUpload)));
}

#[test]
fn lists_are_in_the_order_of_keys_by_pages_with_prefixes() {
    let (_folder, objects) = objects();
    for key in ["a/1", "a/2", "a/b/3", "a-b", "ab", "b"] {
        put(&objects, key, "").unwrap();
    }
    for size in [1, 2, 100] {
        assert_eq!(list(&objects, "", None, size), ["a-b", "a/1", "a/2", "a/b/3", "ab", "b"]);
        assert_eq!(list(&objects, "", Some("/"), size), ["a-b", "a/*", "ab", "b"]);
        assert_eq!(list(&objects, "a/", Some("/"), size), ["a/1", "a/2", "a/b/*"]);
        assert_eq!(list(&objects, "a", Some("b"), size), ["a-b*", "a/1", "a/2", "a/b*", "ab*"]);
        assert_eq!(list(&objects, "a/b", None, size), ["a/b/3"]);
    }
    assert!(list(&objects, "a/1/", None, 10).is_empty());
    assert!(list(&objects, "nothing/here/", Some("/"), 10).is_empty());
}

#[test]
fn folders_are_objects_under_the_name_with_a_slash() {
    let (_folder, objects) = objects();
    objects.mark_folder("other", "a/b/").unwrap();
    assert_eq!(objects.open("other", "a/b/").unwrap().info.size, 0);
    assert!(matches!(objects.open("other", "a/b"), Err(ObjectError::NoKey)));
    put(&objects, "a/b/c", "x").unwrap();
    objects.remove("other", "a/b/").unwrap();
    assert_eq!(get(&objects, "a/b/c").unwrap(), "x");
    assert!(matches!(objects.open("other", "a/b/c/"), Err(ObjectError::NoKey)));
}

#[test]
fn uploads_in_parts_appear_whole() {
    let (_folder, objects) = objects();
    let id = objects.begin_upload("other", "big").unwrap();
    for number in [2, 10, 1] {
        let mut part = objects.prepare_part("other", "big", &id, number).unwrap();
        write!(part.file(), "<{number}>").unwrap();
        part.persist().unwrap();
    }
    assert!(matches!(get(&objects, "big"), Err(ObjectError::NoKey)));
    for wrong in [&[][..], &[2, 1], &[1, 1], &[1, 3]] {
        assert!(matches!(objects.complete_upload("other", "big", &id, wrong, false), Err(ObjectError::Part)));
    }
    let elsewhere = objects.complete_upload("other", "else", &id, &[1], false);
    assert!(matches!(elsewhere, Err(ObjectError::NoUpload)));
    put(&objects, "big", "older").unwrap();
    let again = objects.complete_upload("other", "big", &id, &[1, 2, 10], true);
    assert!(matches!(again, Err(ObjectError::KeyExists)));
    objects.complete_upload("other", "big", &id, &[1, 2, 10], false).unwrap();
    assert_eq!(get(&objects, "big").unwrap(), "<1><2><10>");
    assert!(matches!(objects.abort_upload("other", "big", &id), Err(ObjectError::NoUpload)));
}

#[test]
fn what_an_ended_attempt_stored_cannot_be_changed() {
    let (folder, objects) = objects();
    put(&objects, "data/x/1", "kept").unwrap();
    protect(&folder.path().join(BUCKETS).join("other/data")).unwrap();
    assert!(matches!(put(&objects, "data/x/1", "new"), Err(ObjectError::Immutable)));
    assert!(matches!(objects.remove("other", "data/x/1"), Err(ObjectError::Immutable)));
    assert!(matches!(objects.begin_upload("other", "data/x/1"), Err(ObjectError::Immutable)));
    let copied = objects.copy(("other", "data/x/1"), ("other", "mine")).unwrap();
    assert_eq!(copied.size, 4);
    put(&objects, "mine", "changed").unwrap();
    assert_eq!(get(&objects, "data/x/1").unwrap(), "kept");
}

#[test]
fn nothing_is_added_to_what_an_ended_attempt_stored() {
    let (folder, objects) = objects();
    let store = |key: &str| -> Result<ObjectInfo, ObjectError> {
        let mut content = objects.prepare(BUCKET, key)?;
        content.file().write_all(b"x")?;
        objects.store(BUCKET, key, content)
    };
    store("data/p/d/e/n0/0/out/1").unwrap();
    store("data/p/d/e/n0/0/out/2").unwrap();
    let late = objects.prepare(BUCKET, "data/p/d/e/n0/0/out/late").unwrap();
    protect(&folder.path().join(blobs::FOLDER).join("data/p/d/e/n0/0")).unwrap();
    assert!(matches!(store("data/p/d/e/n0/0/out/3"), Err(ObjectError::Immutable)));
    assert!(matches!(store("data/p/d/e/n0/0/new"), Err(ObjectError::Immutable)));
    assert!(matches!(
        objects.store_new(BUCKET, "data/p/d/e/n0/0/out/late", late),
        Err(ObjectError::Immutable)
    ));
    assert!(matches!(objects.mark_folder(BUCKET, "data/p/d/e/n0/0/more/"), Err(ObjectError::Immutable)));
    store("data/p/d/e/n0/1/out/3").unwrap();
    store("data/p/d/e/n0/10/out/3").unwrap();
}

#[test]
fn buckets_are_listed_and_removed_when_empty() {
    let (_folder, objects) = objects();
    assert!(matches!(objects.create_bucket("other"), Err(ObjectError::BucketExists)));
    put(&objects, "a/b", "x").unwrap();
    assert!(matches!(objects.remove_bucket("other"), Err(ObjectError::NotEmpty)));
    let names = |objects: &Objects| -> Vec<String> {
        objects.buckets().unwrap().into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&objects), [BUCKET, "other"]);
    objects.remove("other", "a/b").unwrap();
    objects.remove_bucket("other").unwrap();
    assert_eq!(names(&objects), [BUCKET]);
    assert!(matches!(objects.remove_bucket(BUCKET), Err(ObjectError::Immutable)));
}

//! Uploads with the headers that a real Flyte asks for, to a store that checks what arrives.

use std::fs::{self, File};

use flyte_client::data::{FileUrls, Fingerprint, TransferError};

use super::strict::{location, store};
use super::transfers;

#[tokio::test]
async fn files_of_every_length_arrive_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (address, objects) = store().await;
    let transfers = transfers(FileUrls::Refuse);
    for length in [0, 1, 13, 23, 24, 25, 1 << 20, 3_000_000, 300_000_000] {
        let file = folder.path().join(length.to_string());
        // Without content, and so without room on the disk.
        File::create(&file).unwrap().set_len(length).unwrap();
        let fingerprint = Fingerprint::from_file(&file, &|_| ()).await.unwrap();
        let location = location(format!("http://{address}/{length}?signature=x"), &fingerprint);
        transfers.put(&file, &fingerprint, &location, &|_| ()).await.unwrap();
        let stored = objects.lock().unwrap()[&format!("/{length}")];
        assert_eq!(stored, fingerprint);
        assert_eq!(stored.length, length);
    }
}

#[tokio::test]
async fn another_content_than_was_announced_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (address, objects) = store().await;
    let file = folder.path().join("x");
    fs::write(&file, "before").unwrap();
    let fingerprint = Fingerprint::from_file(&file, &|_| ()).await.unwrap();
    fs::write(&file, "after.").unwrap();
    let location = location(format!("http://{address}/x"), &fingerprint);
    let error = transfers(FileUrls::Refuse).put(&file, &fingerprint, &location, &|_| ()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("`{address}` refused the file: 400 Bad Request: BadDigest"));
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_grows_or_shrinks_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (address, objects) = store().await;
    let file = folder.path().join("x");
    for (before, after) in [("long before", "short"), ("short", "long after")] {
        fs::write(&file, before).unwrap();
        let fingerprint = Fingerprint::from_file(&file, &|_| ()).await.unwrap();
        fs::write(&file, after).unwrap();
        let location = location(format!("http://{address}/x"), &fingerprint);
        let error =
            transfers(FileUrls::Refuse).put(&file, &fingerprint, &location, &|_| ()).await.unwrap_err();
        assert!(
            matches!(&error, TransferError::Read { source, .. } if source.to_string() == "its length changed while it was uploaded"),
            "{error}"
        );
        assert!(objects.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_name_in_a_signed_url_arrives_as_it_was_signed() {
    let folder = tempfile::tempdir().unwrap();
    let (address, objects) = store().await;
    let file = folder.path().join("x");
    fs::write(&file, "x").unwrap();
    let fingerprint = Fingerprint::from_file(&file, &|_| ()).await.unwrap();
    for (path, arrived) in
        [("/a%20b+c%2Bd%25e%23f%3Fg%C3%A4", "/a%20b+c%2Bd%25e%23f%3Fg%C3%A4"), ("/a b\u{e4}", "/a%20b%C3%A4")]
    {
        let location = location(format!("http://{address}{path}?signature=a%2Fb%2B"), &fingerprint);
        transfers(FileUrls::Refuse).put(&file, &fingerprint, &location, &|_| ()).await.unwrap();
        assert!(objects.lock().unwrap().contains_key(arrived), "{path}: {objects:?}");
    }
}

//! Secret keys, and signatures by them; in the format of minisign.

use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};

use data_encoding::BASE64;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};
use plugin_host::signature::{FileSignature, PublisherKey};

use crate::error::StoreError;

/// A secret key that signs.
pub struct SigningKey {
    secret: SecretKey,
    public: PublisherKey,
}

/// The path of the public key of a secret key: `acme.pub` for `acme.key`.
#[must_use]
pub fn public_key_path(secret: &Path) -> PathBuf {
    secret.with_extension("pub")
}

impl SigningKey {
    /// Reads a secret key. `password` is called if the key is encrypted.
    ///
    /// # Errors
    ///
    /// [`StoreError::Key`] if it is not one, or the password is wrong.
    pub fn read(path: &Path, password: impl FnOnce() -> Result<String, String>) -> Result<Self, StoreError> {
        let fault =
            |reason: String, hint: Option<String>| StoreError::Key { path: path.to_owned(), reason, hint };
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => fault(
                "no such file".to_owned(),
                Some("add `--new-key` to create it, or run `minisign -G`".to_owned()),
            ),
            _ => fault(error.to_string(), None),
        })?;
        let secret = match unencrypted(&text) {
            None => return Err(fault("not a minisign secret key".to_owned(), None)),
            Some(Some(secret)) => secret,
            Some(None) => {
                let hint = "set `FLYTE_PLUGIN_KEY_PASSWORD`, or run the command on a terminal".to_owned();
                let password = password().map_err(|reason| fault(reason, Some(hint)))?;
                let secret =
                    SecretKeyBox::from_string(&text).and_then(|key| key.into_secret_key(Some(password)));
                secret.map_err(|_| fault("wrong password".to_owned(), None))?
            }
        };
        Self::new(secret).map_err(|reason| fault(reason, None))
    }

    /// Creates a secret key in a file that only its owner can read, and the public key beside it; encrypted
    /// if there is a password.
    ///
    /// # Errors
    ///
    /// [`StoreError::Key`] if a file exists already, or cannot be written.
    pub fn create(path: &Path, password: Option<String>) -> Result<Self, StoreError> {
        let fault = |reason: String| StoreError::Key { path: path.to_owned(), reason, hint: None };
        let pair = match &password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password.clone())),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let KeyPair { pk, sk } = pair.map_err(|error| fault(error.to_string()))?;
        let text = sk.to_box(None).map_err(|error| fault(error.to_string()))?.into_string();
        let public = pk.to_box().map_err(|error| fault(error.to_string()))?.into_string();
        write_new(path, text.as_bytes(), 0o600).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::Key {
                path: path.to_owned(),
                reason: "it exists already".to_owned(),
                hint: Some("omit `--new-key` to sign with it".to_owned()),
            },
            _ => fault(error.to_string()),
        })?;
        let beside = public_key_path(path);
        write_new(&beside, public.as_bytes(), 0o644).map_err(StoreError::file("write", beside))?;
        Self::read(path, || password.ok_or_else(|| "it is encrypted".to_owned()))
    }

    fn new(secret: SecretKey) -> Result<Self, String> {
        let public = PublicKey::from_secret_key(&secret).map_err(|error| error.to_string())?;
        let public = PublisherKey::parse(&public.to_base64()).map_err(|error| error.to_string())?;
        let key = Self { secret, public };
        // An unencrypted key of minisign has no checksum: a damaged one would sign what its public half
        // refuses.
        let probe = key.sign(&b"probe"[..], "probe").map_err(|error| error.to_string())?;
        let signature = FileSignature::parse(&probe).map_err(|error| error.to_string())?;
        signature.verify(&key.public, &b"probe"[..]).map_err(|_| "it is damaged".to_owned())?;
        Ok(key)
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &PublisherKey {
        &self.public
    }

    /// The content of minisign's file with the public key.
    #[must_use]
    pub fn public_file(&self) -> String {
        format!("untrusted comment: minisign public key {}\n{}\n", self.public.number(), self.public.text())
    }

    /// The content of the signature's file; it covers the comment.
    ///
    /// # Errors
    ///
    /// If the content cannot be read.
    pub fn sign(&self, content: impl Read, comment: &str) -> io::Result<String> {
        let comment = flyte_text::sanitize_line(comment).into_owned();
        minisign::sign(None, &self.secret, content, Some(&comment), Some("signature of flyte-host"))
            .map(|signature| signature.to_string())
            .map_err(io::Error::other)
    }
}

/// The key in the text of a file, unless it is encrypted; `None` if the text is not a key.
///
/// The crate reads only unencrypted keys with a checksum, which minisign does not write.
fn unencrypted(text: &str) -> Option<Option<SecretKey>> {
    let bytes = BASE64.decode(text.lines().nth(1)?.trim().as_bytes()).ok()?;
    let secret = SecretKey::from_bytes(&bytes).ok()?;
    // The algorithm of the signature, then that of the encryption.
    match bytes.get(..4)? {
        [b'E', b'd', 0, 0] => Some(Some(secret)),
        [b'E', b'd', ..] => Some(None),
        _ => None,
    }
}

/// Reads a password from the terminal, without showing it.
///
/// # Errors
///
/// If there is no terminal.
pub fn ask_password() -> Result<String, String> {
    rpassword::read_password().map_err(|error| error.to_string())
}

/// Writes a file that does not exist yet, with a mode where there are modes.
fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_signs_what_its_public_half_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.key");
        let created = SigningKey::create(&path, None).unwrap();
        let key = SigningKey::read(&path, || unreachable!()).unwrap();
        assert_eq!(key.public(), created.public());
        let public = std::fs::read_to_string(folder.path().join("acme.pub")).unwrap();
        assert_eq!(PublisherKey::parse(&public).unwrap(), *key.public());
        assert_eq!(PublisherKey::parse(&key.public_file()).unwrap(), *key.public());
        let signature = FileSignature::parse(&key.sign(&b"content"[..], "acme 1.0").unwrap()).unwrap();
        assert_eq!(signature.trusted_comment(), "acme 1.0");
        signature.verify(key.public(), &b"content"[..]).unwrap();
        signature.verify(key.public(), &b"other"[..]).unwrap_err();
        let again = SigningKey::create(&path, None).err().unwrap().to_string();
        assert!(again.contains("exists"), "{again}");
    }

    #[test]
    fn an_encrypted_key_needs_its_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.key");
        SigningKey::create(&path, Some("secret".to_owned())).unwrap();
        SigningKey::read(&path, || Ok("secret".to_owned())).unwrap();
        let error = SigningKey::read(&path, || Ok("wrong".to_owned())).err().unwrap().to_string();
        assert!(error.ends_with("wrong password"), "{error}");
        let error = SigningKey::read(&path, || Err("no password".to_owned())).err().unwrap().to_string();
        assert!(error.ends_with("no password"), "{error}");
    }
}

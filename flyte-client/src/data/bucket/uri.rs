//! URIs of objects. Their keys stand in them as they are, as fsspec reads them: nothing is encoded.

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Azure,
    Google,
    S3,
}

/// A URI of an object, or of a prefix of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BucketUri {
    pub(super) provider: Provider,
    /// The bucket, or Azure's container.
    pub(super) bucket: String,
    /// Azure's account, if it is named.
    pub(super) account: Option<String>,
    /// Without slashes at its ends.
    pub(super) key: String,
    /// As it was written.
    pub(super) text: String,
}

impl BucketUri {
    /// Reads `s3://BUCKET/KEY`, `gs://BUCKET/KEY`, `abfs://CONTAINER/KEY` and
    /// `abfs://CONTAINER@ACCOUNT.HOST/KEY`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let provider = match scheme {
            "abfs" | "abfss" => Provider::Azure,
            "gs" | "gcs" => Provider::Google,
            "s3" | "s3a" | "s3n" => Provider::S3,
            _ => return None,
        };
        let (place, key) = rest.split_once('/').unwrap_or((rest, ""));
        let (bucket, account) = match place.split_once('@') {
            Some((container, host)) if provider == Provider::Azure => {
                (container, Some(host.split('.').next()?))
            }
            _ => (place, None),
        };
        (!bucket.is_empty()).then(|| Self {
            provider,
            bucket: bucket.to_owned(),
            account: account.map(str::to_owned),
            key: key.trim_matches('/').to_owned(),
            text: text.to_owned(),
        })
    }

    /// The URI of something below.
    pub(super) fn below(&self, name: &str) -> Self {
        let join = |base: &str| match base.is_empty() {
            true => name.to_owned(),
            false => format!("{}/{name}", base.trim_end_matches('/')),
        };
        Self { key: join(&self.key), text: join(&self.text), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_three_providers() {
        let read = |text| BucketUri::parse(text).map(|uri| (uri.provider, uri.bucket, uri.account, uri.key));
        let some = |provider, account: Option<&str>, key: &str| {
            Some((provider, "b".to_owned(), account.map(str::to_owned), key.to_owned()))
        };
        assert_eq!(read("s3://b/a b/c%20+#?\u{e4}"), some(Provider::S3, None, "a b/c%20+#?\u{e4}"));
        assert_eq!(read("s3a://b/x/"), some(Provider::S3, None, "x"));
        assert_eq!(read("gs://b"), some(Provider::Google, None, ""));
        assert_eq!(read("abfs://b/x"), some(Provider::Azure, None, "x"));
        assert_eq!(read("abfss://b@acc.dfs.core.windows.net/x"), some(Provider::Azure, Some("acc"), "x"));
        for text in ["/b/x", "file:///b", "https://b/x", "s3://", "s3:///x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_below_a_uri() {
        for (base, expected, key) in
            [("s3://b", "s3://b/x", "x"), ("s3://b/", "s3://b/x", "x"), ("s3://b/p/", "s3://b/p/x", "p/x")]
        {
            let below = BucketUri::parse(base).unwrap().below("x");
            assert_eq!((below.text.as_str(), below.key.as_str()), (expected, key));
        }
    }
}

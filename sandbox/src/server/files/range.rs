//! Range requests (RFC 9110, 13.1.5 and 14.2).

use std::ops::Range;

use http::{HeaderMap, header};

/// The part of a file that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestedRange {
    All,
    /// The bytes from the start to before the end.
    Part(Range<u64>),
    /// A range beyond the end of the file.
    Beyond,
}

/// Parses `Range` and `If-Range`. Several ranges are answered with the whole file, which the RFC allows.
pub(super) fn parse(headers: &HeaderMap, length: u64, etag: &str) -> RequestedRange {
    let is_same = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == etag.as_bytes());
    let range = headers.get(header::RANGE).filter(|_| is_same).and_then(|range| range.to_str().ok());
    match range.and_then(|range| part(range, length)) {
        None => RequestedRange::All,
        Some(part) if part.is_empty() => RequestedRange::Beyond,
        Some(part) => RequestedRange::Part(part),
    }
}

/// `bytes=1-3`, `bytes=1-` or `bytes=-3`.
fn part(range: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    if first.is_empty() {
        let count: u64 = last.parse().ok()?;
        return Some(length.saturating_sub(count)..length);
    }
    let first: u64 = first.parse().ok()?;
    let end = if last.is_empty() { length } else { last.parse::<u64>().ok()?.saturating_add(1).min(length) };
    Some(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_file() {
        for (range, expected) in [
            ("bytes=0-", RequestedRange::Part(0..10)),
            ("bytes=9-", RequestedRange::Part(9..10)),
            ("bytes=2-3", RequestedRange::Part(2..4)),
            ("bytes=2-99", RequestedRange::Part(2..10)),
            ("bytes=-3", RequestedRange::Part(7..10)),
            ("bytes=-99", RequestedRange::Part(0..10)),
            ("bytes=10-", RequestedRange::Beyond),
            ("bytes=-0", RequestedRange::Beyond),
            ("bytes=1-2,4-5", RequestedRange::All),
            ("lines=1-2", RequestedRange::All),
            ("bytes=x-", RequestedRange::All),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
            assert_eq!(parse(&headers, 10, "e"), expected, "{range}");
        }
    }
}

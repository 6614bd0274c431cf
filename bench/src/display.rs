//! The connection to an X server by its socket's path, which may lie inside a sandbox.

use crate::error::BenchError;
use std::{
    fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};
use x11rb::rust_connection::{DefaultStream, RustConnection};

const COOKIE_NAME: &[u8] = b"MIT-MAGIC-COOKIE-1";

/// Which X server.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its UNIX socket.
    pub(crate) socket: PathBuf,
    /// Its authority file, if it wants a cookie.
    pub(crate) authority: Option<PathBuf>,
}

impl Target {
    pub(crate) fn connect(&self) -> Result<RustConnection, BenchError> {
        let cookie = match &self.authority {
            Some(path) => cookie(path)?,
            None => Vec::new(),
        };
        let name = if cookie.is_empty() { &[] } else { COOKIE_NAME };
        let socket = UnixStream::connect(&self.socket)?;
        let (stream, _) = DefaultStream::from_unix_stream(socket)?;
        let conn =
            RustConnection::connect_to_stream_with_auth_info(stream, 0, name.to_vec(), cookie)?;
        Ok(conn)
    }
}

/// The first cookie of an authority file, whichever display it names (the sandbox may have another host name).
fn cookie(path: &Path) -> Result<Vec<u8>, BenchError> {
    let bytes = fs::read(path)?;
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        rest = rest.get(2..).ok_or(BenchError::Authority)?;
        let _address = counted(&mut rest)?;
        let _number = counted(&mut rest)?;
        let name = counted(&mut rest)?;
        let data = counted(&mut rest)?;
        if name == COOKIE_NAME {
            return Ok(data.to_vec());
        }
    }
    Err(BenchError::Authority)
}

/// A big-endian 16-bit length and that many bytes.
fn counted<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], BenchError> {
    let (len, tail) = rest.split_first_chunk().ok_or(BenchError::Authority)?;
    let (data, tail) = tail
        .split_at_checked(u16::from_be_bytes(*len).into())
        .ok_or(BenchError::Authority)?;
    *rest = tail;
    Ok(data)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn entry(name: &[u8], data: &[u8]) -> Vec<u8> {
        let mut out = vec![1, 0];
        for field in [b"host".as_slice(), b"1", name, data] {
            out.extend(u16::try_from(field.len()).unwrap().to_be_bytes());
            out.extend(field);
        }
        out
    }

    #[test]
    fn the_cookie_is_found_behind_entries_of_another_kind_and_a_cut_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("authority");
        let mut bytes = entry(b"XDM-AUTHORIZATION-1", b"other");
        bytes.extend(entry(COOKIE_NAME, b"secret"));
        fs::write(&path, &bytes).unwrap();
        assert_eq!(cookie(&path).unwrap(), b"secret");
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(matches!(cookie(&path), Err(BenchError::Authority)));
    }
}

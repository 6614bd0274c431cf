//! The connection from the agent: records of a little-endian u32 length and that many bytes. The first is JSON and says
//! what the connection may do; each after it is one message of the stream.

use serde::Deserialize;
use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
};
use wire::{ids::ConnectionId, rights::Rights, stream::MAX_CLIENT_LEN};

/// What the agent says first.
#[derive(Debug, Deserialize)]
struct Opening {
    /// For the log.
    connection: ConnectionId,
    rights: Rights,
}

/// What came in.
pub(super) enum Received {
    /// The agent has said what the connection may do.
    Rights,
    /// A message of the stream.
    Message(Vec<u8>),
}

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: UnixStream,
    opening: Option<Opening>,
    /// The client has named its version, and may be sent messages.
    pub(super) said_hello: bool,
    input: Vec<u8>,
    /// The record that is being written, and how much of it is.
    current: Option<(Vec<u8>, usize)>,
    control: VecDeque<Vec<u8>>,
    pixels: VecDeque<Vec<u8>>,
}

impl Client {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            opening: None,
            said_hello: false,
            input: Vec::new(),
            current: None,
            control: VecDeque::new(),
            pixels: VecDeque::new(),
        })
    }

    /// What the connection may do; nothing until the agent has said it.
    pub(super) fn rights(&self) -> Rights {
        self.opening
            .as_ref()
            .map(|opening| opening.rights)
            .unwrap_or_default()
    }

    /// The next record; `None` when there is no whole one. An error ends the connection.
    pub(super) fn receive(&mut self) -> io::Result<Option<Received>> {
        loop {
            if let Some(record) = self.record()? {
                if self.opening.is_some() {
                    return Ok(Some(Received::Message(record)));
                }
                let opening: Opening = serde_json::from_slice(&record)?;
                eprintln!(
                    "connection {} with {:?}",
                    opening.connection, opening.rights
                );
                self.opening = Some(opening);
                return Ok(Some(Received::Rights));
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.input.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn record(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some((head, rest)) = self.input.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let len = u32::from_le_bytes(*head) as usize;
        if len > MAX_CLIENT_LEN {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some(record) = rest.get(..len) else {
            return Ok(None);
        };
        let record = record.to_vec();
        self.input.drain(..4 + len);
        Ok(Some(record))
    }

    /// A message that goes before all pixels that are not on their way yet.
    pub(super) fn queue_control(&mut self, message: Vec<u8>) {
        self.control.push_back(message);
    }

    /// A part of a frame. Pacing keeps these few.
    pub(super) fn queue_pixels(&mut self, message: Vec<u8>) {
        self.pixels.push_back(message);
    }

    pub(super) fn drop_pixels(&mut self) {
        self.pixels.clear();
    }

    pub(super) fn has_output(&self) -> bool {
        self.current.is_some() || !self.control.is_empty() || !self.pixels.is_empty()
    }

    /// Writes what the socket takes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        loop {
            let Some((record, written)) = &mut self.current else {
                let Some(message) = self.control.pop_front().or_else(|| self.pixels.pop_front())
                else {
                    return Ok(());
                };
                let len = u32::try_from(message.len()).map_err(io::Error::other)?;
                let mut record = len.to_le_bytes().to_vec();
                record.extend_from_slice(&message);
                self.current = Some((record, 0));
                continue;
            };
            match self.stream.write(&record[*written..]) {
                Ok(more) => *written += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if *written == record.len() {
                self.current = None;
            }
        }
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pair() -> (Client, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Client::new(ours).unwrap(), theirs)
    }

    fn write(stream: &mut UnixStream, record: &[u8]) {
        stream
            .write_all(&u32::try_from(record.len()).unwrap().to_le_bytes())
            .unwrap();
        stream.write_all(record).unwrap();
    }

    #[test]
    fn rights_come_first_and_messages_after() {
        let (mut client, mut agent) = pair();
        assert_eq!(client.rights(), Rights::default());
        let opening =
            serde_json::json!({"connection": uuid::Uuid::nil(), "rights": Rights::OWN_SESSION});
        write(&mut agent, opening.to_string().as_bytes());
        write(&mut agent, &[1, 2, 3]);
        assert!(matches!(client.receive(), Ok(Some(Received::Rights))));
        assert_eq!(client.rights(), Rights::OWN_SESSION);
        assert!(matches!(client.receive(), Ok(Some(Received::Message(m))) if m == [1, 2, 3]));
        assert!(matches!(client.receive(), Ok(None)));
        drop(agent);
        assert!(client.receive().is_err());
    }

    #[test]
    fn an_oversized_record_ends_the_connection() {
        let (mut client, mut agent) = pair();
        agent.write_all(&u32::MAX.to_le_bytes()).unwrap();
        assert!(client.receive().is_err());
    }

    #[test]
    fn control_passes_pixels_that_wait() {
        let (mut client, mut agent) = pair();
        for _ in 0..50 {
            client.queue_pixels(vec![7; 100_000]);
        }
        client.flush().unwrap();
        client.queue_control(vec![9]);
        assert!(client.has_output());
        let mut heads = Vec::new();
        agent.set_nonblocking(false).unwrap();
        while heads.last() != Some(&1) {
            client.flush().unwrap();
            let mut head = [0; 4];
            agent.read_exact(&mut head).unwrap();
            let len = u32::from_le_bytes(head);
            heads.push(len);
            let mut body = vec![0; len as usize];
            for part in body.chunks_mut(50_000) {
                client.flush().unwrap();
                agent.read_exact(part).unwrap();
            }
        }
        assert!(
            heads.len() < 10,
            "after what was on its way: {}",
            heads.len()
        );
    }
}

//! One side's socket after its upgrade: what comes from it, and what is on its way to it.

use crate::frame::{
    Control, Frames, Malformed, NO_CODE, Opcode, PIECE_HEADER, What, put_close, put_control,
    put_header,
};
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time,
};
use tokio_rustls::server::TlsStream;
use wire::close::Close;

/// So much is taken from one side before the other must have it: what one TLS record carries (RFC 8446, section 5.1).
pub(crate) const BATCH: usize = 16 * 1024;
/// With less room than this, in bytes, a batch is full: smaller pieces are not worth their headers.
const LEAST_ROOM: usize = 1024;
/// How long a closing side may take to take its close message and to answer. A kill must be over within a second.
const CLOSING: Duration = Duration::from_millis(800);

/// What a side's bytes travel over.
pub(crate) trait Transport: AsyncBufRead + AsyncWrite + Unpin {
    /// The peer does not listen: what it has not taken yet is thrown away with the connection, not kept for it.
    fn abandon(&self);
}

impl Transport for TlsStream<TcpStream> {
    fn abandon(&self) {
        // If it cannot be set, the kernel keeps a few bytes a little longer.
        let _ = self.get_ref().0.set_zero_linger();
    }
}

/// One side.
pub(crate) struct Side<T> {
    io: T,
    frames: Frames,
    /// Whole frames on their way to this side. No memory is held while there are none.
    out: Vec<u8>,
    /// So much of `out` was given to `io`.
    given: usize,
    /// Whether `io` may hold something back.
    held_back: bool,
    /// Whether something came since [`Side::take_heard`].
    heard: bool,
}

/// How a side came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It closed, with this code.
    Closed(u16),
    /// Its link broke.
    Lost,
    /// It sent what may not be sent.
    Bad,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

impl From<Malformed> for End {
    fn from(_: Malformed) -> Self {
        Self::Bad
    }
}

impl<T: Transport> Side<T> {
    /// `max_message`: the longest message that may come, in bytes.
    pub(crate) fn new(io: T, max_message: usize) -> Self {
        Self {
            io,
            frames: Frames::new(max_message),
            out: Vec::new(),
            given: 0,
            held_back: false,
            heard: false,
        }
    }

    /// From now on messages may be so long, in bytes.
    pub(crate) fn set_max_message(&mut self, max_message: usize) {
        self.frames.set_max_message(max_message);
    }

    /// Waits for the first message, which must be a text. `None` when it is something else, or too long.
    pub(crate) async fn first_text(&mut self) -> Result<Option<String>, End> {
        let mut text = Vec::new();
        loop {
            let input = self.io.fill_buf().await?;
            if input.is_empty() {
                return Err(End::Lost);
            }
            let step = self.frames.next(input)?;
            let mut is_text = true;
            let mut is_whole = false;
            match step.what {
                What::Unfinished => {}
                What::TooLong => is_text = false,
                What::Piece(piece) => {
                    is_text = piece.opcode != Opcode::Binary;
                    is_whole = piece.last;
                    piece.put(input, &mut text);
                }
                What::Control(control) => answer(&control, &mut self.out)?,
            }
            self.io.consume(step.taken);
            if !is_text {
                return Ok(None);
            }
            if is_whole {
                return Ok(String::from_utf8(text).ok());
            }
        }
    }

    /// Takes what has come of messages, counts its bytes and puts it on its way to `other`, as much as one batch holds.
    /// What was put there before an end is on its way all the same.
    pub(crate) fn poll_batch(
        &mut self,
        other: &mut Self,
        count: &AtomicU64,
        cx: &mut Context<'_>,
    ) -> Result<(), End> {
        while other.out.len() + LEAST_ROOM <= BATCH {
            match self.poll_piece(&mut other.out, cx) {
                Poll::Ready(len) => count.fetch_add(len?, Ordering::Relaxed),
                Poll::Pending => break,
            };
        }
        Ok(())
    }

    /// Takes what is next. Ready with the length of a piece, which is zero for what is no piece.
    fn poll_piece(&mut self, to: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<Result<u64, End>> {
        let input = ready!(Pin::new(&mut self.io).poll_fill_buf(cx))?;
        if input.is_empty() {
            return Poll::Ready(Err(End::Lost));
        }
        self.heard = true;
        // A piece with its header fits into the batch.
        let room = BATCH.saturating_sub(to.len() + PIECE_HEADER);
        let input = &input[..input.len().min(room)];
        let step = self.frames.next(input)?;
        let result = match step.what {
            What::Unfinished => Ok(0),
            What::TooLong => Err(End::Bad),
            What::Piece(piece) if piece.opcode == Opcode::Text => Err(End::Bad),
            What::Piece(piece) => {
                put_header(to, piece.opcode, piece.last, piece.len());
                piece.put(input, to);
                Ok(piece.len() as u64)
            }
            What::Control(control) => answer(&control, &mut self.out).map(|()| 0),
        };
        Pin::new(&mut self.io).consume(step.taken);
        Poll::Ready(result)
    }

    /// Gives on what is on its way to this side; ready when the kernel has all of it.
    pub(crate) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.given < self.out.len() {
            let rest = &self.out[self.given..];
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                len => self.given += len,
            }
            self.held_back = true;
        }
        self.out.clear();
        self.given = 0;
        if self.held_back {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.held_back = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether nothing is on its way to this side.
    pub(crate) fn is_clear(&self) -> bool {
        self.out.is_empty() && !self.held_back
    }

    /// Gives back the memory for what is on its way, if there is nothing.
    pub(crate) fn rest(&mut self) {
        if self.out.is_empty() {
            self.out = Vec::new();
        }
    }

    /// Asks for a sign of life. Who has something to take is asked by that already.
    pub(crate) fn ping(&mut self) {
        if self.is_clear() {
            put_control(&mut self.out, Opcode::Ping, &[]);
        }
    }

    /// Whether something came since this was last asked.
    pub(crate) fn take_heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Closes with a code of ours, behind what is on its way.
    pub(crate) async fn close(mut self, why: Close) {
        put_close(&mut self.out, why.code(), why.reason());
        let closing = async {
            poll_fn(|cx| self.poll_send(cx)).await?;
            // Until the peer has answered, so that the code arrives before the connection goes.
            self.drain().await?;
            self.io.shutdown().await
        };
        let closed = time::timeout(CLOSING, closing).await;
        // Who has it all and only does not answer may keep it, but after a kill nothing arrives any more.
        if closed.is_err() && (why == Close::Killed || !self.is_clear()) {
            self.io.abandon();
        }
    }

    /// Answers a side that closed with this code.
    pub(crate) async fn answer_close(mut self, code: u16) {
        match code {
            NO_CODE => put_control(&mut self.out, Opcode::Close, &[]),
            code => put_close(&mut self.out, code, ""),
        }
        let answering = async {
            poll_fn(|cx| self.poll_send(cx)).await?;
            self.io.shutdown().await
        };
        // It has said that it does not wait for anything more.
        let _ = time::timeout(CLOSING, answering).await;
    }

    /// Drops a side whose link broke.
    pub(crate) fn abandon(self) {
        self.io.abandon();
    }

    /// Reads what still comes, until the peer closes or is gone.
    async fn drain(&mut self) -> io::Result<()> {
        loop {
            let input = self.io.fill_buf().await?;
            if input.is_empty() {
                return Ok(());
            }
            let Ok(step) = self.frames.next(input) else {
                // Where its close message begins can no longer be found.
                let len = input.len();
                self.io.consume(len);
                continue;
            };
            self.io.consume(step.taken);
            if let What::Control(control) = step.what
                && control.opcode == Opcode::Close
            {
                return Ok(());
            }
        }
    }
}

/// Answers a ping, unless so many are unanswered that one more answer would say nothing new.
fn answer(control: &Control, out: &mut Vec<u8>) -> Result<(), End> {
    match control.opcode {
        Opcode::Close => Err(End::Closed(control.close_code()?)),
        Opcode::Ping if out.len() < BATCH => {
            put_control(out, Opcode::Pong, control.payload());
            Ok(())
        }
        _ => Ok(()),
    }
}

//! Shows a session at a gateway: dials out with the ticket, waits for the browser's first word, and carries messages
//! between the gateway and the session's display without looking inside.

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use machine::{Socket, dial};
use rustls::ClientConfig;
use std::{io, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixStream, unix::OwnedReadHalf, unix::OwnedWriteHalf},
    sync::mpsc,
    time,
};
use tokio_tungstenite::tungstenite::{
    Bytes, Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use wire::{
    control::FromHost,
    ids::{ConnectionId, SessionId},
    rights::Rights,
    stream::MAX_HOST_LEN,
};

/// Dialling and the browser's arrival may take so long each.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the control plane ordered.
#[derive(Debug)]
pub(crate) struct Attach {
    pub(crate) session: SessionId,
    pub(crate) connection: ConnectionId,
    pub(crate) gateway_url: String,
    pub(crate) ticket: String,
    pub(crate) rights: Rights,
}

impl Attach {
    /// The report that it did not come about.
    pub(crate) fn failed(&self, detail: &impl ToString) -> FromHost {
        FromHost::AttachFailed {
            session: self.session,
            connection: self.connection,
            detail: detail.to_string(),
        }
    }
}

/// Carries one connection from its beginning to its end.
pub(crate) async fn run(
    attach: Attach,
    display: PathBuf,
    tls: Arc<ClientConfig>,
    replies: mpsc::Sender<FromHost>,
) {
    let socket = match dial(tls, &attach.gateway_url, PATIENCE).await {
        Ok(socket) => socket,
        Err(error) => {
            // The link's end takes the reply's receiver along; then nobody waits for it.
            let _ = replies.send(attach.failed(&error)).await;
            return;
        }
    };
    match carry(&attach, socket, &display).await {
        Ok(()) => tracing::debug!(connection = %attach.connection, "a connection ended"),
        Err(error) => tracing::info!(connection = %attach.connection, %error, "a connection broke"),
    }
}

async fn carry(attach: &Attach, mut socket: Socket, display: &PathBuf) -> io::Result<()> {
    let ticket = Message::Text(attach.ticket.as_str().into());
    socket.send(ticket).await.map_err(io::Error::other)?;
    // Only when the browser is there is an earlier connection ended.
    let first = time::timeout(PATIENCE, first_message(&mut socket))
        .await
        .map_err(io::Error::other)??;
    let (from_display, mut to_display) = UnixStream::connect(display).await?.into_split();
    let opening = serde_json::json!({"connection": attach.connection, "rights": attach.rights});
    write(&mut to_display, opening.to_string().as_bytes()).await?;
    write(&mut to_display, &first).await?;
    let (to_gateway, from_gateway) = socket.split();
    tokio::select! {
        result = downwards(BufReader::with_capacity(64 * 1024, from_display), to_gateway) => result,
        result = upwards(from_gateway, to_display) => result,
    }
}

async fn first_message(socket: &mut Socket) -> io::Result<Bytes> {
    while let Some(message) = socket.next().await {
        match message.map_err(io::Error::other)? {
            Message::Binary(bytes) => return Ok(bytes),
            Message::Ping(_) | Message::Pong(_) => {}
            _ => break,
        }
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Display → gateway. Waiting for the gateway means not reading from the display, which then sends less.
async fn downwards(
    mut display: BufReader<OwnedReadHalf>,
    mut gateway: SplitSink<Socket, Message>,
) -> io::Result<()> {
    while let Some(record) = read(&mut display).await? {
        gateway
            .send(Message::Binary(record.into()))
            .await
            .map_err(io::Error::other)?;
    }
    let close = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    let _ = gateway.send(Message::Close(Some(close))).await;
    Ok(())
}

/// Gateway → display.
async fn upwards(mut gateway: SplitStream<Socket>, mut display: OwnedWriteHalf) -> io::Result<()> {
    while let Some(message) = gateway.next().await {
        match message.map_err(io::Error::other)? {
            Message::Binary(bytes) => write(&mut display, &bytes).await?,
            Message::Close(_) => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

/// One record of the display, whose word is not believed: neither its length nor that it goes on.
async fn read(display: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match display.read_exact(&mut head).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let len = u32::from_le_bytes(head) as usize;
    if len > MAX_HOST_LEN {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut record = vec![0; len];
    display.read_exact(&mut record).await?;
    Ok(Some(record))
}

async fn write(display: &mut OwnedWriteHalf, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    let mut record = len.to_le_bytes().to_vec();
    record.extend_from_slice(bytes);
    display.write_all(&record).await
}

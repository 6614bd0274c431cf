//! The clipboard, both ways (ICCCM, section 2): text and PNG images.
//!
//! What the client offers is owned by a window of ours until somebody else copies something. What is copied in the
//! session is fetched at once and sent, if the connection may have it.

use super::{DisplayError, X};
use std::rc::Rc;
use wire::stream::{ClipboardData, HostMessage, MAX_CLIPBOARD_LEN};
use x11rb::{
    CURRENT_TIME, NONE,
    connection::Connection as _,
    protocol::{
        Event,
        xfixes::{ConnectionExt as _, SelectionEventMask},
        xproto::{
            AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Property,
            SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window,
            WindowClass,
        },
    },
    wrapper::ConnectionExt as _,
};

x11rb::atom_manager! {
    /// Names of selections and of forms of data.
    Atoms: AtomsCookie {
        CLIPBOARD,
        TARGETS,
        TIMESTAMP,
        INCR,
        UTF8_STRING,
        TEXT_UTF8: b"text/plain;charset=utf-8",
        TEXT: b"text/plain",
        PNG: b"image/png",
        TRANSFER: b"_NAGAYA_TRANSFER",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    Png(Vec<u8>),
}

/// Both directions.
pub(super) struct Clipboard {
    x: Rc<X>,
    window: Window,
    atoms: Atoms,
    /// What the client's clipboard holds, while we own the session's.
    offered: Option<Content>,
    /// The connection may have what is copied in the session.
    out: bool,
    fetching: Option<Fetching>,
    ready: Option<Vec<u8>>,
}

/// What is being fetched from the session's clipboard.
struct Fetching {
    form: u32,
    /// It comes in pieces.
    pieces: bool,
    bytes: Vec<u8>,
}

impl Clipboard {
    pub(super) fn new(x: Rc<X>) -> Result<Self, DisplayError> {
        let atoms = Atoms::new(&x.conn)?.reply()?;
        let window = x.conn.generate_id()?;
        x.conn
            .create_window(
                0,
                window,
                x.root,
                0,
                0,
                1,
                1,
                0,
                WindowClass::INPUT_ONLY,
                0,
                &CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE),
            )?
            .check()?;
        x.conn
            .xfixes_select_selection_input(
                window,
                atoms.CLIPBOARD,
                SelectionEventMask::SET_SELECTION_OWNER,
            )?
            .check()?;
        Ok(Self {
            x,
            window,
            atoms,
            offered: None,
            out: false,
            fetching: None,
            ready: None,
        })
    }

    /// Whether the connection may have what is copied in the session.
    pub(super) fn set_out(&mut self, out: bool) {
        self.out = out;
        if !out {
            self.ready = None;
            self.fetching = None;
        }
    }

    /// The message for the client, if something was copied.
    pub(super) fn take_out(&mut self) -> Option<Vec<u8>> {
        self.ready.take()
    }

    /// The client's clipboard holds this now.
    pub(super) fn offer(&mut self, data: ClipboardData<'_>) -> Result<(), DisplayError> {
        let content = match data {
            ClipboardData::Text(text) => Content::Text(text.to_owned()),
            ClipboardData::Png(bytes) => Content::Png(bytes.to_vec()),
        };
        self.offered = Some(content);
        self.x
            .conn
            .set_selection_owner(self.window, self.atoms.CLIPBOARD, CURRENT_TIME)?;
        Ok(())
    }

    /// Takes an event of the X server.
    pub(super) fn event(&mut self, event: &Event) -> Result<(), DisplayError> {
        match event {
            Event::SelectionRequest(request) => self.answer(request),
            Event::SelectionClear(_) => {
                self.offered = None;
                Ok(())
            }
            Event::XfixesSelectionNotify(notify)
                if notify.owner != self.window && notify.owner != NONE && self.out =>
            {
                self.fetching = None;
                self.convert(self.atoms.TARGETS)
            }
            Event::SelectionNotify(notify) if notify.requestor == self.window => {
                self.arrived(notify.property == NONE, notify.target)
            }
            Event::PropertyNotify(notify)
                if notify.window == self.window
                    && notify.atom == self.atoms.TRANSFER
                    && notify.state == Property::NEW_VALUE =>
            {
                self.piece()
            }
            _ => Ok(()),
        }
    }

    /// Gives a program of the session what the client offered.
    fn answer(&self, request: &SelectionRequestEvent) -> Result<(), DisplayError> {
        // Old programs name no property (ICCCM, 2.2).
        let property = if request.property == NONE {
            request.target
        } else {
            request.property
        };
        let atoms = &self.atoms;
        let conn = &self.x.conn;
        let to = request.requestor;
        let done = match &self.offered {
            Some(content) if request.target == atoms.TARGETS => {
                let mut forms = vec![atoms.TARGETS];
                forms.extend(self.forms(content));
                conn.change_property32(PropMode::REPLACE, to, property, AtomEnum::ATOM, &forms)?;
                true
            }
            Some(content) if self.forms(content).contains(&request.target) => {
                let bytes = match content {
                    Content::Text(text) => text.as_bytes(),
                    Content::Png(bytes) => bytes,
                };
                conn.change_property8(PropMode::REPLACE, to, property, request.target, bytes)?;
                true
            }
            _ => false,
        };
        let notify = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: to,
            selection: request.selection,
            target: request.target,
            property: if done { property } else { NONE },
        };
        conn.send_event(false, to, EventMask::NO_EVENT, notify)?;
        Ok(())
    }

    fn forms(&self, content: &Content) -> Vec<u32> {
        match content {
            Content::Text(_) => {
                let string = u32::from(AtomEnum::STRING);
                vec![
                    self.atoms.UTF8_STRING,
                    self.atoms.TEXT_UTF8,
                    self.atoms.TEXT,
                    string,
                ]
            }
            Content::Png(_) => vec![self.atoms.PNG],
        }
    }

    fn convert(&mut self, form: u32) -> Result<(), DisplayError> {
        self.fetching = Some(Fetching {
            form,
            pieces: false,
            bytes: Vec::new(),
        });
        self.x.conn.convert_selection(
            self.window,
            self.atoms.CLIPBOARD,
            form,
            self.atoms.TRANSFER,
            CURRENT_TIME,
        )?;
        Ok(())
    }

    /// The owner has answered.
    fn arrived(&mut self, refused: bool, form: u32) -> Result<(), DisplayError> {
        let wanted = self
            .fetching
            .as_ref()
            .is_some_and(|fetching| fetching.form == form);
        if refused || !wanted {
            self.fetching = None;
            return Ok(());
        }
        let (kind, bytes) = self.read()?;
        if form == self.atoms.TARGETS {
            let forms: Vec<u32> = bytes
                .chunks_exact(4)
                .filter_map(|chunk| Some(u32::from_ne_bytes(chunk.try_into().ok()?)))
                .collect();
            let best = [self.atoms.UTF8_STRING, self.atoms.TEXT_UTF8, self.atoms.PNG];
            return match best.into_iter().find(|form| forms.contains(form)) {
                Some(form) => self.convert(form),
                None => Ok(()),
            };
        }
        if kind == self.atoms.INCR {
            // Reading took the property away, which is the sign to go on (ICCCM, 2.7.2).
            if let Some(fetching) = &mut self.fetching {
                fetching.pieces = true;
            }
            return Ok(());
        }
        self.finish(form, &bytes);
        Ok(())
    }

    /// A piece of something large.
    fn piece(&mut self) -> Result<(), DisplayError> {
        if !self
            .fetching
            .as_ref()
            .is_some_and(|fetching| fetching.pieces)
        {
            return Ok(());
        }
        let (_, bytes) = self.read()?;
        let Some(fetching) = &mut self.fetching else {
            return Ok(());
        };
        if bytes.is_empty() {
            let (form, bytes) = (fetching.form, std::mem::take(&mut fetching.bytes));
            self.finish(form, &bytes);
        } else if fetching.bytes.len() + bytes.len() > MAX_CLIPBOARD_LEN {
            self.fetching = None;
        } else {
            fetching.bytes.extend_from_slice(&bytes);
        }
        Ok(())
    }

    /// Reads and takes away the property; what is larger than the protocol carries comes out empty.
    fn read(&self) -> Result<(u32, Vec<u8>), DisplayError> {
        let most = u32::try_from(MAX_CLIPBOARD_LEN / 4 + 1).unwrap_or(u32::MAX);
        let reply = self
            .x
            .conn
            .get_property(
                true,
                self.window,
                self.atoms.TRANSFER,
                AtomEnum::ANY,
                0,
                most,
            )?
            .reply()?;
        if reply.bytes_after > 0 {
            self.x
                .conn
                .delete_property(self.window, self.atoms.TRANSFER)?;
            return Ok((reply.type_, Vec::new()));
        }
        Ok((reply.type_, reply.value))
    }

    fn finish(&mut self, form: u32, bytes: &[u8]) {
        self.fetching = None;
        if bytes.is_empty() || bytes.len() > MAX_CLIPBOARD_LEN || !self.out {
            return;
        }
        self.ready = if form == self.atoms.PNG {
            Some(HostMessage::Clipboard(ClipboardData::Png(bytes)).encode())
        } else {
            let text = String::from_utf8_lossy(bytes);
            Some(HostMessage::Clipboard(ClipboardData::Text(&text)).encode())
        };
    }
}

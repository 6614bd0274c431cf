//! A mail server of tests, and a look at what waits.

#![allow(clippy::unwrap_used)]

use super::{letter::Content, send::Mailer, service, state::Why, store};
use crate::testing::{Person, World};
use lettre::Message;
use std::sync::{Arc, Mutex};

/// Keeps what it takes, and refuses as it is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    refuses: Option<Why>,
    taken: Vec<String>,
}

impl Fake {
    pub(crate) fn mailer(&self) -> Mailer {
        let from = "Nagaya <no-reply@desk.example.jp>".parse().unwrap();
        Mailer::fake(from, self.clone())
    }

    pub(super) fn send(&self, message: &Message) -> Result<(), Why> {
        let mut inner = self.0.lock().unwrap();
        if let Some(why) = inner.refuses {
            return Err(why);
        }
        let text = String::from_utf8(message.formatted()).unwrap();
        inner.taken.push(text);
        Ok(())
    }

    /// What it says from now on.
    pub(crate) fn refuse(&self, why: Option<Why>) {
        self.0.lock().unwrap().refuses = why;
    }

    /// The messages so far, as they came over the wire.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.0.lock().unwrap().taken.clone()
    }
}

/// What waits to be sent to a person, the oldest first.
pub(crate) async fn waiting(world: &World, person: &Person) -> Vec<Content> {
    let who = (person.actor.tenant, person.actor.user);
    let mut tx = world.app.db.begin(who.0).await.unwrap();
    let mut contents = Vec::new();
    for row in store::of_person(&mut tx, who, 100).await.unwrap() {
        if let Some(bytes) = service::opened(&mut tx, &row).await.unwrap() {
            contents.push(super::letter::Letter::of(&bytes).unwrap().content);
        }
    }
    contents.reverse();
    contents
}

//! What runs under a service code, for who looks after it. Nothing here leads into a session.

use super::{service::SessionError, state::State, store};
use crate::{app, db::Tx, desktops::service as desktops, portal::Lang};
use time::OffsetDateTime;
use uuid::Uuid;
use wire::ids::{SessionId, TenantId, UserId};

/// A session that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InCode {
    /// The session.
    pub id: SessionId,
    /// Who works in it.
    pub user: UserId,
    /// What it shows, in the reader's language.
    pub desktop: String,
    /// Whether it is shown somewhere now.
    pub connected: bool,
    /// When somebody clicked, Unix milliseconds.
    pub requested_at_ms: i64,
}

impl InCode {
    /// Since when.
    #[must_use]
    pub fn since(&self) -> OffsetDateTime {
        app::moment(self.requested_at_ms)
    }
}

/// The sessions under a service code that are not over, the oldest first. The caller has asked whether they may be seen.
pub async fn in_code(
    tx: &mut Tx,
    tenant: TenantId,
    code: Uuid,
    lang: Lang,
) -> Result<Vec<InCode>, SessionError> {
    let mut all = Vec::new();
    for session in store::in_code(tx, tenant, code).await? {
        let desktop = desktops::get(tx, tenant, session.desktop).await?;
        all.push(InCode {
            id: session.id,
            user: session.user,
            desktop: desktop.map_or_else(String::new, |desktop| desktop.name(lang).to_owned()),
            connected: matches!(session.state, State::Connected { .. }),
            requested_at_ms: session.requested_at_ms,
        });
    }
    Ok(all)
}

//! What shows that mail arrives, and leaves nothing behind.

use super::store;
use crate::{
    app::App,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use wire::ids::TenantId;

/// A message that waits longer is late, in milliseconds.
const LATE_MS: i64 = 60 * 60 * 1000;

/// No message to one's people waits long.
pub(crate) const IN_TIME: Check = Check {
    name: "mail.in_time",
    says: Key("evidence.check.mail_in_time"),
    figures: &[
        Key("evidence.figure.mail_waiting"),
        Key("evidence.figure.mail_late"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(in_time(app, tenant))),
};

/// What a message said, one-time links among it, is gone once it was sent or given up.
pub(crate) const ERASED: Check = Check {
    name: "mail.erased",
    says: Key("evidence.check.mail_erased"),
    figures: &[
        Key("evidence.figure.mail_settled"),
        Key("evidence.figure.mail_kept"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(erased(app, tenant))),
};

async fn in_time(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(tenant).await?;
    let waiting = store::waiting(&mut tx, tenant, now_ms).await?;
    let late = store::waiting(&mut tx, tenant, now_ms - LATE_MS).await?;
    Ok(Answer::of(late == 0, vec![waiting, late]))
}

async fn erased(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    // The reconciler may be on its way to those that have expired just now.
    let expired_ms = app.clock.now_ms() - LATE_MS;
    let mut tx = app.db.read(tenant).await?;
    let (settled, kept) = store::settled(&mut tx, tenant, expired_ms).await?;
    Ok(Answer::of(kept == 0, vec![settled, kept]))
}

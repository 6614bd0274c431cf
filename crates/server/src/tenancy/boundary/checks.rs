//! What shows that the boundary is drawn around everything, and that what is the customer's can be taken out.

use super::{KINDS, Side, declared, export, fingerprint, store, undeclared};
use crate::{
    app::App,
    db::Scope,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use wire::ids::TenantId;

/// Every table of the running database is on one side of the boundary.
pub(crate) const DECLARED: Check = Check {
    name: "boundary.declared",
    says: Key("evidence.check.boundary"),
    figures: &[
        Key("evidence.figure.kinds"),
        Key("evidence.figure.undeclared"),
    ],
    run: Run::Service(|app| Box::pin(all_declared(app))),
};

/// What the customer has stored can be read, opened and taken out.
pub(crate) const EXPORTABLE: Check = Check {
    name: "boundary.exportable",
    says: Key("evidence.check.exportable"),
    figures: &[
        Key("evidence.figure.stored_kinds"),
        Key("evidence.figure.stored_records"),
        Key("evidence.figure.not_exportable"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(exportable(app, tenant))),
};

async fn all_declared(app: &App) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(Scope::Nobody).await?;
    let missing = undeclared(&store::tables(&mut tx).await?);
    let mut answer = Answer::of(
        missing.is_empty(),
        vec![count(KINDS.len()), count(missing.len())],
    );
    for table in missing {
        answer = answer.with_ref(table);
    }
    let hex = fingerprint(&[&declared()]);
    Ok(answer.with_ref(format!("sha256 {hex}")))
}

async fn exportable(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let (mut kinds, mut records, mut failed) = (0, 0, 0);
    for kind in KINDS.iter().filter(|kind| kind.side == Side::Customer) {
        kinds += 1;
        match export::sample(&mut tx, tenant, kind).await {
            Ok(read) if !kind.exported.is_empty() => records += read,
            Ok(_) => failed += 1,
            Err(error) => {
                tracing::error!(table = kind.table, %error, "stored data cannot be exported");
                failed += 1;
            }
        }
    }
    Ok(Answer::of(failed == 0, vec![kinds, records, failed]))
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

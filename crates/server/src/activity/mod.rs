//! The log of what happened. Each record is written in the transaction of the act that it tells of.
//!
//! Each customer has a log of its own: an append-only Merkle tree, whose checkpoints are signed ([`log`], [`merkle`],
//! [`note`]). What a record says goes when its time is over; that it was there, and when, stays provable ([`leaf`]).

pub mod acts;
#[cfg(test)]
mod acts_tests;
pub(crate) mod api;
mod appending;
mod audit;
pub mod bundle;
pub(crate) mod checks;
mod committer;
#[cfg(test)]
mod committer_tests;
#[cfg(test)]
mod crash_tests;
pub mod export;
#[cfg(test)]
mod export_tests;
pub mod http;
pub mod job;
pub mod leaf;
pub mod log;
#[cfg(test)]
mod log_tests;
pub mod merkle;
pub mod note;
pub mod page;
pub mod retention;
pub mod service;
pub mod store;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod tile;
pub mod verify;
#[cfg(test)]
mod verify_tests;
mod what;

pub use acts::{Act, Outcome, begin, begin_lasting, complete_of};
pub(crate) use api::Doc as ApiDoc;
pub use audit::{LogFault, LogKey, check_logs};
pub use committer::{Committer, record};
pub use retention::{MOST_DAYS, STANDARD_DAYS, days as kept_days, set_days as set_kept_days};
pub use what::What;
pub(crate) use what::label;

use crate::{
    actor::Actor,
    app::App,
    db::{Scope, Tx},
    portal::Key,
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// How long what a record says is kept and shown, unless a contract asks for longer ([`retention`]): 31 times 24 hours, in milliseconds.
pub const RETENTION_MS: i64 = 31 * 24 * 3600 * 1000;

<<<<<<< HEAD
=======
/// What happened. The stored form is part of exports, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Signed out of the portal.
    SignedOut,
    /// Chose a password by a one-time link.
    PasswordSet,
    /// Changed one's own password.
    PasswordChanged,
    /// Ended own sessions of the web elsewhere.
    WebSessionEnded,
    /// Turned two-step sign-in with one-time codes on.
    AuthenticatorAdded,
    /// Turned two-step sign-in with one-time codes off.
    AuthenticatorRemoved,
    /// Added a passkey.
    PasskeyAdded,
    /// Called a passkey something else.
    PasskeyRenamed,
    /// Removed a passkey.
    PasskeyRemoved,
    /// A passkey's counter went backwards: there may be a copy of it. Nobody came in by it.
    PasskeySuspected,
    /// Made new recovery codes.
    RecoveryCodesMade,
    /// Signed in with a recovery code.
    RecoveryCodeUsed,
    /// Took a person's second factors away, who lost them.
    FactorsReset,
    /// Somebody signed in could not prove again who they are.
    ProofRefused,
    /// Invited a person.
    UserInvited,
    /// Changed a person's name or role.
    UserChanged,
    /// Suspended a person.
    UserSuspended,
    /// Gave a suspended person access again.
    UserResumed,
    /// Removed a person.
    UserRemoved,
    /// Made a one-time link for a person.
    LinkIssued,
    /// Asked for a desktop or application.
    SessionRequested,
    /// A browser was connected to a session.
    SessionConnected,
    /// The browser's connection ended.
    SessionDisconnected,
    /// Asked for a session's end.
    SessionEndRequested,
    /// A session is over.
    SessionEnded,
    /// A gateway refused a ticket.
    TicketRefused,
    /// An operator entered the management console.
    OperatorEntered,
    /// An operator's code was refused.
    OperatorRefused,
    /// An operator left the management console.
    OperatorLeft,
    /// An operator lets a session host take no new sessions.
    HostDrained,
    /// An operator lets a session host take sessions again.
    HostResumed,
    /// Took records out as a file.
    LogExported,
    /// The key that seals stored fields was replaced.
    KeyRotated,
    /// A customer's keys were destroyed: what they sealed can be opened by nobody.
    KeyDestroyed,
    /// Made an API token.
    TokenCreated,
    /// Revoked an API token.
    TokenRevoked,
    /// A check found that a promise does not hold.
    PromiseFellShort,
    /// A check could not tell whether a promise holds.
    PromiseUnclear,
    /// A check found that a promise holds again.
    PromiseHolds,
    /// Nothing keeps a machine's clock right any more.
    ClockLost,
    /// A machine's clock is kept right.
    ClockSynchronised,
    /// For how long what records say is kept became another.
    RetentionChanged,
    /// Said where the log is sent.
    StreamChanged,
    /// The log is sent nowhere any more.
    StreamRemoved,
    /// Sent a test message to where the log is sent.
    StreamTested,
    /// Asked something else of a role's people at the door.
    SignInRulesChanged,
    /// A session of the web ended because the rules let nobody in from there, or then.
    WebSessionShut,
    /// Proved again who they are.
    ProofGiven,
    /// Accepted terms for the organisation.
    TermsAccepted,
    /// Took out everything that the organisation has stored.
    StoredExported,
    /// An operator wrote a contract's next version.
    ContractChanged,
    /// An operator gave a service code.
    ServiceCodeAdded,
    /// An operator ended a service code.
    ServiceCodeEnded,
    /// An operator changed what everybody may read of the provider.
    ProviderChanged,
    /// An operator published terms of service.
    TermsPublished,
}

impl What {
    /// Everything that can happen, as the filter offers it.
    pub const ALL: [Self; 57] = [
        Self::SignedIn,
        Self::SignInRefused,
        Self::SignedOut,
        Self::PasswordSet,
        Self::PasswordChanged,
        Self::WebSessionEnded,
        Self::AuthenticatorAdded,
        Self::AuthenticatorRemoved,
        Self::PasskeyAdded,
        Self::PasskeyRenamed,
        Self::PasskeyRemoved,
        Self::PasskeySuspected,
        Self::RecoveryCodesMade,
        Self::RecoveryCodeUsed,
        Self::FactorsReset,
        Self::ProofRefused,
        Self::UserInvited,
        Self::UserChanged,
        Self::UserSuspended,
        Self::UserResumed,
        Self::UserRemoved,
        Self::LinkIssued,
        Self::SessionRequested,
        Self::SessionConnected,
        Self::SessionDisconnected,
        Self::SessionEndRequested,
        Self::SessionEnded,
        Self::TicketRefused,
        Self::OperatorEntered,
        Self::OperatorRefused,
        Self::OperatorLeft,
        Self::HostDrained,
        Self::HostResumed,
        Self::LogExported,
        Self::KeyRotated,
        Self::KeyDestroyed,
        Self::TokenCreated,
        Self::TokenRevoked,
        Self::PromiseFellShort,
        Self::PromiseUnclear,
        Self::PromiseHolds,
        Self::ClockLost,
        Self::ClockSynchronised,
        Self::RetentionChanged,
        Self::StreamChanged,
        Self::StreamRemoved,
        Self::StreamTested,
        Self::SignInRulesChanged,
        Self::WebSessionShut,
        Self::ProofGiven,
        Self::TermsAccepted,
        Self::StoredExported,
        Self::ContractChanged,
        Self::ServiceCodeAdded,
        Self::ServiceCodeEnded,
        Self::ProviderChanged,
        Self::TermsPublished,
    ];

    /// The stored form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "identity.signed_in",
            Self::SignInRefused => "identity.sign_in_refused",
            Self::SignedOut => "identity.signed_out",
            Self::PasswordSet => "identity.password_set",
            Self::PasswordChanged => "identity.password_changed",
            Self::WebSessionEnded => "identity.web_session_ended",
            Self::AuthenticatorAdded => "identity.authenticator_added",
            Self::AuthenticatorRemoved => "identity.authenticator_removed",
            Self::PasskeyAdded => "identity.passkey_added",
            Self::PasskeyRenamed => "identity.passkey_renamed",
            Self::PasskeyRemoved => "identity.passkey_removed",
            Self::PasskeySuspected => "identity.passkey_suspected",
            Self::RecoveryCodesMade => "identity.recovery_codes_made",
            Self::RecoveryCodeUsed => "identity.recovery_code_used",
            Self::FactorsReset => "identity.factors_reset",
            Self::ProofRefused => "identity.proof_refused",
            Self::UserInvited => "identity.user_invited",
            Self::UserChanged => "identity.user_changed",
            Self::UserSuspended => "identity.user_suspended",
            Self::UserResumed => "identity.user_resumed",
            Self::UserRemoved => "identity.user_removed",
            Self::LinkIssued => "identity.link_issued",
            Self::SessionRequested => "session.requested",
            Self::SessionConnected => "session.connected",
            Self::SessionDisconnected => "session.disconnected",
            Self::SessionEndRequested => "session.end_requested",
            Self::SessionEnded => "session.ended",
            Self::TicketRefused => "gateway.ticket_refused",
            Self::OperatorEntered => "operator.entered",
            Self::OperatorRefused => "operator.refused",
            Self::OperatorLeft => "operator.left",
            Self::HostDrained => "host.drained",
            Self::HostResumed => "host.resumed",
            Self::LogExported => "activity.exported",
            Self::KeyRotated => "key.rotated",
            Self::KeyDestroyed => "key.destroyed",
            Self::TokenCreated => "api.token_created",
            Self::TokenRevoked => "api.token_revoked",
            Self::PromiseFellShort => "evidence.fell_short",
            Self::PromiseUnclear => "evidence.unclear",
            Self::PromiseHolds => "evidence.holds",
            Self::ClockLost => "clock.lost",
            Self::ClockSynchronised => "clock.synchronised",
            Self::RetentionChanged => "activity.retention_changed",
            Self::StreamChanged => "activity.stream_changed",
            Self::StreamRemoved => "activity.stream_removed",
            Self::StreamTested => "activity.stream_tested",
            Self::SignInRulesChanged => "identity.sign_in_rules_changed",
            Self::WebSessionShut => "identity.web_session_shut",
            Self::ProofGiven => "identity.proof_given",
            Self::TermsAccepted => "tenancy.terms_accepted",
            Self::StoredExported => "tenancy.stored_exported",
            Self::ContractChanged => "tenancy.contract_changed",
            Self::ServiceCodeAdded => "tenancy.service_code_added",
            Self::ServiceCodeEnded => "tenancy.service_code_ended",
            Self::ProviderChanged => "provider.changed",
            Self::TermsPublished => "provider.terms_published",
        }
    }

    /// What happened, of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.name() == name)
    }
}

>>>>>>> 944de13 (Passkeys: registration, sign-in, second step, proof (not built yet))
/// One record.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// In whose log; `None` when nobody can tell whose it is.
    pub tenant: Option<TenantId>,
    /// Who did it; `None` for the service.
    pub user: Option<UserId>,
    /// Their name at that time.
    pub who: &'a str,
    /// From where.
    pub address: &'a str,
    /// What.
    pub what: What,
    /// To which thing.
    pub subject: Option<Uuid>,
    /// Its name, or the result; for readers.
    pub detail: &'a str,
}

/// Records what a person did.
pub async fn append(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    what: What,
    subject: Uuid,
    detail: &str,
) -> sqlx::Result<()> {
    append_record(app, tx, &Record::of(actor, what, subject, detail)).await
}

impl<'a> Record<'a> {
    /// A record of what a person does.
    #[must_use]
    pub fn of(actor: &'a Actor, what: What, subject: Uuid, detail: &'a str) -> Self {
        Self {
            tenant: Some(actor.tenant),
            user: Some(actor.user),
            who: &actor.full_name,
            address: &actor.address,
            what,
            subject: Some(subject),
            detail,
        }
    }
}

/// Records what the service, or somebody who is not signed in, did.
pub async fn append_record(app: &App, tx: &mut Tx, record: &Record<'_>) -> sqlx::Result<()> {
    let outcome = Outcome::of(record.what);
    appending::append(app, tx, record, outcome, None)
        .await
        .map(drop)
}

/// Records several things that happened in one transaction, also of several customers.
pub async fn append_records(app: &App, tx: &mut Tx, records: &[Record<'_>]) -> sqlx::Result<()> {
    appending::append_records(app, tx, records).await
}

/// Gives records of the time before there were trees their places in the logs.
pub async fn adopt(app: &App) -> sqlx::Result<()> {
    appending::adopt(app).await
}

<<<<<<< HEAD
=======
/// What the portal calls it.
pub(crate) fn label(what: What) -> Key {
    match what {
        What::SignedIn => Key("activity.what.signed_in"),
        What::SignInRefused => Key("activity.what.sign_in_refused"),
        What::SignedOut => Key("activity.what.signed_out"),
        What::PasswordSet => Key("activity.what.password_set"),
        What::PasswordChanged => Key("activity.what.password_changed"),
        What::WebSessionEnded => Key("activity.what.web_session_ended"),
        What::AuthenticatorAdded => Key("activity.what.authenticator_added"),
        What::AuthenticatorRemoved => Key("activity.what.authenticator_removed"),
        What::PasskeyAdded => Key("activity.what.passkey_added"),
        What::PasskeyRenamed => Key("activity.what.passkey_renamed"),
        What::PasskeyRemoved => Key("activity.what.passkey_removed"),
        What::PasskeySuspected => Key("activity.what.passkey_suspected"),
        What::RecoveryCodesMade => Key("activity.what.recovery_codes_made"),
        What::RecoveryCodeUsed => Key("activity.what.recovery_code_used"),
        What::FactorsReset => Key("activity.what.factors_reset"),
        What::ProofRefused => Key("activity.what.proof_refused"),
        What::UserInvited => Key("activity.what.user_invited"),
        What::UserChanged => Key("activity.what.user_changed"),
        What::UserSuspended => Key("activity.what.user_suspended"),
        What::UserResumed => Key("activity.what.user_resumed"),
        What::UserRemoved => Key("activity.what.user_removed"),
        What::LinkIssued => Key("activity.what.link_issued"),
        What::SessionRequested => Key("activity.what.session_requested"),
        What::SessionConnected => Key("activity.what.session_connected"),
        What::SessionDisconnected => Key("activity.what.session_disconnected"),
        What::SessionEndRequested => Key("activity.what.session_end_requested"),
        What::SessionEnded => Key("activity.what.session_ended"),
        What::TicketRefused => Key("activity.what.ticket_refused"),
        What::OperatorEntered => Key("activity.what.operator_entered"),
        What::OperatorRefused => Key("activity.what.operator_refused"),
        What::OperatorLeft => Key("activity.what.operator_left"),
        What::HostDrained => Key("activity.what.host_drained"),
        What::HostResumed => Key("activity.what.host_resumed"),
        What::LogExported => Key("activity.what.log_exported"),
        What::KeyRotated => Key("activity.what.key_rotated"),
        What::KeyDestroyed => Key("activity.what.key_destroyed"),
        What::TokenCreated => Key("activity.what.token_created"),
        What::TokenRevoked => Key("activity.what.token_revoked"),
        What::PromiseFellShort => Key("activity.what.promise_fell_short"),
        What::PromiseUnclear => Key("activity.what.promise_unclear"),
        What::PromiseHolds => Key("activity.what.promise_holds"),
        What::ClockLost => Key("activity.what.clock_lost"),
        What::ClockSynchronised => Key("activity.what.clock_synchronised"),
        What::RetentionChanged => Key("activity.what.retention_changed"),
        What::StreamChanged => Key("activity.what.stream_changed"),
        What::StreamRemoved => Key("activity.what.stream_removed"),
        What::StreamTested => Key("activity.what.stream_tested"),
        What::SignInRulesChanged => Key("activity.what.sign_in_rules_changed"),
        What::WebSessionShut => Key("activity.what.web_session_shut"),
        What::ProofGiven => Key("activity.what.proof_given"),
        What::TermsAccepted => Key("activity.what.terms_accepted"),
        What::StoredExported => Key("activity.what.stored_exported"),
        What::ContractChanged => Key("activity.what.contract_changed"),
        What::ServiceCodeAdded => Key("activity.what.service_code_added"),
        What::ServiceCodeEnded => Key("activity.what.service_code_ended"),
        What::ProviderChanged => Key("activity.what.provider_changed"),
        What::TermsPublished => Key("activity.what.terms_published"),
    }
}

>>>>>>> 944de13 (Passkeys: registration, sign-in, second step, proof (not built yet))
/// What the portal calls an outcome.
pub(crate) fn outcome_label(outcome: Outcome) -> Key {
    match outcome {
        Outcome::Begun => Key("activity.outcome.begun"),
        Outcome::Success => Key("activity.outcome.success"),
        Outcome::Refused => Key("activity.outcome.refused"),
        Outcome::Failed => Key("activity.outcome.failed"),
        Outcome::Interrupted => Key("activity.outcome.interrupted"),
    }
}

/// A page of the work log: what is in no customer's log. Returns how many records there are in all.
pub(crate) async fn work_log(
    app: &App,
    query: &str,
    page: u64,
    per_page: u64,
) -> sqlx::Result<(u64, Vec<store::Row>)> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let total = store::count_work(&mut tx, query).await?;
    let offset = i64::try_from((page - 1) * per_page).unwrap_or_default();
    let rows = store::page_of_work(&mut tx, query, per_page.cast_signed(), offset).await?;
    Ok((u64::try_from(total).unwrap_or_default(), rows))
}

//! What can happen, one entry each: its name here, its stored form, and the words that readers see.

use crate::portal::Key;

/// Makes [`What`] of a list, so that nothing about an entry can be forgotten elsewhere.
macro_rules! list {
    ($($(#[doc = $doc:literal])+ $name:ident: $stored:literal => $label:expr,)+) => {
        /// What happened. The stored form is part of exports, so it never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum What {
            $($(#[doc = $doc])+ $name,)+
        }

        impl What {
            /// Everything that can happen, as the filter offers it.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stored form.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $stored,)+
                }
            }

            /// What happened, of a stored form.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($stored => Some(Self::$name),)+
                    _ => None,
                }
            }
        }

        /// What readers see.
        #[must_use]
        pub fn label(what: What) -> Key {
            match what {
                $(What::$name => $label,)+
            }
        }
    };
}

list! {
    /// Signed in.
    SignedIn: "identity.signed_in" => Key("activity.what.signed_in"),
    /// A sign-in was refused.
    SignInRefused: "identity.sign_in_refused" => Key("activity.what.sign_in_refused"),
    /// Signed out of the portal.
    SignedOut: "identity.signed_out" => Key("activity.what.signed_out"),
    /// Chose a password by a one-time link.
    PasswordSet: "identity.password_set" => Key("activity.what.password_set"),
    /// Changed one's own password.
    PasswordChanged: "identity.password_changed" => Key("activity.what.password_changed"),
    /// Ended own sessions of the web elsewhere.
    WebSessionEnded: "identity.web_session_ended" => Key("activity.what.web_session_ended"),
    /// Turned two-step sign-in with one-time codes on.
    AuthenticatorAdded: "identity.authenticator_added" => Key("activity.what.authenticator_added"),
    /// Turned two-step sign-in with one-time codes off.
    AuthenticatorRemoved: "identity.authenticator_removed" => Key("activity.what.authenticator_removed"),
    /// Added a passkey.
    PasskeyAdded: "identity.passkey_added" => Key("activity.what.passkey_added"),
    /// Called a passkey something else.
    PasskeyRenamed: "identity.passkey_renamed" => Key("activity.what.passkey_renamed"),
    /// Removed a passkey.
    PasskeyRemoved: "identity.passkey_removed" => Key("activity.what.passkey_removed"),
    /// A passkey's counter went backwards: there may be a copy of it. Nobody came in by it.
    PasskeySuspected: "identity.passkey_suspected" => Key("activity.what.passkey_suspected"),
    /// Made new recovery codes.
    RecoveryCodesMade: "identity.recovery_codes_made" => Key("activity.what.recovery_codes_made"),
    /// Signed in with a recovery code.
    RecoveryCodeUsed: "identity.recovery_code_used" => Key("activity.what.recovery_code_used"),
    /// Took a person's second factors away, who lost them.
    FactorsReset: "identity.factors_reset" => Key("activity.what.factors_reset"),
    /// Somebody signed in could not prove again who they are.
    ProofRefused: "identity.proof_refused" => Key("activity.what.proof_refused"),
    /// Invited a person.
    UserInvited: "identity.user_invited" => Key("activity.what.user_invited"),
    /// Changed a person's name or role.
    UserChanged: "identity.user_changed" => Key("activity.what.user_changed"),
    /// Suspended a person.
    UserSuspended: "identity.user_suspended" => Key("activity.what.user_suspended"),
    /// Gave a suspended person access again.
    UserResumed: "identity.user_resumed" => Key("activity.what.user_resumed"),
    /// Removed a person.
    UserRemoved: "identity.user_removed" => Key("activity.what.user_removed"),
    /// Gave somebody a role in one service code.
    RightGranted: "rights.granted" => Key("activity.what.right_granted"),
    /// Took a role in one service code away from somebody.
    RightRevoked: "rights.revoked" => Key("activity.what.right_revoked"),
    /// Said who opens a service code's desktops.
    ServiceCodeAccess: "rights.service_code_access" => Key("activity.what.service_code_access"),
    /// Took the list of people out as a file.
    PeopleExported: "identity.people_exported" => Key("activity.what.people_exported"),
    /// Did what a file of people says.
    PeopleImported: "identity.people_imported" => Key("activity.what.people_imported"),
    /// A file of people that was confirmed could not be taken.
    PeopleImportRefused: "identity.people_import_refused" => Key("activity.what.people_import_refused"),
    /// Made a one-time link for a person.
    LinkIssued: "identity.link_issued" => Key("activity.what.link_issued"),
    /// Asked for a one-time link by mail, which was sent.
    LinkRequested: "identity.link_requested" => Key("activity.what.link_requested"),
    /// Asked for a one-time link by mail, which was not sent.
    LinkRefused: "identity.link_refused" => Key("activity.what.link_refused"),
    /// A message to a person was given up.
    MailFailed: "mail.failed" => Key("activity.what.mail_failed"),
    /// Asked for a desktop or application.
    SessionRequested: "session.requested" => Key("activity.what.session_requested"),
    /// A browser was connected to a session.
    SessionConnected: "session.connected" => Key("activity.what.session_connected"),
    /// The browser's connection ended.
    SessionDisconnected: "session.disconnected" => Key("activity.what.session_disconnected"),
    /// Asked for a session's end.
    SessionEndRequested: "session.end_requested" => Key("activity.what.session_end_requested"),
    /// A session is over.
    SessionEnded: "session.ended" => Key("activity.what.session_ended"),
    /// A gateway refused a ticket.
    TicketRefused: "gateway.ticket_refused" => Key("activity.what.ticket_refused"),
    /// An operator entered the management console.
    OperatorEntered: "operator.entered" => Key("activity.what.operator_entered"),
    /// An operator's code was refused.
    OperatorRefused: "operator.refused" => Key("activity.what.operator_refused"),
    /// An operator left the management console.
    OperatorLeft: "operator.left" => Key("activity.what.operator_left"),
    /// An operator was added.
    OperatorAdded: "operator.added" => Key("activity.what.operator_added"),
    /// An operator was given another role.
    OperatorChanged: "operator.changed" => Key("activity.what.operator_changed"),
    /// An operator was suspended.
    OperatorSuspended: "operator.suspended" => Key("activity.what.operator_suspended"),
    /// A suspended operator may enter again.
    OperatorResumed: "operator.resumed" => Key("activity.what.operator_resumed"),
    /// An operator was removed.
    OperatorRemoved: "operator.removed" => Key("activity.what.operator_removed"),
    /// An operator was given another certificate; the earlier one opens nothing any more.
    CertificateRenewed: "operator.certificate_renewed" => Key("activity.what.certificate_renewed"),
    /// An operator was given a new secret of one-time codes.
    OperatorCodesReset: "operator.codes_reset" => Key("activity.what.operator_codes_reset"),
    /// An operator asked for leave to act on a customer, or to work on the service base.
    ElevationAsked: "elevation.asked" => Key("activity.what.elevation_asked"),
    /// Another operator approved it.
    ElevationApproved: "elevation.approved" => Key("activity.what.elevation_approved"),
    /// Another operator refused it.
    ElevationRefused: "elevation.refused" => Key("activity.what.elevation_refused"),
    /// Nobody decided on it in time.
    ElevationLapsed: "elevation.lapsed" => Key("activity.what.elevation_lapsed"),
    /// It is over.
    ElevationEnded: "elevation.ended" => Key("activity.what.elevation_ended"),
    /// An operator lets a session host take no new sessions.
    HostDrained: "host.drained" => Key("activity.what.host_drained"),
    /// An operator lets a session host take sessions again.
    HostResumed: "host.resumed" => Key("activity.what.host_resumed"),
    /// Took records out as a file.
    LogExported: "activity.exported" => Key("activity.what.log_exported"),
    /// The key that seals stored fields was replaced.
    KeyRotated: "key.rotated" => Key("activity.what.key_rotated"),
    /// A customer's keys were destroyed: what they sealed can be opened by nobody.
    KeyDestroyed: "key.destroyed" => Key("activity.what.key_destroyed"),
    /// Made an API token.
    TokenCreated: "api.token_created" => Key("activity.what.token_created"),
    /// Revoked an API token.
    TokenRevoked: "api.token_revoked" => Key("activity.what.token_revoked"),
    /// A program called with an API token that is not good.
    TokenRefused: "api.token_refused" => Key("activity.what.token_refused"),
    /// A check found that a promise does not hold.
    PromiseFellShort: "evidence.fell_short" => Key("activity.what.promise_fell_short"),
    /// A check could not tell whether a promise holds.
    PromiseUnclear: "evidence.unclear" => Key("activity.what.promise_unclear"),
    /// A check found that a promise holds again.
    PromiseHolds: "evidence.holds" => Key("activity.what.promise_holds"),
    /// Nothing keeps a machine's clock right any more.
    ClockLost: "clock.lost" => Key("activity.what.clock_lost"),
    /// A machine's clock is kept right.
    ClockSynchronised: "clock.synchronised" => Key("activity.what.clock_synchronised"),
    /// For how long what records say is kept became another.
    RetentionChanged: "activity.retention_changed" => Key("activity.what.retention_changed"),
    /// Said where the log is sent.
    StreamChanged: "activity.stream_changed" => Key("activity.what.stream_changed"),
    /// The log is sent nowhere any more.
    StreamRemoved: "activity.stream_removed" => Key("activity.what.stream_removed"),
    /// Sent a test message to where the log is sent.
    StreamTested: "activity.stream_tested" => Key("activity.what.stream_tested"),
    /// Asked something else of a role's people at the door.
    SignInRulesChanged: "identity.sign_in_rules_changed" => Key("activity.what.sign_in_rules_changed"),
    /// A session of the web ended because the rules let nobody in from there, or then.
    WebSessionShut: "identity.web_session_shut" => Key("activity.what.web_session_shut"),
    /// Proved again who they are.
    ProofGiven: "identity.proof_given" => Key("activity.what.proof_given"),
    /// Issued a device's certificate.
    DeviceIssued: "device.issued" => Key("activity.what.device_issued"),
    /// Revoked a device's certificate.
    DeviceRevoked: "device.revoked" => Key("activity.what.device_revoked"),
    /// Showed a device's certificate that counts.
    DeviceShown: "device.shown" => Key("activity.what.device_shown"),
    /// Showed no device's certificate, or one that does not count.
    DeviceRefused: "device.refused" => Key("activity.what.device_refused"),
    /// Devices' certificates of one more authority count.
    DeviceAuthorityAdded: "device.authority_added" => Key("activity.what.device_authority_added"),
    /// Devices' certificates of an authority do not count any more.
    DeviceAuthorityRemoved: "device.authority_removed" => Key("activity.what.device_authority_removed"),
    /// Gave an authority's revocation list.
    DeviceListTaken: "device.list_taken" => Key("activity.what.device_list_taken"),
    /// Said who the organisation's own identity provider is.
    FederationChanged: "identity.federation_changed" => Key("activity.what.federation_changed"),
    /// The organisation has no identity provider of its own any more.
    FederationRemoved: "identity.federation_removed" => Key("activity.what.federation_removed"),
    /// Asked the organisation's identity provider what it says of itself.
    FederationTested: "identity.federation_tested" => Key("activity.what.federation_tested"),
    /// The provider of the service made sure that a domain is the organisation's.
    FederationDomainConfirmed: "identity.federation_domain_confirmed" => Key("activity.what.federation_domain_confirmed"),
    /// The provider of the service does not hold a domain for the organisation's any more.
    FederationDomainWithdrawn: "identity.federation_domain_withdrawn" => Key("activity.what.federation_domain_withdrawn"),
    /// The organisation's identity provider vouched for somebody, who may come in.
    FederationAccepted: "identity.federation_accepted" => Key("activity.what.federation_accepted"),
    /// Somebody came from the organisation's identity provider and was not let in.
    FederationRefused: "identity.federation_refused" => Key("activity.what.federation_refused"),
    /// A subject of the identity provider is a person from now on.
    FederationBound: "identity.federation_bound" => Key("activity.what.federation_bound"),
    /// Somebody unknown was added at their first sign-in by the identity provider.
    FederationJoined: "identity.federation_joined" => Key("activity.what.federation_joined"),
    /// Accepted terms for the organisation.
    TermsAccepted: "tenancy.terms_accepted" => Key("activity.what.terms_accepted"),
    /// Took out everything that the organisation has stored.
    StoredExported: "tenancy.stored_exported" => Key("activity.what.stored_exported"),
    /// Gave the organisation's portal a look of its own.
    BrandingChanged: "tenancy.branding_changed" => Key("activity.what.branding_changed"),
    /// Took that look back.
    BrandingReset: "tenancy.branding_reset" => Key("activity.what.branding_reset"),
    /// An operator added a customer.
    CustomerAdded: "tenancy.customer_added" => Key("activity.what.customer_added"),
    /// An operator changed how a customer is called.
    CustomerChanged: "tenancy.customer_changed" => Key("activity.what.customer_changed"),
    /// An operator wrote a contract's next version.
    ContractChanged: "tenancy.contract_changed" => Key("activity.what.contract_changed"),
    /// An operator withdrew a version of a contract before its day.
    ContractWithdrawn: "tenancy.contract_withdrawn" => Key("activity.what.contract_withdrawn"),
    /// The day of a version of a contract came.
    ContractBegan: "tenancy.contract_began" => Key("activity.what.contract_began"),
    /// An operator gave a service code.
    ServiceCodeAdded: "tenancy.service_code_added" => Key("activity.what.service_code_added"),
    /// An operator ended a service code.
    ServiceCodeEnded: "tenancy.service_code_ended" => Key("activity.what.service_code_ended"),
    /// An operator changed what everybody may read of the provider.
    ProviderChanged: "provider.changed" => Key("activity.what.provider_changed"),
    /// An operator published terms of service.
    TermsPublished: "provider.terms_published" => Key("activity.what.terms_published"),
    /// Asked for what the policies do not permit.
    Refused: "rights.refused" => Key("activity.what.refused"),
}

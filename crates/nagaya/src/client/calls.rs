//! Every call of the API as a command: its words, what it takes and what it shows. A new route needs an entry here and its
//! texts; a test compares this list with the API's own description.

use super::values::Form;
use server::portal::Key;

/// A call and the command that makes it: `nagaya NOUN VERB`, or `nagaya NOUN` where there is no verb.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) noun: &'static str,
    pub(super) verb: Option<&'static str>,
    pub(super) method: &'static str,
    /// As the API's description writes it.
    pub(super) path: &'static str,
    pub(super) about: Key,
    pub(super) takes: &'static [Take],
    pub(super) shows: Shows,
    /// What is asked before it is done, where it cannot be undone or shuts somebody out; `{thing}` is what it is done to.
    pub(super) asks: Option<Key>,
}

/// Something that is typed after a command.
#[derive(Debug)]
pub(super) struct Take {
    /// The option's name, or the name of what stands alone.
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) help: Key,
}

/// Where in the call it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into the path: a person's id, or their address, which is looked up.
    Person,
    /// Into the path: an id.
    Id,
    /// Into the query, under this name.
    Query(&'static str),
    /// The body is what a file holds (CSV); `-` is the standard input.
    File,
    /// Into the body, under this name.
    Field {
        name: &'static str,
        is_required: bool,
        /// What it can be; anything where this is empty.
        values: &'static [&'static str],
    },
}

/// What comes back, as people see it.
#[derive(Debug)]
pub(super) enum Shows {
    /// A list that comes in pages.
    Pages(&'static [Column]),
    /// A whole list.
    List(&'static [Column]),
    /// One thing, line by line.
    Record(&'static [Column]),
    /// A file, as it is.
    File,
    /// Nothing; this is said instead.
    Done(Key),
}

/// A column of a table, or a line of a record.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) label: Key,
    /// Where the value stands in the answer, a JSON pointer; the second is used where the language is English.
    pub(super) at: [&'static str; 2],
    pub(super) form: Form,
}

const fn column(label: &'static str, at: &'static str, form: Form) -> Column {
    Column {
        label: Key(label),
        at: [at, at],
        form,
    }
}

const ROLES: &[&str] = &["operations_contact", "administrator", "user", "auditor"];

const PERSON: Take = Take {
    name: "PERSON",
    place: Place::Person,
    help: Key("client.take.person"),
};
const SEARCH: Take = Take {
    name: "search",
    place: Place::Query("q"),
    help: Key("client.take.search"),
};

const HANDOVERS: &[&str] = &["show", "mail"];

const ME: &[Column] = &[
    column("client.column.id", "/id", Form::Text),
    column("users.column.role", "/role", Form::Role),
    column("client.column.organisation", "/tenant", Form::Text),
    column("client.column.scopes", "/scopes", Form::Text),
];
const PEOPLE: &[Column] = &[
    column("users.column.name", "/full_name", Form::Text),
    column("users.column.email", "/email", Form::Text),
    column("users.column.role", "/role", Form::Role),
    column("users.column.state", "/state", Form::State),
    column("users.column.last_sign_in", "/last_sign_in", Form::Moment),
];
const PERSON_LINES: &[Column] = &[
    column("client.column.id", "/id", Form::Text),
    column("users.column.name", "/full_name", Form::Text),
    column("users.column.email", "/email", Form::Text),
    column("users.column.role", "/role", Form::Role),
    column("users.column.state", "/state", Form::State),
    column("users.column.last_sign_in", "/last_sign_in", Form::Moment),
];
const LINK: &[Column] = &[
    column("users.column.name", "/person/full_name", Form::Text),
    column("users.column.email", "/person/email", Form::Text),
    column("client.column.link", "/link", Form::Text),
    column("client.column.expires_in", "/expires_in_ms", Form::Hours),
];
const IMPORT: &[Column] = &[
    column("client.column.done", "/done", Form::YesOrNo),
    column("client.column.steps", "/steps", Form::Text),
    column("client.column.same", "/same", Form::Text),
    column("client.column.problems", "/problems", Form::Text),
    column("client.column.unused", "/unused_columns", Form::Text),
    column("client.column.links", "/links", Form::Text),
    column("client.column.digest", "/digest", Form::Text),
];
const RECORDS: &[Column] = &[
    column("activity.column.at", "/at", Form::Moment),
    column("activity.column.who", "/who", Form::Text),
    column("activity.column.what", "/what", Form::Act),
    column("activity.column.address", "/address", Form::Text),
    column("activity.column.detail", "/detail", Form::Text),
];
const PROMISES: &[Column] = &[
    column("client.column.row", "/id", Form::Text),
    column("client.column.clause", "/clause", Form::Text),
    column("evidence.column.state", "/outcome", Form::Outcome),
    Column {
        label: Key("evidence.column.promise"),
        at: ["/promise_ja", "/promise_en"],
        form: Form::Text,
    },
];
const DESKTOPS: &[Column] = &[
    column("client.column.id", "/id", Form::Text),
    Column {
        label: Key("users.column.name"),
        at: ["/name_ja", "/name_en"],
        form: Form::Text,
    },
    column("client.column.session", "/session/id", Form::Text),
    column("client.column.since", "/session/since", Form::Moment),
    column(
        "client.column.connected",
        "/session/connected",
        Form::YesOrNo,
    ),
];
const CONTRACT: &[Column] = &[
    column("client.column.number", "/number", Form::Text),
    column("client.column.version", "/version", Form::Text),
    column("client.column.counts_from", "/counts_from", Form::Text),
    column("client.column.in_force", "/in_force", Form::YesOrNo),
    column("client.column.starts_on", "/starts_on", Form::Text),
    column("client.column.ends_on", "/ends_on", Form::Text),
    column("client.column.regions", "/regions", Form::Text),
    column(
        "client.column.retention_days",
        "/retention_days",
        Form::Text,
    ),
    column("client.column.people", "/people", Form::Text),
    column("client.column.max_people", "/max_people", Form::Text),
    column("client.column.sessions", "/sessions", Form::Text),
    column("client.column.max_sessions", "/max_sessions", Form::Text),
    column("client.column.terms_version", "/terms_version", Form::Text),
    column(
        "client.column.terms_accepted",
        "/terms_accepted",
        Form::YesOrNo,
    ),
    column("client.column.service_codes", "/service_codes", Form::Codes),
    column("client.column.unlabelled", "/unlabelled", Form::Text),
    column("client.column.coming", "/coming", Form::Versions),
];
const ASSETS: &[Column] = &[
    column("inventory.column.kind", "/kind", Form::AssetKind),
    Column {
        label: Key("inventory.column.name"),
        at: ["/name_ja", "/name_en"],
        form: Form::Text,
    },
    column("inventory.column.side", "/side", Form::Side),
    column("inventory.column.code", "/service_code", Form::Text),
    column("console.provider.region", "/region", Form::Text),
    column("inventory.column.key", "/key", Form::Text),
    column("inventory.column.created", "/created", Form::Moment),
];

/// All of them, in the order in which the help names them.
pub(super) const CALLS: &[Call] = &[
    Call {
        noun: "me",
        verb: None,
        method: "GET",
        path: "/api/v1/me",
        about: Key("client.about.me"),
        takes: &[],
        shows: Shows::Record(ME),
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("list"),
        method: "GET",
        path: "/api/v1/people",
        about: Key("client.about.people_list"),
        takes: &[SEARCH],
        shows: Shows::Pages(PEOPLE),
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("show"),
        method: "GET",
        path: "/api/v1/people/{id}",
        about: Key("client.about.people_show"),
        takes: &[PERSON],
        shows: Shows::Record(PERSON_LINES),
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("invite"),
        method: "POST",
        path: "/api/v1/people",
        about: Key("client.about.people_invite"),
        takes: &[
            Take {
                name: "name",
                place: Place::Field {
                    name: "full_name",
                    is_required: true,
                    values: &[],
                },
                help: Key("client.take.name"),
            },
            Take {
                name: "email",
                place: Place::Field {
                    name: "email",
                    is_required: true,
                    values: &[],
                },
                help: Key("client.take.email"),
            },
            Take {
                name: "role",
                place: Place::Field {
                    name: "role",
                    is_required: true,
                    values: ROLES,
                },
                help: Key("client.take.role"),
            },
            Take {
                name: "handover",
                place: Place::Field {
                    name: "handover",
                    is_required: false,
                    values: HANDOVERS,
                },
                help: Key("client.take.handover"),
            },
        ],
        shows: Shows::Record(LINK),
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("change"),
        method: "PATCH",
        path: "/api/v1/people/{id}",
        about: Key("client.about.people_change"),
        takes: &[
            PERSON,
            Take {
                name: "name",
                place: Place::Field {
                    name: "full_name",
                    is_required: false,
                    values: &[],
                },
                help: Key("client.take.name"),
            },
            Take {
                name: "role",
                place: Place::Field {
                    name: "role",
                    is_required: false,
                    values: ROLES,
                },
                help: Key("client.take.role"),
            },
        ],
        shows: Shows::Record(PERSON_LINES),
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("suspend"),
        method: "POST",
        path: "/api/v1/people/{id}/suspend",
        about: Key("client.about.people_suspend"),
        takes: &[PERSON],
        shows: Shows::Done(Key("client.done.suspended")),
        asks: Some(Key("client.asks.suspend")),
    },
    Call {
        noun: "people",
        verb: Some("resume"),
        method: "POST",
        path: "/api/v1/people/{id}/resume",
        about: Key("client.about.people_resume"),
        takes: &[PERSON],
        shows: Shows::Done(Key("client.done.resumed")),
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("link"),
        method: "POST",
        path: "/api/v1/people/{id}/link",
        about: Key("client.about.people_link"),
        takes: &[
            PERSON,
            Take {
                name: "handover",
                place: Place::Query("handover"),
                help: Key("client.take.handover"),
            },
        ],
        shows: Shows::Record(LINK),
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("remove"),
        method: "DELETE",
        path: "/api/v1/people/{id}",
        about: Key("client.about.people_remove"),
        takes: &[PERSON],
        shows: Shows::Done(Key("client.done.removed")),
        asks: Some(Key("client.asks.remove")),
    },
    Call {
        noun: "people",
        verb: Some("export"),
        method: "GET",
        path: "/api/v1/people/export",
        about: Key("client.about.people_export"),
        takes: &[],
        shows: Shows::File,
        asks: None,
    },
    Call {
        noun: "people",
        verb: Some("import"),
        method: "POST",
        path: "/api/v1/people/import",
        about: Key("client.about.people_import"),
        takes: &[
            Take {
                name: "FILE",
                place: Place::File,
                help: Key("client.take.file"),
            },
            Take {
                name: "digest",
                place: Place::Query("digest"),
                help: Key("client.take.digest"),
            },
        ],
        shows: Shows::Record(IMPORT),
        asks: None,
    },
    Call {
        noun: "activity",
        verb: Some("list"),
        method: "GET",
        path: "/api/v1/activity",
        about: Key("client.about.activity_list"),
        takes: &[
            SEARCH,
            Take {
                name: "what",
                place: Place::Query("what"),
                help: Key("client.take.what"),
            },
        ],
        shows: Shows::Pages(RECORDS),
        asks: None,
    },
    Call {
        noun: "commitments",
        verb: Some("list"),
        method: "GET",
        path: "/api/v1/commitments",
        about: Key("client.about.commitments_list"),
        takes: &[],
        shows: Shows::List(PROMISES),
        asks: None,
    },
    Call {
        noun: "desktops",
        verb: Some("list"),
        method: "GET",
        path: "/api/v1/desktops",
        about: Key("client.about.desktops_list"),
        takes: &[],
        shows: Shows::List(DESKTOPS),
        asks: None,
    },
    Call {
        noun: "sessions",
        verb: Some("end"),
        method: "DELETE",
        path: "/api/v1/sessions/{id}",
        about: Key("client.about.sessions_end"),
        takes: &[Take {
            name: "SESSION",
            place: Place::Id,
            help: Key("client.take.session"),
        }],
        shows: Shows::Done(Key("client.done.ended")),
        asks: Some(Key("client.asks.end")),
    },
    Call {
        noun: "contract",
        verb: Some("show"),
        method: "GET",
        path: "/api/v1/contract",
        about: Key("client.about.contract_show"),
        takes: &[],
        shows: Shows::Record(CONTRACT),
        asks: None,
    },
    Call {
        noun: "assets",
        verb: Some("list"),
        method: "GET",
        path: "/api/v1/assets",
        about: Key("client.about.assets_list"),
        takes: &[
            SEARCH,
            Take {
                name: "kind",
                place: Place::Query("kind"),
                help: Key("client.take.kind"),
            },
        ],
        shows: Shows::Pages(ASSETS),
        asks: None,
    },
];

/// What a noun is about, for the help.
pub(super) fn about(noun: &str) -> Key {
    match noun {
        "me" => Key("client.about.me"),
        "people" => Key("client.about.people"),
        "activity" => Key("client.about.activity"),
        "commitments" => Key("client.about.commitments"),
        "desktops" => Key("client.about.desktops"),
        "sessions" => Key("client.about.sessions"),
        "assets" => Key("client.about.assets"),
        _ => Key("client.about.contract"),
    }
}

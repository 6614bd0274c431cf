//! The page of the boundary.

use super::{KINDS, Kind, Side};
use crate::portal::{Key, Ui};
use askama::Template;

/// `GET /boundary`: who answers for what, made from the declarations.
#[derive(Template)]
#[template(path = "tenancy/boundary/boundary.html")]
pub struct BoundaryPage {
    /// The reader.
    pub ui: Ui,
}

impl BoundaryPage {
    fn sides() -> [(Key, Key, Vec<&'static Kind>); 2] {
        let of = |side| KINDS.iter().filter(|kind| kind.side == side).collect();
        [
            (
                Key("boundary.customer"),
                Key("boundary.customer_lead"),
                of(Side::Customer),
            ),
            (
                Key("boundary.provider"),
                Key("boundary.provider_lead"),
                of(Side::Provider),
            ),
        ]
    }
}

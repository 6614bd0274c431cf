//! Customers: the organisations under contract, what they have agreed on, and what the provider offers.

pub mod boundary;
pub mod branding;
pub mod contract;
pub mod inventory;
mod naming;
pub mod provider;
pub mod service;
pub mod store;

pub(crate) use boundary::checks as boundary_checks;
pub(crate) use branding::http::brand_at;
pub(crate) use contract::{ApiDoc as ContractApiDoc, By, Names, checks as contract_checks};
pub use contract::{
    ContractError, Draft, Overview, Room, Standing, Wrong, page as contract_page,
    service as contracts,
};
pub(crate) use inventory::{
    ASSETS, AssetKind,
    api::Doc as InventoryApiDoc,
    checks as inventory_checks,
    service::{self as assets, Numbers},
};
pub use naming::{Naming, NamingWrong};
pub(crate) use provider::{Kind as Offered, of as text_of, service as offers};
pub use provider::{Offer, Profile, Region, Terms};
pub use store::TenantRow;

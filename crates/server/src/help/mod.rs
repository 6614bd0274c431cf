//! The service documents in the portal: the same files that are in `docs/`, in both languages, and which screen each is for.

pub(crate) mod http;
pub mod page;
mod render;
#[cfg(test)]
mod tests;

pub(crate) use render::document;

/// The documents for customers, in the order of the list.
pub(crate) const FOR_CUSTOMERS: [&str; 9] = [
    "getting-started",
    "account",
    "administrators",
    "access",
    "contract",
    "evidence",
    "api",
    "provisioning",
    "activity-log",
];
/// The documents for operators.
pub(crate) const FOR_OPERATORS: [&str; 2] = ["operators", "activity-log"];

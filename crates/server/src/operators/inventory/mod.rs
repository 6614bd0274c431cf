//! Operators see how much there is of everything: the provider's own assets by kind, and each customer's in numbers. What
//! customers store is not opened.

mod http;
pub mod page;
#[cfg(test)]
mod tests;

pub(super) use http::routes;

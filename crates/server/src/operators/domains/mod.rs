//! Which email domains are a customer's, so that the sign-in page leads addresses of them to the customer's own provider.

pub(super) mod http;
mod page;
mod service;
#[cfg(test)]
pub(super) mod tests;

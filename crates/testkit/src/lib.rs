//! Test application, fakes and journeys.

pub mod control_plane;

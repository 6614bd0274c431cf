//! Test application, fakes and journeys.

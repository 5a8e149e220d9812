//! The app in memory, a clock that can be turned, failing stores; all integration tests.

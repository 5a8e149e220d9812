//! RFC 3161: time-stamp requests in, signed tokens out.

//! Local stand-ins that speak the contracts of upstream services, for tests and for trying the desk
//! without keys or internet. They know nothing of the desk.

#![forbid(unsafe_code)]

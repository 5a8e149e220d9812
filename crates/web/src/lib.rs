//! HTTP and HTML: API, pages, live feeds, assets.
//!
//! The way in is [`App::start`], [`Web::new`], [`serve`]. Every route stands in one table,
//! [`routes`]; every way to fail stands in another, [`Kind`]. No SQL and no outgoing request here.
#![forbid(unsafe_code)]

mod access;
mod address;
mod api;
mod app;
pub mod assets;
mod body;
mod cookie;
pub mod drawing;
mod edge;
mod figures;
mod form;
mod guard;
mod health;
mod identity;
mod input;
mod installation;
mod limit;
mod line;
mod live;
mod log;
mod negotiate;
mod origin;
pub mod pages;
mod patience;
mod problem;
mod problems;
mod query;
mod rooms;
mod router;
mod serve;
mod settings;
pub mod shell;
mod sse;
pub mod strings;
mod tsa;
mod witness;

pub use access::Access;
pub use api::docs::openapi;
pub use app::{App, Parts, SealerHealth};
pub use edge::Web;
pub use installation::{Installation, KnownKey, Measured, Setting};
pub use problem::{ApiError, Kind};
pub use router::{Cache, Route, routes};
pub use serve::serve;
pub use settings::WebSettings;
pub use tsa::TimeStamping;

//! HTTP and HTML: API, pages, live feeds, assets.
//!
//! The way in is [`App::start`], [`Web::new`], [`serve`]. Every route stands in one table,
//! [`routes`]; every way to fail stands in another, [`Kind`]. No SQL and no outgoing request here.
#![forbid(unsafe_code)]

mod address;
mod api;
mod app;
pub mod assets;
mod body;
pub mod drawing;
mod edge;
mod figures;
mod guard;
mod health;
mod input;
mod limit;
mod line;
mod live;
mod log;
mod negotiate;
pub mod pages;
mod patience;
mod problem;
mod problems;
mod query;
mod router;
mod serve;
mod settings;
pub mod shell;
pub mod strings;
mod tsa;
mod witness;

pub use api::docs::openapi;
pub use app::{App, Parts, SealerHealth};
pub use edge::Web;
pub use problem::{ApiError, Kind};
pub use router::{Cache, Permission, Route, routes};
pub use serve::serve;
pub use settings::WebSettings;
pub use tsa::TimeStamping;

//! HTTP and HTML: API, pages, live feeds, assets.
#![forbid(unsafe_code)]

pub mod assets;
pub mod drawing;
pub mod pages;
pub mod shell;
pub mod strings;

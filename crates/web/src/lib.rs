//! HTTP and HTML: API, pages, live feeds, assets.

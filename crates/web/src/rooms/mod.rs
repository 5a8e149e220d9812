//! The rooms behind the door: signing in, the desk, one's own account, and the administrator's room.
//!
//! A handler asks one feature and dresses the answer as blocks ([`view`]).

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod desk;
pub(crate) mod door;
pub(crate) mod frame;
pub(crate) mod refusals;
pub(crate) mod view;

use crate::router::Route;

/// Every address of the rooms, for the one table of routes.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = door::routes();
    routes.extend(account::routes());
    routes.extend(admin::routes());
    routes.extend(desk::routes());
    routes
}

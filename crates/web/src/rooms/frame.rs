//! What the rooms' handlers share: how a page is put together, how lists are leafed through, how a
//! moment or a size is written.

use axum::response::Response;
use base::UnixMicros;
use http::{HeaderValue, StatusCode, Uri, header};
use tlog::v1::TimeText;

use super::desk::notifications;
use super::view::{Block, Cell, DoorPage, RoomPage};
use crate::api::forms::see;
use crate::app::App;
use crate::cookie::Cookie;
use crate::identity::Visitor;
use crate::pages::html;
use crate::pages::view::Time;
use crate::problem::{ApiError, Kind};
use crate::query::{encode, parameter};
use crate::shell::{Room, Shell};

/// Rows of one page of a list.
pub(crate) const ROWS: usize = 50;

/// A page of the rooms, as it is put together.
pub(crate) struct Frame<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    place: &'static str,
    room: Room,
    trail: Vec<(&'static str, &'static str)>,
    status: StatusCode,
    scripts: Vec<&'static str>,
    has_own_head: bool,
    is_open: bool,
}

impl<'a> Frame<'a> {
    /// A page at `place` of the side's navigation.
    pub(crate) fn at(app: &'a App, visitor: &'a Visitor, place: &'static str) -> Self {
        Self {
            app,
            visitor,
            place,
            room: Room::Account,
            trail: Vec::new(),
            status: StatusCode::OK,
            scripts: Vec::new(),
            has_own_head: false,
            is_open: false,
        }
    }

    /// A page of the desk.
    pub(crate) fn desk(mut self) -> Self {
        self.room = Room::Desk;
        self
    }

    /// A page with an island of its own.
    pub(crate) fn script(mut self, script: &'static str) -> Self {
        self.scripts.push(script);
        self
    }

    /// The first block brings the heading; the title is the window's alone.
    pub(crate) fn own_head(mut self) -> Self {
        self.has_own_head = true;
        self
    }

    /// More will come: a browser without script asks again by itself.
    pub(crate) fn open(mut self, is_open: bool) -> Self {
        self.is_open = is_open;
        self
    }

    /// A page below another one.
    pub(crate) fn below(mut self, href: &'static str, name: &'static str) -> Self {
        self.trail.push((href, name));
        self
    }

    /// Something is wrong with what was sent.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The page in the rooms.
    pub(crate) fn show(
        self,
        title: impl Into<String>,
        lede: impl Into<String>,
        blocks: Vec<Block>,
    ) -> Response {
        let shell = Shell::new(&self.app.authority, self.room)
            .seen_by(self.visitor)
            .at(self.place)
            .ringing(notifications::count(self.app, self.visitor));
        let page = RoomPage {
            shell,
            trail: self.trail,
            title: title.into(),
            lede: lede.into(),
            blocks,
            scripts: self.scripts,
            has_own_head: self.has_own_head,
            is_open: self.is_open,
        };
        never_kept(html(self.status, &page))
    }

    /// The page before the rooms.
    pub(crate) fn show_door(
        self,
        title: impl Into<String>,
        lede: impl Into<String>,
        blocks: Vec<Block>,
        below: Vec<(String, &'static str)>,
    ) -> Response {
        let page = DoorPage {
            shell: Shell::new(&self.app.authority, Room::SignIn).seen_by(self.visitor),
            title: title.into(),
            lede: lede.into(),
            blocks,
            below,
        };
        never_kept(html(self.status, &page))
    }
}

/// Pages of the rooms are kept by nobody, not even by the browser's back button.
fn never_kept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::ETAG);
    response
}

/// Leads to a page, which then says what happened.
pub(crate) fn done(visitor: &Visitor, page: &str, flash: &'static str) -> Response {
    let mut response = see(page);
    let cookie = Cookie::Flash.set(flash, None, visitor.secure);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// A parameter of the address; empty when it is missing.
pub(crate) fn asked(uri: &Uri, name: &'static str) -> Result<String, ApiError> {
    let found = parameter(uri.query(), name)?;
    Ok(found.map_or(String::new(), |text| text.trim().to_owned()))
}

/// A number in the address; `None` when it is missing.
pub(crate) fn asked_number(uri: &Uri, name: &'static str) -> Result<Option<i64>, ApiError> {
    let text = asked(uri, name)?;
    if text.is_empty() {
        return Ok(None);
    }
    let malformed = || ApiError::new(Kind::MalformedQuery, format!("{name} must be a number"));
    text.parse().map(Some).map_err(|_| malformed().field(name))
}

/// An address with parameters; those without a value are left out.
pub(crate) fn address(page: &str, parameters: &[(&str, &str)]) -> String {
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = given
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    if pairs.is_empty() {
        return page.to_owned();
    }
    format!("{page}?{}", pairs.join("&"))
}

/// A moment, written out.
pub(crate) fn time(at: UnixMicros) -> Time {
    Time::new(TimeText::of_micros(at.0).as_str())
}

/// A moment in a list.
pub(crate) fn at(moment: UnixMicros) -> Cell {
    Cell::Time(time(moment))
}

/// A moment that may not have come.
pub(crate) fn maybe_at(moment: Option<UnixMicros>) -> Cell {
    moment.map_or(Cell::Nothing, at)
}

/// A length of time in its largest fitting unit.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A size in decimal units.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KB", "MB", "GB", "TB"];
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 0);
    while tenths >= 10_000 && unit < UNITS.len() - 1 {
        tenths /= 1000;
        unit += 1;
    }
    match (unit, tenths % 10) {
        (0, _) => format!("{bytes} bytes"),
        (_, 0) => format!("{} {}", tenths / 10, UNITS[unit]),
        (_, tenth) => format!("{}.{tenth} {}", tenths / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_are_short() {
        let check = |bytes, text: &str| assert_eq!(size(bytes), text);
        check(0, "0 bytes");
        check(999, "999 bytes");
        check(1000, "1 KB");
        check(1_250_000, "1.2 MB");
        check(u64::MAX, "1844674.4 TB");
        let check = |seconds, text: &str| assert_eq!(span(seconds), text);
        check(119, "119 s");
        check(3600, "60 min");
        check(86_400, "24 h");
        check(604_800, "7 days");
    }

    #[test]
    fn addresses_leave_out_what_is_empty() {
        assert_eq!(address("/a", &[("q", ""), ("b", "1")]), "/a?b=1");
        assert_eq!(address("/a", &[("q", "x y&z")]), "/a?q=x%20y%26z");
        assert_eq!(address("/a", &[]), "/a");
    }
}

//! Who may use a route, and how that is enforced before its handler runs.
//!
//! The one table of routes declares an [`Access`] for each; nothing here knows what a route does.

use std::sync::Arc;

use accounts::Permission;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts as Head;
use http::{HeaderValue, Method, header};

use crate::api::forms::see;
use crate::app::{App, Caller};
use crate::cookie::Cookie;
use crate::identity::{self, Identity, Visitor};
use crate::negotiate::{Format, negotiate};
use crate::origin::{Said, said};
use crate::problem::{ApiError, Kind};

/// The API's page.
const DOCS: &str = "/api/v1/docs";

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever is signed in, or has a token.
    SignedIn,
    /// Whoever has this permission.
    Needs(Permission),
}

/// Whether a route is the same for everybody and so never looks at a cookie: the log itself. Public
/// pages look, because their masthead says who is there.
pub(crate) fn knows_nobody(access: Access, route: &str) -> bool {
    const LOG: [&str; 7] = [
        "/api/",
        "/log/",
        "/tsa",
        "/problems",
        "/healthz",
        "/readyz",
        "/metrics",
    ];
    // A page after all, with a masthead like the others.
    if route == DOCS {
        return false;
    }
    access == Access::Public && LOG.iter().any(|part| route.starts_with(part))
}

/// Whether acts behind this decide what others may do: whoever finds a browser open must not take a
/// house over with it.
fn decides_who_may(access: Access) -> bool {
    use Permission::{RolesWrite, SecretsWrite, UsersWrite};
    matches!(
        access,
        Access::Needs(UsersWrite | RolesWrite | SecretsWrite)
    )
}

/// What stands before one route.
pub(crate) struct Door {
    pub route: &'static str,
    pub access: Access,
    /// Its page is nobody's but the asker's, and may hold forms.
    pub hands_out_forms: bool,
}

/// What has to be done to the answer of a request that was let in.
pub(crate) struct Admitted {
    /// The answer depends on who asks.
    personal: bool,
    /// Not for programs on other sites.
    guarded: bool,
    visitor: Arc<Visitor>,
    cookies: Vec<HeaderValue>,
}

/// Marks an answer that other sites' programs may not read.
#[derive(Clone, Copy)]
pub(crate) struct Guarded;

impl Door {
    /// Lets a request in, and tells its handler who asks; or answers for it.
    pub(crate) async fn admit(
        &self,
        app: &Arc<App>,
        request: &mut Head,
    ) -> Result<Admitted, Response> {
        let caller = request.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| ApiError::plain(Kind::Internal).into_response())?;
        let headers = &request.headers;
        let is_api = self.route.starts_with("/api/");
        let origin = said(
            headers,
            app.settings().public_origin.as_deref(),
            caller.secure,
        );
        let changes = !request.method.is_safe();
        if changes && !is_api && origin == Said::Other {
            return Err(ApiError::plain(Kind::CrossSite).into_response());
        }
        let found = identity::find(app, &caller, headers, self.access != Access::Public).await;
        let identity = match found {
            Ok(identity) => identity,
            Err(error) => return Err(error.into_response()),
        };
        // A browser sends the cookie by itself, whoever made it ask: then the browser's own word
        // about the page that asked is needed. A token is sent by nobody by mistake.
        let by_cookie = identity.as_ref().is_some_and(Identity::is_by_cookie);
        let is_forged = changes && is_api && by_cookie && origin != Said::Ours;
        let mut cookies = Vec::new();
        let secure = caller.secure;
        let browser = Cookie::Browser.read(headers, secure).map(str::to_owned);
        let browser = browser.unwrap_or_else(|| {
            let fresh = identity::random_text(&*app.entropy);
            if self.hands_out_forms && !is_api {
                cookies.push(Cookie::Browser.set(&fresh, None, secure));
            }
            fresh
        });
        let flash = Cookie::Flash
            .read(headers, secure)
            .filter(|_| !changes && !is_api);
        if flash.is_some() {
            cookies.push(Cookie::Flash.clear(secure));
        }
        let personal = identity.is_some() || self.access != Access::Public || flash.is_some();
        let visitor = Arc::new(Visitor::new(identity, &caller, browser, flash, headers));
        let mut judged = self
            .judge(app, &caller, request, visitor.identity.as_ref())
            .await;
        if judged.is_ok() && is_forged {
            judged = Err(ApiError::plain(Kind::CrossSite).into_response());
        }
        // Pages lead to the confirmation by themselves, with a way back.
        if judged.is_ok() && changes && is_api && by_cookie && decides_who_may(self.access) {
            let now = app.clock.now();
            let fresh_until = visitor
                .identity
                .as_ref()
                .and_then(|known| known.fresh_until);
            if fresh_until.is_none_or(|until| until <= now) {
                judged = Err(ApiError::plain(Kind::ConfirmNeeded).into_response());
            }
        }
        if let Err(mut refusal) = judged {
            refusal.extensions_mut().insert(Arc::clone(&visitor));
            return Err(refusal);
        }
        request.extensions.insert(Arc::clone(&visitor));
        Ok(Admitted {
            personal,
            guarded: self.access != Access::Public,
            visitor,
            cookies,
        })
    }

    async fn judge(
        &self,
        app: &App,
        caller: &Caller,
        request: &Head,
        identity: Option<&Identity>,
    ) -> Result<(), Response> {
        let needed = match (self.access, identity) {
            (Access::Public, _) | (Access::SignedIn, Some(_)) => return Ok(()),
            (_, None) => return Err(to_sign_in(request)),
            (Access::Needs(permission), Some(_)) => permission,
        };
        let Some(identity) = identity.filter(|identity| !identity.may(needed)) else {
            return Ok(());
        };
        let actor = identity.actor(caller);
        let method = request.method.as_str();
        let recording = app
            .accounts
            .record_refusal(&actor, method, self.route, needed.name());
        if let Err(error) = recording.await {
            tracing::error!(%error, route = self.route, "a refused attempt was not recorded");
        }
        let detail = format!(
            "This needs the permission {}: {}",
            needed.name(),
            needed.about().to_lowercase()
        );
        Err(ApiError::new(Kind::NotPermitted, detail).into_response())
    }
}

impl Admitted {
    /// Says that the answer is for its asker alone, and sets what cookies there are to set.
    pub(crate) fn dress(self, response: &mut Response) {
        if self.guarded {
            response.extensions_mut().insert(Guarded);
        }
        if response.status().is_client_error() || response.status().is_server_error() {
            // The page about it has a masthead too.
            response.extensions_mut().insert(self.visitor);
        }
        let headers = response.headers_mut();
        if self.personal {
            // Kept by nobody else, and by the browser only to be asked after.
            let kept = headers.get(header::CACHE_CONTROL);
            if kept.is_none_or(|kept| kept != "no-store") {
                let private = HeaderValue::from_static("private, no-cache");
                headers.insert(header::CACHE_CONTROL, private);
            }
        }
        headers.append(header::VARY, HeaderValue::from_static("cookie"));
        for cookie in self.cookies {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

/// A person is sent to the sign-in page and comes back from there; a program is told.
fn to_sign_in(request: &Head) -> Response {
    let headers = &request.headers;
    let for_people = request.method == Method::GET
        && !headers.contains_key(header::AUTHORIZATION)
        && headers.contains_key(header::ACCEPT)
        && negotiate(headers, &[Format::Json, Format::Html]) == Some(Format::Html);
    if for_people {
        let asked = request
            .uri
            .path_and_query()
            .map_or("/", |asked| asked.as_str());
        let mut response = see(&format!("/sign-in?next={}", crate::query::encode(asked)));
        let never = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, never);
        return response;
    }
    ApiError::plain(Kind::SignInNeeded).into_response()
}

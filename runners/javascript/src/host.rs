//! What the prelude is made of: the few functions that reach out of the interpreter.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest;
use ring::rand::{SecureRandom as _, SystemRandom};
use rquickjs::function::Opt;
use rquickjs::{Ctx, Exception, Function, Object, Result, TypedArray};
use serde_json::json;
use url::{Url, form_urlencoded, quirks};
use zygote::{Asks, Frame, Kind, Said};

use crate::world::Shared;

/// Longest line of the log, in characters; the rest of it is left out.
const LINE_CHARS_MAX: usize = 8192;

/// All of them, as members of one object.
pub(crate) fn functions<'js>(ctx: &Ctx<'js>, shared: &Rc<Shared>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    text(ctx, &host)?;
    addresses(ctx, &host)?;
    outside(ctx, &host, shared)?;
    Ok(host)
}

fn text<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    let utf8 = |ctx: Ctx<'js>, text: String| TypedArray::<u8>::new(ctx, text.into_bytes());
    host.set("utf8", Function::new(ctx.clone(), utf8)?)?;
    let read = |bytes: TypedArray<'js, u8>, fatal: bool| -> Option<String> {
        let bytes = copy(&bytes);
        if fatal {
            String::from_utf8(bytes).ok()
        } else {
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
    };
    host.set("text", Function::new(ctx.clone(), read)?)?;
    let encode = |bytes: TypedArray<'js, u8>| STANDARD.encode(copy(&bytes));
    host.set("base64", Function::new(ctx.clone(), encode)?)?;
    let decode = |ctx: Ctx<'js>, text: String| -> Option<TypedArray<'js, u8>> {
        let bytes = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        TypedArray::<u8>::new(ctx, bytes).ok()
    };
    host.set("unbase64", Function::new(ctx.clone(), decode)?)?;
    let digest = |ctx: Ctx<'js>, name: String, bytes: TypedArray<'js, u8>| {
        let algorithm = match name.as_str() {
            "SHA-1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            "SHA-256" => &digest::SHA256,
            "SHA-384" => &digest::SHA384,
            "SHA-512" => &digest::SHA512,
            _ => return None,
        };
        let digest = digest::digest(algorithm, &copy(&bytes));
        TypedArray::<u8>::new_copy(ctx, digest).ok()
    };
    host.set("digest", Function::new(ctx.clone(), digest)?)?;
    let random = |ctx: Ctx<'js>, count: usize| {
        let mut bytes = vec![0; count];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| Exception::throw_internal(&ctx, "there is no randomness"))?;
        TypedArray::<u8>::new(ctx, bytes)
    };
    host.set("random", Function::new(ctx.clone(), random)?)
}

fn addresses<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    let read = |href: String, base: Opt<Option<String>>| -> Option<String> {
        let base = match base.0.flatten() {
            Some(base) => Some(Url::parse(&base).ok()?),
            None => None,
        };
        let url = Url::options().base_url(base.as_ref()).parse(&href).ok()?;
        Some(parts(&url))
    };
    host.set("readUrl", Function::new(ctx.clone(), read)?)?;
    let change = |href: String, part: String, value: String| -> Option<String> {
        let mut url = Url::parse(&href).ok()?;
        match part.as_str() {
            "href" => url = Url::parse(&value).ok()?,
            "protocol" => quirks::set_protocol(&mut url, &value).ok()?,
            "username" => quirks::set_username(&mut url, &value).ok()?,
            "password" => quirks::set_password(&mut url, &value).ok()?,
            "host" => quirks::set_host(&mut url, &value).ok()?,
            "hostname" => quirks::set_hostname(&mut url, &value).ok()?,
            "port" => quirks::set_port(&mut url, &value).ok()?,
            "pathname" => quirks::set_pathname(&mut url, &value),
            "search" => quirks::set_search(&mut url, &value),
            "hash" => quirks::set_hash(&mut url, &value),
            _ => return None,
        }
        Some(parts(&url))
    };
    host.set("changeUrl", Function::new(ctx.clone(), change)?)?;
    let read = |query: String| -> String {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        json!(pairs).to_string()
    };
    host.set("readForm", Function::new(ctx.clone(), read)?)?;
    let write = |pairs: String| -> String {
        let pairs: Vec<(String, String)> = serde_json::from_str(&pairs).unwrap_or_default();
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    host.set("writeForm", Function::new(ctx.clone(), write)?)
}

/// A URL's parts as the web platform names them, in JSON.
fn parts(url: &Url) -> String {
    json!({
        "href": url.as_str(),
        "origin": quirks::origin(url),
        "protocol": quirks::protocol(url),
        "username": quirks::username(url),
        "password": quirks::password(url),
        "host": quirks::host(url),
        "hostname": quirks::hostname(url),
        "port": quirks::port(url),
        "pathname": quirks::pathname(url),
        "search": quirks::search(url),
        "hash": quirks::hash(url),
    })
    .to_string()
}

fn outside<'js>(ctx: &Ctx<'js>, host: &Object<'js>, shared: &Rc<Shared>) -> Result<()> {
    let here = Rc::clone(shared);
    let now = move || here.began.get().elapsed().as_secs_f64() * 1000.0;
    host.set("now", Function::new(ctx.clone(), now)?)?;
    let here = Rc::clone(shared);
    let log = move |level: u8, text: String| {
        let text = match text.char_indices().nth(LINE_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        here.send(&Frame::new(Kind::Log, &Said { level, text }, Vec::new()));
    };
    host.set("log", Function::new(ctx.clone(), log)?)?;
    let here = Rc::clone(shared);
    let partial = move |json: String| {
        here.send(&Frame::new(Kind::Partial, &(), json.into_bytes()));
    };
    host.set("partial", Function::new(ctx.clone(), partial)?)?;
    let here = Rc::clone(shared);
    let ask =
        move |id: u32, method: String, url: String, headers: String, body: TypedArray<'js, u8>| {
            let asks = Asks {
                id,
                method,
                url,
                headers: serde_json::from_str(&headers).unwrap_or_default(),
            };
            here.send(&Frame::new(Kind::Request, &asks, copy(&body)));
        };
    host.set("ask", Function::new(ctx.clone(), ask)?)
}

/// The bytes of an array; none when it was detached.
#[expect(
    unsafe_code,
    reason = "the interpreter's memory can be read in no other way"
)]
fn copy(bytes: &TypedArray<'_, u8>) -> Vec<u8> {
    // SAFETY: no script runs while the slice is there: it is copied at once.
    unsafe { bytes.as_bytes() }.unwrap_or_default().to_vec()
}

impl Shared {
    /// Sends a frame. Nobody there any more means that nobody wants this call: its end is near.
    pub(crate) fn send(&self, frame: &Frame) {
        if let Some(line) = &*self.line.borrow() {
            let _ = line.send(frame);
        }
    }
}

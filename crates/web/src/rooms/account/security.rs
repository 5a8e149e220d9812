//! The ways into one's account: password, authenticator app, passkeys, providers.

use std::sync::Arc;

use accounts::{LinkRow, OwnError, PasskeyRow, Profile, ProviderView};
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::{Mend, UNFIT, mend};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::ApiError;
use crate::query::Segments;
use crate::rooms::door::provider::away;
use crate::rooms::frame::{Frame, at, done, maybe_at};
use crate::rooms::view::{Act, Ask, Block, Cell, Field, Kind as Input, Row, Table, Wrong, columns};

pub(super) const PLACE: &str = "/account/security";

/// All ways in.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    shown(&app, &seen, None).await
}

/// The page, with a mark where something was wrong.
pub(super) async fn shown(
    app: &App,
    visitor: &Visitor,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let profile = app.accounts.profile(&visitor.caller()?).await?;
    let mut blocks = Vec::new();
    if let Some(wrong) = wrong.filter(|wrong| wrong.field.is_empty()) {
        blocks.push(Block::warning(wrong.says.clone()));
    }
    if !visitor.is_fresh(app.clock.now()) {
        blocks.push(Block::notice(
            "Your last sign-in is a while ago: before the first change you are asked to confirm that it is you.",
        ));
    }
    blocks.extend(password_part(&profile, wrong));
    blocks.extend(app_part(&profile));
    blocks.extend(passkey_part(app, &profile));
    blocks.extend(provider_part(app, &profile));
    let status = wrong.map_or(StatusCode::OK, |_| UNFIT);
    Ok(Frame::at(app, visitor, PLACE).status(status).show(
        "Sign-in and security",
        "Several ways in are better than one, and a passkey is better than a password.",
        blocks,
    ))
}

fn password_part(profile: &Profile, wrong: Option<&Wrong>) -> Vec<Block> {
    let factors = profile.user.factors;
    let field = Field::new("password", "New password", Input::Password)
        .hint("At least 12 characters. Setting it ends all other sessions.")
        .fills("new-password")
        .required();
    let submit = if factors.password { "Change" } else { "Set" };
    let ask = Ask {
        id: "password",
        is_row: true,
        is_quiet: true,
        ..Ask::new("/account/password", submit)
    };
    let mark = wrong.filter(|wrong| wrong.field == "password");
    let since = profile.password_changed_at;
    let mut blocks = vec![
        Block::Heading("Password"),
        Block::Facts(vec![("Set", since.map_or(Cell::text("There is none"), at))]),
        Block::Form(ask.field(field).wrong(mark)),
    ];
    if factors.password && factors.passkeys + factors.links > 0 {
        let act = Act::new("/account/password/remove", "Do without a password");
        blocks.push(Block::Acts(vec![act]));
    }
    blocks
}

fn app_part(profile: &Profile) -> Vec<Block> {
    let factors = profile.user.factors;
    let (state, acts) = if factors.totp {
        let left = format!("on; {} recovery codes are left", factors.recovery_codes);
        let off = Act::new("/account/totp/remove", "Turn off").of("the authenticator app");
        let codes = Act::new("/account/recovery-codes", "New recovery codes");
        (Cell::state("good", left), vec![codes, off.final_one()])
    } else {
        let acts = vec![Act::new("/account/totp", "Set up an app")];
        (Cell::state("plain", "off"), acts)
    };
    vec![
        Block::Heading("Authenticator app"),
        Block::says(
            "A second code from a device of yours, asked for after a password or a code from the mail. A passkey needs none: it is two factors by itself.",
        ),
        Block::Facts(vec![("Second factor", state)]),
        Block::Acts(acts),
    ]
}

fn passkey_part(app: &App, profile: &Profile) -> Vec<Block> {
    let row = |passkey: &PasskeyRow| {
        let remove = Act::new("/account/passkeys/remove", "Remove").of(&passkey.name);
        Row {
            cells: vec![
                Cell::Text(passkey.name.clone()),
                at(passkey.created_at),
                maybe_at(passkey.used_at),
            ],
            acts: vec![remove.with("id", passkey.id.to_string()).final_one()],
            ..Row::default()
        }
    };
    let add = if app.accounts.passkeys_available() {
        Block::Passkey {
            mode: "add",
            next: String::new(),
        }
    } else {
        Block::notice(
            "Browsers offer passkeys only at an address with TLS, or at localhost: set [web] public_url.",
        )
    };
    vec![
        Block::Heading("Passkeys"),
        Block::Table(Table {
            label: "Your passkeys".to_owned(),
            columns: columns(&["Passkey", "Added", "Last used"]),
            rows: profile.passkeys.iter().map(row).collect(),
            empty_title: "No passkey yet",
            empty_says: "A passkey stays in your device or password keeper and signs in by fingerprint, face or its PIN. Nothing that could be stolen is kept here.",
            ..Table::default()
        }),
        add,
    ]
}

fn provider_part(app: &App, profile: &Profile) -> Vec<Block> {
    let providers = app.accounts.oidc_providers();
    if providers.is_empty() && profile.links.is_empty() {
        return Vec::new();
    }
    let row = |link: &LinkRow| {
        let name = link.provider.clone();
        let remove = Act::new("/account/providers/remove", "Remove").of(&link.issuer);
        Row {
            cells: vec![
                Cell::Stack {
                    text: name.unwrap_or_else(|| "No longer configured".to_owned()),
                    small: link.issuer.clone(),
                },
                Cell::text(link.email.clone().unwrap_or_default()),
                at(link.created_at),
            ],
            acts: vec![remove.with("id", link.id.to_string()).final_one()],
            ..Row::default()
        }
    };
    let link = |one: &ProviderView| {
        (
            format!("/account/providers/{}", one.slug),
            format!("Link {}", one.name),
        )
    };
    vec![
        Block::Heading("Accounts elsewhere"),
        Block::Table(Table {
            label: "Linked providers".to_owned(),
            columns: columns(&["Provider", "As", "Linked"]),
            rows: profile.links.iter().map(row).collect(),
            empty_title: "Nothing is linked",
            empty_says: "Link an account elsewhere, and its sign-in opens this one too.",
            ..Table::default()
        }),
        Block::Links(providers.iter().map(link).collect()),
    ]
}

/// Says how an act on this page ended.
async fn ended(
    app: &App,
    form: &Form,
    tried: Result<(), OwnError>,
    flash: &'static str,
) -> Result<Response, ApiError> {
    match tried {
        Ok(()) => Ok(done(form, PLACE, flash)),
        Err(error) => match mend(error, PLACE)? {
            Mend::Elsewhere(response) => Ok(response),
            Mend::Here(wrong) => shown(app, form, Some(&wrong)).await,
        },
    }
}

/// Sets the password.
pub(crate) async fn password(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let tried = app
        .accounts
        .change_password(&form.caller()?, form.raw("password"))
        .await;
    ended(&app, &form, tried, "password-changed").await
}

/// Takes the password away.
pub(crate) async fn remove_password(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let tried = app.accounts.remove_password(&form.caller()?).await;
    ended(&app, &form, tried, "saved").await
}

/// Takes a passkey away.
pub(crate) async fn remove_passkey(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let tried = app
        .accounts
        .passkey_remove(&form.caller()?, form.number("id")?)
        .await;
    ended(&app, &form, tried, "passkey-removed").await
}

/// Goes to a provider, to link it.
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    if !seen.is_fresh(app.clock.now()) {
        return Ok(super::to_confirm(PLACE));
    }
    let (caller, slug) = (seen.caller()?, segments.text(0));
    let place = app
        .accounts
        .oidc_link_start(&caller, slug, &seen.browser)
        .await?;
    Ok(away(place.as_str()))
}

/// Takes a link to a provider away.
pub(crate) async fn unlink(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let tried = app
        .accounts
        .oidc_unlink(&form.caller()?, form.number("id")?)
        .await;
    ended(&app, &form, tried, "provider-removed").await
}

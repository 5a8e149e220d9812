//! Links that lead to an account: set-up, sign-up, a confirmed address, a new password, an
//! invitation. A link is looked at when its page is opened and used up only when its form is sent:
//! what opens links by itself (mail scanners do) spends nothing.

use std::sync::Arc;

use accounts::{EmailTicket, NewPerson, PASSWORD_LETTERS_MIN, SignUp};
use axum::extract::State;
use axum::response::Response;

use super::{back, device, enter, status};
use crate::app::App;
use crate::form::Form;
use crate::identity::{Seen, Visitor};
use crate::problem::{ApiError, Kind};
use crate::query::Segments;
use crate::rooms::frame::{Frame, done};
use crate::rooms::refusals::Refusal as _;
use crate::rooms::view::{Ask, Block, Field, Kind as Input, Wrong};

fn name_field(value: &str) -> Field {
    Field::new("name", "Your name", Input::Text)
        .value(value)
        .hint("As others here will see it.")
        .fills("name")
        .required()
}

fn email_field(value: &str) -> Field {
    Field::new("email", "E-mail", Input::Email)
        .value(value)
        .fills("email")
        .required()
}

fn password_field() -> Field {
    const _: () = assert!(PASSWORD_LETTERS_MIN == 12, "the hint below names it");
    Field::new("password", "Password", Input::Password)
        .hint("At least 12 characters. Length counts, riddles do not.")
        .fills("new-password")
        .required()
}

fn spent() -> ApiError {
    ApiError::plain(Kind::TicketSpent)
}

/// The page of the link that the server printed at its first start.
pub(crate) async fn setup_page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    if !app.accounts.is_setup_ticket(segments.text(0)).await? {
        return Err(spent());
    }
    Ok(setup(&app, &seen, segments.text(0), ["", ""], None))
}

fn setup(
    app: &App,
    visitor: &Visitor,
    ticket: &str,
    [named, mail]: [&str; 2],
    wrong: Option<&Wrong>,
) -> Response {
    let ask = Ask::new(format!("/setup/{ticket}"), "Make the first account")
        .field(name_field(named).first())
        .field(email_field(mail))
        .field(password_field())
        .wrong(wrong);
    Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "This installation is yours",
        "You hold the link that was printed once. It makes the first account: an administrator, who can do everything and invite others.",
        vec![Block::Form(ask)],
        Vec::new(),
    )
}

/// Makes the first account.
pub(crate) async fn set_up(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let (named, mail) = (form.text("name"), form.text("email"));
    let person = NewPerson {
        name: named.to_owned(),
        email: mail.to_owned(),
        password: form.raw("password").to_owned(),
    };
    let ticket = segments.text(0);
    match app
        .accounts
        .set_up(ticket, person, &device(&form), &form.actor)
        .await
    {
        Ok(signed_in) => {
            let mut response = enter(&form, &signed_in, "/admin");
            let flash = done(&form, "/admin", "welcome");
            response.headers_mut().extend(
                flash
                    .headers()
                    .iter()
                    .filter(|(header, _)| *header == http::header::SET_COOKIE)
                    .map(|(header, value)| (header.clone(), value.clone())),
            );
            Ok(response)
        }
        Err(error) => {
            let wrong = error.at_form()?;
            Ok(setup(&app, &form, ticket, [named, mail], Some(&wrong)))
        }
    }
}

/// Asks for name and address, where everybody may make an account.
pub(crate) async fn sign_up_page(
    State(app): State<Arc<App>>,
    seen: Seen,
) -> Result<Response, ApiError> {
    if app.accounts.settings().sign_up != SignUp::Open {
        return Ok(Frame::at(&app, &seen, "").show_door(
            "By invitation",
            "Accounts here are made by invitation. Whoever keeps this server can send you one.",
            Vec::new(),
            back(),
        ));
    }
    Ok(sign_up_form(&app, &seen, ["", ""], None))
}

fn sign_up_form(
    app: &App,
    visitor: &Visitor,
    [named, mail]: [&str; 2],
    wrong: Option<&Wrong>,
) -> Response {
    let ask = Ask::new("/sign-up", "Send me the link")
        .field(name_field(named).first())
        .field(email_field(mail))
        .wrong(wrong);
    Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "Make an account",
        "A link comes by mail, to show that the address is yours. The password is chosen there.",
        vec![Block::Form(ask)],
        back(),
    )
}

/// Sends the link.
pub(crate) async fn sign_up(State(app): State<Arc<App>>, form: Form) -> Result<Response, ApiError> {
    let (named, mail) = (form.text("name"), form.text("email"));
    match app.accounts.sign_up(named, mail, &form.actor).await {
        Ok(()) => Ok(on_its_way(&app, &form, mail)),
        Err(error) => {
            let wrong = error.at_form()?;
            Ok(sign_up_form(&app, &form, [named, mail], Some(&wrong)))
        }
    }
}

/// The same words whether there is such an account or not.
fn on_its_way(app: &App, visitor: &Visitor, mail: &str) -> Response {
    Frame::at(app, visitor, "").show_door(
        "Look into your mail",
        format!("A letter to {mail} is on its way, if there is something to tell. Its link works once, for an hour."),
        Vec::new(),
        back(),
    )
}

/// The page of a link about an address.
pub(crate) async fn email_page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    email_form(&app, &seen, segments.text(0), None).await
}

async fn email_form(
    app: &App,
    visitor: &Visitor,
    ticket: &str,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let action = format!("/verify-email/{ticket}");
    let (title, lede, ask) = match app.accounts.email_ticket(ticket).await?.ok_or_else(spent)? {
        EmailTicket::SignUp { name, email } => (
            "Welcome",
            format!("{name}, {email} is yours. Choose a password, and the account is made."),
            Ask::new(action, "Make the account").field(password_field().first()),
        ),
        EmailTicket::Change { email } => (
            "A new address",
            format!("From now on, {email} is the address of your account."),
            Ask::new(action, "Use this address"),
        ),
    };
    let blocks = vec![Block::Form(ask.wrong(wrong))];
    Ok(Frame::at(app, visitor, "")
        .status(status(wrong))
        .show_door(title, lede, blocks, back()))
}

/// Carries out what the link is for.
pub(crate) async fn email(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let ticket = segments.text(0);
    let tried = match app.accounts.email_ticket(ticket).await?.ok_or_else(spent)? {
        EmailTicket::SignUp { .. } => {
            let password = form.raw("password");
            let made = app
                .accounts
                .complete_sign_up(ticket, password, &device(&form), &form.actor)
                .await;
            made.map(|signed_in| enter(&form, &signed_in, ""))
        }
        EmailTicket::Change { .. } => {
            let changed = app.accounts.confirm_email(ticket, &form.actor).await;
            changed.map(|_| done(&form, "/sign-in?next=/account", "email-verified"))
        }
    };
    match tried {
        Ok(response) => Ok(response),
        Err(error) => email_form(&app, &form, ticket, Some(&error.at_form()?)).await,
    }
}

/// Asks whose password is forgotten.
pub(crate) async fn reset_page(State(app): State<Arc<App>>, seen: Seen) -> Response {
    reset_form(&app, &seen, "", None)
}

fn reset_form(app: &App, visitor: &Visitor, mail: &str, wrong: Option<&Wrong>) -> Response {
    let ask = Ask::new("/reset", "Send me a link")
        .field(email_field(mail).first())
        .wrong(wrong);
    Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "A new password",
        "A link comes by mail. It ends every session of the account; a second factor stays.",
        vec![Block::Form(ask)],
        back(),
    )
}

/// Sends the link.
pub(crate) async fn ask_reset(
    State(app): State<Arc<App>>,
    form: Form,
) -> Result<Response, ApiError> {
    let mail = form.text("email");
    match app.accounts.ask_reset(mail, &form.actor).await {
        Ok(()) => Ok(on_its_way(&app, &form, mail)),
        Err(error) => Ok(reset_form(&app, &form, mail, Some(&error.at_form()?))),
    }
}

/// The page of the link that sets a new password.
pub(crate) async fn new_password_page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    new_password_form(&app, &seen, segments.text(0), None).await
}

async fn new_password_form(
    app: &App,
    visitor: &Visitor,
    ticket: &str,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let mail = app.accounts.reset_ticket(ticket).await?.ok_or_else(spent)?;
    let ask = Ask::new(format!("/reset/{ticket}"), "Set the password")
        .field(password_field().first())
        .wrong(wrong);
    Ok(Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "Choose a new password",
        format!("For {mail}. All sessions of the account end with it."),
        vec![Block::Form(ask)],
        back(),
    ))
}

/// Sets the new password.
pub(crate) async fn new_password(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let ticket = segments.text(0);
    match app
        .accounts
        .reset_password(ticket, form.raw("password"), &form.actor)
        .await
    {
        Ok(()) => Ok(done(&form, "/sign-in", "password-reset")),
        Err(error) => new_password_form(&app, &form, ticket, Some(&error.at_form()?)).await,
    }
}

/// The page of an invitation.
pub(crate) async fn invitation_page(
    State(app): State<Arc<App>>,
    seen: Seen,
    segments: Segments,
) -> Result<Response, ApiError> {
    invitation(&app, &seen, segments.text(0), "", None).await
}

async fn invitation(
    app: &App,
    visitor: &Visitor,
    ticket: &str,
    named: &str,
    wrong: Option<&Wrong>,
) -> Result<Response, ApiError> {
    let invitation = app.accounts.invitation(ticket).await?.ok_or_else(spent)?;
    let roles: Vec<&str> = invitation
        .roles
        .iter()
        .map(|role| role.name.as_str())
        .collect();
    let ask = Ask::new(format!("/invitation/{ticket}"), "Accept the invitation")
        .field(name_field(named).first())
        .field(password_field())
        .wrong(wrong);
    Ok(Frame::at(app, visitor, "").status(status(wrong)).show_door(
        "You are invited",
        format!(
            "{} gets an account here, as {}.",
            invitation.email,
            roles.join(" and ")
        ),
        vec![Block::Form(ask)],
        Vec::new(),
    ))
}

/// Accepts it.
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    segments: Segments,
    form: Form,
) -> Result<Response, ApiError> {
    let (ticket, named) = (segments.text(0), form.text("name"));
    let made = app
        .accounts
        .accept_invitation(
            ticket,
            named,
            form.raw("password"),
            &device(&form),
            &form.actor,
        )
        .await;
    match made {
        Ok(signed_in) => Ok(enter(&form, &signed_in, "")),
        Err(error) => invitation(&app, &form, ticket, named, Some(&error.at_form()?)).await,
    }
}

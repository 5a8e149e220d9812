//! Letters about an account.

use std::net::IpAddr;
use std::time::Duration;

use base::UnixMicros;

use super::{House, Letter, Part, Words, moment, quoted, span};

/// Somebody who may invites somebody.
#[derive(Clone, Debug)]
pub struct Invitation<'a> {
    /// The name of whoever invites.
    pub by: &'a str,
    /// Where the invitation is taken; holds its secret.
    pub link: &'a str,
    /// How long it is good.
    pub valid: Duration,
}

impl Letter for Invitation<'_> {
    const ABOUT: &'static str = "invitation";

    fn words(&self, house: &House) -> Words {
        let (by, valid) = (quoted(self.by), span(self.valid));
        Words {
            subject: format!("You are invited to {}", house.name),
            parts: vec![
                Part::Says(format!(
                    "{by} invites you to {}, where knowledge is kept so that it can be proved when it was known.",
                    house.name
                )),
                Part::Action {
                    label: "Take the invitation",
                    url: self.link.to_owned(),
                },
                Part::Aside(format!(
                    "The link is good for {valid}, and once. Who has it can take the invitation: do not pass it on."
                )),
            ],
        }
    }
}

/// Whoever gave this address has to show that it is theirs.
#[derive(Clone, Debug)]
pub struct VerifyEmail<'a> {
    /// Where that is shown; holds the secret.
    pub link: &'a str,
    /// How long it is good.
    pub valid: Duration,
}

impl Letter for VerifyEmail<'_> {
    const ABOUT: &'static str = "verify-email";

    fn words(&self, house: &House) -> Words {
        let valid = span(self.valid);
        Words {
            subject: format!("Confirm your address for {}", house.name),
            parts: vec![
                Part::Says(format!(
                    "Somebody, probably you, gave this address to {}.",
                    house.name
                )),
                Part::Action {
                    label: "This is my address",
                    url: self.link.to_owned(),
                },
                Part::Aside(format!(
                    "The link is good for {valid}. If it was not you, do nothing: the address is not used then."
                )),
            ],
        }
    }
}

/// A new password can be set.
#[derive(Clone, Debug)]
pub struct ResetPassword<'a> {
    /// Where it is set; holds the secret.
    pub link: &'a str,
    /// How long it is good.
    pub valid: Duration,
    /// From where it was asked for.
    pub address: Option<IpAddr>,
}

impl Letter for ResetPassword<'_> {
    const ABOUT: &'static str = "reset-password";

    fn words(&self, house: &House) -> Words {
        let valid = span(self.valid);
        let mut parts = vec![
            Part::Says(format!(
                "Somebody, probably you, wants to set a new password for your account at {}.",
                house.name
            )),
            Part::Action {
                label: "Set a new password",
                url: self.link.to_owned(),
            },
        ];
        if let Some(address) = self.address {
            parts.push(Part::Facts(vec![("Asked for from", address.to_string())]));
        }
        parts.push(Part::Aside(format!(
            "The link is good for {valid}, and once. If it was not you, do nothing: your password \
             stays as it is."
        )));
        Words {
            subject: format!("A new password for {}", house.name),
            parts,
        }
    }
}

/// The account's address became another one; goes to the old one.
#[derive(Clone, Debug)]
pub struct EmailChanged<'a> {
    /// The new address.
    pub new: &'a str,
    /// When.
    pub at: UnixMicros,
    /// From where; `None` for the product itself.
    pub address: Option<IpAddr>,
}

impl Letter for EmailChanged<'_> {
    const ABOUT: &'static str = "email-changed";

    fn words(&self, house: &House) -> Words {
        let mut facts = vec![("New address", quoted(self.new))];
        facts.extend(circumstances(self.at, self.address));
        changed(
            format!("Your address at {} was changed", house.name),
            format!(
                "Your account at {} has another e-mail address now. This is the last letter to the old one.",
                house.name
            ),
            facts,
        )
    }
}

/// The account's password became another one.
#[derive(Clone, Debug)]
pub struct PasswordChanged {
    /// When.
    pub at: UnixMicros,
    /// From where; `None` for the product itself.
    pub address: Option<IpAddr>,
}

impl Letter for PasswordChanged {
    const ABOUT: &'static str = "password-changed";

    fn words(&self, house: &House) -> Words {
        changed(
            format!("Your password at {} was changed", house.name),
            format!("Your account at {} has a new password.", house.name),
            circumstances(self.at, self.address),
        )
    }
}

/// A passkey, an authenticator or recovery codes came or went.
#[derive(Clone, Debug)]
pub struct SecondFactorChanged<'a> {
    /// What happened, as a sentence: `The passkey "Phone" was removed.`
    pub what: &'a str,
    /// When.
    pub at: UnixMicros,
    /// From where; `None` for the product itself.
    pub address: Option<IpAddr>,
}

impl Letter for SecondFactorChanged<'_> {
    const ABOUT: &'static str = "second-factor-changed";

    fn words(&self, house: &House) -> Words {
        changed(
            format!("How you sign in to {} was changed", house.name),
            quoted(self.what),
            circumstances(self.at, self.address),
        )
    }
}

/// Somebody wanted to make an account with an address that has one: the page did not say so, this
/// letter does.
#[derive(Clone, Debug)]
pub struct AccountExists<'a> {
    /// The page to sign in.
    pub sign_in: &'a str,
}

impl Letter for AccountExists<'_> {
    const ABOUT: &'static str = "account-exists";

    fn words(&self, house: &House) -> Words {
        Words {
            subject: format!("You have an account at {}", house.name),
            parts: vec![
                Part::Says(format!(
                    "Somebody, probably you, wanted to make an account at {} with this address. You have one already.",
                    house.name
                )),
                Part::Action {
                    label: "Sign in",
                    url: self.sign_in.to_owned(),
                },
                Part::Aside(
                    "If you forgot your password, you can set a new one there. If it was not you, nothing has to be done.".into(),
                ),
            ],
        }
    }
}

fn circumstances(at: UnixMicros, address: Option<IpAddr>) -> Vec<(&'static str, String)> {
    let mut facts = vec![("When", moment::utc(at))];
    if let Some(address) = address {
        facts.push(("From", address.to_string()));
    }
    facts
}

fn changed(subject: String, says: String, facts: Vec<(&'static str, String)>) -> Words {
    Words {
        subject,
        parts: vec![
            Part::Says(says),
            Part::Facts(facts),
            Part::Says("If that was not you, set a new password at once and tell whoever administers this installation.".into()),
        ],
    }
}

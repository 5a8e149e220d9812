//! Letters about signing in.

use std::net::IpAddr;
use std::time::Duration;

use base::UnixMicros;

use super::{House, Letter, Part, Words, moment, quoted, span};

/// A code that signs in.
#[derive(Clone, Debug)]
pub struct SignInCode<'a> {
    /// The code, as it is typed.
    pub code: &'a str,
    /// How long it is good.
    pub valid: Duration,
    /// From where it was asked for.
    pub address: Option<IpAddr>,
}

impl Letter for SignInCode<'_> {
    const ABOUT: &'static str = "sign-in-code";

    fn words(&self, house: &House) -> Words {
        let valid = span(self.valid);
        let mut parts = vec![
            Part::Says(format!("Type this code to sign in to {}:", house.name)),
            Part::Code(self.code.to_owned()),
            Part::Says(format!("It is good for {valid}, and once.")),
        ];
        if let Some(address) = self.address {
            parts.push(Part::Facts(vec![("Asked for from", address.to_string())]));
        }
        parts.push(Part::Aside(
            "We will never ask you for it. If you did not want to sign in, do nothing: \
             without the code nobody gets in."
                .into(),
        ));
        Words {
            // The code is not in the subject: those are shown on locked screens.
            subject: format!("Your code to sign in to {}", house.name),
            parts,
        }
    }
}

/// Somebody signed in from a device that was not seen before.
#[derive(Clone, Debug)]
pub struct NewSignIn<'a> {
    /// When.
    pub at: UnixMicros,
    /// What the device calls itself.
    pub device: &'a str,
    /// From where.
    pub address: Option<IpAddr>,
    /// The page where sessions are ended.
    pub link: &'a str,
}

impl Letter for NewSignIn<'_> {
    const ABOUT: &'static str = "new-sign-in";

    fn words(&self, house: &House) -> Words {
        let mut facts = vec![
            ("When", moment::utc(self.at)),
            ("Device", quoted(self.device)),
        ];
        if let Some(address) = self.address {
            facts.push(("Address", address.to_string()));
        }
        Words {
            subject: format!("New sign-in to {}", house.name),
            parts: vec![
                Part::Says("Your account was signed in to from a device that it had not been used on before.".into()),
                Part::Facts(facts),
                Part::Says("If that was you, nothing has to be done. If not, end that session and change your password.".into()),
                Part::Action {
                    label: "Look at your sessions",
                    url: self.link.to_owned(),
                },
            ],
        }
    }
}

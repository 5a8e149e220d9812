//! `[mail]`, `[sms]`, `[push]`: how words leave this machine.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use egress::mail::{Sender, is_address, is_this_machine};
use notify::gateway::{self, Template};

use super::human::Span;

/// `[mail]`: the server that takes our mail.
#[derive(Args, Clone, Debug)]
pub(crate) struct Mail {
    /// Mail server that letters are handed to; without one they are kept for the administrator's room
    #[arg(id = "mail.host", long, value_name = "HOST")]
    pub(crate) host: Option<String>,

    /// Its port; default: 587 for starttls, 465 for tls, 25 for none
    #[arg(id = "mail.port", long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,

    /// How the connection is encrypted
    ///
    /// Nothing is sent when that fails; `none` is for a server on this machine only.
    #[arg(
        id = "mail.security",
        long,
        value_name = "HOW",
        default_value = "starttls"
    )]
    pub(crate) security: MailSecurity,

    /// File with certificates (PEM) that may vouch for the server, instead of the public ones
    #[arg(id = "mail.ca_file", long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Name under which we sign in to it
    #[arg(id = "mail.user", long, value_name = "NAME")]
    pub(crate) user: Option<String>,

    /// File with the password to it
    #[arg(id = "mail.password_file", long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Who the letters are from: an address, or "Name <address>"
    #[arg(id = "mail.from", long, value_name = "FROM", value_parser = sender)]
    pub(crate) from: Option<Sender>,

    /// How we introduce ourselves to it; default: this machine's name
    #[arg(id = "mail.hello", long, value_name = "NAME")]
    pub(crate) hello: Option<String>,

    /// Longest silence of the server
    #[arg(id = "mail.timeout", long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: Span,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MailSecurity {
    /// In the clear at first, then encrypted, or nothing is sent.
    Starttls,
    /// From the first byte.
    Tls,
    /// Never: a server on this machine.
    None,
}

/// A provider's request. Both gateways have the same settings under their own names.
macro_rules! gateway {
    ($name:ident, $section:literal, $section_doc:literal, $url_doc:literal) => {
        #[doc = $section_doc]
        #[derive(Args, Clone, Debug)]
        pub(crate) struct $name {
            #[doc = $url_doc]
            #[doc = ""]
            #[doc = "In url, headers and body, `{to}` is the receiver, `{text}` the message, `{id}` the same in every attempt at one message, `{secret}` what is in `secret_file`; each is escaped by its place."]
            #[arg(id = concat!($section, ".url"), long, value_name = "URL", hide_env_values = true)]
            pub(crate) url: Option<String>,

            /// Method of the request: POST, PUT or GET
            #[arg(id = concat!($section, ".method"), long, value_name = "METHOD", default_value = "POST")]
            pub(crate) method: String,

            /// Headers of the request, each "Name: value"
            #[arg(id = concat!($section, ".headers"), long, value_name = "HEADER,…", value_delimiter = ',', action = ArgAction::Set, hide_env_values = true)]
            pub(crate) headers: Vec<String>,

            /// Body of the request, of the type that a Content-Type header names; JSON without one
            #[arg(id = concat!($section, ".body"), long, value_name = "TEXT", hide_env_values = true)]
            pub(crate) body: Option<String>,

            /// File with what proves to the provider who we are
            #[arg(id = concat!($section, ".secret_file"), long, value_name = "FILE")]
            pub(crate) secret_file: Option<PathBuf>,
        }

        impl $name {
            /// The request, with `secret` in its place; `None` when the gateway is not set.
            pub(crate) fn template(
                &self,
                secret: Option<String>,
            ) -> Result<Option<Template>, gateway::BadTemplate> {
                let Some(url) = &self.url else { return Ok(None) };
                let headers: Result<Vec<_>, _> =
                    self.headers.iter().map(|text| gateway::header(text)).collect();
                let template = Template {
                    method: self.method.to_ascii_uppercase(),
                    url: url.clone(),
                    headers: headers?,
                    body: self.body.clone().unwrap_or_default(),
                    secret,
                };
                template.check()?;
                Ok(Some(template))
            }

            /// What is wrong with it, but for the secret file.
            fn fault(&self) -> Option<String> {
                let secret = self.secret_file.as_ref().map(|_| "secret".to_owned());
                let bad = self.template(secret).err()?;
                Some(format!(concat!("[", $section, "]: {}"), bad))
            }
        }
    };
}

gateway!(
    Sms,
    "sms",
    "`[sms]`: the provider that carries short messages to phones.",
    "Address of the provider of short messages; without it they are kept for the administrator's room"
);
gateway!(
    Push,
    "push",
    "`[push]`: the provider that carries push messages.",
    "Address of the provider of push messages; without it they are kept for the administrator's room"
);

impl Mail {
    /// What is wrong with the settings together.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, why: &str| {
            if !holds {
                faults.push(why.to_owned());
            }
        };
        must(
            self.host.is_some() == self.from.is_some(),
            "[mail] host and from go together: give both or none",
        );
        must(
            self.user.is_some() == self.password_file.is_some(),
            "[mail] user and password_file go together: give both or none",
        );
        must(
            self.security != MailSecurity::None || self.host.as_deref().is_none_or(is_this_machine),
            "[mail] security none is for a server on this machine only",
        );
        must(
            (1_000..=300_000).contains(&self.timeout.0.as_millis()),
            "[mail] timeout must lie between 1s and 5m",
        );
        faults
    }

    /// The port, where it is not given by the kind of encryption.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            MailSecurity::Starttls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::None => 25,
        })
    }
}

/// What is wrong with the gateways.
pub(super) fn gateway_faults(sms: &Sms, push: &Push) -> Vec<String> {
    [sms.fault(), push.fault()].into_iter().flatten().collect()
}

/// `Name <address>`, or the address alone.
fn sender(text: &str) -> Result<Sender, String> {
    let (name, address) = match text.trim().strip_suffix('>') {
        Some(text) => text.rsplit_once('<').unwrap_or(("", text)),
        None => ("", text),
    };
    let (name, address) = (name.trim().trim_matches('"').trim(), address.trim());
    if !is_address(address) || name.chars().any(char::is_control) {
        return Err("write an address, or \"Name <log@example.org>\"".into());
    }
    Ok(Sender {
        name: (!name.is_empty()).then(|| name.to_owned()),
        address: address.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        let check = |text: &str, name: Option<&str>, address: &str| {
            let expected = Sender {
                name: name.map(str::to_owned),
                address: address.to_owned(),
            };
            assert_eq!(sender(text).unwrap(), expected, "{text}");
        };
        check("log@example.org", None, "log@example.org");
        check("<log@example.org>", None, "log@example.org");
        check(
            "The Log <log@example.org>",
            Some("The Log"),
            "log@example.org",
        );
        check(
            "\"Log, Ltd.\" <log@example.org>",
            Some("Log, Ltd."),
            "log@example.org",
        );
        for bad in [
            "",
            "log",
            "Log <log>",
            "Log <a@example.org",
            "a@example.org, b@example.org",
        ] {
            assert!(sender(bad).is_err(), "{bad:?}");
        }
    }
}

//! The second factor: codes of an authenticator app (RFC 6238), and recovery codes.

use base::{Actor, Unavailable};
use totp_rs::{Builder, Totp};

use crate::accounts::target;
use crate::records::{TotpRecord, UserRecord};
use crate::secret::from_alphabet;
use crate::temporary::{NewTicket, TicketKind};
use crate::{Accounts, Caller, Letter, OwnError, Secret, SecretHash};

/// Bytes of a key: what RFC 4226 §4 recommends for SHA-1.
const KEY_BYTES: usize = 20;
/// Seconds of one step.
const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one whose code is taken too: phones' clocks differ.
const SKEW_STEPS: u64 = 1;
/// How often the first code may be wrong.
const CONFIRM_ATTEMPTS: u32 = 10;
/// Recovery codes of an account, and letters of each: 80 bits.
const RECOVERY_CODES: usize = 10;
const RECOVERY_LETTERS: usize = 16;
/// Crockford's base 32: no letter looks like another.
const RECOVERY_ALPHABET: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// An authenticator app that is to be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpSetUp {
    /// Handed back with the first code; good for a short while.
    pub challenge: Secret,
    /// The key in base 32, for those who type it.
    pub key: Secret,
    /// `otpauth://totp/…`, for those who scan it.
    pub url: Secret,
}

impl Accounts {
    /// Makes a key for an authenticator app. Nothing changes until [`Self::totp_confirm`]. Needs a
    /// fresh session.
    pub async fn totp_start(&self, caller: &Caller) -> Result<TotpSetUp, OwnError> {
        self.require_fresh(caller)?;
        let owner = self.own(caller).await?;
        let mut key = [0; KEY_BYTES];
        self.entropy.fill(&mut key);
        let challenge = Secret::make(&*self.entropy);
        let sealed = self
            .sealing_key
            .seal(&key, &context(&owner), &*self.entropy);
        let ticket = NewTicket {
            kind: TicketKind::Totp,
            secret: challenge.hash(),
            user: Some(owner.user.id),
            payload: encoded(&sealed),
            attempts: CONFIRM_ATTEMPTS,
            expires_at: self.now().plus(self.settings.code_lifetime),
        };
        self.store.put_ticket(ticket, true).await?;
        let key = totp_rs::Secret::from(key.to_vec()).to_base32();
        Ok(TotpSetUp {
            challenge,
            url: Secret::new(self.otpauth(owner.user.email.as_str(), &key)),
            key: Secret::new(key),
        })
    }

    /// `otpauth://totp/Product:eve@example.org?secret=…&issuer=Product`, as apps read it.
    fn otpauth(&self, email: &str, key: &str) -> String {
        let product = &self.settings.product;
        let mut url = url::Url::parse("otpauth://totp").expect("an address");
        url.set_path(&format!("/{product}:{email}"));
        url.query_pairs_mut().append_pair("secret", key);
        // Apps read blanks as %20, forms write them as +.
        let issuer = product.replace(' ', "%20");
        format!("{url}&issuer={issuer}")
    }

    /// Turns the second factor on, once a code shows that the app has the key. Returns ten recovery
    /// codes, shown this once; older ones are void.
    pub async fn totp_confirm(
        &self,
        caller: &Caller,
        challenge: &str,
        code: &str,
    ) -> Result<Vec<Secret>, OwnError> {
        let secret = SecretHash::of(challenge);
        let kind = TicketKind::Totp;
        let ticket = self.store.try_ticket(kind, secret, self.now()).await?;
        let ticket = ticket.filter(|ticket| ticket.user == Some(caller.user.id));
        let ticket = ticket.ok_or(OwnError::Expired)?;
        let owner = self.own(caller).await?;
        let sealed = decoded(&ticket.payload).ok_or(OwnError::Expired)?;
        let step = self
            .step_of(&owner, &sealed, code)?
            .ok_or(OwnError::Wrong)?;
        if self
            .store
            .take_ticket(kind, secret, self.now())
            .await?
            .is_none()
        {
            return Err(OwnError::Expired);
        }
        let (codes, hashes) = self.recovery_codes();
        let totp = TotpRecord {
            sealed,
            last_step: step,
        };
        let entry = self.entry(
            &caller.actor,
            "totp.add",
            target("user", owner.user.id.0),
            vec![],
        );
        if !self
            .store
            .put_totp(owner.user.id, totp, hashes, entry)
            .await?
        {
            return Err(OwnError::Unknown);
        }
        self.factor_changed(caller, "An authenticator app was added")
            .await;
        Ok(codes)
    }

    /// Turns the second factor off. Needs a fresh session.
    pub async fn totp_remove(&self, caller: &Caller) -> Result<(), OwnError> {
        self.require_fresh(caller)?;
        let user = caller.user.id;
        let entry = self.entry(&caller.actor, "totp.remove", target("user", user.0), vec![]);
        if !self.store.delete_totp(user, entry).await? {
            return Err(OwnError::Unknown);
        }
        self.factor_changed(caller, "The authenticator app was removed")
            .await;
        Ok(())
    }

    /// Ten new recovery codes, shown this once; older ones are void. Needs a fresh session.
    pub async fn new_recovery_codes(&self, caller: &Caller) -> Result<Vec<Secret>, OwnError> {
        self.require_fresh(caller)?;
        let user = caller.user.id;
        let (codes, hashes) = self.recovery_codes();
        let whose = target("user", user.0);
        let entry = self.entry(&caller.actor, "recovery-codes.make", whose, vec![]);
        if !self.store.put_recovery_codes(user, hashes, entry).await? {
            return Err(OwnError::Unknown);
        }
        self.factor_changed(caller, "New recovery codes were made")
            .await;
        Ok(codes)
    }

    /// After a change of what opens the caller's account.
    pub(crate) async fn factor_changed(&self, caller: &Caller, what: &'static str) {
        self.written();
        self.rights_changed(Some(caller.user.id)).await;
        self.post_to(caller, Letter::FactorChanged { what });
    }

    /// Whether this is the app's code, of a step that was not used yet; uses it.
    pub(crate) async fn check_totp(
        &self,
        owner: &UserRecord,
        code: &str,
    ) -> Result<bool, Unavailable> {
        let Some(record) = self.store.totp(owner.user.id).await? else {
            return Ok(false);
        };
        match self.step_of(owner, &record.sealed, code)? {
            Some(step) => self.store.use_totp_step(owner.user.id, step).await,
            None => Ok(false),
        }
    }

    /// The step whose code this is, within the allowed skew.
    fn step_of(
        &self,
        owner: &UserRecord,
        sealed: &[u8],
        code: &str,
    ) -> Result<Option<u64>, Unavailable> {
        let key = self
            .sealing_key
            .open(sealed, &context(owner))
            .ok_or_else(|| {
                let why = "an authenticator app's key was sealed with another key file";
                Unavailable::new("the key file", why)
            })?;
        let digits: String = code
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect();
        let now = u64::try_from(self.now().0 / 1_000_000).unwrap_or(0);
        let present = now / STEP_SECONDS;
        let totp = totp(&key);
        let steps = present.saturating_sub(SKEW_STEPS)..=present + SKEW_STEPS;
        // All of them are computed, whichever fits.
        let fitting = steps.filter(|step| {
            let expected = totp.generate(step * STEP_SECONDS).to_string();
            crate::secret::equal(expected.as_bytes(), digits.as_bytes())
        });
        Ok(fitting.max())
    }

    /// Uses a recovery code, once.
    pub(crate) async fn check_recovery(
        &self,
        owner: &UserRecord,
        code: &str,
        actor: &Actor,
    ) -> Result<bool, Unavailable> {
        let user = owner.user.id;
        let hash = SecretHash::of(&plain(code));
        let entry = self.entry(actor, "recovery-code.use", target("user", user.0), vec![]);
        let was_there = self.store.use_recovery_code(user, hash, entry).await?;
        if was_there {
            self.written();
        }
        Ok(was_there)
    }

    fn recovery_codes(&self) -> (Vec<Secret>, Vec<SecretHash>) {
        let codes = (0..RECOVERY_CODES).map(|_| {
            let letters = from_alphabet(&*self.entropy, RECOVERY_ALPHABET, RECOVERY_LETTERS);
            let groups = letters.as_bytes().chunks(4);
            let groups: Vec<&str> = groups
                .filter_map(|it| std::str::from_utf8(it).ok())
                .collect();
            (Secret::new(groups.join("-")), SecretHash::of(&letters))
        });
        codes.unzip()
    }
}

/// A key is bound to its account: moved to another one, it opens nothing.
fn context(owner: &UserRecord) -> String {
    format!("totp {}", owner.user.id.0)
}

fn totp(key: &[u8]) -> Totp {
    // Skew is handled by us: we must know which step it was.
    Builder::new()
        .with_secret(key.to_vec())
        .with_skew(0)
        .with_step_duration(STEP_SECONDS)
        .build_noncompliant()
}

/// A recovery code as it is hashed, however it was typed.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(|letter| letter.is_alphanumeric());
    letters
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}

fn encoded(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(text)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B has eight digits; its last six are what apps show.
    #[test]
    fn codes_are_those_of_the_standard() {
        let totp = totp(b"12345678901234567890");
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.generate(time).to_string(), code);
        }
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        assert_eq!(plain(" 0ABC-defg O1il "), "0abcdefg0111");
    }
}

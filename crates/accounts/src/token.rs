//! API tokens, and what an `Authorization` header opens.
//!
//! A token reads `indl_<id>_<secret>`: its beginning lets scanners find it where it leaked, its last
//! six letters are a checksum, so that they need not ask us and typing errors cost no read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Actor, ApiTokenId, Unavailable, UnixMicros, UserId, Who};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::accounts::{made, principal, target};
use crate::records::{Inserted, TokenUse};
use crate::secret::{base62, equal, in_base62};
use crate::{
    Accounts, AdminError, ApiToken, AuthError, Authenticated, Caller, Invalid, NewToken, OwnError,
    Page, PermissionSet, Secret, SecretHash, SignInError, invalid,
};

const PREFIX: &str = "indl_";
/// 32 letters of base 62 are 190 bits.
const SECRET_LETTERS: usize = 32;
const CHECKSUM_LETTERS: usize = 6;
/// The last use is noted at most this often.
const NOTED_EVERY: Duration = Duration::from_mins(1);
/// Most tokens of one account.
const TOKENS_MAX: usize = 100;
/// Longest header that is looked at.
const HEADER_BYTES_MAX: usize = 4 * 1024;

impl Accounts {
    /// Who an `Authorization` header is: `Bearer` or `Token` with a token, or `Basic` with address
    /// and password. Tokens cost no slow hash and in the common case no read of the store.
    pub async fn authenticate(
        &self,
        header: &str,
        address: Option<IpAddr>,
    ) -> Result<Authenticated, AuthError> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(AuthError::Malformed);
        }
        let (scheme, shown) = header.trim().split_once(' ').ok_or(AuthError::Malformed)?;
        let shown = shown.trim_start();
        let now = self.now();
        let key = SecretHash::of(header);
        if let Some((known, expires_at)) = self.headers.get(key, now) {
            let over = expires_at.is_some_and(|end| now >= end);
            return if over {
                Err(AuthError::Wrong)
            } else {
                Ok(known)
            };
        }
        let began = self.headers.begin();
        let (found, expires_at) = if scheme.eq_ignore_ascii_case("basic") {
            (self.by_password(shown, address).await?, None)
        } else if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
            self.by_token(shown, address).await?
        } else {
            return Err(AuthError::Malformed);
        };
        let answer = (found.clone(), expires_at);
        self.headers.put(began, key, answer, found.user.id, now);
        Ok(found)
    }

    async fn by_token(
        &self,
        shown: &str,
        address: Option<IpAddr>,
    ) -> Result<(Authenticated, Option<UnixMicros>), AuthError> {
        let (id, secret) = parse(shown).ok_or(AuthError::Wrong)?;
        let record = self.store.token(id).await?.ok_or(AuthError::Wrong)?;
        let now = self.now();
        let token = record.token;
        let over = token.expires_at.is_some_and(|end| now >= end);
        if !equal(&SecretHash::of(secret).0, &record.secret.0) || over {
            return Err(AuthError::Wrong);
        }
        let owner = self.record_of(token.user).await?.ok_or(AuthError::Wrong)?;
        if !owner.user.enabled {
            return Err(AuthError::Wrong);
        }
        if token
            .used_at
            .is_none_or(|used| now.since(used) >= NOTED_EVERY)
        {
            let noted = TokenUse {
                token: id,
                at: now,
                address,
            };
            self.store.use_tokens(vec![noted]).await?;
        }
        let mut user = principal(&owner);
        if let Some(limit) = token.permissions {
            user.permissions = user.permissions.and(limit);
        }
        let found = Authenticated {
            who: Who::Program(token.user, id),
            user: Arc::new(user),
        };
        Ok((found, token.expires_at))
    }

    async fn by_password(
        &self,
        shown: &str,
        address: Option<IpAddr>,
    ) -> Result<Authenticated, AuthError> {
        let decoded = STANDARD.decode(shown).map_err(|_| AuthError::Malformed)?;
        let text = String::from_utf8(decoded).map_err(|_| AuthError::Malformed)?;
        let (email, password) = text.split_once(':').ok_or(AuthError::Malformed)?;
        let actor = Actor {
            who: Who::Stranger,
            address,
            request: None,
        };
        let owner = match self.check_password(email, password, &actor).await {
            Ok(owner) => owner,
            Err(SignInError::Throttled { retry_after }) => {
                return Err(AuthError::Throttled { retry_after });
            }
            Err(SignInError::Unavailable(error)) => return Err(error.into()),
            Err(_) => return Err(AuthError::Wrong),
        };
        if !owner.user.enabled {
            return Err(AuthError::Wrong);
        }
        if owner.user.factors.totp {
            return Err(AuthError::NeedsToken);
        }
        Ok(Authenticated {
            who: Who::Password(owner.user.id),
            user: Arc::new(principal(&owner)),
        })
    }

    /// Makes a token of the caller's; its text is shown this once. A token makes none that may do
    /// more, or lives longer, than itself.
    pub async fn make_token(
        &self,
        caller: &Caller,
        token: NewToken,
    ) -> Result<(ApiToken, Secret), OwnError> {
        let now = self.now();
        let token = NewToken {
            note: invalid::line(&token.note, 100, Invalid::Note)?,
            ..self.within(caller, token).await?
        };
        if token.expires_at.is_some_and(|end| end <= now) {
            return Err(Invalid::Expires.into());
        }
        let user = caller.user.id;
        let existing = self.store.tokens(Some(user), None, TOKENS_MAX).await?;
        if existing.rows.len() >= TOKENS_MAX {
            return Err(OwnError::TooMany(TOKENS_MAX));
        }
        let secret = base62(&*self.entropy, SECRET_LETTERS);
        let names = token.permissions.map(PermissionSet::names);
        let details = vec![
            ("expires_at_us", json!(token.expires_at.map(|end| end.0))),
            ("note", json!(token.note)),
            ("permissions", json!(names)),
        ];
        let entry = self.entry(&caller.actor, "token.make", made("token"), details);
        let hash = SecretHash::of(&secret);
        let id = match self
            .store
            .insert_token(user, token.clone(), hash, entry)
            .await?
        {
            Inserted::Made(id) => ApiTokenId(id),
            Inserted::Taken | Inserted::Gone => return Err(OwnError::Unknown),
        };
        self.written();
        let row = ApiToken {
            id,
            user,
            note: token.note,
            permissions: token.permissions,
            created_at: now,
            expires_at: token.expires_at,
            used_at: None,
            used_from: None,
        };
        Ok((row, print(id, &secret)))
    }

    /// The token within what its maker may give.
    async fn within(&self, caller: &Caller, token: NewToken) -> Result<NewToken, OwnError> {
        let may = caller.user.permissions;
        if token.permissions.is_some_and(|wanted| !may.covers(wanted)) {
            return Err(OwnError::Beyond);
        }
        let Who::Program(_, own) = caller.actor.who else {
            return Ok(token);
        };
        let own = self.store.token(own).await?.ok_or(OwnError::Unknown)?.token;
        let ends_later = own
            .expires_at
            .is_some_and(|own| token.expires_at.is_none_or(|end| end > own));
        if ends_later || (own.permissions.is_some() && token.permissions.is_none()) {
            return Err(OwnError::Beyond);
        }
        Ok(token)
    }

    /// The caller's tokens, the newest first.
    pub async fn own_tokens(&self, caller: &Caller) -> Result<Vec<ApiToken>, Unavailable> {
        let page = self
            .store
            .tokens(Some(caller.user.id), None, TOKENS_MAX)
            .await?;
        Ok(page.rows)
    }

    /// Revokes one of the caller's tokens.
    pub async fn revoke_own_token(
        &self,
        caller: &Caller,
        token: ApiTokenId,
    ) -> Result<(), OwnError> {
        let user = caller.user.id;
        let revoked = self.revoke(caller, token, Some(user)).await?;
        revoked.then_some(()).ok_or(OwnError::Unknown)
    }

    /// Everybody's tokens or one account's, the newest first, for administrators.
    pub async fn tokens(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<ApiToken>, Unavailable> {
        self.store.tokens(user, before, limit).await
    }

    /// Revokes somebody's token.
    pub async fn revoke_token(&self, caller: &Caller, token: ApiTokenId) -> Result<(), AdminError> {
        let record = self.store.token(token).await?.ok_or(AdminError::Unknown)?;
        self.may_act_on(caller, record.token.user).await?;
        let revoked = self.revoke(caller, token, Some(record.token.user)).await?;
        revoked.then_some(()).ok_or(AdminError::Unknown)
    }

    async fn revoke(
        &self,
        caller: &Caller,
        token: ApiTokenId,
        owner: Option<UserId>,
    ) -> Result<bool, Unavailable> {
        let entry = self.entry(
            &caller.actor,
            "token.revoke",
            target("token", token.0),
            vec![],
        );
        let revoked = self.store.delete_token(token, owner, entry).await?;
        if revoked {
            self.written();
            self.rights_changed(owner).await;
        }
        Ok(revoked)
    }
}

fn print(id: ApiTokenId, secret: &str) -> Secret {
    let body = format!("{PREFIX}{}_{secret}", id.0);
    let checksum = in_base62(u64::from(crc32(body.as_bytes())), CHECKSUM_LETTERS);
    Secret::new(body + &checksum)
}

/// The number and secret of a token's text, with or without its beginning (the form that a
/// predecessor of ours used, `Token <id>_<value>`).
fn parse(shown: &str) -> Option<(ApiTokenId, &str)> {
    let shown = shown.strip_prefix(PREFIX).unwrap_or(shown);
    let (id, value) = shown.split_once('_')?;
    if value.len() != SECRET_LETTERS + CHECKSUM_LETTERS || !value.is_ascii() || !is_number(id) {
        return None;
    }
    let (secret, checksum) = value.split_at(SECRET_LETTERS);
    let expected = crc32(format!("{PREFIX}{id}_{secret}").as_bytes());
    if in_base62(u64::from(expected), CHECKSUM_LETTERS) != checksum {
        return None;
    }
    Some((ApiTokenId(id.parse().ok()?), secret))
}

/// One way to write each number.
fn is_number(text: &str) -> bool {
    !text.starts_with('0') && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// CRC-32 (ISO 3309), as other makers of tokens use it. A bit at a time: it runs over 45 bytes.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_a_slip_of_the_pen_does_not() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let secret = "abcdefghijklmnopqrstuvwxyz012345";
        let text = print(ApiTokenId(17), secret);
        let text = text.expose();
        assert_eq!(parse(text), Some((ApiTokenId(17), secret)));
        assert_eq!(parse(&text[5..]), Some((ApiTokenId(17), secret)));
        for broken in [
            text.replace("17", "18"),
            text.replace('b', "c"),
            text.replace("17", "017"),
            text[..text.len() - 1].to_owned(),
            "indl_".to_owned(),
            String::new(),
            format!("indl_17_{}", "ü".repeat(19)),
        ] {
            assert_eq!(parse(&broken), None, "{broken}");
        }
    }
}

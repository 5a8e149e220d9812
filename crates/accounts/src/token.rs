//! API tokens, and what an `Authorization` header opens.

use std::net::IpAddr;

use base::{ApiTokenId, Unavailable, UserId};

use crate::{
    Accounts, AdminError, ApiToken, AuthError, Authenticated, Caller, NewToken, OwnError, Page,
    Secret,
};

impl Accounts {
    /// Who an `Authorization` header is: `Bearer` or `Token` with a token, or `Basic` with address
    /// and password. Tokens cost no slow hash and in the common case no read of the store.
    pub async fn authenticate(
        &self,
        header: &str,
        address: Option<IpAddr>,
    ) -> Result<Authenticated, AuthError> {
        let _ = (header, address);
        todo!()
    }

    /// Makes a token of the caller's; its text is shown this once. A token makes none that may do
    /// more than itself.
    pub async fn make_token(
        &self,
        caller: &Caller,
        token: NewToken,
    ) -> Result<(ApiToken, Secret), OwnError> {
        let _ = (caller, token);
        todo!()
    }

    /// The caller's tokens, the newest first.
    pub async fn own_tokens(&self, caller: &Caller) -> Result<Vec<ApiToken>, Unavailable> {
        let _ = caller;
        todo!()
    }

    /// Revokes one of the caller's tokens.
    pub async fn revoke_own_token(
        &self,
        caller: &Caller,
        token: ApiTokenId,
    ) -> Result<(), OwnError> {
        let _ = (caller, token);
        todo!()
    }

    /// Everybody's tokens or one account's, the newest first, for administrators.
    pub async fn tokens(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<ApiToken>, Unavailable> {
        let _ = (user, before, limit);
        todo!()
    }

    /// Revokes somebody's token.
    pub async fn revoke_token(&self, caller: &Caller, token: ApiTokenId) -> Result<(), AdminError> {
        let _ = (caller, token);
        todo!()
    }
}

//! The accounts' store: each step in its file.

use accounts::{
    ApiToken, AuditFilter, AuditId, Changed, InsertUser, Inserted, Invitation, Limit, LinkRow,
    NewEntry, NewInvitation, NewLink, NewPasskey, NewRole, NewSession, NewTicket, NewToken,
    NewUser, Page, PasskeyRecord, Role, RoleId, SecretHash, SessionRecord, SessionRow, SessionSeen,
    Store, StoredEntry, Ticket, TicketKind, TokenRecord, TokenUse, TotpRecord, User, UserChange,
    UserFilter, UserKey, UserRecord,
};
use async_trait::async_trait;
use base::{ApiTokenId, SessionId, Unavailable, UnixMicros, UserId};

use super::{credentials, invitations, roles, tokens, users};
use crate::connection::answered;
use crate::temporary::{attempts, sessions, tickets};
use crate::{PostgresStore, audit};

#[async_trait]
impl Store for PostgresStore {
    async fn has_users(&self) -> Result<bool, Unavailable> {
        answered(users::any(self)).await
    }

    async fn insert_user(&self, user: NewUser, entry: NewEntry) -> Result<InsertUser, Unavailable> {
        answered(users::insert(self, &user, &entry)).await
    }

    async fn user(&self, key: UserKey) -> Result<Option<UserRecord>, Unavailable> {
        answered(users::find(self, &key)).await
    }

    async fn users(
        &self,
        filter: UserFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<User>, Unavailable> {
        answered(users::list(self, &filter, before, limit)).await
    }

    async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(users::change(self, id, &change, &entry)).await
    }

    async fn rehash(&self, id: UserId, old: &str, new: &str) -> Result<(), Unavailable> {
        answered(users::rehash(self, id, old, new)).await
    }

    async fn signed_in(&self, id: UserId, entry: NewEntry) -> Result<(), Unavailable> {
        answered(users::signed_in(self, id, &entry)).await
    }

    async fn roles(&self) -> Result<Vec<Role>, Unavailable> {
        answered(roles::list(self)).await
    }

    async fn insert_role(&self, role: NewRole, entry: NewEntry) -> Result<Inserted, Unavailable> {
        answered(roles::insert(self, &role, &entry)).await
    }

    async fn change_role(
        &self,
        id: RoleId,
        role: NewRole,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(roles::change(self, id, &role, &entry)).await
    }

    async fn delete_role(&self, id: RoleId, entry: NewEntry) -> Result<Changed, Unavailable> {
        answered(roles::delete(self, id, &entry)).await
    }

    async fn insert_token(
        &self,
        user: UserId,
        token: NewToken,
        secret: SecretHash,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(tokens::insert(self, user, &token, secret, &entry)).await
    }

    async fn token(&self, id: ApiTokenId) -> Result<Option<TokenRecord>, Unavailable> {
        answered(tokens::find(self, id)).await
    }

    async fn tokens(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<ApiToken>, Unavailable> {
        answered(tokens::list(self, user, before, limit)).await
    }

    async fn delete_token(
        &self,
        id: ApiTokenId,
        owner: Option<UserId>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        answered(tokens::delete(self, id, owner, &entry)).await
    }

    async fn use_tokens(&self, uses: Vec<TokenUse>) -> Result<(), Unavailable> {
        answered(tokens::used(self, &uses)).await
    }

    async fn totp(&self, user: UserId) -> Result<Option<TotpRecord>, Unavailable> {
        answered(credentials::totp(self, user)).await
    }

    async fn put_totp(
        &self,
        user: UserId,
        totp: TotpRecord,
        codes: Vec<SecretHash>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        answered(credentials::put_totp(self, user, &totp, &codes, &entry)).await
    }

    async fn use_totp_step(&self, user: UserId, step: u64) -> Result<bool, Unavailable> {
        answered(credentials::use_totp_step(self, user, step)).await
    }

    async fn delete_totp(&self, user: UserId, entry: NewEntry) -> Result<bool, Unavailable> {
        answered(credentials::delete_totp(self, user, &entry)).await
    }

    async fn put_recovery_codes(
        &self,
        user: UserId,
        codes: Vec<SecretHash>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        answered(credentials::put_recovery_codes(self, user, &codes, &entry)).await
    }

    async fn use_recovery_code(
        &self,
        user: UserId,
        code: SecretHash,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        answered(credentials::use_recovery_code(self, user, code, &entry)).await
    }

    async fn passkeys(&self, user: UserId) -> Result<Vec<PasskeyRecord>, Unavailable> {
        answered(credentials::passkeys(self, user)).await
    }

    async fn insert_passkey(
        &self,
        passkey: NewPasskey,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(credentials::insert_passkey(self, &passkey, &entry)).await
    }

    async fn use_passkey(
        &self,
        id: i64,
        old: &str,
        new: &str,
        at: UnixMicros,
    ) -> Result<bool, Unavailable> {
        answered(credentials::use_passkey(self, id, old, new, at)).await
    }

    async fn rename_passkey(
        &self,
        user: UserId,
        id: i64,
        name: &str,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        answered(credentials::rename_passkey(self, user, id, name, &entry)).await
    }

    async fn delete_passkey(
        &self,
        user: UserId,
        id: i64,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(credentials::delete_passkey(self, user, id, &entry)).await
    }

    async fn linked(&self, issuer: &str, subject: &str) -> Result<Option<UserId>, Unavailable> {
        answered(users::linked(self, issuer, subject)).await
    }

    async fn links(&self, user: UserId) -> Result<Vec<LinkRow>, Unavailable> {
        answered(credentials::links(self, user)).await
    }

    async fn insert_link(
        &self,
        user: UserId,
        link: NewLink,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(credentials::insert_link(self, user, &link, &entry)).await
    }

    async fn delete_link(
        &self,
        user: UserId,
        id: i64,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        answered(credentials::delete_link(self, user, id, &entry)).await
    }

    async fn put_invitation(
        &self,
        invitation: NewInvitation,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        answered(invitations::put(self, &invitation, &entry)).await
    }

    async fn invitation(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Invitation>, Unavailable> {
        answered(invitations::find(self, secret, now)).await
    }

    async fn invitations(
        &self,
        before: Option<i64>,
        limit: usize,
        now: UnixMicros,
    ) -> Result<Page<Invitation>, Unavailable> {
        answered(invitations::list(self, before, limit, now)).await
    }

    async fn delete_invitation(&self, id: i64, entry: NewEntry) -> Result<bool, Unavailable> {
        answered(invitations::delete(self, id, &entry)).await
    }

    async fn record(&self, entry: NewEntry) -> Result<AuditId, Unavailable> {
        answered(audit::record(self, &entry)).await
    }

    async fn audit(
        &self,
        filter: AuditFilter,
        words: Vec<String>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Unavailable> {
        answered(audit::list(self, &filter, &words, before, limit)).await
    }

    async fn audit_entry(&self, id: AuditId) -> Result<Option<StoredEntry>, Unavailable> {
        answered(audit::entry(self, id)).await
    }

    async fn walk_audit(
        &self,
        after: AuditId,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Unavailable> {
        answered(audit::walk(self, after, limit)).await
    }

    async fn insert_session(&self, session: NewSession) -> Result<SessionId, Unavailable> {
        answered(sessions::insert(self, &session)).await
    }

    async fn session(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<SessionRecord>, Unavailable> {
        answered(sessions::find(self, secret, now)).await
    }

    async fn sessions(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
        now: UnixMicros,
    ) -> Result<Page<SessionRow>, Unavailable> {
        answered(sessions::list(self, user, before, limit, now)).await
    }

    async fn roll_session(&self, id: SessionId, seen: SessionSeen) -> Result<(), Unavailable> {
        answered(sessions::roll(self, id, seen)).await
    }

    async fn freshen_session(&self, id: SessionId, until: UnixMicros) -> Result<(), Unavailable> {
        answered(sessions::freshen(self, id, until)).await
    }

    async fn carry_session(&self, id: SessionId, epoch: i64) -> Result<(), Unavailable> {
        answered(sessions::carry(self, id, epoch)).await
    }

    async fn delete_session(&self, id: SessionId) -> Result<Option<UserId>, Unavailable> {
        answered(sessions::delete(self, id)).await
    }

    async fn delete_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
    ) -> Result<u32, Unavailable> {
        answered(sessions::delete_of(self, user, except)).await
    }

    async fn put_ticket(&self, ticket: NewTicket, alone: bool) -> Result<(), Unavailable> {
        answered(tickets::put(self, &ticket, alone)).await
    }

    async fn ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable> {
        answered(tickets::find(self, kind, secret, now)).await
    }

    async fn try_ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable> {
        answered(tickets::attempt(self, kind, secret, now)).await
    }

    async fn take_ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable> {
        answered(tickets::take(self, kind, secret, now)).await
    }

    async fn delete_tickets(&self, kind: TicketKind, user: UserId) -> Result<(), Unavailable> {
        answered(tickets::delete_of(self, kind, user)).await
    }

    async fn attempt(
        &self,
        limits: Vec<Limit>,
        now: UnixMicros,
    ) -> Result<Option<UnixMicros>, Unavailable> {
        answered(attempts::count(self, &limits, now)).await
    }

    async fn forgive(&self, keys: Vec<SecretHash>, all: bool) -> Result<(), Unavailable> {
        answered(attempts::forgive(self, &keys, all)).await
    }

    async fn sweep(&self, now: UnixMicros, limit: usize) -> Result<u64, Unavailable> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        answered(async {
            Ok(invitations::sweep(self, now, limit).await?
                + sessions::sweep(self, now, limit).await?
                + tickets::sweep(self, now, limit).await?
                + attempts::sweep(self, now, limit).await?)
        })
        .await
    }
}

//! The accounts' store: each step goes to the writer or a reader of the file it is about.

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
use crate::temporary::{attempts, sessions, tickets};
use crate::{SqliteStore, audit};

#[async_trait]
impl Store for SqliteStore {
    async fn has_users(&self) -> Result<bool, Unavailable> {
        self.lasting.readers.read(users::any).await
    }

    async fn insert_user(&self, user: NewUser, entry: NewEntry) -> Result<InsertUser, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| users::insert(tx, &user, &entry))
            .await
    }

    async fn user(&self, key: UserKey) -> Result<Option<UserRecord>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| users::find(db, &key))
            .await
    }

    async fn users(
        &self,
        filter: UserFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<User>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| users::list(db, &filter, before, limit))
            .await
    }

    async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| users::change(tx, id, &change, &entry))
            .await
    }

    async fn rehash(&self, id: UserId, old: &str, new: &str) -> Result<(), Unavailable> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.lasting
            .writer
            .transaction(move |tx| users::rehash(tx, id, &old, &new))
            .await
    }

    async fn signed_in(&self, id: UserId, entry: NewEntry) -> Result<(), Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| users::signed_in(tx, id, &entry))
            .await
    }

    async fn roles(&self) -> Result<Vec<Role>, Unavailable> {
        self.lasting.readers.read(roles::list).await
    }

    async fn insert_role(&self, role: NewRole, entry: NewEntry) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| roles::insert(tx, &role, &entry))
            .await
    }

    async fn change_role(
        &self,
        id: RoleId,
        role: NewRole,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| roles::change(tx, id, &role, &entry))
            .await
    }

    async fn delete_role(&self, id: RoleId, entry: NewEntry) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| roles::delete(tx, id, &entry))
            .await
    }

    async fn insert_token(
        &self,
        user: UserId,
        token: NewToken,
        secret: SecretHash,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| tokens::insert(tx, user, &token, secret, &entry))
            .await
    }

    async fn token(&self, id: ApiTokenId) -> Result<Option<TokenRecord>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| tokens::find(db, id))
            .await
    }

    async fn tokens(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<ApiToken>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| tokens::list(db, user, before, limit))
            .await
    }

    async fn delete_token(
        &self,
        id: ApiTokenId,
        owner: Option<UserId>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| tokens::delete(tx, id, owner, &entry))
            .await
    }

    async fn use_tokens(&self, uses: Vec<TokenUse>) -> Result<(), Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| tokens::used(tx, &uses))
            .await
    }

    async fn totp(&self, user: UserId) -> Result<Option<TotpRecord>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| credentials::totp(db, user))
            .await
    }

    async fn put_totp(
        &self,
        user: UserId,
        totp: TotpRecord,
        codes: Vec<SecretHash>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::put_totp(tx, user, &totp, &codes, &entry))
            .await
    }

    async fn use_totp_step(&self, user: UserId, step: u64) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::use_totp_step(tx, user, step))
            .await
    }

    async fn delete_totp(&self, user: UserId, entry: NewEntry) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::delete_totp(tx, user, &entry))
            .await
    }

    async fn put_recovery_codes(
        &self,
        user: UserId,
        codes: Vec<SecretHash>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::put_recovery_codes(tx, user, &codes, &entry))
            .await
    }

    async fn use_recovery_code(
        &self,
        user: UserId,
        code: SecretHash,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::use_recovery_code(tx, user, code, &entry))
            .await
    }

    async fn passkeys(&self, user: UserId) -> Result<Vec<PasskeyRecord>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| credentials::passkeys(db, user))
            .await
    }

    async fn insert_passkey(
        &self,
        passkey: NewPasskey,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::insert_passkey(tx, &passkey, &entry))
            .await
    }

    async fn use_passkey(
        &self,
        id: i64,
        old: &str,
        new: &str,
        at: UnixMicros,
    ) -> Result<bool, Unavailable> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.lasting
            .writer
            .transaction(move |tx| credentials::use_passkey(tx, id, &old, &new, at))
            .await
    }

    async fn rename_passkey(
        &self,
        user: UserId,
        id: i64,
        name: &str,
        entry: NewEntry,
    ) -> Result<bool, Unavailable> {
        let name = name.to_owned();
        self.lasting
            .writer
            .transaction(move |tx| credentials::rename_passkey(tx, user, id, &name, &entry))
            .await
    }

    async fn delete_passkey(
        &self,
        user: UserId,
        id: i64,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::delete_passkey(tx, user, id, &entry))
            .await
    }

    async fn linked(&self, issuer: &str, subject: &str) -> Result<Option<UserId>, Unavailable> {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        self.lasting
            .readers
            .read(move |db| users::linked(db, &issuer, &subject))
            .await
    }

    async fn links(&self, user: UserId) -> Result<Vec<LinkRow>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| credentials::links(db, user))
            .await
    }

    async fn insert_link(
        &self,
        user: UserId,
        link: NewLink,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::insert_link(tx, user, &link, &entry))
            .await
    }

    async fn delete_link(
        &self,
        user: UserId,
        id: i64,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| credentials::delete_link(tx, user, id, &entry))
            .await
    }

    async fn put_invitation(
        &self,
        invitation: NewInvitation,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| invitations::put(tx, &invitation, &entry))
            .await
    }

    async fn invitation(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Invitation>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| invitations::find(db, secret, now))
            .await
    }

    async fn invitations(
        &self,
        before: Option<i64>,
        limit: usize,
        now: UnixMicros,
    ) -> Result<Page<Invitation>, Unavailable> {
        self.lasting
            .readers
            .snapshot(move |db| invitations::list(db, before, limit, now))
            .await
    }

    async fn delete_invitation(&self, id: i64, entry: NewEntry) -> Result<bool, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| invitations::delete(tx, id, &entry))
            .await
    }

    async fn record(&self, entry: NewEntry) -> Result<AuditId, Unavailable> {
        self.lasting
            .writer
            .transaction(move |tx| audit::write(tx, &entry, None))
            .await
    }

    async fn audit(
        &self,
        filter: AuditFilter,
        words: Vec<String>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| audit::list(db, &filter, &words, before, limit))
            .await
    }

    async fn audit_entry(&self, id: AuditId) -> Result<Option<StoredEntry>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| audit::entry(db, id))
            .await
    }

    async fn walk_audit(
        &self,
        after: AuditId,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Unavailable> {
        self.lasting
            .readers
            .read(move |db| audit::walk(db, after, limit))
            .await
    }

    async fn insert_session(&self, session: NewSession) -> Result<SessionId, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| sessions::insert(tx, &session))
            .await
    }

    async fn session(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<SessionRecord>, Unavailable> {
        self.temporary
            .readers
            .read(move |db| sessions::find(db, secret, now))
            .await
    }

    async fn sessions(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
        now: UnixMicros,
    ) -> Result<Page<SessionRow>, Unavailable> {
        self.temporary
            .readers
            .read(move |db| sessions::list(db, user, before, limit, now))
            .await
    }

    async fn roll_session(&self, id: SessionId, seen: SessionSeen) -> Result<(), Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| sessions::roll(tx, id, seen))
            .await
    }

    async fn freshen_session(&self, id: SessionId, until: UnixMicros) -> Result<(), Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| sessions::freshen(tx, id, until))
            .await
    }

    async fn carry_session(&self, id: SessionId, epoch: i64) -> Result<(), Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| sessions::carry(tx, id, epoch))
            .await
    }

    async fn delete_session(&self, id: SessionId) -> Result<Option<UserId>, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| sessions::delete(tx, id))
            .await
    }

    async fn delete_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
    ) -> Result<u32, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| sessions::delete_of(tx, user, except))
            .await
    }

    async fn put_ticket(&self, ticket: NewTicket, alone: bool) -> Result<(), Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| tickets::put(tx, &ticket, alone))
            .await
    }

    async fn ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable> {
        self.temporary
            .readers
            .read(move |db| tickets::find(db, kind, secret, now))
            .await
    }

    async fn try_ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| tickets::attempt(tx, kind, secret, now))
            .await
    }

    async fn take_ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| tickets::take(tx, kind, secret, now))
            .await
    }

    async fn delete_tickets(&self, kind: TicketKind, user: UserId) -> Result<(), Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| tickets::delete_of(tx, kind, user))
            .await
    }

    async fn attempt(
        &self,
        limits: Vec<Limit>,
        now: UnixMicros,
    ) -> Result<Option<UnixMicros>, Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| attempts::count(tx, &limits, now))
            .await
    }

    async fn forgive(&self, keys: Vec<SecretHash>, all: bool) -> Result<(), Unavailable> {
        self.temporary
            .writer
            .transaction(move |tx| attempts::forgive(tx, &keys, all))
            .await
    }

    async fn sweep(&self, now: UnixMicros, limit: usize) -> Result<u64, Unavailable> {
        let lasting = self
            .lasting
            .writer
            .transaction(move |tx| invitations::sweep(tx, now, limit))
            .await?;
        let expiring = self
            .temporary
            .writer
            .transaction(move |tx| {
                Ok(sessions::sweep(tx, now, limit)?
                    + tickets::sweep(tx, now, limit)?
                    + attempts::sweep(tx, now, limit)?)
            })
            .await?;
        Ok((lasting + expiring) as u64)
    }
}

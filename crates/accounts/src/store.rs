//! What the feature keeps. Lasting records and their entries in the trail are written together;
//! records that expire live apart, and are never part of a backup.

use async_trait::async_trait;
use base::{ApiTokenId, SessionId, Unavailable, UnixMicros, UserId};

use crate::records::{
    Changed, InsertUser, Inserted, NewInvitation, NewLink, NewPasskey, NewSession, NewUser,
    PasskeyRecord, SessionRecord, SessionSeen, StoredEntry, TokenRecord, TokenUse, TotpRecord,
    UserChange, UserKey, UserRecord,
};
use crate::temporary::{Limit, NewTicket, Ticket, TicketKind};
use crate::{
    ApiToken, AuditFilter, AuditId, Invitation, LinkRow, NewEntry, NewRole, NewToken, Page, Role,
    RoleId, SecretHash, SessionRow, User, UserFilter,
};

/// Keeps accounts, the trail, and records that expire. Every function is one transaction; what
/// takes a [`NewEntry`] writes it with its fact in the same one, and writes nothing when its outcome
/// is a refusal. `Err` means only that the store did not answer.
///
/// Lists are ordered by falling numbers and begin below `before`; they hold at most `limit` rows.
#[async_trait]
pub trait Store: Send + Sync {
    /// Whether there is any account.
    async fn has_users(&self) -> Result<bool, Unavailable>;

    /// Makes an account; the entry's target is its number.
    async fn insert_user(&self, user: NewUser, entry: NewEntry) -> Result<InsertUser, Unavailable>;

    /// The account of this key.
    async fn user(&self, key: UserKey) -> Result<Option<UserRecord>, Unavailable>;

    /// Accounts that fit.
    async fn users(
        &self,
        filter: UserFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<User>, Unavailable>;

    /// Changes an account. While there is an enabled administrator, there stays one.
    async fn change_user(
        &self,
        id: UserId,
        change: UserChange,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Writes a hash of the same password with today's cost, unless the password has changed.
    async fn rehash(&self, id: UserId, old: &str, new: &str) -> Result<(), Unavailable>;

    /// Notes that somebody signed in.
    async fn signed_in(&self, id: UserId, entry: NewEntry) -> Result<(), Unavailable>;

    /// All roles by their numbers.
    async fn roles(&self) -> Result<Vec<Role>, Unavailable>;

    /// Makes a role; the entry's target is its number. `Taken`: another one has its name.
    async fn insert_role(&self, role: NewRole, entry: NewEntry) -> Result<Inserted, Unavailable>;

    /// Makes a role what is given. `Unknown`, also of a built-in one; `Taken`.
    async fn change_role(
        &self,
        id: RoleId,
        role: NewRole,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Deletes a role. `Unknown`, also of a built-in one; `InUse` while somebody has it. Invitations
    /// lose it.
    async fn delete_role(&self, id: RoleId, entry: NewEntry) -> Result<Changed, Unavailable>;

    /// Makes a token; the entry's target is its number. `Gone`: the account does not exist.
    async fn insert_token(
        &self,
        user: UserId,
        token: NewToken,
        secret: SecretHash,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// The token, expired or not.
    async fn token(&self, id: ApiTokenId) -> Result<Option<TokenRecord>, Unavailable>;

    /// Everybody's tokens or one account's.
    async fn tokens(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<ApiToken>, Unavailable>;

    /// Deletes a token, of this owner if one is given; `false` when there is none.
    async fn delete_token(
        &self,
        id: ApiTokenId,
        owner: Option<UserId>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable>;

    /// Notes the last use of tokens; an older one never replaces a newer one.
    async fn use_tokens(&self, uses: Vec<TokenUse>) -> Result<(), Unavailable>;

    /// The account's authenticator app.
    async fn totp(&self, user: UserId) -> Result<Option<TotpRecord>, Unavailable>;

    /// Sets up an authenticator app, in place of any older one, with these recovery codes in place
    /// of all older ones. `false` when the account does not exist.
    async fn put_totp(
        &self,
        user: UserId,
        totp: TotpRecord,
        codes: Vec<SecretHash>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable>;

    /// Uses a step of time, once: `false` when it, or a later one, was used before.
    async fn use_totp_step(&self, user: UserId, step: u64) -> Result<bool, Unavailable>;

    /// Takes the authenticator app and all recovery codes away; `false` when there was none.
    async fn delete_totp(&self, user: UserId, entry: NewEntry) -> Result<bool, Unavailable>;

    /// Replaces all recovery codes; `false` when the account has no authenticator app.
    async fn put_recovery_codes(
        &self,
        user: UserId,
        codes: Vec<SecretHash>,
        entry: NewEntry,
    ) -> Result<bool, Unavailable>;

    /// Uses a recovery code, once; `false` when there is no such code.
    async fn use_recovery_code(
        &self,
        user: UserId,
        code: SecretHash,
        entry: NewEntry,
    ) -> Result<bool, Unavailable>;

    /// The account's passkeys.
    async fn passkeys(&self, user: UserId) -> Result<Vec<PasskeyRecord>, Unavailable>;

    /// Adds a passkey; the entry's target is its number. `Taken`: the credential is known, of
    /// whomever. `Gone`: the account does not exist.
    async fn insert_passkey(
        &self,
        passkey: NewPasskey,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// Writes what a passkey is after its use, if it still is what it was before: `false` when
    /// another use came between.
    async fn use_passkey(
        &self,
        id: i64,
        old: &str,
        new: &str,
        at: UnixMicros,
    ) -> Result<bool, Unavailable>;

    /// Calls a passkey of this account something else; `false` when there is none.
    async fn rename_passkey(
        &self,
        user: UserId,
        id: i64,
        name: &str,
        entry: NewEntry,
    ) -> Result<bool, Unavailable>;

    /// Takes a passkey away. `Unknown`; `LastWayIn`.
    async fn delete_passkey(
        &self,
        user: UserId,
        id: i64,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// The account that a provider's account signs in to.
    async fn linked(&self, issuer: &str, subject: &str) -> Result<Option<UserId>, Unavailable>;

    /// The account's links.
    async fn links(&self, user: UserId) -> Result<Vec<LinkRow>, Unavailable>;

    /// Links a provider's account; the entry's target is the link's number. `Taken`: it is linked,
    /// to whomever. `Gone`: the account does not exist.
    async fn insert_link(
        &self,
        user: UserId,
        link: NewLink,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// Takes a link away. `Unknown`; `LastWayIn`.
    async fn delete_link(
        &self,
        user: UserId,
        id: i64,
        entry: NewEntry,
    ) -> Result<Changed, Unavailable>;

    /// Invites, in place of an older invitation of the same address; the entry's target is its
    /// number. `Taken`: an account has the address.
    async fn put_invitation(
        &self,
        invitation: NewInvitation,
        entry: NewEntry,
    ) -> Result<Inserted, Unavailable>;

    /// The invitation of this secret, unless it has expired.
    async fn invitation(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Invitation>, Unavailable>;

    /// Invitations that have not expired.
    async fn invitations(
        &self,
        before: Option<i64>,
        limit: usize,
        now: UnixMicros,
    ) -> Result<Page<Invitation>, Unavailable>;

    /// Takes an invitation back; `false` when there is none.
    async fn delete_invitation(&self, id: i64, entry: NewEntry) -> Result<bool, Unavailable>;

    /// Adds an entry to the trail.
    async fn record(&self, entry: NewEntry) -> Result<AuditId, Unavailable>;

    /// Entries that fit. Of the filter's text, the store gets words: see [`crate::audit_words`].
    async fn audit(
        &self,
        filter: AuditFilter,
        words: Vec<String>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Unavailable>;

    /// One entry.
    async fn audit_entry(&self, id: AuditId) -> Result<Option<StoredEntry>, Unavailable>;

    /// Entries after `after` by rising numbers, for who checks all of them.
    async fn walk_audit(
        &self,
        after: AuditId,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, Unavailable>;

    /// Begins a session.
    async fn insert_session(&self, session: NewSession) -> Result<SessionId, Unavailable>;

    /// The session of this secret, unless it has expired.
    async fn session(
        &self,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<SessionRecord>, Unavailable>;

    /// Sessions that have not expired, everybody's or one account's.
    async fn sessions(
        &self,
        user: Option<UserId>,
        before: Option<i64>,
        limit: usize,
        now: UnixMicros,
    ) -> Result<Page<SessionRow>, Unavailable>;

    /// Notes that a session was used, and until when it lasts now.
    async fn roll_session(&self, id: SessionId, seen: SessionSeen) -> Result<(), Unavailable>;

    /// Dangerous acts are allowed in it until then.
    async fn freshen_session(&self, id: SessionId, until: UnixMicros) -> Result<(), Unavailable>;

    /// Carries a session over a change of its account's epoch.
    async fn carry_session(&self, id: SessionId, epoch: i64) -> Result<(), Unavailable>;

    /// Ends a session; tells whose it was.
    async fn delete_session(&self, id: SessionId) -> Result<Option<UserId>, Unavailable>;

    /// Ends an account's sessions, but for one; tells how many.
    async fn delete_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
    ) -> Result<u32, Unavailable>;

    /// Keeps a ticket. With `alone` older ones of its kind and account go.
    async fn put_ticket(&self, ticket: NewTicket, alone: bool) -> Result<(), Unavailable>;

    /// The ticket of this kind and secret, unless it has expired or no attempt is left.
    async fn ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable>;

    /// The same, using up one of its attempts.
    async fn try_ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable>;

    /// The same, and it is gone: only one of those who ask at once gets it.
    async fn take_ticket(
        &self,
        kind: TicketKind,
        secret: SecretHash,
        now: UnixMicros,
    ) -> Result<Option<Ticket>, Unavailable>;

    /// Deletes the tickets of a kind and account.
    async fn delete_tickets(&self, kind: TicketKind, user: UserId) -> Result<(), Unavailable>;

    /// Counts an attempt against every limit, if none of them is closed; otherwise tells until when
    /// the last of them is, and counts nothing. One transaction: of many who ask at once, no more get
    /// through than one after another would.
    async fn attempt(
        &self,
        limits: Vec<Limit>,
        now: UnixMicros,
    ) -> Result<Option<UnixMicros>, Unavailable>;

    /// Takes back what was counted against these keys: one attempt, or all.
    async fn forgive(&self, keys: Vec<SecretHash>, all: bool) -> Result<(), Unavailable>;

    /// Deletes what has expired, at most `limit` rows of each kind; tells how many.
    async fn sweep(&self, now: UnixMicros, limit: usize) -> Result<u64, Unavailable>;
}

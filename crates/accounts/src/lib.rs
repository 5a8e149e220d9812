//! People and programs: who may do what, and the trail of what was done.
//!
//! What lasts (accounts, roles, tokens, the trail) and what expires (sessions, codes, challenges) are
//! kept apart. Whatever changes is put down in the trail, in the same transaction where both last.
//! Knows no SQL and no HTTP; how letters leave and providers are asked comes in through doors.

#![forbid(unsafe_code)]

mod accounts;
mod admin;
mod audit;
mod cache;
mod device;
mod email;
mod entry;
mod errors;
pub mod fsck;
mod hasher;
mod invalid;
mod oidc;
mod oidc_http;
mod operator;
mod outbox;
mod own;
mod passkey;
mod password;
mod permission;
mod permissions;
mod person;
mod post;
mod records;
mod refusals;
mod reset;
mod role;
mod roles;
mod sealing;
mod secret;
mod session;
mod settings;
mod sign_in;
mod sign_up;
mod store;
mod sweep;
mod temporary;
mod throttle;
mod token;
mod totp;
mod trail;

pub use accounts::{Accounts, Parts, TOPIC};
pub use audit::{
    AUDIT_WORDS_MAX, Act, AuditEntry, AuditFilter, AuditId, AuditRow, Deed, Details, Target,
    audit_words,
};
pub use device::Device;
pub use email::{Email, EmailError};
pub use entry::{AUDIT, NewEntry, Written};
pub use errors::{AdminError, AskError, AuthError, LinkError, OidcError, OwnError, SignInError};
pub use invalid::Invalid;
pub use oidc::{OidcAnswer, OidcFinished, ProviderView};
pub use oidc_http::{OIDC_BODY_BYTES_MAX, OidcHttp, OidcRequest, OidcResponse};
pub use operator::OperatorError;
pub use outbox::{Letter, Outbox};
pub use own::{Confirmation, Profile};
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_LETTERS_MIN, PasswordError};
pub use permission::Permission;
pub use permissions::PermissionSet;
pub use person::{
    ApiToken, Authenticated, Caller, Factors, Invitation, LinkRow, NewPerson, NewToken, Page,
    PasskeyRow, Principal, RoleRef, Session, SessionRow, User, UserFilter,
};
pub use records::{
    Changed, InsertUser, Inserted, NewInvitation, NewLink, NewPasskey, NewSession, NewUser, Origin,
    PasskeyRecord, SessionRecord, SessionSeen, StoredEntry, TokenRecord, TokenUse, TotpRecord,
    UserChange, UserKey, UserRecord,
};
pub use role::{NewRole, Role, RoleId};
pub use sealing::SealingKey;
pub use secret::{Secret, SecretHash};
pub use settings::{HashCost, OidcProvider, Settings, SignUp};
pub use sign_in::{Challenge, SecondFactor, SignInStep, SignedIn};
pub use sign_up::EmailTicket;
pub use store::Store;
pub use sweep::SweepExpired;
pub use temporary::{ATTEMPTS_REMEMBERED, Limit, NewTicket, Ticket, TicketKind};
pub use totp::TotpSetUp;
pub use trail::EntryFault;

//! People and programs: who may do what, and the trail of what was done.
//!
//! Knows no SQL and no HTTP.

#![forbid(unsafe_code)]

mod accounts;
mod admin;
mod audit;
mod device;
mod email;
mod errors;
mod invalid;
mod oidc;
mod oidc_http;
mod outbox;
mod own;
mod passkey;
mod password;
mod permission;
mod permissions;
mod person;
mod role;
mod secret;
mod session;
mod settings;
mod sign_in;
mod sign_up;
mod token;
mod totp;
mod trail;

pub use accounts::{Accounts, Parts};
pub use audit::{
    AUDIT_WORDS_MAX, Act, AuditEntry, AuditFilter, AuditId, AuditRow, Deed, Details, Target,
};
pub use device::Device;
pub use email::{Email, EmailError};
pub use errors::{AdminError, AskError, AuthError, LinkError, OidcError, OwnError, SignInError};
pub use invalid::Invalid;
pub use oidc::{OidcAnswer, OidcFinished, ProviderView};
pub use oidc_http::{OIDC_BODY_BYTES_MAX, OidcHttp, OidcRequest, OidcResponse};
pub use outbox::{Letter, Outbox};
pub use own::{Confirmation, Profile};
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_LETTERS_MIN, PasswordError};
pub use permission::Permission;
pub use permissions::PermissionSet;
pub use person::{
    ApiToken, Authenticated, Caller, Factors, Invitation, LinkRow, NewPerson, NewToken, Page,
    PasskeyRow, Principal, RoleRef, Session, SessionRow, User, UserFilter,
};
pub use role::{NewRole, Role, RoleId};
pub use secret::{Secret, SecretHash};
pub use settings::{HashCost, OidcProvider, Settings, SignUp};
pub use sign_in::{Challenge, SecondFactor, SignInStep, SignedIn};
pub use sign_up::EmailTicket;
pub use totp::TotpSetUp;

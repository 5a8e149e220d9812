//! An OpenID provider that says what a test wants: behind the door through which providers are asked,
//! with real keys and real signatures.

use std::collections::HashMap;

use accounts::{OidcHttp, OidcProvider, OidcRequest, OidcResponse, Secret};
use async_trait::async_trait;
use base::Unavailable;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::SimClock;
use url::Url;

pub(super) const ISSUER: &str = "https://id.example";

/// What it says of whoever signs in, and how it misbehaves.
#[derive(Clone, Debug)]
pub(super) struct Says {
    pub(super) subject: &'static str,
    pub(super) email: Option<&'static str>,
    pub(super) email_verified: bool,
    /// The address stands at the user-info endpoint, not in the token.
    pub(super) by_user_info: bool,
    /// Claims put over those that would be right.
    pub(super) wrong: Value,
    /// Signs with a key that it does not publish.
    pub(super) unpublished_key: bool,
}

impl Says {
    pub(super) fn of(subject: &'static str, email: &'static str) -> Self {
        Self {
            subject,
            email: Some(email),
            email_verified: true,
            by_user_info: false,
            wrong: json!({}),
            unpublished_key: false,
        }
    }
}

pub(super) struct Provider {
    keys: Mutex<(String, EcdsaKeyPair)>,
    says: Mutex<Says>,
    /// Codes that were given out, with the nonce and the PKCE challenge of their visit.
    codes: Mutex<HashMap<String, (String, String)>>,
    requests: Mutex<Vec<String>>,
}

/// As an operator configures it.
pub(super) fn configured(trust_email: bool) -> OidcProvider {
    OidcProvider {
        slug: "house".to_owned(),
        name: "The House".to_owned(),
        issuer: ISSUER.to_owned(),
        client_id: "indelible".to_owned(),
        client_secret: Some(Secret::new("their secret of us")),
        trust_email,
    }
}

fn key_pair() -> EcdsaKeyPair {
    let chance = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &chance).unwrap()
}

impl Provider {
    pub(super) fn new(says: Says) -> Self {
        Self {
            keys: Mutex::new(("first".to_owned(), key_pair())),
            says: Mutex::new(says),
            codes: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    pub(super) fn says(&self, says: Says) {
        *self.says.lock() = says;
    }

    /// Signs with another key from now on.
    pub(super) fn change_key(&self) {
        *self.keys.lock() = ("second".to_owned(), key_pair());
    }

    /// What was asked of it since the last look.
    pub(super) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock())
    }

    /// Somebody comes with `url`, signs in and is sent back: the state and the code they bring.
    pub(super) fn visit(&self, url: &Url) -> (String, String) {
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(url.origin().ascii_serialization(), ISSUER);
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], "indelible");
        assert_eq!(
            query["redirect_uri"],
            "http://localhost:8080/sign-in/house/answer"
        );
        assert_eq!(query["code_challenge_method"], "S256");
        let mut scopes: Vec<&str> = query["scope"].split(' ').collect();
        scopes.sort_unstable();
        assert_eq!(scopes, ["email", "openid", "profile"]);
        let code = format!("code {}", self.codes.lock().len());
        let visit = (query["nonce"].clone(), query["code_challenge"].clone());
        self.codes.lock().insert(code.clone(), visit);
        (query["state"].clone(), code)
    }

    fn metadata() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": format!("{ISSUER}/authorize"),
            "token_endpoint": format!("{ISSUER}/token"),
            "userinfo_endpoint": format!("{ISSUER}/userinfo"),
            "jwks_uri": format!("{ISSUER}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        })
    }

    fn key_set(&self) -> Value {
        let keys = self.keys.lock();
        // An uncompressed point: 4, x, y.
        let (x, y) = keys.1.public_key().as_ref()[1..].split_at(32);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keys.0,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }]})
    }

    /// Exchanges a code, once, for who has the PKCE verifier.
    fn token(&self, body: &str) -> Option<Value> {
        let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let (nonce, challenge) = self.codes.lock().remove(&form["code"])?;
        let verifier = Sha256::digest(form["code_verifier"].as_bytes());
        if URL_SAFE_NO_PAD.encode(verifier) != challenge {
            return None;
        }
        let says = self.says.lock().clone();
        let now = SimClock::START.0 / 1_000_000;
        let mut claims = json!({
            "iss": ISSUER, "aud": "indelible", "sub": says.subject, "nonce": nonce,
            "iat": now, "exp": now + 3_600, "name": "Eve of the House",
        });
        if !says.by_user_info {
            claims["email"] = json!(says.email);
            claims["email_verified"] = json!(says.email_verified);
        }
        for (name, value) in says.wrong.as_object().unwrap() {
            claims[name] = value.clone();
        }
        Some(json!({
            "access_token": "access", "token_type": "Bearer", "expires_in": 60,
            "id_token": self.sign(&claims, says.unpublished_key),
        }))
    }

    fn sign(&self, claims: &Value, unpublished: bool) -> String {
        let keys = self.keys.lock();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "ES256", "kid": keys.0});
        let signed = format!("{}.{}", part(&header), part(claims));
        let other = key_pair();
        let key = if unpublished { &other } else { &keys.1 };
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn user_info(&self) -> Value {
        let says = self.says.lock();
        json!({"sub": says.subject, "email": says.email, "email_verified": says.email_verified})
    }
}

#[async_trait]
impl OidcHttp for Provider {
    async fn send(&self, request: OidcRequest) -> Result<OidcResponse, Unavailable> {
        let path = request
            .url
            .strip_prefix(ISSUER)
            .unwrap_or(&request.url)
            .to_owned();
        self.requests.lock().push(path.clone());
        let body = String::from_utf8(request.body).unwrap();
        let answer = match &*path {
            "/.well-known/openid-configuration" => Some(Self::metadata()),
            "/keys" => Some(self.key_set()),
            "/token" => self.token(&body),
            "/userinfo" => Some(self.user_info()),
            _ => return Err(Unavailable::new("the provider", "no such page")),
        };
        Ok(OidcResponse {
            status: if answer.is_some() { 200 } else { 400 },
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: answer
                .unwrap_or(json!({"error": "invalid_grant"}))
                .to_string()
                .into_bytes(),
        })
    }
}

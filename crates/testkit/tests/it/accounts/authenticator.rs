//! An authenticator in software: makes passkeys and signs with them, as a phone does (WebAuthn level 3
//! §6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// User present, user verified.
const PRESENT_AND_VERIFIED: u8 = 0b101;
/// Attested credential data follows.
const WITH_CREDENTIAL: u8 = 0b100_0000;

pub(super) struct Authenticator {
    key: EcdsaKeyPair,
    id: [u8; 16],
    /// The account's handle, once a passkey was made.
    handle: String,
    pub(super) counter: u32,
    pub(super) origin: String,
    /// Whether it asks for a finger or a PIN.
    pub(super) verifies: bool,
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A text of less than 24 bytes (RFC 8949 §3.1).
fn cbor_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 24);
    [&[0x60 | length], text.as_bytes()].concat()
}

/// Bytes with their length in two bytes.
fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0x59], &length[..], bytes].concat()
}

impl Authenticator {
    pub(super) fn new(id: u8) -> Self {
        let chance = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).unwrap();
        Self {
            key: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &chance).unwrap(),
            id: [id; 16],
            handle: String::new(),
            counter: 0,
            origin: "http://localhost:8080".to_owned(),
            verifies: true,
        }
    }

    /// What `navigator.credentials.create(options)` returns, by `toJSON()`.
    pub(super) fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        assert_eq!(options["rp"]["id"], "localhost");
        let selection = &options["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "required");
        assert_eq!(selection["userVerification"], "required");
        options["user"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.handle);
        let mut data = self.data(WITH_CREDENTIAL);
        data.extend_from_slice(&[0; 16]); // No maker is named.
        data.extend_from_slice(&16u16.to_be_bytes());
        data.extend_from_slice(&self.id);
        data.extend_from_slice(&self.public_key());
        let attestation = [
            &[0xa3][..],
            &cbor_text("fmt"),
            &cbor_text("none"),
            &cbor_text("attStmt"),
            &[0xa0],
            &cbor_text("authData"),
            &cbor_bytes(&data),
        ]
        .concat();
        json!({
            "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&self.client("webauthn.create", options)),
                "attestationObject": encoded(&attestation),
            },
        })
    }

    /// What `navigator.credentials.get(options)` returns, by `toJSON()`.
    pub(super) fn get(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        assert_eq!(options["userVerification"], "required");
        assert_eq!(
            options["allowCredentials"],
            json!([]),
            "nobody is named before they sign in"
        );
        self.counter += 1;
        let data = self.data(0);
        let client = self.client("webauthn.get", options);
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&client),
                "authenticatorData": encoded(&data),
                "signature": encoded(signature.as_ref()),
                "userHandle": self.handle,
            },
        })
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let verified = if self.verifies {
            PRESENT_AND_VERIFIED
        } else {
            1
        };
        let mut data = Sha256::digest(b"localhost").to_vec();
        data.push(verified | more);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string()
        .into_bytes()
    }

    /// A COSE key (RFC 9053 §7.1): EC2, ES256, P-256, x, y.
    fn public_key(&self) -> Vec<u8> {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        let kind = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
        [&kind[..], &[0x21], &cbor_bytes(x), &[0x22], &cbor_bytes(y)].concat()
    }
}

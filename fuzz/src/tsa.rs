//! Parsers of `tsa`: none may panic, and what one accepts prints as it was read.

use std::sync::LazyLock;

use tsa::{Request, Token, Trust, proof_of, with_proof};

/// A target and what it checks.
type Check = (&'static str, fn(&[u8]));

/// Every check by the name of its target: the folder below `testdata/fuzz`.
pub const CHECKS: &[Check] = &[("tsa_request", tsa_request), ("tsa_token", tsa_token)];

/// Who signed the seeds.
static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let pem = include_str!("../../testdata/fuzz/tsa_ca.pem");
    Trust::from_pem(pem).expect("a good certificate")
});

/// RFC 3161 requests.
pub fn tsa_request(bytes: &[u8]) {
    if let Ok(request) = Request::parse(bytes) {
        let printed = request.to_der().expect("what was read can be written");
        assert_eq!(Request::parse(&printed).as_ref(), Ok(&request));
        // One liberty: `certReq FALSE` (three bytes) may be spelled out.
        assert!(
            printed == bytes || printed.len() + 3 == bytes.len(),
            "{printed:02x?}"
        );
    }
}

/// RFC 3161 tokens, and the responses that carry one.
pub fn tsa_token(bytes: &[u8]) {
    let Ok(token) = Token::parse(bytes) else {
        return;
    };
    assert_eq!(Token::parse(token.as_der()).as_ref(), Ok(&token));
    let _ = proof_of(bytes);
    let Ok(claims) = token.claims() else {
        return;
    };
    if let Ok(verified) = TRUST.verify(bytes, claims.imprint()) {
        assert_eq!(verified.info, claims);
        let proved = with_proof(bytes, b"a proof").expect("a good token takes a proof");
        assert_eq!(
            proof_of(proved.as_der()).expect("its own proof").as_deref(),
            Some(&b"a proof"[..])
        );
        assert_eq!(proved.claims(), Ok(claims));
    }
}

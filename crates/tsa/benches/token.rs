//! Tokens per second on one core, beside the bare signature that bounds them.
//!
//! `request_to_response` is everything that `POST /tsa` does between reading the body and writing the answer, but for the log.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use tsa::{Authority, HashAlgorithm, Imprint, Nonce, Request, Trust, response, with_proof};

const NOW_SECS: i64 = 1_763_700_000;

fn token(c: &mut Criterion) {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("random bytes");
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("own key");

    let new = tsa::generate("bench", NOW_SECS, &mut |bytes| bytes.fill(7)).expect("authority");
    let authority = Authority::from_pem(&new.tsa_key_pem, &new.tsa_certificate_pem);
    let authority = authority.expect("authority");
    let trust = Trust::from_pem(&new.ca_certificate_pem).expect("trust");
    let imprint = Imprint::new(HashAlgorithm::Sha256, &[0xab; 32]).expect("digest");
    let nonce = Some(Nonce::from(u64::MAX));
    let request = Request {
        nonce,
        ..Request::new(imprint.clone())
    };
    let der = request.to_der().expect("request");
    let answer = |serial: u128| {
        let request = Request::parse(black_box(&der)).expect("request");
        let info = authority.token_info(&request, serial, NOW_SECS * 1_000_000 + 42);
        let info = info.expect("facts");
        black_box(info.log_data());
        let token = authority
            .sign(&info, request.wants_certificate)
            .expect("token");
        response::granted(&token)
    };

    let mut group = c.benchmark_group("token");
    group.throughput(Throughput::Elements(1));
    group.bench_function("bare_p256_signature", |b| {
        let message = [0x31; 122]; // As long as the signed attributes.
        b.iter(|| key.sign(&random, black_box(&message)).expect("signature"));
    });
    let mut serial = 0;
    group.bench_function("request_to_response", |b| {
        b.iter(|| {
            serial += 1;
            answer(serial)
        });
    });
    group.bench_function("parse_request", |b| {
        b.iter(|| Request::parse(black_box(&der)).expect("request"));
    });
    let response = answer(1);
    group.bench_function("verify", |b| {
        b.iter(|| {
            trust
                .verify(black_box(&response), &imprint)
                .expect("genuine")
        });
    });
    group.bench_function("with_proof_of_1_kib", |b| {
        b.iter(|| with_proof(black_box(&response), &[0x5a; 1024]).expect("token"));
    });
    group.finish();
}

criterion_group!(benches, token);
criterion_main!(benches);

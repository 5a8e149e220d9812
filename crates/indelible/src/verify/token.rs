//! `indelible verify --token`: an RFC 3161 token against a file, by the tsa crate's own strict check.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;
use tlog::v1::TimeText;
use tsa::{HashAlgorithm, Imprint, Token, Trust};

use super::Options;
use super::report::words_of_time;
use crate::digest::Algorithm;
use crate::say::Say;

/// Verifies one token for one file.
pub(super) fn run(options: &Options, token: &Path) -> anyhow::Result<ExitCode> {
    let say = Say::new(options.json);
    let [file] = options.paths.as_slice() else {
        bail!("give one file: indelible verify --token FILE.tsr --ca ca.pem FILE");
    };
    let Some(ca) = &options.ca else {
        bail!("give the certificates that you trust with --ca");
    };
    let pem = std::fs::read_to_string(ca).with_context(|| ca.display().to_string())?;
    let trust = Trust::from_pem(&pem).with_context(|| ca.display().to_string())?;
    let bytes = std::fs::read(token).with_context(|| token.display().to_string())?;
    let no_token = || format!("{} is no token", token.display());
    let claimed = Token::parse(&bytes).and_then(|token| token.claims());
    let algorithm = claimed.with_context(no_token)?.imprint().algorithm();
    let mut source = std::fs::File::open(file).with_context(|| file.display().to_string())?;
    let digest = algorithm_of(algorithm).digest(&mut source, &mut |_| {})?;
    let imprint = Imprint::new(algorithm, &digest)?;
    let name = file.display();
    match trust.verify(&bytes, &imprint) {
        Ok(verified) => {
            let time = TimeText::of_micros(verified.info.time_us());
            say.event(
                &format!(
                    "verified  {name}\n  existed at   {}\n  signed by    {}\n  serial       {:032x}",
                    words_of_time(time.as_str()),
                    verified.signer.subject,
                    verified.info.serial()
                ),
                &json!({"verdict": "verified", "file": file, "token": token,
                    "time": time.as_str(), "signer": verified.signer.subject,
                    "serial": format!("{:032x}", verified.info.serial()),
                    "has_proof": verified.proof.is_some()}),
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            say.event(
                &format!("REFUSED   {name}: {why}"),
                &json!({"verdict": "refused", "file": file, "token": token,
                    "reason": why.to_string()}),
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

fn algorithm_of(algorithm: HashAlgorithm) -> Algorithm {
    match algorithm {
        HashAlgorithm::Sha256 => Algorithm::Sha256,
        HashAlgorithm::Sha384 => Algorithm::Sha384,
        HashAlgorithm::Sha512 => Algorithm::Sha512,
        HashAlgorithm::Sha3_256 => Algorithm::Sha3_256,
        HashAlgorithm::Sha3_384 => Algorithm::Sha3_384,
        HashAlgorithm::Sha3_512 => Algorithm::Sha3_512,
    }
}

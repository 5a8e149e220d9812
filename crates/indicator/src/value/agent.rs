//! What clients call themselves.

use super::Fault;

/// Longest name of a client, in bytes.
pub(crate) const AGENT_BYTES_MAX: usize = 512;

/// A value of the header `User-Agent` (RFC 9110, §10.1.5), runs of blanks being one.
pub(crate) fn agent(text: &str) -> Result<String, Fault> {
    if text.len() > AGENT_BYTES_MAX {
        return Err(Fault::TooLong(AGENT_BYTES_MAX));
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Fault::Form("it has control characters"));
    }
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    Ok(words.join(" "))
}

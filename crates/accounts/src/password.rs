//! Passwords: which are taken, and in which form they are hashed.
//!
//! As NIST SP 800-63B §3.1.1.2 has it: length counts, composition does not, and what everybody
//! chooses is refused.

use unicode_normalization::UnicodeNormalization as _;

use crate::Email;

/// Fewest letters of a new password.
pub const PASSWORD_LETTERS_MIN: usize = 12;
/// Most bytes of a password: enough for any sentence, too few to keep a hash busy.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// A password in the form in which it is hashed. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

/// Why a new password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`PASSWORD_LETTERS_MIN`] letters.
    #[error("a password has at least 12 characters")]
    TooShort,
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    #[error("a password has at most 1,024 bytes")]
    TooLong,
    /// A control character: nobody could be sure to type it again.
    #[error("a password has no control characters")]
    Control,
    /// The same few letters again and again, or neighbours on the keyboard.
    #[error("this password is a pattern that is tried first: choose several unrelated words")]
    Pattern,
    /// Made of the e-mail address, the name or the product's name.
    #[error("a password is not made of your name, your e-mail address or the name of this product")]
    Own,
}

impl Password {
    /// Brings what somebody typed into the form of RFC 8265 §4.2 (`OpaqueString`): other blanks
    /// become blanks, canonical composition, case kept. `None` when it cannot be a password of ours.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        Self::prepared(text).ok()
    }

    /// A password for somebody new, or a new one for somebody.
    pub(crate) fn chosen(text: &str, email: &Email, name: &str) -> Result<Self, PasswordError> {
        let password = Self::prepared(text)?;
        let letters: Vec<char> = password.0.chars().flat_map(char::to_lowercase).collect();
        if letters.len() < PASSWORD_LETTERS_MIN {
            return Err(PasswordError::TooShort);
        }
        if is_pattern(&letters) {
            return Err(PasswordError::Pattern);
        }
        let rest = without_own(&letters.iter().collect::<String>(), email, name);
        if rest
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .count()
            < OWN_LETTERS_MIN
        {
            return Err(PasswordError::Own);
        }
        Ok(password)
    }

    /// What is hashed when nothing was typed that could be a password.
    pub(crate) fn none() -> Self {
        Self(String::new())
    }

    fn prepared(text: &str) -> Result<Self, PasswordError> {
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        let blanks = text
            .chars()
            .map(|it| if it.is_whitespace() { ' ' } else { it });
        let prepared: String = blanks.nfc().collect();
        // Composition may lengthen a text, threefold at most.
        if prepared.len() > 3 * PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(prepared))
    }

    /// The bytes that are hashed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// So many letters must be left when what everybody could know of the owner is taken out.
const OWN_LETTERS_MIN: usize = 6;
/// So many different letters at least.
const DIFFERENT_MIN: usize = 5;
/// Runs that people walk along, forwards and backwards.
const WALKS: [&str; 7] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
];
/// Words in most of the passwords that are tried first, longer ones before those that they begin with.
const COMMON: [&str; 16] = [
    "administrator",
    "password",
    "passwort",
    "passwd",
    "letmein",
    "welcome",
    "iloveyou",
    "qwerty",
    "admin",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "secret",
];

fn is_pattern(letters: &[char]) -> bool {
    let mut different = letters.to_vec();
    different.sort_unstable();
    different.dedup();
    different.len() < DIFFERENT_MIN || repeats(letters) || unwalked(letters) < OWN_LETTERS_MIN
}

/// Whether it is one piece of at most a third of its length, again and again: "abcabcabcabc".
fn repeats(letters: &[char]) -> bool {
    (1..=letters.len() / 3).any(|period| {
        letters
            .iter()
            .zip(&letters[period..])
            .all(|(before, after)| before == after)
    })
}

/// How many letters are left once walks along keyboard and alphabet and the commonest words are
/// taken out.
fn unwalked(letters: &[char]) -> usize {
    let plain: String = letters.iter().map(|letter| unleet(*letter)).collect();
    let mut common = plain;
    for word in COMMON {
        common = common.replace(word, "");
    }
    let spelled: String = letters.iter().collect();
    let walks: Vec<String> = WALKS
        .iter()
        .flat_map(|walk| [(*walk).to_owned(), walk.chars().rev().collect()])
        .collect();
    common.chars().count().min(without_walks(&spelled, &walks))
}

fn unleet(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Letters that are in no walk of four or more.
fn without_walks(text: &str, walks: &[String]) -> usize {
    let letters: Vec<char> = text.chars().collect();
    let mut left = 0;
    let mut at = 0;
    while at < letters.len() {
        let longest = (4..=letters.len() - at)
            .take_while(|length| {
                let piece: String = letters[at..at + length].iter().collect();
                walks.iter().any(|walk| walk.contains(&piece))
            })
            .last();
        at += longest.unwrap_or(1);
        left += usize::from(longest.is_none());
    }
    left
}

fn without_own(lower: &str, email: &Email, name: &str) -> String {
    let name = name.to_lowercase();
    let key = email.key();
    let (local, domain) = key.rsplit_once('@').unwrap_or((key, ""));
    let words = [key, local, domain, "indelible"]
        .into_iter()
        .chain(domain.split('.'))
        .chain(name.split_whitespace());
    let mut words: Vec<&str> = words.filter(|word| word.chars().count() >= 4).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
        .into_iter()
        .fold(lower.to_owned(), |rest, word| rest.replace(word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_refused() {
        let email = Email::parse("eve.miller@example.org").unwrap();
        let check = |text: &str| Password::chosen(text, &email, "Eve Miller").map(drop);
        for text in [
            "correct horse battery staple",
            "paper-ink-vermilion",
            "Zwölf Boxkämpfer jagen",
            "тридцать три коровы",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        assert_eq!(check("elevenchars"), Err(PasswordError::TooShort));
        assert_eq!(check(&"é".repeat(600)), Err(PasswordError::TooLong));
        assert_eq!(check("correct horse\tbattery"), Err(PasswordError::Control));
        for text in [
            "aaaaaaaaaaaa",
            "abababababab",
            "abcabcabcabc",
            "12345678901234",
            "qwertyuiop12345",
            "P@ssw0rd1234",
            "Administrator1",
            "passwordpassword",
            "abcdefghijkl",
        ] {
            assert_eq!(check(text), Err(PasswordError::Pattern), "{text}");
        }
        for text in [
            "eve.miller@example.org",
            "Indelible2026",
            "millermiller12",
            "example.org.12",
        ] {
            assert_eq!(check(text), Err(PasswordError::Own), "{text}");
        }
    }

    /// The same keys on another machine may send decomposed letters: it is the same password.
    #[test]
    fn a_password_is_the_same_however_it_was_typed() {
        let typed = |text: &str| Password::typed(text).unwrap().bytes().to_owned();
        assert_eq!(typed("Zwo\u{308}lf\u{a0}Boxer"), typed("Zwölf Boxer"));
        assert_ne!(typed("Boxer"), typed("boxer"));
    }
}

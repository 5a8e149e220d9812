//! What Windows names: keys of the registry, mutexes.

use super::Fault;

/// Hives, as they are written and as they are called.
pub(crate) const HIVES: [(&str, &str); 13] = [
    ("HKEY_LOCAL_MACHINE", "HKEY_LOCAL_MACHINE"),
    ("HKEY_CURRENT_USER", "HKEY_CURRENT_USER"),
    ("HKEY_CLASSES_ROOT", "HKEY_CLASSES_ROOT"),
    ("HKEY_USERS", "HKEY_USERS"),
    ("HKEY_CURRENT_CONFIG", "HKEY_CURRENT_CONFIG"),
    ("HKEY_PERFORMANCE_DATA", "HKEY_PERFORMANCE_DATA"),
    ("HKLM", "HKEY_LOCAL_MACHINE"),
    ("HKCU", "HKEY_CURRENT_USER"),
    ("HKCR", "HKEY_CLASSES_ROOT"),
    ("HKU", "HKEY_USERS"),
    ("HKCC", "HKEY_CURRENT_CONFIG"),
    ("HKPD", "HKEY_PERFORMANCE_DATA"),
    ("HKUS", "HKEY_USERS"),
];

/// Longest key: 255 characters a level, and some levels.
pub(crate) const KEY_BYTES_MAX: usize = 1024;
/// Longest name of a mutex (`MAX_PATH`).
pub(crate) const MUTEX_BYTES_MAX: usize = 260;

/// A key with its hive written out; doubled backslashes of source code are one.
pub(crate) fn registry_key(text: &str) -> Result<String, Fault> {
    if text.len() > KEY_BYTES_MAX {
        return Err(Fault::TooLong(KEY_BYTES_MAX));
    }
    let (hive, path) = text
        .split_once('\\')
        .ok_or(Fault::Form("a key has a hive and a backslash"))?;
    let hive = hive.strip_suffix(':').unwrap_or(hive);
    let (_, name) = HIVES
        .iter()
        .find(|(written, _)| written.eq_ignore_ascii_case(hive))
        .ok_or(Fault::Form("it begins with no hive"))?;
    let mut key = String::from(*name);
    for level in path.split('\\').filter(|level| !level.is_empty()) {
        key.push('\\');
        key.push_str(level);
    }
    if key.len() == name.len() {
        return Err(Fault::Form("nothing stands below the hive"));
    }
    if key.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Fault::Form("it has control characters"));
    }
    Ok(key)
}

/// The name of a mutex as it is, doubled backslashes being one.
pub(crate) fn mutex(text: &str) -> Result<String, Fault> {
    if text.len() > MUTEX_BYTES_MAX {
        return Err(Fault::TooLong(MUTEX_BYTES_MAX));
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Fault::Form("it has control characters"));
    }
    let mut name = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\\' || !name.ends_with('\\') {
            name.push(letter);
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_mutexes() {
        let run = r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Run";
        for written in [
            r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run",
            r"hkcu:\Software\Microsoft\Windows\CurrentVersion\Run\",
            r"HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
        ] {
            assert_eq!(registry_key(written).as_deref(), Ok(run), "{written}");
        }
        assert!(registry_key(r"HKXX\Software").is_err());
        assert!(registry_key(r"HKLM\").is_err());
        assert_eq!(mutex(r"Global\\Evil").as_deref(), Ok(r"Global\Evil"));
        assert!(mutex("a\nb").is_err());
    }
}

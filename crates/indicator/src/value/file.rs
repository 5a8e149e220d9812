//! Names of files.

use super::Fault;

/// Longest name of a file, in bytes.
const FILE_BYTES_MAX: usize = 255;

/// How sure an ending makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileEnding {
    /// No domain ends so.
    Certain,
    /// A top-level domain too: `zip`, `sh`.
    Doubtful,
}

/// Endings that are no top-level domain, sorted.
#[rustfmt::skip]
const CERTAIN: [&str; 128] = [
    "7z", "aac", "accdb", "ace", "apk", "appx", "aps", "arj", "ashx", "asp", "aspx", "avi", "bak",
    "bash", "bat", "bin", "bmp", "bz2", "cer", "cfg", "chm", "class", "cmd", "conf", "config",
    "cpl", "cpp", "crt", "crx", "cs", "csproj", "css", "csv", "dat", "db", "dbg", "deb", "dex",
    "dll", "dmg", "doc", "docm", "docx", "dotm", "drv", "dylib", "elf", "eml", "encrypted", "eps",
    "exe", "fon", "gif", "gz", "hta", "htm", "html", "ico", "img", "inf", "ini", "ipa", "iso",
    "jar", "jpeg", "jpg", "js", "jse", "json", "jsp", "key", "ko", "lnk", "locked", "log", "lua",
    "lzh", "macho", "mdb", "mp3", "mp4", "msc", "msg", "msi", "msix", "msp", "mui", "ocx", "odt",
    "pcap", "pdb", "pdf", "pem", "pfx", "php", "plist", "png", "ppt", "pptm", "pptx", "ps1",
    "psd1", "psm1", "pst", "pyc", "pyd", "rar", "reg", "rpm", "rtf", "scr", "sct", "sln", "sql",
    "svg", "swf", "sys", "tar", "tgz", "tmp", "txt", "vbe", "vbs", "vhd", "wsf", "xls", "xlsx",
    "xml",
];

/// Some more, sorted, so that both tables stay readable.
#[rustfmt::skip]
const CERTAIN_TOO: [&str; 22] = [
    "dump", "gpg", "jspx", "lib", "md5", "ova", "p12", "potm", "ppam", "rdp", "rules", "sha256",
    "torrent", "url", "vba", "vmdk", "wasm", "wsh", "xlam", "xlsb", "xlsm", "yml",
];

/// Endings of files that registries sell too.
#[rustfmt::skip]
const DOUBTFUL: [&str; 9] = [
    "app", "cab", "java", "md", "mov", "py", "sh", "so", "zip",
];

/// What kind of ending a label is, in any case.
pub(crate) fn is_ending(label: &[u8]) -> Option<FileEnding> {
    let mut lower = [0; 10];
    let lower = lower.get_mut(..label.len())?;
    lower.copy_from_slice(label);
    lower.make_ascii_lowercase();
    let word = std::str::from_utf8(lower).ok()?;
    if CERTAIN.binary_search(&word).is_ok() || CERTAIN_TOO.binary_search(&word).is_ok() {
        return Some(FileEnding::Certain);
    }
    DOUBTFUL
        .binary_search(&word)
        .is_ok()
        .then_some(FileEnding::Doubtful)
}

/// Products that are called like files.
#[rustfmt::skip]
const PRODUCTS: [&str; 18] = [
    "angular.js", "asp.net", "backbone.js", "build.rs", "chart.js", "d3.js", "discord.js", "ember.js",
    "express.js", "lib.rs", "main.rs", "mod.rs", "next.js", "node.js", "nuxt.js", "react.js", "three.js", "vue.js",
];

/// Whether this names a product rather than a file.
pub(crate) fn is_product(name: &[u8]) -> bool {
    PRODUCTS
        .iter()
        .any(|product| name.eq_ignore_ascii_case(product.as_bytes()))
}

/// The last part of a path, as it was written.
pub(crate) fn filename(text: &str) -> Result<String, Fault> {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text).trim();
    if name.is_empty() || matches!(name, "." | "..") {
        return Err(Fault::Form("it names a folder"));
    }
    if name.len() > FILE_BYTES_MAX {
        return Err(Fault::TooLong(FILE_BYTES_MAX));
    }
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Fault::Form("it has control characters"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_found() {
        assert!(CERTAIN.is_sorted() && CERTAIN_TOO.is_sorted() && DOUBTFUL.is_sorted());
        assert_eq!(is_ending(b"EXE"), Some(FileEnding::Certain));
        assert_eq!(is_ending(b"zip"), Some(FileEnding::Doubtful));
        assert_eq!(is_ending(b"com"), None);
        // What a registry sells may not be certain.
        for ending in CERTAIN.iter().chain(&CERTAIN_TOO) {
            let top = psl::suffix(ending.as_bytes()).is_some_and(|suffix| suffix.is_known());
            assert!(!top, "{ending} is a top-level domain");
        }
    }

    #[test]
    fn the_folder_is_taken_off() {
        assert_eq!(filename(r"C:\Windows\evil.exe").as_deref(), Ok("evil.exe"));
        assert_eq!(filename("/tmp/x").as_deref(), Ok("x"));
        assert!(filename("/tmp/").is_err());
    }
}

//! Builds the browser's half with npm and esbuild, and writes the table that `assets.rs` embeds.
//!
//! Bundles are never committed. `npm ci` runs only when the lock file changed, under a file lock, so
//! that two builds in one checkout wait for each other instead of tearing `node_modules` apart.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What decides the bundle, relative to `frontend/`. Cargo watches folders recursively.
const SOURCES: [&str; 7] = [
    "src",
    "css",
    "static",
    "build.mjs",
    "package.json",
    "package-lock.json",
    ".npmrc",
];

fn main() {
    let manifest = folder("CARGO_MANIFEST_DIR");
    let out = folder("OUT_DIR");
    let frontend = manifest.join("../../frontend");
    println!("cargo::rerun-if-changed=build.rs");
    for source in SOURCES {
        println!(
            "cargo::rerun-if-changed={}",
            frontend.join(source).display()
        );
    }
    if let Err(reason) = install(&frontend)
        .and_then(|()| bundle(&frontend, &out))
        .and_then(|()| table(&out))
    {
        println!("cargo::error={reason}");
        std::process::exit(1);
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a build script is told its folders through the environment"
)]
fn folder(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(variable).unwrap_or_default())
}

/// Brings `node_modules` in step with the lock file; does nothing when it already is.
fn install(frontend: &Path) -> Result<(), String> {
    let lock = File::create(frontend.join(".install.lock"))
        .map_err(|e| format!("frontend/ cannot be written to: {e}"))?;
    lock.lock()
        .map_err(|e| format!("frontend/.install.lock cannot be locked: {e}"))?;
    let wanted = fs::read(frontend.join("package-lock.json"))
        .map_err(|e| format!("frontend/package-lock.json: {e}"))?;
    let done = frontend.join("node_modules/.installed");
    if fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(Command::new("npm")
        .args(["ci", "--no-progress"])
        .current_dir(frontend))?;
    fs::write(&done, wanted).map_err(|e| format!("frontend/node_modules: {e}"))
}

fn bundle(frontend: &Path, out: &Path) -> Result<(), String> {
    run(Command::new("node")
        .arg("build.mjs")
        .arg(out)
        .current_dir(frontend))
}

/// Runs one program; its words become the error when it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "`{name}` could not build the pages' assets in frontend/: {}",
            String::from_utf8_lossy(&output.stderr)
                .trim()
                .replace('\n', " | ")
        )),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "the pages are built with Node.js 20.19 or newer and npm, but `{name}` was not found: install them (Debian: `apt-get install nodejs npm`) and build again"
        )),
        Err(e) => Err(format!("`{name}` did not start: {e}")),
    }
}

/// Turns `assets.tsv` into `assets.rs`: one constant per logical name, one row per file.
fn table(out: &Path) -> Result<(), String> {
    let list =
        fs::read_to_string(out.join("assets.tsv")).map_err(|e| format!("assets.tsv: {e}"))?;
    let (mut urls, mut files) = (String::new(), String::new());
    for line in list.lines() {
        let row: Vec<&str> = line.split('\t').collect();
        match row[..] {
            ["entry", logical, file] => {
                let constant = logical.replace(['.', '-'], "_").to_uppercase();
                let _ = writeln!(
                    urls,
                    "    /// Where `{logical}` is served.\n    pub const {constant}: &str = \"/assets/{file}\";"
                );
            }
            ["file", name, content_type, packing] => {
                let at = out.join("dist").join(name);
                let embed = |suffix: &str| {
                    format!("include_bytes!({:?})", format!("{}{suffix}", at.display()))
                };
                let packed = |suffix| {
                    if packing == "packed" {
                        format!("Some({})", embed(suffix))
                    } else {
                        "None".to_owned()
                    }
                };
                let _ = writeln!(
                    files,
                    "    Asset {{ name: {name:?}, content_type: {content_type:?}, plain: {}, brotli: {}, gzip: {} }},",
                    embed(""),
                    packed(".br"),
                    packed(".gz"),
                );
            }
            _ => {
                return Err(format!(
                    "assets.tsv holds a line that build.rs does not know: {line}"
                ));
            }
        }
    }
    let text = format!(
        "/// Addresses of the assets, by logical name.\npub mod url {{\n{urls}}}\n\n/// Every file, sorted by name.\nstatic FILES: &[Asset] = &[\n{files}];\n"
    );
    fs::write(out.join("assets.rs"), text).map_err(|e| format!("assets.rs: {e}"))
}

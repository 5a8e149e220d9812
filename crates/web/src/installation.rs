//! What the administrator's room says about the installation itself. The binary knows it and hands it
//! in: nothing here reads a settings file, the environment or the machine.

/// The installation, as it was started.
pub struct Installation {
    /// The product's version.
    pub version: String,
    /// The settings in force, in the order of the manual; secrets are masked already.
    pub settings: Vec<Setting>,
    /// The keys that exist, without their secrets.
    pub keys: Vec<KnownKey>,
    /// Looks at memory and files, now. May block for a moment.
    pub measure: Box<dyn Fn() -> Measured + Send + Sync>,
}

/// One setting in force.
#[derive(Clone, Debug)]
pub struct Setting {
    /// `web.listen`.
    pub id: String,
    /// Its value in words, masked if it is a secret.
    pub value: String,
    /// Where it comes from: `built in`, `indelible.toml`, `environment`, `command line`.
    pub origin: String,
    /// What it is for, in one sentence.
    pub about: String,
}

/// A key without its secret.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// What it is for.
    pub purpose: String,
    /// Its public half or its fingerprint.
    pub public: String,
    /// Where its secret half lies.
    pub place: String,
}

/// What the machine says.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Resident memory of this process, in bytes; `None` where the system does not tell.
    pub memory_bytes: Option<u64>,
    /// What is stored: name and size in bytes.
    pub stored: Vec<(String, u64)>,
}

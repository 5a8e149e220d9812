//! The real program, serving from a throw-away folder while a step needs it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Where an OpenID provider will be, and what it and the product share.
pub(crate) struct OpenIdProvider {
    /// Its issuer.
    pub(crate) issuer: String,
    /// The client's secret.
    pub(crate) secret: &'static str,
}

/// From start to serving.
const START_MAX: Duration = Duration::from_secs(30);

/// A running `indelible serve`; stopped when dropped, or when we die.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    address: String,
    provider: OpenIdProvider,
}

impl Server {
    /// Starts `program` on a free port, and waits until it is ready. It knows an `OpenID` provider,
    /// `house`, at a port that was free a moment ago: whoever drives the browser starts it.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("indelible-server-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let free = || -> std::io::Result<_> { TcpListener::bind("127.0.0.1:0")?.local_addr() };
        let address = free()?.to_string();
        let provider = OpenIdProvider {
            issuer: format!("http://localhost:{}", free()?.port()),
            secret: "the house and the desk know it",
        };
        let house = folder.join("house.toml");
        fs::write(folder.join("house.secret"), provider.secret)?;
        fs::write(
            &house,
            format!(
                "name = \"House\"\nissuer = \"{}\"\nclient_id = \"indelible\"\n\
                 client_secret_file = \"house.secret\"\n",
                provider.issuer
            ),
        )?;
        let log = folder.join("log.txt");
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM"])
            .arg(program)
            .args(["serve", "--web-listen", &address, "--data"])
            .arg(folder.join("data"))
            .arg("--accounts-oidc")
            .arg(&house)
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("said.txt"))?)
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{} cannot be run", program.display()))?;
        let mut server = Self {
            child,
            folder,
            address,
            provider,
        };
        let started = Instant::now();
        while !server.is_ready() {
            let ended = server.child.try_wait()?.is_some();
            if ended || started.elapsed() > START_MAX {
                let told = fs::read_to_string(&log).unwrap_or_default();
                bail!("the server did not become ready; it told:\n{told}");
            }
            sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Where it serves.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same by the name at which browsers offer passkeys.
    pub(crate) fn local_url(&self) -> String {
        self.url().replace("127.0.0.1", "localhost")
    }

    /// The provider that it knows, which is not running yet.
    pub(crate) fn provider(&self) -> &OpenIdProvider {
        &self.provider
    }

    /// The link that makes the first account, as it was printed.
    pub(crate) fn setup_link(&self) -> Result<String> {
        let said = fs::read_to_string(self.folder.join("said.txt"))?;
        let link = said
            .split_whitespace()
            .find(|word| word.contains("/setup/"));
        link.map(str::to_owned)
            .context("the server printed no set-up link")
    }

    fn is_ready(&self) -> bool {
        is_ready(&self.address)
    }
}

/// Whether somebody serves at this host and port, and is well.
pub(crate) fn is_ready(address: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

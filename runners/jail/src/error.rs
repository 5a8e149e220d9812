//! Why somebody could not be jailed.

use std::io;
use std::path::PathBuf;

use crate::Wall;

/// Why there is no jail, or why nobody is in it. Nothing ran in either case.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// This kernel lacks walls that were not accepted as missing.
    #[error("this machine cannot build the jail: {} missing", names(missing))]
    Refused {
        /// What is missing and was not accepted.
        missing: Vec<Wall>,
    },
    /// A field of the rules or of the program says something impossible.
    #[error("{field}: {why}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// [`crate::Jail::fork`] was called in a process with more than one thread, whose copy would
    /// hold the locks of threads that it has not.
    #[error("only a process with one thread can be split, this one has {threads}")]
    Threads {
        /// How many there are.
        threads: u64,
    },
    /// The kernel refused a step on the way in.
    #[error("{step} failed")]
    Entering {
        /// Which one.
        step: Step,
        /// What the kernel said.
        source: io::Error,
    },
    /// The process died on its way in, without a word.
    #[error("the process died while it was being jailed")]
    Died,
}

/// A step on the way into the jail, for the error that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Making the process and its namespaces.
    Clone,
    /// Telling the child to go on, and hearing from it.
    Channel,
    /// The map of users, and becoming that user.
    Identity,
    /// The group of processes whose memory is counted.
    Cgroup,
    /// Dying with the parent.
    DeathSignal,
    /// The name of the machine.
    HostName,
    /// The root: its tmpfs, its folders, leaving the old one.
    Root,
    /// A folder, file or device that was to be mounted.
    Mount(PathBuf),
    /// The scratch folder.
    Scratch,
    /// A session and default signals.
    Session,
    /// A limit of resources.
    Limits,
    /// Descriptors moved or closed.
    Descriptors,
    /// The Landlock rules.
    Landlock,
    /// Dropping capabilities.
    Capabilities,
    /// The filter of system calls.
    Filter,
    /// Starting the program.
    Execute,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Clone => "making a process with namespaces of its own",
            Self::Channel => "talking to the process on its way in",
            Self::Identity => "becoming the jail's user",
            Self::Cgroup => "entering a control group",
            Self::DeathSignal => "tying the process to its parent",
            Self::HostName => "naming the machine",
            Self::Root => "building the root",
            Self::Mount(path) => return write!(f, "mounting {}", path.display()),
            Self::Scratch => "making the scratch folder",
            Self::Session => "making a session",
            Self::Limits => "setting limits",
            Self::Descriptors => "handing over descriptors",
            Self::Landlock => "setting Landlock rules",
            Self::Capabilities => "dropping capabilities",
            Self::Filter => "filtering system calls",
            Self::Execute => "starting the program",
        })
    }
}

fn names(walls: &[Wall]) -> String {
    let names: Vec<String> = walls.iter().map(ToString::to_string).collect();
    names.join(", ")
}

impl JailError {
    pub(crate) fn invalid(field: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            why: why.into(),
        }
    }

    pub(crate) fn entering(step: Step, source: impl Into<io::Error>) -> Self {
        Self::Entering {
            step,
            source: source.into(),
        }
    }
}

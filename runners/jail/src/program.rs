//! What is to run in jail, and what it is handed: checked, and turned into what the kernel wants.

use std::ffi::{CString, OsStr, c_char};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::inside::{DESCRIPTORS_MAX, NUMBER_MAX};
use crate::{JailError, Step};

/// A program to be run in jail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Program<'a> {
    /// Where it is, seen from inside.
    pub path: &'a str,
    /// Its arguments, without its name.
    pub arguments: &'a [&'a str],
    /// All of its environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// All that it has open; of 0, 1 and 2, those not named are `/dev/null`.
    pub descriptors: &'a [Descriptor<'a>],
}

/// Something open that is handed in.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor<'a> {
    /// What it is here.
    pub fd: BorrowedFd<'a>,
    /// Its number inside, 255 at most.
    pub number: RawFd,
}

/// A program's strings, as the kernel wants them.
pub(crate) struct Execute {
    pub(crate) path: CString,
    pub(crate) arguments: Vec<CString>,
    pub(crate) environment: Vec<CString>,
}

impl Execute {
    pub(crate) fn new(program: &Program<'_>) -> Result<Self, JailError> {
        let text = |field, text: &OsStr| {
            CString::new(text.as_bytes())
                .map_err(|_| JailError::invalid(field, "holds a zero byte"))
        };
        if !Path::new(program.path).is_absolute() {
            let why = format!("{} is not an absolute path", program.path);
            return Err(JailError::invalid("program.path", why));
        }
        let path = text("program.path", program.path.as_ref())?;
        let mut arguments = vec![path.clone()];
        for argument in program.arguments {
            arguments.push(text("program.arguments", argument.as_ref())?);
        }
        let mut environment = Vec::with_capacity(program.environment.len());
        for (name, value) in program.environment {
            if name.is_empty() || name.contains('=') {
                let why = format!("{name:?} is not the name of a variable");
                return Err(JailError::invalid("program.environment", why));
            }
            let pair = format!("{name}={value}");
            environment.push(text("program.environment", pair.as_ref())?);
        }
        Ok(Self {
            path,
            arguments,
            environment,
        })
    }
}

/// An array that ends with a null pointer; it lives no longer than `strings`.
pub(crate) fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    let pointers = strings.iter().map(|it| it.as_ptr());
    pointers.chain([std::ptr::null()]).collect()
}

/// Copies of what is handed in, with the numbers it gets.
pub(crate) fn check(descriptors: &[Descriptor<'_>]) -> Result<Vec<(OwnedFd, RawFd)>, JailError> {
    // Three more may be added.
    if descriptors.len() > DESCRIPTORS_MAX - 3 {
        let why = format!(
            "{} of them, at most {}",
            descriptors.len(),
            DESCRIPTORS_MAX - 3
        );
        return Err(JailError::invalid("descriptors", why));
    }
    let mut checked: Vec<(OwnedFd, RawFd)> = Vec::with_capacity(descriptors.len() + 3);
    for Descriptor { fd, number } in descriptors {
        if !(0..=NUMBER_MAX).contains(number) || checked.iter().any(|(_, then)| then == number) {
            let why = format!("{number} is not a number of 0 to {NUMBER_MAX}, or named twice");
            return Err(JailError::invalid("descriptors", why));
        }
        let copy = fd.try_clone_to_owned();
        let copy = copy.map_err(|error| JailError::entering(Step::Descriptors, error))?;
        checked.push((copy, *number));
    }
    Ok(checked)
}

pub(crate) fn numbers(descriptors: &[(OwnedFd, RawFd)]) -> Vec<(RawFd, RawFd)> {
    let number = |(now, then): &(OwnedFd, RawFd)| (now.as_fd().as_raw_fd(), *then);
    descriptors.iter().map(number).collect()
}

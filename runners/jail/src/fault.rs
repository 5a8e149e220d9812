//! What goes wrong on the way in, told in eight bytes: the child can neither allocate nor print.

use rustix::io::Errno;

use crate::Step;
use crate::plan::Plan;

/// The steps that can fail inside, by their number in a message; mounts have the numbers above.
const STEPS: [Step; 12] = [
    Step::Channel,
    Step::Identity,
    Step::DeathSignal,
    Step::HostName,
    Step::Root,
    Step::Scratch,
    Step::Session,
    Step::Limits,
    Step::Descriptors,
    Step::Landlock,
    Step::Capabilities,
    Step::Filter,
];
const EXECUTE: u32 = 12;
pub(crate) const MOUNTS: u32 = 16;

/// What went wrong where; eight bytes on their way to the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    place: u32,
    errno: i32,
}

impl Fault {
    /// The message that all went well.
    pub(crate) const NONE: Self = Self { place: 0, errno: 0 };

    pub(crate) fn at(step: &Step) -> impl Fn(Errno) -> Self {
        let known = (0..).zip(&STEPS).find(|(_, it)| *it == step);
        let place = known.map_or(0, |(place, _)| place);
        Self::at_place(place)
    }

    /// Of a mount, by its number above [`MOUNTS`].
    pub(crate) fn at_place(place: u32) -> impl Fn(Errno) -> Self {
        move |errno| Self {
            place,
            errno: errno.raw_os_error(),
        }
    }

    pub(crate) fn of_execute(errno: Errno) -> Self {
        Self::at_place(EXECUTE)(errno)
    }

    pub(crate) fn to_bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&self.place.to_ne_bytes());
        bytes[4..].copy_from_slice(&self.errno.to_ne_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Self {
        let (place, errno) = bytes.split_at(4);
        Self {
            place: place.try_into().map_or(0, u32::from_ne_bytes),
            errno: errno.try_into().map_or(0, i32::from_ne_bytes),
        }
    }

    /// The step and the kernel's word, for the parent's error.
    pub(crate) fn explain(self, plan: &Plan) -> (Step, std::io::Error) {
        let step = match self.place {
            EXECUTE => Step::Execute,
            mount if mount >= MOUNTS => {
                let bind = plan.binds.get((mount - MOUNTS) as usize);
                let host = bind.map(|bind| bind.host.to_string_lossy().into_owned());
                Step::Mount(host.unwrap_or_default().into())
            }
            place => STEPS.get(place as usize).cloned().unwrap_or(Step::Channel),
        };
        (step, std::io::Error::from_raw_os_error(self.errno))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parent must name the step that failed, and not another.
    #[test]
    fn a_fault_survives_its_journey() {
        let fault = Fault::at(&Step::Landlock)(Errno::PERM);
        assert_eq!(Fault::from_bytes(fault.to_bytes()), fault);
        assert_eq!(STEPS[fault.place as usize], Step::Landlock);
        assert!(STEPS.len() <= EXECUTE as usize && EXECUTE < MOUNTS);
        assert_ne!(Fault::at(&Step::Channel)(Errno::PERM), Fault::NONE);
    }
}

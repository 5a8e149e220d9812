//! What a hostile program tries. Every attempt ends with 0 when it was held and with 99 and a
//! sentence when it got through; bombs end when somebody ends them.
//!
//! Started with `jailer` or `split` before the name of an attempt, this program is first the one
//! who jails itself: by running itself again, or by splitting.

#![allow(unsafe_code, reason = "most attempts are bare system calls")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program is no part of the product"
)]
#![allow(clippy::print_stdout, reason = "some attempts are about printing")]

mod bombs;
mod files;
mod kernel;
mod outside;
#[path = "../rules.rs"]
mod rules;

use std::os::fd::AsFd as _;
use std::process::ExitCode;

use jail::{Abilities, Descriptor, Forked, How, Jail, Program, Rules};

/// What an attempt answers: that it was held, or how it got through.
type Held = Result<(), String>;

/// Its name, and what it does with the arguments that follow.
type Attempt = (&'static str, fn(&[String]) -> Held);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match first.as_str() {
        "jailer" => jailer(&rest),
        "split" => split(&rest),
        name => attempt(name, &rest),
    }
}

fn attempt(name: &str, rest: &[String]) -> ExitCode {
    let all = [
        files::ATTEMPTS,
        outside::ATTEMPTS,
        kernel::ATTEMPTS,
        bombs::ATTEMPTS,
    ];
    let Some((_, run)) = all.into_iter().flatten().find(|(it, _)| *it == name) else {
        println!("no attempt is called {name}");
        return ExitCode::from(98);
    };
    match run(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(how) => {
            println!("{name}: {how}");
            ExitCode::from(99)
        }
    }
}

/// Runs an attempt in a jail of its own making, and ends as it ended.
fn jailer(rest: &[String]) -> ExitCode {
    let program = std::env::current_exe().expect("this program");
    let rules = rules::rules(program.parent().expect("its folder"));
    let jail = Jail::new(&rules, &Abilities::probe()).expect("a jail");
    let arguments: Vec<&str> = rest.iter().map(String::as_str).collect();
    let out = std::io::stdout();
    let jailed = jail.spawn(&Program {
        path: rules::PROGRAM,
        arguments: &arguments,
        descriptors: &[Descriptor {
            fd: out.as_fd(),
            number: 1,
        }],
        ..Program::default()
    });
    ended(jailed.expect("somebody in it").wait().expect("an end").how)
}

/// Splits, and makes an attempt in the copy, in the narrowest jail.
fn split(rest: &[String]) -> ExitCode {
    let jail = Jail::new(&Rules::narrow(rules::LIMITS), &Abilities::probe()).expect("a jail");
    let out = std::io::stdout();
    let forked = jail.fork(&[Descriptor {
        fd: out.as_fd(),
        number: 1,
    }]);
    match forked.expect("two processes") {
        Forked::Parent(jailed) => ended(jailed.wait().expect("an end").how),
        Forked::Child => {
            let held = attempt(&rest[0], &rest[1..]) == ExitCode::SUCCESS;
            // SAFETY: ends this process, and nothing else.
            unsafe { libc::_exit(if held { 0 } else { 99 }) }
        }
    }
}

fn ended(how: How) -> ExitCode {
    match how {
        How::Exited(code) => ExitCode::from(u8::try_from(code).unwrap_or(97)),
        How::Signal(_) => ExitCode::from(96),
        How::OutOfTime => ExitCode::from(95),
    }
}

/// A bare system call with up to five numbers.
fn call(number: libc::c_long, a: [libc::c_long; 5]) -> libc::c_long {
    // SAFETY: the attempts pass numbers, null, or pointers to what lives longer than the call.
    unsafe { libc::syscall(number, a[0], a[1], a[2], a[3], a[4]) }
}

/// Held when every one of these calls is refused.
fn refused(calls: &[(&str, libc::c_long, [libc::c_long; 5])]) -> Held {
    for (name, number, arguments) in calls {
        let answer = call(*number, *arguments);
        if answer != -1 {
            return Err(format!("{name} answered {answer}"));
        }
    }
    Ok(())
}

/// A string for a bare call, kept for as long as the process lives.
fn text(text: &str) -> libc::c_long {
    let text = std::ffi::CString::new(text).expect("no zero byte");
    text.into_raw().expose_provenance().cast_signed() as libc::c_long
}

/// Room that a call may write to.
fn room() -> libc::c_long {
    let room = Box::leak(Box::new([0_u64; 64]));
    room.as_mut_ptr().expose_provenance().cast_signed() as libc::c_long
}

//! Attempts on other processes and on the network.

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::{Attempt, Held, call, refused, room, text};

pub(crate) const ATTEMPTS: &[Attempt] = &[
    ("kill-the-parent", kill_the_parent),
    ("kill-everybody", kill_everybody),
    ("trace-the-parent", trace_the_parent),
    ("see-others", see_others),
    ("raw-sockets", raw_sockets),
    ("tcp-loopback", tcp_loopback),
    ("tcp-metadata", tcp_metadata),
    ("udp-names", udp_names),
    ("unix-socket", unix_socket),
    ("abstract-socket", abstract_socket),
    ("socket-families", socket_families),
    ("inherited-descriptors", inherited_descriptors),
    ("host-name", host_name),
    ("type-into-terminal", type_into_terminal),
];

fn number(rest: &[String], index: usize) -> libc::c_long {
    rest[index].parse().expect("a number")
}

fn kill_the_parent(rest: &[String]) -> Held {
    let parent = number(rest, 0);
    refused(&[
        ("kill", libc::SYS_kill, [parent, 9, 0, 0, 0]),
        ("tgkill", libc::SYS_tgkill, [parent, parent, 9, 0, 0]),
        (
            "rt_sigqueueinfo",
            libc::SYS_rt_sigqueueinfo,
            [parent, 9, room(), 0, 0],
        ),
        ("pidfd_open", libc::SYS_pidfd_open, [parent, 0, 0, 0, 0]),
    ])
}

/// Reaches everybody in its own namespace, which is nobody.
fn kill_everybody(_: &[String]) -> Held {
    for process in (2..2000).chain([-1]) {
        if call(libc::SYS_kill, [process, 9, 0, 0, 0]) != -1 {
            return Err(format!("there is a process {process}"));
        }
    }
    Ok(())
}

fn trace_the_parent(rest: &[String]) -> Held {
    let parent = number(rest, 0);
    let attach = libc::c_long::from(libc::PTRACE_ATTACH);
    refused(&[
        ("ptrace", libc::SYS_ptrace, [attach, parent, 0, 0, 0]),
        (
            "process_vm_readv",
            libc::SYS_process_vm_readv,
            [parent, room(), 1, room(), 1],
        ),
        (
            "process_vm_writev",
            libc::SYS_process_vm_writev,
            [parent, room(), 1, room(), 1],
        ),
        ("pidfd_getfd", libc::SYS_pidfd_getfd, [0, 1, 0, 0, 0]),
        ("kcmp", libc::SYS_kcmp, [parent, 1, 0, 0, 0]),
        (
            "process_madvise",
            libc::SYS_process_madvise,
            [0, room(), 1, 4, 0],
        ),
        ("prlimit64", libc::SYS_prlimit64, [parent, 7, room(), 0, 0]),
        ("setpriority", libc::SYS_setpriority, [0, parent, 19, 0, 0]),
    ])
}

fn see_others(_: &[String]) -> Held {
    // SAFETY: plain questions.
    let (own, parent) = unsafe { (libc::getpid(), libc::getppid()) };
    if (own, parent) == (1, 0) {
        Ok(())
    } else {
        Err(format!("process {own} of {parent}"))
    }
}

fn raw_sockets(_: &[String]) -> Held {
    let kinds = [
        (libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP),
        (libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_ICMPV6),
        (libc::AF_PACKET, libc::SOCK_RAW, 0x0300),
        (libc::AF_NETLINK, libc::SOCK_RAW, 0),
        (libc::AF_ALG, libc::SOCK_SEQPACKET, 0),
        (libc::AF_VSOCK, libc::SOCK_STREAM, 0),
        (libc::AF_INET, libc::SOCK_STREAM, 262),
    ];
    for (family, kind, protocol) in kinds {
        let arguments = [family, kind, protocol, 0, 0].map(libc::c_long::from);
        refused(&[("socket", libc::SYS_socket, arguments)])?;
    }
    Ok(())
}

fn unreached(address: &str) -> Held {
    let address: SocketAddr = address.parse().expect("an address");
    match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
        Ok(_) => Err(format!("{address} answered")),
        Err(_) => Ok(()),
    }
}

/// A port of this machine that really listens.
fn tcp_loopback(rest: &[String]) -> Held {
    unreached(&rest[0])?;
    unreached("[::1]:1")?;
    match std::net::TcpListener::bind("127.0.0.1:0") {
        Ok(_) => Err("it listens".into()),
        Err(_) => Ok(()),
    }
}

fn tcp_metadata(_: &[String]) -> Held {
    for address in [
        "169.254.169.254:80",
        "[fd00:ec2::254]:80",
        "[::ffff:169.254.169.254]:80",
    ] {
        unreached(address)?;
    }
    Ok(())
}

fn udp_names(_: &[String]) -> Held {
    match UdpSocket::bind("0.0.0.0:0").and_then(|it| it.send_to(b"x", "127.0.0.1:53")) {
        Ok(_) => Err("a datagram left".into()),
        Err(_) => Ok(()),
    }
}

/// A socket in a folder that is mounted, on which somebody really listens.
fn unix_socket(_: &[String]) -> Held {
    match UnixStream::connect("/program/socket") {
        Ok(_) => Err("somebody answered".into()),
        Err(_) => Ok(()),
    }
}

fn abstract_socket(rest: &[String]) -> Held {
    use std::os::linux::net::SocketAddrExt as _;
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&rest[0]);
    match UnixStream::connect_addr(&address.expect("a name")) {
        Ok(_) => Err("somebody answered".into()),
        Err(_) => Ok(()),
    }
}

fn socket_families(_: &[String]) -> Held {
    for family in 0..46 {
        for kind in [
            libc::SOCK_STREAM,
            libc::SOCK_DGRAM,
            libc::SOCK_RAW,
            libc::SOCK_SEQPACKET,
        ] {
            let arguments = [family, libc::c_long::from(kind), 0, 0, 0];
            refused(&[("socket", libc::SYS_socket, arguments)])?;
            if family != libc::c_long::from(libc::AF_UNIX) {
                let arguments = [family, libc::c_long::from(kind), 0, room(), 0];
                refused(&[("socketpair", libc::SYS_socketpair, arguments)])?;
            }
        }
    }
    // Talking to oneself is allowed: event loops do.
    UnixStream::pair()
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// All that is open is what was handed in.
fn inherited_descriptors(rest: &[String]) -> Held {
    let handed: Vec<i32> = rest
        .iter()
        .map(|it| it.parse().expect("a number"))
        .collect();
    for fd in 0..1024 {
        // SAFETY: a plain question.
        let open = unsafe { libc::fcntl(fd, libc::F_GETFD) } != -1;
        if open != handed.contains(&fd) {
            return Err(format!(
                "descriptor {fd} is {}",
                if open { "open" } else { "closed" }
            ));
        }
    }
    Ok(())
}

fn host_name(_: &[String]) -> Held {
    let name = rustix::system::uname();
    let (node, domain) = (name.nodename().to_bytes(), name.domainname().to_bytes());
    if (node, domain) != (b"jail", b"") {
        return Err(format!("the machine is {:?}", name.nodename()));
    }
    refused(&[
        (
            "sethostname",
            libc::SYS_sethostname,
            [text("x"), 1, 0, 0, 0],
        ),
        (
            "setdomainname",
            libc::SYS_setdomainname,
            [text("x"), 1, 0, 0, 0],
        ),
    ])
}

fn type_into_terminal(_: &[String]) -> Held {
    let sti = libc::TIOCSTI.cast_signed() as libc::c_long;
    let linux = libc::TIOCLINUX.cast_signed() as libc::c_long;
    refused(&[
        ("TIOCSTI", libc::SYS_ioctl, [1, sti, text("x"), 0, 0]),
        ("TIOCLINUX", libc::SYS_ioctl, [1, linux, text("x"), 0, 0]),
        (
            "TIOCSTI, with a high half",
            libc::SYS_ioctl,
            [1, sti | (1 << 32), text("x"), 0, 0],
        ),
    ])
}

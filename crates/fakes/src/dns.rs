//! A name server for the names of `data/zone.txt`, over UDP and TCP (RFC 1035), that knows no other.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

use crate::{Heard, Mode, State};

/// The slug under which requests are remembered and modes set.
const SLUG: &str = "dns";
/// Longest answer over UDP without extensions (RFC 1035 §4.2.1), in bytes.
const DATAGRAM_BYTES_MAX: usize = 512;
/// Records of a name that has too many for a datagram.
const LONG_RECORDS: usize = 100;

static ZONE: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let lines = include_str!("../data/zone.txt").lines();
    let lines = lines.filter(|line| !line.starts_with(';') && !line.is_empty());
    let records = lines.map(|line| record(line).unwrap_or_else(|| panic!("{line}")));
    records.collect()
});

/// `name seconds type data`.
fn record(line: &str) -> Option<Record> {
    let mut words = line.splitn(4, char::is_whitespace);
    let name = Name::from_str(words.next()?).ok()?;
    let mut rest = words.collect::<Vec<_>>().join(" ");
    let mut word = || {
        let text = rest.trim_start().to_owned();
        let (word, after) = text.split_once(char::is_whitespace)?;
        after.clone_into(&mut rest);
        Some(word.to_owned())
    };
    let ttl = word()?.parse().ok()?;
    let kind = RecordType::from_str(&word()?).ok()?;
    let data = RData::try_from_str(kind, rest.trim()).ok()?;
    Some(Record::from_rdata(name, ttl, data))
}

/// A server that listens.
pub(crate) struct Server {
    datagrams: UdpSocket,
    streams: TcpListener,
    state: Arc<State>,
}

impl Server {
    /// Takes one port for both.
    pub(crate) async fn bind(state: Arc<State>) -> std::io::Result<Self> {
        let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
        // What is free for TCP may be taken for UDP.
        for _ in 0..20 {
            let streams = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            match UdpSocket::bind(streams.local_addr()?).await {
                Ok(datagrams) => {
                    return Ok(Self {
                        datagrams,
                        streams,
                        state,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.streams.local_addr().expect("it is bound")
    }

    pub(crate) fn start(self) -> [JoinHandle<()>; 2] {
        let (datagrams, streams) = (Arc::new(self.datagrams), self.streams);
        let state = Arc::clone(&self.state);
        let by_datagram = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = datagrams.recv_from(&mut buffer).await {
                let (request, state) = (buffer[..length].to_vec(), Arc::clone(&state));
                let datagrams = Arc::clone(&datagrams);
                tokio::spawn(async move {
                    if let Some(answer) = answer(&state, &request, true).await {
                        let _ = datagrams.send_to(&answer, from).await;
                    }
                });
            }
        });
        let state = self.state;
        let by_stream = tokio::spawn(async move {
            while let Ok((stream, _)) = streams.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    // Whoever hangs up has heard enough.
                    let _ = talk(&state, stream).await;
                });
            }
        });
        [by_datagram, by_stream]
    }
}

async fn talk(state: &State, mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut request = vec![0; usize::from(length)];
        stream.read_exact(&mut request).await?;
        let Some(answer) = answer(state, &request, false).await else {
            std::future::pending::<()>().await;
            return Ok(());
        };
        let length = u16::try_from(answer.len()).unwrap_or(u16::MAX);
        stream.write_u16(length).await?;
        stream.write_all(&answer[..usize::from(length)]).await?;
    }
}

/// `None`: it never answers.
async fn answer(state: &State, request: &[u8], by_datagram: bool) -> Option<Vec<u8>> {
    let asked = Message::from_vec(request).ok()?;
    let query = asked.queries.first()?.clone();
    let name = query.name().to_ascii().to_ascii_lowercase();
    state.remember(
        SLUG,
        Heard {
            method: query.query_type().to_string(),
            path: name.clone(),
            headers: Vec::new(),
            body: Bytes::copy_from_slice(request),
        },
    );
    let set = state.mode(SLUG);
    let mode = if set == Mode::Normal {
        Mode::of(&name)
    } else {
        set
    };
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata.recursion_desired = asked.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_query(query.clone());
    match mode {
        Mode::Hang => return None,
        Mode::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Mode::Garbage | Mode::Cut => return Some(b"\xffthis is no message".to_vec()),
        Mode::Error | Mode::Inwards => reply.metadata.response_code = ResponseCode::ServFail,
        Mode::Limit | Mode::Unauthorized => {
            reply.metadata.response_code = ResponseCode::Refused;
        }
        Mode::Long => {
            let text = |number: usize| format!("\"{number:0200}\"");
            let records = (0..LONG_RECORDS).filter_map(|number| {
                let data = RData::try_from_str(RecordType::TXT, &text(number)).ok()?;
                Some(Record::from_rdata(query.name().clone(), 60, data))
            });
            reply.add_answers(records.collect::<Vec<_>>());
        }
        Mode::Normal => {}
    }
    if reply.metadata.response_code == ResponseCode::NoError && mode != Mode::Long {
        look_up(&mut reply, query.name(), query.query_type());
    }
    let whole = reply.to_vec().ok()?;
    if by_datagram && whole.len() > DATAGRAM_BYTES_MAX {
        reply.answers.clear();
        reply.metadata.truncation = true;
        return reply.to_vec().ok();
    }
    Some(whole)
}

fn look_up(reply: &mut Message, name: &Name, kind: RecordType) {
    let mut name = name.to_lowercase();
    // An alias is followed once: the zone has no longer ones.
    for _ in 0..2 {
        let of_name = || ZONE.iter().filter(|record| record.name == name);
        if of_name().next().is_none() {
            if reply.answers.is_empty() {
                reply.metadata.response_code = ResponseCode::NXDomain;
            }
            return;
        }
        let found: Vec<Record> = of_name()
            .filter(|record| record.record_type() == kind)
            .cloned()
            .collect();
        let alias = of_name().find_map(|record| match &record.data {
            RData::CNAME(to) if kind != RecordType::CNAME => Some((record.clone(), to.0.clone())),
            _ => None,
        });
        reply.add_answers(found);
        let Some((record, to)) = alias else { return };
        reply.add_answer(record);
        name = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_can_be_read() {
        assert!(ZONE.len() > 10);
    }
}

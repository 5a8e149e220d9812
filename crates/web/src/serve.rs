//! The accept loop: HTTP/1.1 and h2c on one port, bounded in connections and in patience.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::address::{is_in, limited_unit};
use crate::edge::Web;
use crate::line::{Asked, Departure, Line};
use crate::patience::Patient;

/// Most header lines of a request.
const HEADERS_MAX: usize = 100;
/// Most streams of one HTTP/2 connection at once.
const STREAMS_MAX: u32 = 256;
/// Most bytes of header of an HTTP/2 request.
const HEADER_LIST_BYTES_MAX: u32 = 64 * 1024;
/// After an accept that failed for want of descriptors, this long nothing is accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often a silent HTTP/2 connection is asked whether it is alive.
const PING_EVERY: Duration = Duration::from_secs(20);

/// Serves until `shutdown` completes, then stops accepting, answers everyone who waits, lets open
/// requests finish for `drain_timeout`, and returns.
///
/// # Errors
/// Only when the listener cannot tell its own address; a failed accept is waited out.
pub async fn serve(
    listener: TcpListener,
    web: Arc<Web>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let settings = web.guard.settings.clone();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_LIST_BYTES_MAX);
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let _ = web.guard.places.set(Arc::clone(&places));
    let crowd = Arc::new(Crowd::default());
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let exempt = is_in(peer, &settings.exempt);
        let max = (!exempt).then_some(settings.connections_per_address_max);
        let Some(guest) = crowd.admit(limited_unit(peer), max) else {
            continue; // Dropping the socket is the cheapest answer to a flood.
        };
        // Small answers must not wait for an acknowledgement of the ones before.
        let _ = stream.set_nodelay(true);
        let line = Line::new(stream);
        let io = Patient::new(line.clone(), settings.head_timeout, settings.write_timeout);
        let seat = Seat {
            _place: place,
            _guest: guest,
        };
        let (web, builder, watcher) = (Arc::clone(&web), builder.clone(), graceful.watcher());
        tokio::spawn(async move {
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                let (web, line) = (Arc::clone(&web), line.clone());
                async move {
                    let asked = Asked::of(&request);
                    let response = web.answer(peer, request.map(Body::new)).await;
                    match line.let_go(asked, response) {
                        Some(response) => Ok::<_, Infallible>(response),
                        // The connection is taken apart before this is asked again.
                        None => std::future::pending().await,
                    }
                }
            });
            let serving = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
            let departure = {
                let mut serving = std::pin::pin!(watcher.watch(serving));
                poll_fn(|context| match serving.as_mut().poll(context) {
                    Poll::Ready(ended) => Poll::Ready(Err(ended)),
                    // The handler runs inside of that call.
                    Poll::Pending => match line.departure() {
                        Some(departure) => Poll::Ready(Ok(departure)),
                        None => Poll::Pending,
                    },
                })
                .await
            };
            match departure {
                Ok(departure) => depart(line, departure, seat),
                Err(Err(error)) => tracing::debug!(%peer, error, "a connection ended early"),
                Err(Ok(())) => {}
            }
        });
    }
    drop(listener);
    web.guard.close();
    let open = graceful.count();
    tracing::info!(
        open,
        "stopping: no new connections, open requests may finish"
    );
    let drained = async { tokio::join!(graceful.shutdown(), web.guard.feeds_closed()) };
    if tokio::time::timeout(settings.drain_timeout, drained)
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were dropped");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, IpAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer.ip().to_canonical(), place))
}

/// Hands a socket that hyper has let go of to the hub.
fn depart(line: Line, departure: Departure, seat: Seat) {
    match line.into_socket() {
        Some(Ok(socket)) => {
            let Departure { leave, head } = departure;
            leave.live.adopt(socket, head, leave.next, seat);
        }
        Some(Err(error)) => tracing::warn!(%error, "a socket could not leave the runtime"),
        None => tracing::error!("a socket is still held by the connection that it left"),
    }
}

/// A connection's place among those that are allowed.
pub(crate) struct Seat {
    _place: tokio::sync::OwnedSemaphorePermit,
    _guest: Guest,
}

/// How many connections each address has open.
#[derive(Default)]
struct Crowd {
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One admitted connection; leaves the count when dropped.
struct Guest {
    crowd: Arc<Crowd>,
    unit: Option<IpAddr>,
}

impl Crowd {
    /// `None` when `unit` has `max` connections open already. Without a `max` nothing is counted.
    fn admit(self: &Arc<Self>, unit: IpAddr, max: Option<u32>) -> Option<Guest> {
        if let Some(max) = max {
            let mut open = self.open.lock();
            let count = open.entry(unit).or_default();
            if *count >= max {
                return None;
            }
            *count += 1;
        }
        Some(Guest {
            crowd: Arc::clone(self),
            unit: max.is_some().then_some(unit),
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(unit) = self.unit else { return };
        let mut open = self.crowd.open.lock();
        if let Some(count) = open.get_mut(&unit) {
            *count -= 1;
            if *count == 0 {
                open.remove(&unit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place() {
        let crowd = Arc::new(Crowd::default());
        let unit: IpAddr = "192.0.2.1".parse().unwrap();
        let first = crowd.admit(unit, Some(2)).unwrap();
        let _second = crowd.admit(unit, Some(2)).unwrap();
        assert!(crowd.admit(unit, Some(2)).is_none());
        assert!(crowd.admit("192.0.2.2".parse().unwrap(), Some(2)).is_some());
        assert!(crowd.admit(unit, None).is_some());
        drop(first);
        assert!(crowd.admit(unit, Some(2)).is_some());
        assert_eq!(crowd.open.lock().len(), 1, "who left is forgotten");
    }
}

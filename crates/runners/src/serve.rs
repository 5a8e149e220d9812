//! A runner's end: both versions of the contract and gRPC's health, over one listener.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tonic::transport::Server;

use crate::proto::v1::runner_server::RunnerServer as V1;
use crate::proto::v2::runner_server::RunnerServer as V2;
use crate::{Engine, MESSAGE_BYTES_MAX, v1, v2};

/// Where a runner listens.
#[derive(Debug)]
pub enum Listener {
    /// A Unix socket. Who may connect is a matter of the permissions of its folder.
    Unix(UnixListener),
    /// A port of the loopback interface.
    Tcp(TcpListener),
}

/// Why a runner serves no more.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Anybody between could read and change what is sent.
    #[error("{0} is not on the loopback interface, and TCP is not encrypted")]
    Open(SocketAddr),
    /// The listener does not say where it is.
    #[error("the listener has no address")]
    Address(#[source] std::io::Error),
    /// The listener, or HTTP/2.
    #[error("serving failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves an engine until `until` is there; calls that run then are brought to their end.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    engine: Arc<dyn Engine>,
    listener: Listener,
    until: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<V1<v1::Service>>().await;
    health.set_serving::<V2<v2::Service>>().await;
    let v1 = V1::new(v1::Service::new(engine.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let v2 = V2::new(v2::Service::new(engine))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let server = Server::builder()
        .add_service(health_service)
        .add_service(v1)
        .add_service(v2);
    match listener {
        Listener::Unix(listener) => {
            let incoming = UnixListenerStream::new(listener);
            server.serve_with_incoming_shutdown(incoming, until).await?;
        }
        Listener::Tcp(listener) => {
            let address = listener.local_addr().map_err(ServeError::Address)?;
            if !address.ip().is_loopback() {
                return Err(ServeError::Open(address));
            }
            let incoming = TcpListenerStream::new(listener);
            server.serve_with_incoming_shutdown(incoming, until).await?;
        }
    }
    Ok(())
}

//! The least that any server of this protocol has to do: parse the JSON, make an id, hash, answer.
//! Stores nothing. What the product reaches is given as a share of this.

use std::net::SocketAddr;

use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use sha3::Digest as _;

#[derive(Deserialize)]
struct Submit {
    data: String,
}

#[derive(Serialize)]
struct Submitted {
    id: String,
    hash: String,
}

/// Serves until it is stopped.
pub(crate) async fn serve(listen: SocketAddr) -> anyhow::Result<()> {
    let app = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/v1/ts/", post(submit));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn submit(Json(body): Json<Submit>) -> Json<Submitted> {
    let hash: [u8; 32] = sha3::Sha3_256::digest(body.data.as_bytes()).into();
    let id = u128::from_be_bytes(hash[..16].try_into().expect("16 of 32 bytes"));
    let low = u128::from_be_bytes(hash[16..].try_into().expect("16 of 32 bytes"));
    Json(Submitted {
        id: uuid::Uuid::from_u128(id).to_string(),
        hash: format!("{id:032x}{low:032x}"),
    })
}

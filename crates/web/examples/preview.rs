//! Serves the pages with sample views, for whoever works on their look: `cargo run -p web --example preview`.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use web::pages::front::FrontPage;
use web::pages::stamp::{StampBox, StampPage};
use web::pages::view::{Hash, Line, Time};
use web::shell::{Room, Shell};

const AUTHORITY: &str = "log.example.org";
const KEY: &str = "log.example.org+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

fn hash(seed: u64) -> Hash {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    Hash(std::array::from_fn(|_| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x.to_le_bytes()[3]
    }))
}

fn line(index: u64) -> Line {
    let (minute, second) = (index / 60 % 60, index % 60);
    Line {
        index,
        time: Time::new(format!(
            "2026-11-21T11:{minute:02}:{second:02}.{:06}Z",
            index * 7919 % 1_000_000
        )),
        count: [0, 3, 412, 1, 28_113, 7, 90, 2][usize::try_from(index % 8).unwrap_or(0)],
        head: hash(index),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let size = 48_213;
    let app = Router::new()
        .route(
            "/",
            get(move || async move {
                web::pages::html(
                    StatusCode::OK,
                    &FrontPage {
                        shell: Shell::new(AUTHORITY, Room::Front),
                        lines: (size - 10..size).map(line).collect(),
                        size,
                        head: Some(hash(size - 1)),
                        key: KEY,
                        stamp: StampBox::default(),
                    },
                )
            }),
        )
        .route(
            "/stamp",
            get(|| async {
                web::pages::html(
                    StatusCode::OK,
                    &StampPage {
                        shell: Shell::new(AUTHORITY, Room::Stamp),
                        stamp: StampBox::default(),
                    },
                )
            }),
        )
        .merge(web::assets::router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    announce(&listener)?;
    axum::serve(listener, app).await
}

#[allow(clippy::print_stdout, reason = "the only way to learn the port")]
fn announce(listener: &tokio::net::TcpListener) -> std::io::Result<()> {
    println!("http://{}", listener.local_addr()?);
    Ok(())
}

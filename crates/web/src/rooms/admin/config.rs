//! The configuration in force and the keys that exist. Neither shows a secret.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::rooms::frame::Frame;
use crate::rooms::view::{Block, Cell, Row, Table, columns};

const PLACE: &str = "/admin/config";

/// Settings and keys.
pub(crate) async fn page(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let row = |setting: &crate::installation::Setting| Row {
        cells: vec![
            Cell::Stack {
                text: setting.id.clone(),
                small: setting.about.clone(),
            },
            Cell::Code(setting.value.clone()),
            if setting.origin == "built in" {
                Cell::text("built in")
            } else {
                Cell::state("good", setting.origin.clone())
            },
        ],
        ..Row::default()
    };
    let table = Table {
        label: "Settings in force".to_owned(),
        columns: columns(&["Setting", "Value", "From"]),
        rows: app.installation.settings.iter().map(row).collect(),
        ..Table::default()
    };
    let blocks = vec![
        Block::Table(table),
        Block::Heading("Keys"),
        Block::Table(key_table(&app).await?),
    ];
    Ok(Frame::at(&app, &seen, PLACE).show(
        "Configuration and keys",
        "As this process was started. A flag beats the environment, that beats indelible.toml, that beats what is built in; secrets are never shown.",
        blocks,
    ))
}

/// The keys alone.
pub(crate) async fn keys(State(app): State<Arc<App>>, seen: Seen) -> Result<Response, ApiError> {
    let blocks = vec![Block::Table(key_table(&app).await?)];
    Ok(Frame::at(&app, &seen, PLACE).below(PLACE, "Configuration").show(
        "Keys",
        "Made at first start, each in a file that only the server's user can read. What is shown here is public.",
        blocks,
    ))
}

async fn key_table(app: &App) -> Result<Table, ApiError> {
    let line = |purpose: String, public: String, place: String| Row {
        cells: vec![Cell::Text(purpose), Cell::Code(public), Cell::Text(place)],
        ..Row::default()
    };
    let log = app.store.log_keys().await?;
    let newest = log.len();
    let log = log.into_iter().enumerate().rev().map(|(number, key)| {
        let purpose = if number + 1 == newest {
            "signs the log"
        } else {
            "signed the log before; old checkpoints are checked with it"
        };
        line(
            purpose.to_owned(),
            key.vkey,
            "published at /log/key".to_owned(),
        )
    });
    let others = app.installation.keys.iter();
    let others = others.map(|key| line(key.purpose.clone(), key.public.clone(), key.place.clone()));
    Ok(Table {
        label: "Keys".to_owned(),
        columns: columns(&["What it does", "Public half", "Where"]),
        rows: log.chain(others).collect(),
        empty_title: "No key yet",
        empty_says: "The log's key is made by the first process that plays the sealer.",
        ..Table::default()
    })
}

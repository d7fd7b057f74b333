//! The address for operators: whether the process lives, whether it does its work, and its metrics.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::failure::{Exit, Failure};
use crate::metrics;
use crate::status::Board;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Listens on `address` for as long as the runtime lives; on a free port if that one is in use. Returns the address.
///
/// # Errors
/// The address is not one of this machine.
pub async fn listen(address: SocketAddr, board: Arc<Board>) -> Result<SocketAddr, Failure> {
    let failed = |error: std::io::Error| {
        let text = format!("failed to listen on `admin.listen`, {address}: {error}");
        Failure::new(Exit::Usage, text)
    };
    let listener = match TcpListener::bind(address).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            TcpListener::bind(SocketAddr::new(address.ip(), 0)).await
        }
        bound => bound,
    };
    let listener = listener.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    if address.port() != 0 && bound.port() != address.port() {
        tracing::warn!("{address} is in use: /livez, /readyz and /metrics are at http://{bound}");
    }
    if !bound.ip().is_loopback() {
        tracing::warn!("`admin.listen` is {bound}: see to it that only operators reach it");
    }
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(board);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the address for operators has ended");
        }
    });
    Ok(bound)
}

async fn livez(State(board): State<Arc<Board>>) -> Response {
    answer(&board.status().stuck(), "it lives")
}

async fn readyz(State(board): State<Arc<Board>>) -> Response {
    let status = board.status();
    let good = match &status.standing_by_for {
        Some(holder) => format!("ready; standing by for {holder}"),
        None => "ready".to_owned(),
    };
    answer(&status.not_ready(), &good)
}

async fn scrape(State(board): State<Arc<Board>>) -> Response {
    match metrics::render(&board) {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What is wrong, a line each, or that nothing is.
fn answer(wrong: &[String], good: &str) -> Response {
    if wrong.is_empty() {
        return format!("{good}\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, wrong.join("\n") + "\n").into_response()
}

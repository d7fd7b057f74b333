//! The loopback address of a running process: takes the writing commands of other paceline commands.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::SyncSender;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::client::Line;
use crate::failure::{Exit, Failure};
use crate::request::WriteCommand;

/// A command on its way to the station, with where its lines go.
#[derive(Debug)]
pub struct Job {
    /// The command.
    pub command: WriteCommand,
    /// Takes the lines of the answer.
    pub lines: Sender<Line>,
}

#[derive(Debug, Clone)]
struct Shared {
    token: String,
    jobs: SyncSender<Job>,
}

/// Largest body of a command: paths, a mapping and options.
const COMMAND_BYTES_MAX: usize = 4 << 20;

/// Lines of an answer that wait for a slow reader; the command then waits too.
const LINES_WAITING_MAX: usize = 256;

/// Listens on a loopback port and serves until `shutdown`. Returns the bound address at once.
///
/// # Errors
/// The port cannot be bound.
pub async fn listen(
    port: u16,
    token: String,
    jobs: SyncSender<Job>,
    shutdown: CancellationToken,
) -> Result<SocketAddr, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(Exit::Failed, format!("failed to listen on port {port}: {error}"));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = Router::new()
        .route("/v1/commands", post(command))
        .route("/livez", get(|| async { "ok\n" }))
        .layer(axum::extract::DefaultBodyLimit::max(COMMAND_BYTES_MAX))
        .with_state(Shared { token, jobs });
    tokio::spawn(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "local HTTP has ended");
        }
    });
    Ok(address)
}

async fn command(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shown.and_then(|text| text.strip_prefix("Bearer ")) != Some(shared.token.as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(command) = serde_json::from_slice::<WriteCommand>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let (lines, heard) = tokio::sync::mpsc::channel(LINES_WAITING_MAX);
    if shared.jobs.try_send(Job { command, lines }).is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let stream = futures::stream::unfold(heard, |mut heard| async move {
        let line = heard.recv().await?;
        let mut text = serde_json::to_vec(&line).ok()?;
        text.push(b'\n');
        Some((Ok::<_, std::convert::Infallible>(text), heard))
    });
    Body::from_stream(stream).into_response()
}

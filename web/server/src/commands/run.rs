//! `weir run`: the server from its configuration to its exit code.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use web_api::{Notice, Notifications};

use crate::allocator::{keep_freed_memory, return_freed_memory};
use crate::cli::RunOptions;
use crate::config::{AutoReload, ServerConfig};
use crate::logging;
use crate::wiring::{Front, Postgres, Request, Requests, Server, Started};

/// Stack of the threads that read requests: SQL is read as deep as it is nested, which in a build without optimisation needs
/// four times what threads have otherwise. Only what is touched costs memory.
const IO_STACK_BYTES: usize = 8 << 20;

/// Runs the server until it is told to stop. The exit code is 0 after a signal or a request to quit.
pub fn run(options: RunOptions) -> anyhow::Result<ExitCode> {
    logging::start(options.log_format, options.log_level);
    install_tls_provider();
    keep_freed_memory();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("weir-io")
        .thread_stack_size(IO_STACK_BYTES)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.spawn(return_freed_memory());
    runtime.block_on(serve(options))
}

/// HTTPS needs a cryptography provider for the whole process, chosen once.
pub(super) fn install_tls_provider() {
    // A provider that is there already is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// The signals that the server answers to. One that comes while it starts is kept until it serves.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }
}

async fn serve(options: RunOptions) -> anyhow::Result<ExitCode> {
    // Before anybody can connect: who sees it ready may stop it at once.
    let mut signals = Signals::listen()?;
    let listener = TcpListener::bind(options.listen_address).await.with_context(|| {
        format!(
            "cannot listen on {}; choose another --web.listen-address",
            options.listen_address
        )
    })?;
    let mut postgres = Postgres::bind(options.sql_listen_address).await?;
    let address = listener.local_addr().context("the listener has no address")?;
    let started = Started {
        external_url: external_url(&options, address),
        address,
        started_ms: engine_model::time::now_ms(),
        options,
    };
    let config = started.read_config()?;
    announce(&started, &config);
    let (front, mut requests) = Front::start(listener, &started);
    let mut server = Server::start(&started, config).await?;
    front.open(&server, &started);
    postgres.open(&server, front.gate())?;
    tracing::info!(%address, "server is ready to receive requests");
    let failure = until_stopped(
        &mut server,
        &started,
        front.notifications(),
        &mut requests,
        &mut signals,
    )
    .await;
    front.close();
    postgres.stop().await;
    server.stop().await;
    front.stop().await;
    match failure {
        None => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        Some(failure) => Err(failure),
    }
}

/// Serves until somebody or something ends it; what made it impossible to go on is returned.
async fn until_stopped(
    server: &mut Server,
    started: &Started,
    notifications: &Notifications,
    requests: &mut Requests,
    signals: &mut Signals,
) -> Option<anyhow::Error> {
    let options = &started.options;
    let watched = options.config_file.clone().filter(|_| options.auto_reload);
    let mut files = AutoReload::new(watched, options.auto_reload_interval);
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => { tracing::info!("received SIGTERM, stopping"); return None }
            _ = signals.interrupt.recv() => { tracing::info!("received SIGINT, stopping"); return None }
            _ = signals.hang_up.recv() => {
                files.seen();
                drop(reload(server, started, notifications).await);
            }
            () = files.changed() => {
                tracing::info!("the configuration changed on disk, reading it again");
                drop(reload(server, started, notifications).await);
            }
            failure = server.failed() => return Some(failure),
            request = requests.next() => match request {
                Request::Quit => { tracing::info!("asked over HTTP to quit, stopping"); return None }
                // A client that left does not hear how it went; the log does.
                Request::Reload(reply) => {
                    files.seen();
                    drop(reply.send(reload(server, started, notifications).await));
                }
            },
        }
    }
}

async fn reload(server: &mut Server, started: &Started, notifications: &Notifications) -> Result<(), String> {
    match server.reload(started).await {
        Ok(()) => {
            notifications.end(Notice::ReloadFailed);
            tracing::info!("configuration reloaded");
            Ok(())
        }
        Err(error) => {
            notifications.begin(Notice::ReloadFailed);
            let error = format!("{error:#}");
            tracing::error!(
                error,
                "reloading the configuration failed; the old one stays in force"
            );
            Err(error)
        }
    }
}

/// The address that links lead to, unless the command line names one.
fn external_url(options: &RunOptions, address: SocketAddr) -> String {
    options.external_url.clone().unwrap_or_else(|| {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() {
            "localhost"
        } else {
            host.trim()
        };
        format!("http://{host}:{}", address.port())
    })
}

fn announce(started: &Started, config: &ServerConfig) {
    let address = started.address;
    let shown = if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    };
    let source = match &started.options.config_file {
        Some(file) => file.display().to_string(),
        None => "built in: this machine, this server, an example alert".to_owned(),
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        config = source,
        data = %started.options.storage_path.display(),
        jobs = config.scrape.len(),
        rule_groups = config.rule_groups.len(),
        "starting weir"
    );
    tracing::info!(open = shown, "the console is at this address");
}

//! HTTP: the listener is open from the start, and what it serves is replaced once everything runs.
//! Before that, and while the server stops, health is answered and the rest is told to wait.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use axum::serve::ListenerExt;
use connectors_peers::host::{HostExporter, Roots, router as host_routes};
use connectors_peers::import;
use connectors_peers::remote_write;
use connectors_peers::scrape::ExternalAddress;
use futures::future::BoxFuture;
use parking_lot::RwLock;
use queries_promql::Engine;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use web_api::{
    AdminState, AlertmanagerState, BuildInfo, CorsOrigin, ExemplarsState, Exposition, Families,
    FederateState, GraphState, HttpMetrics, Lifecycle, ManagementState, MetadataState, NotReady, Notice,
    Notifications, QueryLog, QueryMetrics, QueryState, RemoteReadLimits, RemoteReadState, RulesState,
    SearchState, SelfMetrics, SeriesState, SqlState, StatusState, StoreGate, TargetsState, api_routes,
    management_routes, metrics_routes, notifications_routes, refusing_other_methods, with_layers,
};

use super::connections::Connections;
use super::registry;
use super::server::{Server, Started};
use crate::cli::RunOptions;

/// Longest that requests under way get at a shutdown.
const REQUESTS_PATIENCE: Duration = Duration::from_secs(5);

/// What is asked over HTTP of the process itself.
pub(crate) enum Request {
    /// Read the configuration again and say how it went.
    Reload(oneshot::Sender<Result<(), String>>),
    /// Stop.
    Quit,
}

/// Receives what is asked over HTTP.
pub(crate) struct Requests(mpsc::Receiver<Request>);

impl Requests {
    /// The next request.
    pub(crate) async fn next(&mut self) -> Request {
        match self.0.recv().await {
            Some(request) => request,
            // Nobody can ask any more: the front holds a sender as long as it serves.
            None => std::future::pending().await,
        }
    }
}

/// Passes requests on to the process.
struct Ask(mpsc::Sender<Request>);

impl Lifecycle for Ask {
    fn reload(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let (reply, answer) = oneshot::channel();
            let stopping = || "the server is stopping".to_owned();
            self.0
                .send(Request::Reload(reply))
                .await
                .map_err(|_| stopping())?;
            answer.await.unwrap_or_else(|_| Err(stopping()))
        })
    }

    fn quit(&self) {
        // A full queue holds a request that ends or reloads the server already.
        drop(self.0.try_send(Request::Quit));
    }
}

/// What is served right now.
#[derive(Clone)]
struct Current(Arc<RwLock<Router>>);

async fn serve_current(State(current): State<Current>, request: HttpRequest) -> Result<Response, Infallible> {
    let routes = current.0.read().clone();
    routes.oneshot(request).await
}

/// The server's face to the network.
pub(crate) struct Front {
    gate: StoreGate,
    current: Current,
    management: ManagementState,
    metrics: HttpMetrics,
    notifications: Arc<Notifications>,
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

impl Front {
    /// Begins to serve: health and readiness only, until [`Front::open`].
    pub(crate) fn start(listener: TcpListener, started: &Started) -> (Self, Requests) {
        let (sender, receiver) = mpsc::channel(1);
        let gate = StoreGate::default();
        let lifecycle = started
            .options
            .enable_lifecycle
            .then(|| Arc::new(Ask(sender.clone())) as Arc<dyn Lifecycle>);
        let management = ManagementState::new(gate.clone(), lifecycle);
        let metrics = HttpMetrics::default();
        let notifications = Arc::new(Notifications::new(started.options.notification_subscribers_max));
        notifications.begin(Notice::StartingUp);
        let starting = management_routes(management.clone())
            .merge(notifications_routes(Arc::clone(&notifications)))
            .fallback(|| async { NotReady::starting() });
        let current = Current(Arc::new(RwLock::new(starting)));
        let routes = Router::new().fallback(serve_current).with_state(current.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let options = &started.options;
        let connections = Connections::new(listener, options.connections_max, options.read_timeout);
        let task = tokio::spawn(async move {
            // Held here, so that `Requests` never ends while something is served.
            let _sender = sender;
            axum::serve(
                // The tap lets handlers see addresses.
                connections.tap_io(|_| {}),
                routes.into_make_service_with_connect_info::<SocketAddr>(),
            )
            .with_graceful_shutdown(stopped)
            .await
        });
        (
            Self {
                gate,
                current,
                management,
                metrics,
                notifications,
                stop,
                task,
            },
            Requests(receiver),
        )
    }

    /// Serves everything from now on.
    pub(crate) fn open(&self, server: &Server, started: &Started) {
        self.gate.open(server.store.clone());
        let query = QueryState::new(
            Arc::clone(&server.engine),
            self.gate.clone(),
            Arc::clone(&server.places),
        )
        .with_log(Arc::clone(&server.query_log))
        .telling_steps(server.features.per_step_stats);
        let own = Arc::new(self.self_metrics(server, &query));
        let families = self.families(server, started, query, Arc::clone(&own));
        let host = Arc::new(HostExporter::new(Roots::default()));
        let patience = started.options.query_timeout;
        let routes = api_routes(families, self.gate.clone(), CorsOrigin::default(), patience)
            .merge(management_routes(self.management.clone()))
            .merge(refusing_other_methods(write_routes(server, &started.options)))
            .merge(import::router(Arc::clone(&server.ingest.text_import)))
            .merge(metrics_routes(own))
            .merge(host_routes(host))
            .merge(web_console::router());
        *self.current.0.write() = with_layers(routes, self.metrics.clone());
        let (store, notifications) = (server.store.clone(), Arc::clone(&self.notifications));
        tokio::spawn(async move {
            // A log that cannot be read back ends the server, which says so itself.
            if store.ready().await.is_ok() {
                notifications.end(Notice::StartingUp);
            }
        });
    }

    /// What the operator is told.
    pub(crate) fn notifications(&self) -> &Notifications {
        &self.notifications
    }

    /// The gate to the store.
    pub(crate) fn gate(&self) -> StoreGate {
        self.gate.clone()
    }

    /// Tells readers to go elsewhere: the server is about to stop.
    pub(crate) fn close(&self) {
        self.notifications.begin(Notice::ShuttingDown);
        self.gate.close();
    }

    /// Stops serving; requests under way may end.
    pub(crate) async fn stop(self) {
        // Streams would never end by themselves.
        self.notifications.close();
        self.stop.cancel();
        match tokio::time::timeout(REQUESTS_PATIENCE, self.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "serving ended with an error"),
            Ok(Err(error)) => tracing::error!(%error, "serving panicked"),
            Err(_) => tracing::warn!("requests were still under way at the end"),
        }
    }

    fn families(
        &self,
        server: &Server,
        started: &Started,
        query: QueryState,
        own_metrics: Arc<SelfMetrics>,
    ) -> Families {
        let (gate, options) = (&self.gate, &started.options);
        let metadata = MetadataState::new(
            Arc::clone(&server.ingest.targets),
            Arc::clone(server.ingest.remote_write.metadata()),
        );
        let series = SeriesState::new(gate.clone());
        let search = SearchState::new(
            series.clone(),
            metadata.clone(),
            server.features.search,
            options.search_limit_max,
        );
        let (graph, rules) = (server.ingest.graph.clone(), server.rules.clone());
        let own_router = format!("{}/api/v2/alerts", started.external_url.trim_end_matches('/'));
        Families {
            query,
            series,
            search,
            features: Arc::new(registry::of(options, &server.features)),
            own_metrics,
            notifications: Arc::clone(&self.notifications),
            exemplars: ExemplarsState::new(gate.clone()),
            federate: FederateState::new(
                gate.clone(),
                Arc::clone(&server.external_labels),
                options.lookback,
            ),
            remote_read: RemoteReadState::new(
                gate.clone(),
                Arc::clone(&server.external_labels),
                RemoteReadLimits {
                    samples_max: options.remote_read_samples_max,
                    concurrent_max: options.remote_read_concurrency_max,
                    frame_bytes: options.remote_read_frame_bytes,
                },
            ),
            metadata,
            targets: TargetsState::new(
                Arc::clone(&server.ingest.targets),
                Arc::clone(&server.jobs),
                external_address(started),
            ),
            rules: RulesState::new(move || rules.status(), vec![own_router]),
            status: StatusState::new(
                gate.clone(),
                build_info(),
                flags(started),
                Arc::clone(&server.config_status),
                started.started_ms,
            ),
            graph: GraphState::new(move || graph.status()),
            sql: SqlState::new(Arc::clone(&server.sql), gate.clone()),
            admin: AdminState::new(gate.clone(), options.enable_admin_api),
            alertmanager: AlertmanagerState::new(server.router.clone(), build_info()),
        }
    }

    fn self_metrics(&self, server: &Server, query: &QueryState) -> SelfMetrics {
        let (gate, http, queries) = (
            self.gate.clone(),
            self.metrics.clone(),
            Arc::clone(query.metrics()),
        );
        let (targets, scrapes) = (
            Arc::clone(&server.ingest.targets),
            Arc::clone(&server.ingest.scrape_metrics),
        );
        let (graph, rules) = (server.ingest.graph.clone(), server.rules.clone());
        let (config, writes) = (
            Arc::clone(&server.config_status),
            Arc::clone(&server.ingest.remote_write),
        );
        let discoveries = Arc::clone(&server.ingest.discovery_metrics);
        let imports = Arc::clone(&server.ingest.text_import);
        let (engine, query_log) = (Arc::clone(&server.engine), Arc::clone(&server.query_log));
        let router = server.router.clone();
        let notifications = Arc::clone(&self.notifications);
        let runtime = tokio::runtime::Handle::current();
        let build_gate = gate.clone();
        SelfMetrics::default()
            .with(move |out| web_api::build_metrics(&build_info(), &build_gate, out))
            .with(web_api::process_metrics)
            .with(move |out| web_api::store_metrics(&gate, out))
            .with(move |out| web_api::targets_metrics(&targets.clone(), &scrapes, out))
            .with(move |out| web_api::discovery_metrics(&discoveries, out))
            .with(move |out| {
                for (name, help, value) in writes.metrics().counters() {
                    out.counter(name, help, &[], value as f64);
                }
                out.gauge(
                    "weir_remote_write_cached_series",
                    "Series whose labels need not be read when they come again.",
                    &[],
                    writes.cached_series() as f64,
                );
            })
            .with(move |out| {
                for (name, help, value) in imports.metrics().counters() {
                    out.counter(name, help, &[], value as f64);
                }
            })
            .with(move |out| web_api::graph_metrics(&graph.status(), out))
            .with(move |out| web_api::rule_metrics(&rules.metrics(), out))
            .with(move |out| {
                // Collectors run on the blocking pool, so waiting for the router's task is allowed.
                if let Ok(status) = runtime.block_on(router.status()) {
                    web_api::alert_router_metrics(&status, out);
                }
            })
            .with(move |out| {
                config.collect(out);
                notifications.collect(out);
            })
            .with(move |out| query_metrics(&queries, &query_log, &engine, out))
            .with(move |out| http.collect(out))
    }
}

fn query_metrics(queries: &QueryMetrics, log: &QueryLog, engine: &Engine, out: &mut Exposition) {
    queries.collect(out);
    log.collect(out);
    if let Some(memory) = engine.memory() {
        out.gauge(
            "weir_query_memory_bytes",
            "Memory that running queries are counted with.",
            &[],
            memory.held_bytes() as f64,
        );
        out.gauge(
            "weir_query_memory_limit_bytes",
            "Memory that all queries together may take.",
            &[],
            memory.total_bytes_max() as f64,
        );
    }
}

/// The receiver of remote write, as the command line wants it.
fn write_routes(server: &Server, options: &RunOptions) -> Router {
    if !options.receives_remote_write() {
        return remote_write::disabled_router();
    }
    let accepted: Vec<_> = options.remote_write_messages.iter().map(|name| name.0).collect();
    remote_write::router(Arc::clone(&server.ingest.remote_write), &accepted)
}

fn build_info() -> BuildInfo {
    BuildInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..BuildInfo::default()
    }
}

fn external_address(started: &Started) -> ExternalAddress {
    let (scheme, rest) = started
        .external_url
        .split_once("://")
        .unwrap_or(("http", &started.external_url));
    let host = rest.split('/').next().unwrap_or_default();
    ExternalAddress {
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        listen_port: started.address.port(),
    }
}

/// The command line as Prometheus's flags endpoint shows it.
fn flags(started: &Started) -> BTreeMap<String, String> {
    let options = &started.options;
    let duration =
        |duration: Duration| engine_model::duration::format_duration_ms(duration.as_millis() as i64);
    let pairs = [
        (
            "config.file",
            options
                .config_file
                .as_ref()
                .map_or_else(String::new, |f| f.display().to_string()),
        ),
        ("storage.path", options.storage_path.display().to_string()),
        ("web.listen-address", started.address.to_string()),
        (
            "sql.listen-address",
            options
                .sql_listen_address
                .map_or_else(String::new, |address| address.to_string()),
        ),
        ("web.external-url", started.external_url.clone()),
        ("web.max-connections", options.connections_max.to_string()),
        ("web.read-timeout", duration(options.read_timeout)),
        (
            "web.max-notifications-subscribers",
            options.notification_subscribers_max.to_string(),
        ),
        ("web.search.max-limit", options.search_limit_max.to_string()),
        ("web.enable-lifecycle", options.enable_lifecycle.to_string()),
        ("web.enable-admin-api", options.enable_admin_api.to_string()),
        (
            "web.enable-remote-write-receiver",
            options.receives_remote_write().to_string(),
        ),
        (
            "storage.tsdb.retention.time",
            options.retention_time.map_or_else(|| "0s".to_owned(), duration),
        ),
        (
            "storage.tsdb.retention.size",
            format!("{}B", options.retention_bytes.unwrap_or(0)),
        ),
        ("enable-feature", options.features.join(",")),
        ("query.lookback-delta", duration(options.lookback)),
        ("query.timeout", duration(options.query_timeout)),
        ("query.max-samples", options.query_samples_max.to_string()),
        ("query.max-concurrency", options.query_concurrency_max.to_string()),
        (
            "storage.remote.read-sample-limit",
            options.remote_read_samples_max.to_string(),
        ),
        (
            "storage.remote.read-concurrent-limit",
            options.remote_read_concurrency_max.to_string(),
        ),
        (
            "storage.remote.read-max-bytes-in-frame",
            options.remote_read_frame_bytes.to_string(),
        ),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

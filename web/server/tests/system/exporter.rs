//! A target whose metrics page a test writes and changes.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::routing::get;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A listener on a loopback port; gone when dropped.
pub(crate) struct Exporter {
    /// `127.0.0.1:40123`, as a target of a scrape.
    pub(crate) address: String,
    page: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Starts to serve `page` at `/metrics`.
    pub(crate) async fn serve(page: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let page = Arc::new(Mutex::new(page.to_owned()));
        let shown = Arc::clone(&page);
        let router = Router::new().route("/metrics", get(move || async move { shown.lock().clone() }));
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving ends with the test");
        });
        Ok(Self { address, page, task })
    }

    /// What later scrapes get.
    pub(crate) fn show(&self, page: &str) {
        page.clone_into(&mut self.page.lock());
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

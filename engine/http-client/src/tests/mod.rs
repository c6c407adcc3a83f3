//! Against real servers on this machine: TLS, proxies, token servers, redirects, bodies.

mod bodies;
mod oauth2;
mod proxies;
mod redirects;
mod servers;
mod tls;

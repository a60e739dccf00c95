//! Who reaches whom: the hosts and ports that a service is given, and what stands behind each name.

mod endpoint;

pub use endpoint::{Endpoint, EndpointPort, endpoints};

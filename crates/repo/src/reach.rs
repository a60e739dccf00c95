//! Who reaches whom: the hosts and ports that a service is given, and what stands behind each name.

mod call;
mod config;
mod endpoint;
mod host;
mod misdirected;
mod profile;
mod target;

pub use call::{Call, Told};
pub(crate) use config::Configuration;
pub(crate) use endpoint::number;
pub use endpoint::{Endpoint, EndpointPort, endpoints};
pub use host::Host;
pub use misdirected::{DeadEnd, UnknownHost, WrongPort};
pub use profile::{Needed, NeededBy, Unstarted};
pub use target::{Missed, WrongTarget};

//! The editor's server, as an editor meets it.

pub mod client;
mod conversation;
mod malformed;
mod playback;

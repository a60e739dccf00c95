//! Dockerfiles.

//! Who waits for a container to answer, and how long.

use crate::{HealthCheck, Place};
use std::time::Duration;

/// Who waits for a container to answer, and how long.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// Where it is said.
    pub place: Place,
    /// From the start of the container until it has to answer.
    pub wait: Duration,
    /// Who waits.
    pub platform: Platform,
}

/// Who waits for a container to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Fly.io: a machine whose checks fail gets no requests, and the deployment fails.
    Fly,
    /// A health check of Docker's: the container becomes unhealthy.
    HealthCheck,
    /// A liveness or startup probe of Kubernetes: the container is killed and started again.
    Kubernetes,
}

impl Deadline {
    pub(super) fn of_check(check: &HealthCheck<'_>) -> Self {
        Self { place: check.place, wait: check.timing.grace(), platform: Platform::HealthCheck }
    }
}

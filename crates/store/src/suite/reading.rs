//! Reading beside the writer: everything there is, slice by slice.

mod features;
mod jobs;
mod queues;
mod slices;
mod steps;

pub(super) use self::{features::*, jobs::*, queues::*, slices::*};

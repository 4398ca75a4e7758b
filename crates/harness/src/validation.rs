//! Validation: whether a strategy behaves on a workload as the Python that it mirrors does on the workload's twin.
//!
//! Nothing is timed, so runs go side by side. Both sides answer alike: an [`Answer`](crate::python::Answer).
//!
//! | file | concept |
//! |---|---|
//! | [`counterpart`] | which strategy stands for a Python, and which parts of it |
//! | [`observer`] | our side: a run on a heap that is watched, in a process of its own |
//! | [`observation`] | what one side was seen to do, from its answers |
//! | [`comparison`] | the columns: what is compared, and by how much two sides differ |
//! | [`known`] | tolerances, and the deviations that have a named cause |
//! | [`campaign`] | all workloads under all Pythons, side by side |
//! | [`report`] | the table, the list of deviations, the JSON |

pub mod campaign;
pub mod comparison;
pub mod counterpart;
pub mod known;
pub mod observation;
pub mod observer;
pub mod report;

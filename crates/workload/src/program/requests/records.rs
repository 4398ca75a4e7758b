//! The classes' instances: each is made by a call of `__init__`, whose arguments are the caller's last locals, and is in
//! the place of the first of them afterwards.

use super::Module;
use heapbench_heap::{Heap, Immortal, Local, OutOfMemory};
use heapbench_objects::dict;

/// `Session(user)`: `visits = 0`, `last_path = None`.
pub(super) mod session {
    use super::*;

    pub(crate) const ARGUMENTS: u32 = 1;
    pub(crate) const ATTRIBUTES: u32 = 3;
    pub(crate) const USER: usize = 0;
    pub(crate) const VISITS: usize = 1;
    pub(crate) const LAST_PATH: usize = 2;

    pub(crate) fn new<H: Heap>(heap: &mut H, module: &mut Module) -> Result<(), OutOfMemory> {
        const USER_ARGUMENT: Local = Local::new(0);
        const SELF: Local = Local::new(1);
        const VALUE: Local = Local::new(2);
        let frame = heap.enter(1, 3)?;
        module.sessions.instantiate(heap, SELF)?;
        heap.safepoint();
        heap.store(SELF, USER, USER_ARGUMENT);
        module.statics.int(heap, VALUE, 0)?;
        heap.store_take(SELF, VISITS, VALUE);
        module.statics.none(heap, VALUE);
        heap.store_take(SELF, LAST_PATH, VALUE);
        heap.leave_with(frame, SELF);
        Ok(())
    }
}

/// `Request(number, path, headers, broken)`: `error = None`.
pub(super) mod request {
    use super::*;

    pub(crate) const ARGUMENTS: u32 = 4;
    pub(crate) const ATTRIBUTES: u32 = 5;
    pub(crate) const NUMBER: usize = 0;
    pub(crate) const PATH: usize = 1;
    pub(crate) const HEADERS: usize = 2;
    pub(crate) const BROKEN: usize = 3;
    pub(crate) const ERROR: usize = 4;

    pub(crate) fn new<H: Heap>(heap: &mut H, module: &mut Module) -> Result<(), OutOfMemory> {
        const SELF: Local = Local::new(4);
        const NONE: Local = Local::new(5);
        let frame = heap.enter(4, 6)?;
        module.requests.instantiate(heap, SELF)?;
        heap.safepoint();
        for attribute in [NUMBER, PATH, HEADERS, BROKEN] {
            heap.store(SELF, attribute, Local::new(attribute as u32));
        }
        module.statics.none(heap, NONE);
        heap.store_take(SELF, ERROR, NONE);
        heap.leave_with(frame, SELF);
        Ok(())
    }
}

/// `Response(status, body)`: `headers = {}`. The status is none of the locals.
pub(super) mod response {
    use super::*;

    pub(crate) const ARGUMENTS: u32 = 2;
    pub(crate) const ATTRIBUTES: u32 = 3;
    pub(crate) const STATUS: usize = 0;
    pub(crate) const BODY: usize = 1;
    const HEADERS: usize = 2;

    pub(crate) fn new<H: Heap>(
        heap: &mut H,
        module: &mut Module,
        status: Immortal,
    ) -> Result<(), OutOfMemory> {
        const BODY_ARGUMENT: Local = Local::new(0);
        const SELF: Local = Local::new(1);
        const VALUE: Local = Local::new(2);
        let frame = heap.enter(1, 3)?;
        module.responses.instantiate(heap, SELF)?;
        heap.safepoint();
        heap.load_immortal(VALUE, status);
        heap.store_take(SELF, STATUS, VALUE);
        heap.store(SELF, BODY, BODY_ARGUMENT);
        dict::new(heap, VALUE)?;
        heap.store_take(SELF, HEADERS, VALUE);
        heap.leave_with(frame, SELF);
        Ok(())
    }
}

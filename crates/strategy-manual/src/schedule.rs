//! The schedule: which objects die before which allocation, and where they are.

use crate::settings::{Settings, Use};
use heapbench_heap::{Deaths, HeapError, Kind, OutOfMemory};
use heapbench_memory::object::WORD;
use heapbench_memory::{Ref, injection};
use std::sync::Arc;

/// What the heap knows of its objects' lives.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// The oracle's deaths, as long as they are believed.
    deaths: Option<Arc<Deaths>>,
    /// Where each object is, by number, as far as it is not freed: the next object's number is the length.
    objects: Vec<Option<Ref>>,
    /// Everything is kept until a reset: no deaths were given.
    pub(crate) is_region: bool,
    /// The table of objects is kept.
    is_kept: bool,
    /// Why the deaths are not believed any more, in a line.
    fault: Option<String>,
}

impl Schedule {
    /// The schedule of a program with these deaths, or of a region without.
    ///
    /// # Errors
    /// No memory for the table.
    pub(crate) fn new(settings: &Settings, deaths: Option<&Arc<Deaths>>) -> Result<Schedule, HeapError> {
        let is_kept = settings.schedule != Use::Ignore;
        let deaths = deaths.filter(|_| is_kept).cloned();
        let mut objects = Vec::new();
        if let Some(deaths) = &deaths {
            let refused = HeapError::Refused { requested: deaths.objects().saturating_mul(WORD) };
            objects.try_reserve_exact(deaths.objects()).map_err(|_| refused)?;
            // Pages come when they are written: here, and not in the program's time.
            objects.resize(deaths.objects(), None);
            std::hint::black_box(&mut objects).clear();
        }
        Ok(Schedule { is_region: is_kept && deaths.is_none(), deaths, objects, is_kept, fault: None })
    }

    /// The deaths, to be given back by `believe`; none where there are none, or they are not believed.
    #[inline(always)]
    pub(crate) fn take_deaths(&mut self) -> Option<Arc<Deaths>> {
        self.deaths.take()
    }

    /// The deaths hold as far as the program has come.
    #[inline(always)]
    pub(crate) fn believe(&mut self, deaths: Arc<Deaths>) {
        self.deaths = Some(deaths);
    }

    /// The deaths, which were taken, are another program's: nothing is freed from now on.
    #[cold]
    #[inline(never)]
    pub(crate) fn doubt(&mut self, fault: String) {
        self.fault = Some(fault);
    }

    /// Why the deaths are not believed any more.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// The next object's number: allocations made so far.
    #[inline(always)]
    pub(crate) fn next(&self) -> usize {
        self.objects.len()
    }

    /// Where an object is that is not freed.
    pub(crate) fn object(&self, number: u32) -> Option<Ref> {
        self.objects.get(number as usize).copied().flatten()
    }

    /// Takes an object out that is about to be freed.
    #[inline(always)]
    pub(crate) fn take(&mut self, number: usize) -> Option<Ref> {
        self.objects.get_mut(number)?.take()
    }

    /// Makes room for the next object.
    ///
    /// # Errors
    /// There is no memory: no effect. With deaths there always is, up to the last object that they know.
    #[inline(always)]
    pub(crate) fn reserve(&mut self) -> Result<(), OutOfMemory> {
        if self.is_kept { injection::reserve(&mut self.objects, 1) } else { Ok(()) }
    }

    /// The next object is here; there is room for it.
    #[inline(always)]
    pub(crate) fn push(&mut self, object: Ref) {
        if self.is_kept {
            self.objects.push(Some(object));
        }
    }

    /// Whether an object is one of those that are freed before the next allocation: dead now, or soon.
    pub(crate) fn is_condemned(&self, object: Ref) -> bool {
        let dead = self.deaths.as_ref().map_or(&[][..], |deaths| deaths.before(self.next()));
        dead.iter().any(|number| self.object(*number) == Some(object))
    }

    /// All objects that are not freed, in the order of their allocation; `None` where they are not kept.
    pub(crate) fn known(&self) -> Option<impl Iterator<Item = Ref> + '_> {
        self.is_kept.then(|| self.objects.iter().copied().flatten())
    }

    /// Forgets all objects: the region is reset.
    pub(crate) fn clear(&mut self) {
        self.objects.clear();
    }

    /// Bytes of the table where it is the strategy's own. With deaths it is the oracle's.
    pub(crate) fn held_bytes(&self) -> usize {
        if self.is_region { self.objects.capacity() * WORD } else { 0 }
    }
}

/// What is wrong with the next allocation, if it is not of the kind that the oracle saw.
#[cold]
#[inline(never)]
pub(crate) fn divergence(deaths: &Deaths, next: usize, found: Kind) -> String {
    let expected = match deaths.kind(next) {
        Some(kind) => format!("kind {}", kind.name()),
        None => format!("no more than {} allocations", deaths.objects()),
    };
    format!(
        "allocation {next} is of kind {}, expected {expected}: the deaths are those of another program",
        found.name()
    )
}

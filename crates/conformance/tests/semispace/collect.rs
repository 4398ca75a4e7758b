//! One collection: find the unreachable, run hooks, then copy what is left and forget the old space.

use crate::space::{BYTES, BYTES_AT, Fault, HEADER, NIL, SLOTS, SLOTS_AT, Semispace};
use heapbench_heap::{Collected, Generation, Heap, Pause, Recorder, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

impl<R: Recorder> Semispace<R> {
    pub(crate) fn run_collection(&mut self) -> Collected {
        self.collecting = true;
        self.counters.collections[2] += 1;
        self.recorder.pause_started(Pause::Collection(Generation::FULL));
        let reached = self.reach();
        let unreachable: BTreeSet<usize> =
            self.objects.iter().copied().filter(|o| !reached.contains(o)).collect();
        self.clear_weak_references(&unreachable);
        self.run_finalizers(&unreachable);
        let freed = self.flip(&reached);
        self.due = (2 * self.held()).max(50_000);
        let live = self.footprint();
        self.recorder.footprint(live);
        self.recorder.pause_stopped(Pause::Collection(Generation::FULL), Work { traced: 0, freed });
        self.collecting = false;
        Collected { objects: freed + u64::from(self.fault == Some(Fault::FreedMiscounted) && freed > 3) }
    }

    fn roots(&self) -> Vec<usize> {
        let mut roots = self.stack.clone();
        if self.fault == Some(Fault::LastRootMissed) && roots.len() > 30 {
            roots.pop();
        }
        if self.fault != Some(Fault::ImmortalsMissed) {
            roots.extend(&self.immortals);
        }
        roots
    }

    fn values(&self, object: usize) -> Vec<usize> {
        self.words[self.slots(object)].iter().map(|word| *word as usize).collect()
    }

    fn reach(&self) -> BTreeSet<usize> {
        let (mut reached, mut queue) = (BTreeSet::new(), self.roots());
        while let Some(object) = queue.pop() {
            if object != NIL && reached.insert(object) {
                queue.extend(self.values(object));
            }
        }
        reached
    }

    fn clear_weak_references(&mut self, unreachable: &BTreeSet<usize>) {
        let mut calls = Vec::new();
        let weak_references = std::mem::take(&mut self.weak_references);
        for (weak, (target, callback)) in weak_references {
            if !unreachable.contains(&weak) && !unreachable.contains(&target) {
                self.weak_references.insert(weak, (target, callback));
            } else if !unreachable.contains(&weak) || self.fault == Some(Fault::TrashCalledBack) {
                calls.extend(callback.map(|callback| (weak, callback)));
                if self.fault == Some(Fault::WeakNotCleared) && self.finalizers.contains_key(&target) {
                    self.weak_references.insert(weak, (target, None));
                }
            }
        }
        for (weak, callback) in calls {
            self.counters.callbacks_run += 1;
            self.run_hook(weak, callback);
        }
    }

    fn run_finalizers(&mut self, unreachable: &BTreeSet<usize>) {
        for object in unreachable {
            if let Some(finalizer) = self.finalizers.remove(object) {
                if self.fault != Some(Fault::FinalizedTwice) {
                    self.finalized.insert(*object);
                }
                self.counters.finalizers_run += 1;
                self.run_hook(*object, finalizer);
            }
        }
    }

    /// Copies what was reachable before the hooks or is so now; the number of objects left behind.
    fn flip(&mut self, before: &BTreeSet<usize>) -> u64 {
        let mut to = To { words: vec![0], bytes: Vec::new(), forgotten: BTreeSet::new(), fault: self.fault };
        if self.fault == Some(Fault::ResurrectedFreed) {
            to.forgotten = self.finalized.difference(before).copied().collect();
        }
        let mut roots = self.roots();
        if self.fault == Some(Fault::NothingFreed) {
            roots.extend(&self.objects);
        }
        roots.extend(before);
        let mut order: Vec<usize> = Vec::new();
        let mut moves = BTreeMap::new();
        roots.into_iter().for_each(|object| _ = to.copy(self, object, &mut order, &mut moves));
        let mut scanned = 0;
        while let Some(&copied) = order.get(scanned) {
            for slot in to.slots_to_scan(copied) {
                to.words[slot] = to.copy(self, to.words[slot] as usize, &mut order, &mut moves) as u64;
            }
            scanned += 1;
        }
        self.adopt(to, moves)
    }

    fn adopt(&mut self, to: To, moves: BTreeMap<usize, usize>) -> u64 {
        let moved = |object: usize| moves.get(&object).copied().unwrap_or(NIL);
        let (from_flip, to_flip) = (self.flip, 1 - self.flip);
        let mut freed = 0;
        for object in std::mem::take(&mut self.objects) {
            match moves.get(&object) {
                Some(to) => {
                    self.objects.push(*to);
                    if self.fault != Some(Fault::MoveNotTold) || object % 7 != 0 {
                        self.recorder.moved(object << 1 | from_flip, to << 1 | to_flip);
                    }
                }
                None => {
                    freed += 1;
                    self.counters.bytes_freed += self.size(object) as u64;
                    if self.fault != Some(Fault::DeathNotTold) || object % 7 != 0 {
                        self.recorder.died(object << 1 | from_flip);
                    }
                }
            }
        }
        self.flip = to_flip;
        (self.words, self.bytes) = (to.words, to.bytes);
        self.stack.iter_mut().chain(&mut self.immortals).for_each(|root| *root = moved(*root));
        self.finalizers =
            std::mem::take(&mut self.finalizers).into_iter().map(|(o, hook)| (moved(o), hook)).collect();
        self.finalized =
            self.finalized.iter().map(|object| moved(*object)).filter(|object| *object != NIL).collect();
        let weak_references = std::mem::take(&mut self.weak_references).into_iter();
        self.weak_references =
            weak_references.map(|(w, (target, hook))| (moved(w), (moved(target), hook))).collect();
        self.counters.objects_freed += freed;
        self.counters.objects_collected += freed;
        freed
    }
}

/// The space that is copied into.
struct To {
    words: Vec<u64>,
    bytes: Vec<u8>,
    /// Resurrected objects, if the fault is to leave them behind.
    forgotten: BTreeSet<usize>,
    fault: Option<Fault>,
}

impl To {
    fn slots_to_scan(&self, copied: usize) -> Range<usize> {
        let (start, slots) = (self.words[copied + SLOTS_AT] as usize, self.words[copied + SLOTS] as usize);
        let missed = self.fault == Some(Fault::LastSlotMissed) && (7..200).contains(&slots);
        start..start + slots - usize::from(missed)
    }

    /// The object's new index; copies it, slots and payload right behind it, unless that was done.
    fn copy<R: Recorder>(
        &mut self,
        from: &mut Semispace<R>,
        object: usize,
        order: &mut Vec<usize>,
        moves: &mut BTreeMap<usize, usize>,
    ) -> usize {
        if object == NIL || self.forgotten.contains(&object) {
            return NIL;
        }
        let forwarded = moves.get(&object).copied();
        let again =
            self.fault == Some(Fault::CopiedTwice) && object.is_multiple_of(11) && order.len() < 5_000;
        if let Some(to) = forwarded.filter(|_| !again) {
            return to;
        }
        let to = self.words.len();
        let (slots, size) = (from.slots(object), from.header(object, BYTES));
        let bytes = from.header(object, BYTES_AT)..from.header(object, BYTES_AT) + size;
        self.words.extend(&from.words[object..object + HEADER]);
        self.words[to + SLOTS_AT] = (to + HEADER) as u64;
        self.words[to + BYTES_AT] = self.bytes.len() as u64;
        self.words.extend(&from.words[slots]);
        self.bytes.extend(&from.bytes[bytes]);
        if self.fault == Some(Fault::PayloadNotCopied) && size == 9 {
            self.bytes.pop();
            self.bytes.push(0xDD);
        }
        moves.insert(object, to);
        order.push(to);
        to
    }
}

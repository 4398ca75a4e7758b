//! A semispace heap after Cheney, "A nonrecursive list compacting algorithm" (CACM 1970), over vectors: words and bytes
//! of the current space, addresses are indices. Test code: no speed is wanted.
//!
//! Layout of an object: kind; number of slots; index of the first slot; number of bytes; index of the first byte.
//! Slots lie in the words, payload in the bytes, both replaced by new ones when the object is resized.

use heapbench_heap::{
    Capabilities, Collected, Corruption, Counters, Family, Footprint, Frame, Generation, Heap, HeapConfig,
    HeapError, Hook, Immortal, Introspect, Kind, Level, Local, OutOfMemory, Recorder, Shape,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// Mistakes that a copying collector can make, planted by the setting `fault`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    LastRootMissed,
    LastSlotMissed,
    ImmortalsMissed,
    PayloadNotCopied,
    CopiedTwice,
    WeakNotCleared,
    TrashCalledBack,
    FinalizedTwice,
    NothingFreed,
    ResurrectedFreed,
    FreedMiscounted,
    MoveNotTold,
    DeathNotTold,
    LimitForgotten,
}

impl Fault {
    pub(crate) const ALL: [(&str, Fault); 14] = [
        ("last-root-missed", Fault::LastRootMissed),
        ("last-slot-missed", Fault::LastSlotMissed),
        ("immortals-missed", Fault::ImmortalsMissed),
        ("payload-not-copied", Fault::PayloadNotCopied),
        ("copied-twice", Fault::CopiedTwice),
        ("weak-not-cleared", Fault::WeakNotCleared),
        ("trash-called-back", Fault::TrashCalledBack),
        ("finalized-twice", Fault::FinalizedTwice),
        ("nothing-freed", Fault::NothingFreed),
        ("resurrected-freed", Fault::ResurrectedFreed),
        ("freed-miscounted", Fault::FreedMiscounted),
        ("move-not-told", Fault::MoveNotTold),
        ("death-not-told", Fault::DeathNotTold),
        ("limit-forgotten", Fault::LimitForgotten),
    ];
}

pub(crate) const HEADER: usize = 5;
pub(crate) const KIND: usize = 0;
pub(crate) const SLOTS: usize = 1;
pub(crate) const SLOTS_AT: usize = 2;
pub(crate) const BYTES: usize = 3;
pub(crate) const BYTES_AT: usize = 4;
pub(crate) const NIL: usize = 0;
const WEAK: u64 = Kind::ALLOCATABLE.len() as u64;

/// A semispace heap with recorder `R`.
pub(crate) struct Semispace<R> {
    pub(crate) words: Vec<u64>,
    pub(crate) bytes: Vec<u8>,
    /// All objects, in order of allocation.
    pub(crate) objects: Vec<usize>,
    pub(crate) stack: Vec<usize>,
    base: usize,
    pub(crate) immortals: Vec<usize>,
    pub(crate) finalizers: BTreeMap<usize, Hook<Self>>,
    /// Objects that have been finalized, or never can be.
    pub(crate) finalized: std::collections::BTreeSet<usize>,
    /// Target and callback of each weak reference.
    pub(crate) weak_references: BTreeMap<usize, (usize, Option<Hook<Self>>)>,
    pub(crate) counters: Counters,
    pub(crate) recorder: R,
    pub(crate) fault: Option<Fault>,
    pub(crate) collecting: bool,
    enabled: bool,
    limit: usize,
    /// A collection is due when so much is held.
    pub(crate) due: usize,
    peak: usize,
    /// Tells the addresses of the two spaces apart in events.
    pub(crate) flip: usize,
}

impl<R: Recorder> Semispace<R> {
    pub(crate) fn header(&self, object: usize, field: usize) -> usize {
        self.words[object + field] as usize
    }

    pub(crate) fn slots(&self, object: usize) -> Range<usize> {
        let start = self.header(object, SLOTS_AT);
        start..start + self.header(object, SLOTS)
    }

    fn kind(&self, object: usize) -> Kind {
        Kind::ALLOCATABLE.get(self.header(object, KIND)).copied().unwrap_or(Kind::Weak)
    }

    fn payload_range(&self, object: usize) -> Range<usize> {
        let start = self.header(object, BYTES_AT);
        start..start + self.header(object, BYTES)
    }

    pub(crate) fn size(&self, object: usize) -> usize {
        8 * (HEADER + self.header(object, SLOTS)) + self.header(object, BYTES)
    }

    pub(crate) fn held(&self) -> usize {
        8 * self.words.len() + self.bytes.len()
    }

    /// What the recorder is told of an index.
    pub(crate) fn address(&self, object: usize) -> usize {
        object << 1 | self.flip
    }

    fn get(&self, local: Local) -> usize {
        self.stack.get(self.base + local.index()).copied().unwrap_or(NIL)
    }

    fn put(&mut self, local: Local, value: usize) {
        self.stack[self.base + local.index()] = value;
    }

    fn object(&self, local: Local) -> usize {
        let object = self.get(local);
        assert!(object != NIL, "local {} is nil, expected an object", local.index());
        object
    }

    /// Makes room for so many words and bytes, by a collection if one is due or there is none.
    fn reserve(&mut self, words: usize, bytes: usize) -> Result<(), OutOfMemory> {
        let requested = 8 * words + bytes;
        if self.enabled && self.held() + requested > self.due {
            self.collect(Generation::FULL);
        }
        if self.held() + requested > self.limit && self.fault != Some(Fault::LimitForgotten) {
            self.collect(Generation::FULL);
            if self.held() + requested > self.limit {
                return Err(OutOfMemory { requested });
            }
        }
        Ok(())
    }

    fn create(&mut self, kind: u64, shape: Shape) -> Result<usize, OutOfMemory> {
        let (slots, bytes) = (shape.slots as usize, shape.bytes);
        self.reserve(HEADER + slots, bytes)?;
        let object = self.words.len();
        let fields = [kind, slots as u64, (object + HEADER) as u64, bytes as u64, self.bytes.len() as u64];
        self.words.extend(fields);
        self.words.resize(object + HEADER + slots, NIL as u64);
        self.bytes.resize(self.bytes.len() + bytes, 0);
        self.objects.push(object);
        self.counters.objects_allocated += 1;
        self.count_allocated(self.size(object));
        self.recorder.allocated(self.address(object), shape, self.size(object));
        Ok(object)
    }

    fn count_allocated(&mut self, bytes: usize) {
        self.counters.bytes_allocated += bytes as u64;
        self.peak = self.peak.max((self.counters.bytes_allocated - self.counters.bytes_freed) as usize);
    }

    /// Runs a hook in the current frame, lengthened by one local.
    pub(crate) fn run_hook(&mut self, object: usize, hook: Hook<Self>) {
        let local = Local::new((self.stack.len() - self.base) as u32);
        self.stack.push(object);
        if (hook.run)(self, local, hook.data).is_err() {
            self.counters.hook_failures += 1;
        }
        self.stack.pop();
    }
}

impl<R: Recorder> Semispace<R> {
    fn is_resizable(&self, object: Local) -> bool {
        let kind = self.shape(object).kind;
        !kind.is_leaf() && kind != Kind::Weak
    }
}

impl<R: Recorder> Heap for Semispace<R> {
    const CAPABILITIES: Capabilities = Capabilities {
        family: Family::Tracing,
        prompt: false,
        collects_cycles: true,
        moves: true,
        generations: 1,
        thresholds: false,
        freezes: false,
    };
    type Recorder = R;

    fn new(config: &HeapConfig, recorder: R) -> Result<Self, HeapError> {
        let fault = config.text("fault").and_then(|name| Fault::ALL.into_iter().find(|(n, _)| *n == name));
        Ok(Semispace {
            words: vec![0],
            bytes: Vec::new(),
            objects: Vec::new(),
            stack: Vec::new(),
            base: 0,
            immortals: Vec::new(),
            finalizers: BTreeMap::new(),
            finalized: Default::default(),
            weak_references: BTreeMap::new(),
            counters: Counters::default(),
            recorder,
            fault: fault.map(|(_, fault)| fault),
            collecting: false,
            enabled: true,
            limit: config.limit.unwrap_or(usize::MAX),
            due: 50_000,
            peak: 0,
            flip: 0,
        })
    }

    fn reset(&mut self) -> bool {
        false
    }

    fn enter(&mut self, arguments: usize, locals: usize) -> Result<Frame, OutOfMemory> {
        let frame = Frame { caller_base: self.base, base: self.stack.len() - arguments, arguments, locals };
        self.base = frame.base;
        self.stack.resize(frame.base + locals, NIL);
        Ok(frame)
    }

    fn leave(&mut self, frame: Frame) {
        self.stack.truncate(frame.base + frame.arguments);
        self.stack[frame.base..].fill(NIL);
        self.base = frame.caller_base;
    }

    fn leave_with(&mut self, frame: Frame, result: Local) {
        let (value, base, arguments) = (self.get(result), frame.base, frame.arguments);
        self.leave(frame);
        if arguments > 0 {
            self.stack[base] = value;
        }
    }

    fn is_nil(&self, local: Local) -> bool {
        self.get(local) == NIL
    }

    fn is_same(&self, a: Local, b: Local) -> bool {
        self.get(a) == self.get(b)
    }

    fn copy(&mut self, dst: Local, src: Local) {
        self.put(dst, self.get(src));
    }

    fn take(&mut self, dst: Local, src: Local) {
        let value = self.get(src);
        self.put(src, NIL);
        self.put(dst, value);
    }

    fn clear(&mut self, local: Local) {
        self.put(local, NIL);
    }

    fn allocate(&mut self, dst: Local, shape: Shape) -> Result<(), OutOfMemory> {
        let kind = Kind::ALLOCATABLE.iter().position(|kind| *kind == shape.kind);
        let Some(kind) = kind.filter(|_| shape.is_valid()) else {
            return Err(OutOfMemory { requested: shape.bytes });
        };
        let object = self.create(kind as u64, shape)?;
        self.put(dst, object);
        Ok(())
    }

    fn shape(&self, object: Local) -> Shape {
        let object = self.object(object);
        Shape::new(self.kind(object), self.header(object, SLOTS) as u32, self.header(object, BYTES))
    }

    fn load(&mut self, dst: Local, object: Local, slot: usize) {
        let slots = self.slots(self.object(object));
        self.put(dst, self.words[slots][slot] as usize);
    }

    fn store(&mut self, object: Local, slot: usize, value: Local) {
        let (slots, value) = (self.slots(self.object(object)), self.get(value));
        self.words[slots][slot] = value as u64;
    }

    fn store_take(&mut self, object: Local, slot: usize, value: Local) {
        self.store(object, slot, value);
        self.put(value, NIL);
    }

    fn take_slot(&mut self, dst: Local, object: Local, slot: usize) {
        let slots = self.slots(self.object(object));
        let value = std::mem::replace(&mut self.words[slots][slot], NIL as u64);
        self.put(dst, value as usize);
    }

    fn is_in_slot(&self, value: Local, object: Local, slot: usize) -> bool {
        self.words[self.slots(self.object(object))][slot] as usize == self.get(value)
    }

    fn peek(&self, object: Local, slot: usize) -> Option<(Kind, &[u8])> {
        let value = self.words[self.slots(self.object(object))][slot] as usize;
        (value != NIL).then(|| (self.kind(value), &self.bytes[self.payload_range(value)]))
    }

    fn copy_slots(&mut self, src: Local, range: Range<usize>, dst: Local, at: usize) {
        let values = self.words[self.slots(self.object(src))][range].to_vec();
        let slots = self.slots(self.object(dst));
        self.words[slots][at..at + values.len()].copy_from_slice(&values);
    }

    fn fill_slots(&mut self, object: Local, range: Range<usize>, value: Local) {
        let (slots, value) = (self.slots(self.object(object)), self.get(value) as u64);
        self.words[slots][range].fill(value);
    }

    fn resize(&mut self, object: Local, slots: u32, bytes: usize) -> Result<(), OutOfMemory> {
        if slots > Shape::MAX_SLOTS || bytes > Shape::MAX_BYTES || !self.is_resizable(object) {
            return Err(OutOfMemory { requested: bytes });
        }
        self.reserve(slots as usize, bytes)?;
        let object = self.object(object);
        let before = self.size(object);
        let (mut words, mut payload) =
            (self.words[self.slots(object)].to_vec(), self.bytes[self.payload_range(object)].to_vec());
        words.resize(slots as usize, NIL as u64);
        payload.resize(bytes, 0);
        self.words[object + SLOTS] = u64::from(slots);
        self.words[object + SLOTS_AT] = self.words.len() as u64;
        self.words[object + BYTES] = bytes as u64;
        self.words[object + BYTES_AT] = self.bytes.len() as u64;
        self.words.extend(words);
        self.bytes.extend(payload);
        self.counters.bytes_freed += before as u64;
        self.count_allocated(self.size(object));
        Ok(())
    }

    fn payload(&self, object: Local) -> &[u8] {
        &self.bytes[self.payload_range(self.object(object))]
    }

    fn payload_mut(&mut self, object: Local) -> &mut [u8] {
        let range = self.payload_range(self.object(object));
        &mut self.bytes[range]
    }

    fn weak(&mut self, dst: Local, target: Local, callback: Option<Hook<Self>>) -> Result<(), OutOfMemory> {
        let weak = self.create(WEAK, Shape::new(Kind::Weak, 0, 0))?;
        let target = self.object(target);
        self.weak_references.insert(weak, (target, callback));
        self.finalized.insert(weak);
        self.put(dst, weak);
        Ok(())
    }

    fn upgrade(&mut self, dst: Local, weak: Local) -> bool {
        let target = self.weak_references.get(&self.object(weak)).map(|(target, _)| *target);
        target.into_iter().for_each(|target| self.put(dst, target));
        target.is_some()
    }

    fn set_finalizer(&mut self, object: Local, finalizer: Hook<Self>) -> Result<(), OutOfMemory> {
        let leaf = self.shape(object).kind.is_leaf();
        let object = self.object(object);
        if !leaf && !self.finalized.contains(&object) {
            self.finalizers.insert(object, finalizer);
        }
        Ok(())
    }

    fn immortalize(&mut self, object: Local) -> Result<Immortal, OutOfMemory> {
        self.immortals.push(self.object(object));
        self.put(object, NIL);
        Ok(Immortal(self.immortals.len() as u32 - 1))
    }

    fn load_immortal(&mut self, dst: Local, immortal: Immortal) {
        self.put(dst, self.immortals[immortal.0 as usize]);
    }

    fn safepoint(&mut self) {
        if self.enabled && self.held() > self.due {
            self.collect(Generation::FULL);
        }
    }

    fn collect(&mut self, _: Generation) -> Option<Collected> {
        if self.collecting { None } else { Some(self.run_collection()) }
    }

    fn set_limit(&mut self, bytes: Option<usize>) {
        self.limit = bytes.unwrap_or(usize::MAX);
    }

    fn counters(&self) -> Counters {
        self.counters
    }

    fn footprint(&self) -> Footprint {
        let live_bytes = (self.counters.bytes_allocated - self.counters.bytes_freed) as usize;
        Footprint { live_bytes, held_bytes: self.held() }
    }

    fn peak_live_bytes(&self) -> usize {
        self.peak
    }

    fn recorder(&self) -> &R {
        &self.recorder
    }

    fn recorder_mut(&mut self) -> &mut R {
        &mut self.recorder
    }

    fn verify_to(&self, level: Level) -> Result<(), Corruption> {
        if level < Level::Closure {
            return Ok(());
        }
        let objects: std::collections::HashSet<usize> = self.objects.iter().copied().collect();
        let slots = self.objects.iter().flat_map(|object| self.words[self.slots(*object)].iter());
        let references =
            slots.map(|word| *word as usize).chain(self.stack.iter().chain(&self.immortals).copied());
        match references.filter(|word| *word != NIL).find(|word| !objects.contains(word)) {
            Some(word) => Err(Corruption::new(format!("a reference to {word}, expected an object"))),
            None => Ok(()),
        }
    }
}

impl<R: Recorder> Introspect for Semispace<R> {
    fn enable(&mut self) {
        self.enabled = true;
    }

    fn disable(&mut self) {
        self.enabled = false;
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

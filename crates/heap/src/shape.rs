//! What an object is: its kind, how many reference slots it has and how many payload bytes.

/// The kinds of object, named after Python's types. A kind decides layout and growth, never liveness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A bare `object()`.
    Object,
    /// An instance of a Python class.
    Instance,
    /// A fixed array of references.
    Tuple,
    /// A growable array of references: over-allocated as CPython's `list` is.
    List,
    /// A hash table: keys and values in slots, hashes and index in the payload.
    Dict,
    /// A hash set.
    Set,
    /// Text.
    Str,
    /// Raw bytes.
    Bytes,
    /// An integer of any size.
    Int,
    /// A double.
    Float,
    /// A function object.
    Function,
    /// A closure cell.
    Cell,
    /// A frame that outlived its call.
    Frame,
    /// A generator or coroutine with its embedded frame.
    Generator,
    /// An exception.
    Exception,
    /// A growable array without over-allocation.
    Array,
    /// A weak reference: made by [`Heap::weak`](crate::Heap::weak) only.
    Weak,
}

impl Kind {
    /// All kinds that a mutator can allocate, in declaration order.
    pub const ALLOCATABLE: [Kind; 16] = [
        Kind::Object,
        Kind::Instance,
        Kind::Tuple,
        Kind::List,
        Kind::Dict,
        Kind::Set,
        Kind::Str,
        Kind::Bytes,
        Kind::Int,
        Kind::Float,
        Kind::Function,
        Kind::Cell,
        Kind::Frame,
        Kind::Generator,
        Kind::Exception,
        Kind::Array,
    ];

    /// Whether objects of this kind can never hold a reference (`str bytes int float`): no slots, no weak
    /// reference to them, no finalizer, and no GC head in CPython.
    pub const fn is_leaf(self) -> bool {
        matches!(self, Kind::Str | Kind::Bytes | Kind::Int | Kind::Float)
    }

    /// Whether slots and payload live in a block of their own from birth (a `list`'s items, a `dict`'s key
    /// table), so that growing keeps the object where it is.
    pub const fn is_growable(self) -> bool {
        matches!(self, Kind::List | Kind::Dict | Kind::Set | Kind::Array)
    }

    /// The kind's word in a heap script; `weak` for [`Kind::Weak`], which no script allocates.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Object => "object",
            Kind::Instance => "instance",
            Kind::Tuple => "tuple",
            Kind::List => "list",
            Kind::Dict => "dict",
            Kind::Set => "set",
            Kind::Str => "str",
            Kind::Bytes => "bytes",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Function => "function",
            Kind::Cell => "cell",
            Kind::Frame => "frame",
            Kind::Generator => "generator",
            Kind::Exception => "exception",
            Kind::Array => "array",
            Kind::Weak => "weak",
        }
    }
}

/// The shape of an object to be allocated. Slots start nil, payload bytes start zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The kind.
    pub kind: Kind,
    /// Reference slots, at most [`Shape::MAX_SLOTS`]; 0 for leaf kinds.
    pub slots: u32,
    /// Payload bytes, at most [`Shape::MAX_BYTES`].
    pub bytes: usize,
}

impl Shape {
    /// The most slots an object can have: 2^28, as heap scripts say.
    pub const MAX_SLOTS: u32 = 1 << 28;
    /// The most payload bytes an object can have: 2^40, as heap scripts say.
    pub const MAX_BYTES: usize = 1 << 40;

    /// A shape. Heaps answer shapes beyond the limits, and leaf kinds with slots, with `OutOfMemory`.
    #[inline]
    pub const fn new(kind: Kind, slots: u32, bytes: usize) -> Shape {
        Shape { kind, slots, bytes }
    }

    /// Whether the shape keeps the limits above.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.slots <= Self::MAX_SLOTS
            && self.bytes <= Self::MAX_BYTES
            && !(self.kind.is_leaf() && self.slots > 0)
            && !matches!(self.kind, Kind::Weak)
    }
}

//! Python's evaluation stack, in the locals of a frame from one on: what the bytecode of an expression does, and so
//! when each intermediate result is born and dies.

use heapbench_heap::{Heap, Immortal, Local, OutOfMemory};
use heapbench_objects::{Statics, float, int};

/// The stack. The compiler knows its height everywhere, so it costs nothing.
#[derive(Clone, Copy)]
pub(crate) struct Stack {
    height: u32,
}

impl Stack {
    /// An empty stack above the function's locals.
    #[inline(always)]
    pub(crate) const fn above(locals: u32) -> Stack {
        Stack { height: locals }
    }

    /// The place of a new value.
    #[inline(always)]
    fn push(&mut self) -> Local {
        self.height += 1;
        Local::new(self.height - 1)
    }

    /// The upper value, which is to be taken or cleared.
    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Local {
        self.height -= 1;
        Local::new(self.height)
    }

    /// The upper value.
    #[inline(always)]
    fn top(&self) -> Local {
        Local::new(self.height - 1)
    }

    /// `name`.
    #[inline(always)]
    pub(crate) fn load<H: Heap>(&mut self, heap: &mut H, name: Local) {
        heap.copy(self.push(), name);
    }

    /// `list[index]`.
    #[inline(always)]
    pub(crate) fn load_item<H: Heap>(&mut self, heap: &mut H, list: Local, index: usize) {
        heap.load(self.push(), list, index);
    }

    /// A constant of the program's text.
    #[inline(always)]
    pub(crate) fn load_constant<H: Heap>(&mut self, heap: &mut H, constant: Immortal) {
        heap.load_immortal(self.push(), constant);
    }

    /// A small int of the program's text.
    #[inline(always)]
    pub(crate) fn load_int<H: Heap>(
        &mut self,
        heap: &mut H,
        statics: &Statics,
        value: i128,
    ) -> Result<(), OutOfMemory> {
        statics.int(heap, self.push(), value)
    }

    /// `name = …`.
    #[inline(always)]
    pub(crate) fn store<H: Heap>(&mut self, heap: &mut H, name: Local) {
        heap.take(name, self.pop());
    }

    /// `list[index] = …`.
    #[inline(always)]
    pub(crate) fn store_item<H: Heap>(&mut self, heap: &mut H, list: Local, index: usize) {
        heap.store_take(list, index, self.pop());
    }

    /// An operator on the upper two values, floats: its result is a new one.
    #[inline(always)]
    pub(crate) fn floats<H: Heap>(
        &mut self,
        heap: &mut H,
        operator: impl Fn(f64, f64) -> f64,
    ) -> Result<(), OutOfMemory> {
        let right = self.pop();
        let left = self.top();
        float::new(heap, left, operator(float::value(heap, left), float::value(heap, right)))?;
        heap.clear(right);
        Ok(())
    }

    /// An operator on the upper two values, ints: its result is a new one unless it is small.
    #[inline(always)]
    pub(crate) fn ints<H: Heap>(
        &mut self,
        heap: &mut H,
        statics: &Statics,
        operator: impl Fn(i128, i128) -> i128,
    ) -> Result<(), OutOfMemory> {
        let right = self.pop();
        let left = self.top();
        statics.int(heap, left, operator(int::value(heap, left), int::value(heap, right)))?;
        heap.clear(right);
        Ok(())
    }

    /// `float / int`, as `1.0 / n`.
    #[inline(always)]
    pub(crate) fn divide_by_int<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        let right = self.pop();
        let left = self.top();
        float::new(heap, left, float::value(heap, left) / int::value(heap, right) as f64)?;
        heap.clear(right);
        Ok(())
    }

    /// `sqrt(…)`: a call of a function in C.
    #[inline(always)]
    pub(crate) fn square_root<H: Heap>(&mut self, heap: &mut H) -> Result<(), OutOfMemory> {
        let top = self.top();
        float::new(heap, top, float::value(heap, top).sqrt())?;
        heap.safepoint();
        Ok(())
    }
}

"""The micro-kernel: a few rows and columns of a matrix product, with sums that stay in vector registers.

Matrix products take most of a step's time, and Numba cannot keep a small array in registers. So this function
is built instruction by instruction, in LLVM's intermediate language, after Goto and van de Geijn, "Anatomy of
high-performance matrix multiplication" (2008). `gemm` calls it for all parts of a product.
"""

import platform
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic


def _processor_features() -> set[str]:
    """Return LLVM's names of the instruction sets of the processor that Numba compiles for."""
    settings: Any = config
    if settings.CPU_FEATURES is not None:
        return {name[1:] for name in settings.CPU_FEATURES.split(",") if name.startswith("+")}
    if settings.CPU_NAME:
        return set()
    return {name for name, present in llvmlite.binding.get_host_cpu_features().items() if present}


def _vector_bytes() -> int:
    features = _processor_features()
    if "avx512f" in features:
        return 64
    return 32 if "fma" in features or platform.machine().lower() in ("arm64", "aarch64") else 0


# Bytes of a vector register. 0 if the processor has no fused multiply-adds: NumPy is faster there.
VECTOR_BYTES = _vector_bytes()
# Rows of one call. Their sums, two vectors a row, and the factors fill the vector registers, of which
# AVX-512 has 32 and AVX2 has 16.
TALL, SHORT = (14, 8) if VECTOR_BYTES == 64 else (6, 4)

_INT, _INT32 = ir.IntType(64), ir.IntType(32)


def _call(builder: Any, name: str, result: Any, *operands: Any) -> Any:
    """Add a call of one of LLVM's built-in functions."""
    insert: Any = cgutils.get_or_insert_function
    kind = ir.FunctionType(result, [operand.type for operand in operands])
    return builder.call(insert(builder.module, kind, name), operands)


class _Vectors:
    """A builder of instructions on vectors of one type of number."""

    def __init__(self, builder: Any, number: Any, item_bytes: int) -> None:
        self.builder, self.lanes, self._item_bytes = builder, VECTOR_BYTES // item_bytes, item_bytes
        self.type = ir.VectorType(number, self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)

    def fused(self, first: Any, second: Any, third: Any) -> Any:
        """Add first * second + third, rounded once."""
        name = f"llvm.fma.v{self.lanes}f{8 * self._item_bytes}"
        return _call(self.builder, name, self.type, first, second, third)

    def repeated(self, number: Any) -> Any:
        """Add a vector that holds a number in every lane."""
        nothing = ir.Constant(self.type, ir.Undefined)
        first = self.builder.insert_element(nothing, number, _INT32(0))
        lanes = ir.Constant(ir.VectorType(_INT32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, nothing, lanes)

    def load(self, pointer: Any) -> Any:
        vector = self.builder.load(self.builder.bitcast(pointer, self.type.as_pointer()))
        vector.align = self._item_bytes
        return vector

    def store(self, vector: Any, pointer: Any) -> None:
        stored = self.builder.store(vector, self.builder.bitcast(pointer, self.type.as_pointer()))
        stored.align = self._item_bytes


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    """Add the address of element `at` of an array."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [at])


def micro_kernel(height: int, vectors: int, *, transposed: bool = False) -> Any:
    """Build the function that computes `height` rows and `vectors` packs of columns (see `packing`).

    It sets out <- scale * a @ b, or with `add` out <- out + scale * a @ b. The factors begin at the elements
    `a_at` and `b_at`, the result at `out_at`. Rows of `a` are `a_row` apart. The inner dimension is `outer`
    packs of `a`, `a_pack` apart, with `inner` columns each. These follow one another, or are a vector's width
    apart if `transposed`. Packs of `b` and of `out` are `b_pack` and `out_pack` apart. All positions and
    distances are counted in elements. Nothing here checks bounds.
    """

    @intrinsic
    def function(
        typing: Any,
        a: Any,
        a_at: Any,
        a_row: Any,
        a_pack: Any,
        inner: Any,
        outer: Any,
        b: Any,
        b_at: Any,
        b_pack: Any,
        out: Any,
        out_at: Any,
        out_pack: Any,
        scale: Any,
        add: Any,
    ) -> Any:
        index = types.intp
        signature = types.void(
            *(a, index, index, index, index, index),
            *(b, index, index),
            *(out, index, index),
            *(out.dtype, types.boolean),
        )

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, a_at, a_row, a_pack, inner, outer, b, b_at, b_pack, out, out_at, out_pack, scale, add = (
                arguments
            )
            a_type, b_type, out_type = (signature.args[position] for position in (0, 6, 9))
            vector = _Vectors(builder, context.get_data_type(out_type.dtype), out_type.dtype.bitwidth // 8)
            first = _pointer(context, builder, a_type, a, a_at)
            right = _pointer(context, builder, b_type, b, b_at)
            corner = _pointer(context, builder, out_type, out, out_at)
            rows = [builder.mul(a_row, _INT(row)) for row in range(height)]
            cells = [(row, part) for row in range(height) for part in range(vectors)]
            before = builder.block
            pack, step, pack_end, end = (
                builder.append_basic_block(name) for name in ("pack", "step", "pack_end", "end")
            )
            builder.branch(pack)

            def carried(block: Any, kind: Any, start: Any) -> Any:
                """Add a value that changes in a loop and is `start` when control comes from `block`."""
                value = builder.phi(kind)
                value.add_incoming(start, block)
                return value

            builder.position_at_end(pack)
            packs = carried(before, _INT, _INT(0))
            pack_a, pack_b = carried(before, first.type, first), carried(before, right.type, right)
            pack_sums = {cell: carried(before, vector.type, vector.zero) for cell in cells}
            builder.branch(step)

            builder.position_at_end(step)
            steps = carried(pack, _INT, _INT(0))
            step_a, step_b = carried(pack, first.type, pack_a), carried(pack, right.type, pack_b)
            sums = {cell: carried(pack, vector.type, pack_sums[cell]) for cell in cells}
            factors = [
                vector.load(builder.gep(step_b, [builder.mul(b_pack, _INT(part))])) for part in range(vectors)
            ]
            totals = {}
            for row in range(height):
                factor = vector.repeated(builder.load(builder.gep(step_a, [rows[row]])))
                for part in range(vectors):
                    totals[row, part] = vector.fused(factor, factors[part], sums[row, part])
            next_steps = builder.add(steps, _INT(1))
            next_b = builder.gep(step_b, [_INT(vector.lanes)])
            steps.add_incoming(next_steps, step)
            step_a.add_incoming(builder.gep(step_a, [_INT(vector.lanes if transposed else 1)]), step)
            step_b.add_incoming(next_b, step)
            for cell in cells:
                sums[cell].add_incoming(totals[cell], step)
            builder.cbranch(builder.icmp_signed("<", next_steps, inner), step, pack_end)

            builder.position_at_end(pack_end)
            next_packs = builder.add(packs, _INT(1))
            packs.add_incoming(next_packs, pack_end)
            pack_a.add_incoming(builder.gep(pack_a, [a_pack]), pack_end)
            pack_b.add_incoming(next_b, pack_end)
            for cell in cells:
                pack_sums[cell].add_incoming(totals[cell], pack_end)
            builder.cbranch(builder.icmp_signed("<", next_packs, outer), pack, end)

            builder.position_at_end(end)
            scales = vector.repeated(scale)
            with builder.if_else(add) as (adding, replacing):
                for branch, replace in ((adding, False), (replacing, True)):
                    with branch:
                        for row, part in cells:
                            offset = builder.add(builder.mul(out_pack, _INT(part)), _INT(row * vector.lanes))
                            pointer, total = builder.gep(corner, [offset]), totals[row, part]
                            new = (
                                builder.fmul(scales, total)
                                if replace
                                else vector.fused(scales, total, vector.load(pointer))
                            )
                            vector.store(new, pointer)
            return context.get_dummy_value()

        return signature, generate

    return function


@intrinsic
def transpose(typing: Any, source: Any, source_at: Any, to: Any, to_at: Any) -> Any:
    """Transpose a square matrix with as many rows as a vector has lanes.

    It is read from `source` at element `source_at` and written to `to` at element `to_at`; rows follow one
    another in both arrays.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, source_at, to, to_at = arguments
        source_type, to_type = signature.args[0], signature.args[2]
        number = to_type.dtype
        vector = _Vectors(builder, context.get_data_type(number), number.bitwidth // 8)
        start = _pointer(context, builder, source_type, source, source_at)
        target = _pointer(context, builder, to_type, to, to_at)
        size = vector.lanes
        rows = [vector.load(builder.gep(start, [_INT(row * size)])) for row in range(size)]
        bit = 1
        while bit < size:
            # Swap the upper right and the lower left of each square of 2 * bit rows: the number in row r and
            # lane l moves to the row and lane with this bit of r and l exchanged.
            for row in (row for row in range(size) if not row & bit):
                upper, lower = rows[row], rows[row + bit]
                even = [size + lane - bit if lane & bit else lane for lane in range(size)]
                odd = [size + lane if lane & bit else lane + bit for lane in range(size)]
                kind = ir.VectorType(_INT32, size)
                rows[row] = builder.shuffle_vector(upper, lower, ir.Constant(kind, even))
                rows[row + bit] = builder.shuffle_vector(upper, lower, ir.Constant(kind, odd))
            bit *= 2
        for index, row in enumerate(rows):
            vector.store(row, builder.gep(target, [_INT(index * size)]))
        return context.get_dummy_value()

    return types.void(source, types.intp, to, types.intp), generate


@intrinsic
def prefetch(typing: Any, array: Any, at: Any) -> Any:
    """Request the cache line of element `at` in advance."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        address = builder.bitcast(_pointer(context, builder, signature.args[0], *arguments), byte)
        reading, all_levels, data = _INT32(0), _INT32(3), _INT32(1)
        _call(builder, "llvm.prefetch.p0", ir.VoidType(), address, reading, all_levels, data)
        return context.get_dummy_value()

    return types.void(array, types.intp), generate

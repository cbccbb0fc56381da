"""Kernels counted in small programs whose counts can be read off their text."""

from pathlib import Path

import pytest

from divbench.targets.counting import ONCE, count, main_branch, main_loop, regions
from divbench.targets.hlo import read_module, size_of
from divbench.targets.shares import shares

HERE = Path(__file__).parent


def region(name):
    return regions(read_module((HERE / name).read_text()))


def kernels(cost):
    return {kind: number for kind, number in cost.kernels.items() if number}


def test_every_kind_of_part():
    cost = count(region("tpu_parts.hlo"))
    assert kernels(cost) == {"copies": 1 + 1 + 1, "products": 1, "elementwise": 1 + 2, "library": 1, "collectives": 3}
    assert cost.launches == 11
    assert (cost.waits, cost.loops) == (1, 0)  # a branch waits, a loop of known length does not


def test_what_only_names_values_is_no_kernel():
    module = read_module((HERE / "tpu_parts.hlo").read_text())
    named = {line.op for line in module.computations["main"]}
    assert {"parameter", "tuple", "get-tuple-element", "constant", "copy-done", "custom-call"} <= named
    own = regions(module).kernels
    assert own.total() == 5  # a copy, a layer, its transpose, a batch, a factor; `AllocateBuffer` computes nothing


def test_of_branches_the_largest_counts():
    branch = main_branch(region("tpu_parts.hlo"))
    assert [count(choice).launches for choice in branch.choices] == [0, 2]


def test_of_an_array_that_is_picked_from_the_picked_counts():
    """2 rows of 4 numbers from 1,000, by 2 places; and what is picked is written."""
    module = read_module((HERE / "tpu_parts.hlo").read_text())
    lines = tuple(line for line in module.computations["main"] if line.op == "parameter" or line.name == "batch")
    alone = regions(type(module)("main", {**module.computations, "main": lines}))
    assert alone.moved == 32 + 8 + 32


def test_bytes_of_the_chips_own_memory_are_not_the_devices():
    """The weights are fetched once, by the copy; what reads them on the chip adds none."""
    module = read_module((HERE / "tpu_parts.hlo").read_text())
    kept = ("x", "w", "copy-start", "copy-done", "layer")
    lines = tuple(line for line in module.computations["main"] if line.name in kept)
    alone = regions(type(module)("main", {**module.computations, "main": lines}))
    assert alone.moved == 4 * 16 * 4 + (4 * 8 * 16 + 4 * 8 * 4)


def test_a_chunk_of_training_on_an_h100():
    """A loop of rounds with a sort and a loop in the branch that acts, a row written, and a loop of updates."""
    own = shares("train_chunk", region("h100_loops.hlo"))
    assert kernels(own.update) == {"elementwise": 1 + 1, "reductions": 2, "products": 1}  # one of them the condition
    assert kernels(own.env_step) == {"elementwise": 1 + 1 + 1, "reductions": 2}  # sort, halving, and the condition
    assert kernels(own.round) == {"copies": 2, "elementwise": 2 + 1}
    assert own.copies == 2
    assert (own.update.waits, own.env_step.waits, own.round.waits) == (1, 2, 1)


def test_rounds_of_a_loop_count_with_their_conditions():
    once, thrice = (shares("train_chunk", region("h100_loops.hlo"), rounds).env_step for rounds in (ONCE, (3,)))
    assert thrice.launches - once.launches == 2 * (1 + 3)
    assert thrice.waits - once.waits == 2
    assert thrice.loops == once.loops == 1


def test_flops_of_a_product_are_those_of_its_sums():
    """[256, 128] x [128, 128], cut into four sums of 32 by XLA."""
    assert shares("train_chunk", region("h100_loops.hlo")).update.flops == 2 * 256 * 128 * 128


def test_bytes_of_an_update():
    array, weights, row, whole = 4 * 256 * 128, 4 * 128 * 128, 4 * 128, 4
    by_kernel = (2 * whole, array + row, array + weights + 4 * array, 4 * array + row + array, 2 * whole + 1)
    assert shares("train_chunk", region("h100_loops.hlo")).update.moved == sum(by_kernel)


def test_a_row_written_into_an_array_moves_a_row():
    """The replay of [4096, 128] numbers is neither read nor copied."""
    moved = shares("train_chunk", region("h100_loops.hlo")).round.moved
    array, row, whole = 4 * 256 * 128, 4 * 128, 4
    assert moved == 2 * array + 2 * whole + (2 * row + whole) + 2 * whole + (2 * whole + 1)


def test_loops_inside_of_loops_have_rounds_of_their_own():
    text = """HloModule nested
%inner (x.1: f32[2]) -> f32[2] {
  %x.1 = f32[2] parameter(0)
  ROOT %y.1 = f32[2] negate(%x.1)
}
%go (x.2: f32[2]) -> pred[] {
  ROOT %x.2 = pred[] parameter(0)
}
%outer (x.3: f32[2]) -> f32[2] {
  %x.3 = f32[2] parameter(0)
  ROOT %y.3 = f32[2] while(%x.3), condition=%go, body=%inner
}
ENTRY %main (x: f32[2]) -> f32[2] {
  %x = f32[2] parameter(0)
  ROOT %y = f32[2] while(%x), condition=%go, body=%outer
}
"""
    cost = count(regions(read_module(text)), (5, 2))
    assert (cost.launches, cost.waits, cost.loops) == (10, 15, 2)
    assert main_loop(regions(read_module(text))).choices[0].name == "outer"


@pytest.mark.parametrize("text, size", [("f32[2,3]{1,0}", 24), ("pred[]", 1), ("(s32[], /*index=1*/bf16[4,2])", 20),
                                        ("f32[5,0]", 0),
                                        ("f32[8,4]{1,0:T(8,128)}", 128), ("f32[8,4]{1,0:T(8,128)S(1)}", 0)])
def test_sizes(text, size):
    assert size_of(text) == size


def test_a_text_without_an_entry_is_refused():
    with pytest.raises(ValueError, match="no ENTRY"):
        read_module("HloModule empty\n")

"""Diagnose, pilot, measure, advise again: in a company where people answer little, the next advice is nearer the truth.

One company of its own, 15 processor seconds: nothing that is simulated elsewhere in the suite answers to cards by lot.
"""

from __future__ import annotations

from benchmarks.truth.loop import play_loop


def test_what_a_pilot_measured_brings_the_next_advice_nearer_to_the_truth() -> None:
    found = play_loop(500, responsiveness=0.3)
    assert found is not None
    assert found.true_answer < found.assumed / 2  # the scenario supposes more than twice of what is true
    assert abs(found.measured - found.true_answer) < abs(found.assumed - found.true_answer)
    assert found.low < found.true_answer < found.high
    off = [abs(each - found.true_effect) for each in (found.expected_assumed, found.expected_measured)]
    assert off[1] < off[0]
    assert found.covers_measured

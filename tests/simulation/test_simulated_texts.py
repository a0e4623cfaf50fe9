"""What simulated customers write: various, in two languages, with a new cause where one is planted."""

from __future__ import annotations

import numpy as np

from simulation.engine.texts import GeneratedTexts, Planted, generate_texts

_CASES = 4000
_SENTENCES = {"en": ["the gadget hums."], "zh": ["小工具嗡嗡响。"]}


def generated(planted: Planted | None = None, seed: int = 3) -> tuple[GeneratedTexts, float]:
    """Texts of a month of repairs, and the next number of the generator they were drawn with."""
    rng = np.random.default_rng(seed)
    language = np.where(np.arange(_CASES) % 2 == 0, "en", "zh")
    return generate_texts(np.full(_CASES, "repair"), language, rng, planted=planted), float(rng.random())


def test_hardly_two_customers_write_the_same() -> None:
    texts = [text for text in generated()[0].texts if text is not None]
    assert len(set(texts)) > 0.75 * len(texts) > 800


def test_some_texts_need_cleaning_and_masking() -> None:
    texts = [text for text in generated()[0].texts if text is not None]
    for trace in ("@example.com", "+49 30 ", "<p>", "<div>", "\n> ", "客户编号"):
        assert any(trace in text for text in texts), trace


def test_a_planted_cause_changes_no_other_text_and_nothing_drawn_later() -> None:
    after = np.arange(_CASES) >= 2000
    quiet, quiet_next = generated()
    loud, loud_next = generated(Planted("gadget", after, 0.1, _SENTENCES))
    new = loud.true == "gadget"
    assert quiet_next == loud_next
    assert 30 < new.sum() < 100
    assert not new[:2000].any()
    np.testing.assert_array_equal(quiet.texts[~new], loud.texts[~new])
    np.testing.assert_array_equal(quiet.recorded[~new], loud.recorded[~new])
    assert "gadget" not in set(loud.recorded)
    assert 0.3 < np.mean([label is None for label in loud.recorded[new]]) < 0.7
    assert loud.shares["gadget"] == round(new.sum() / sum(text is not None for text in loud.texts), 4)


def test_true_causes_are_reported_beside_the_recorded_ones() -> None:
    one, _ = generated()
    known = one.texts != np.array(None)
    wrong = np.mean(one.true[known] != one.recorded[known])
    assert 0.01 < wrong < 0.1

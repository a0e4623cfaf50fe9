"""What sentences name between backticks is code on a page."""

from __future__ import annotations

import pytest

from pipelines.report.document import with_code


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<p>give the table `cases` too</p>", "<p>give the table <code>cases</code> too</p>"),
        ('<p title="`a`">`b` and `c`</p>', '<p title="`a`"><code>b</code> and <code>c</code></p>'),
        ("<style>p::before { content: '`x`' }</style>", "<style>p::before { content: '`x`' }</style>"),
        ("<script>const a = `b<c>`;</script>", "<script>const a = `b<c>`;</script>"),
        ("<svg><text>`x`</text></svg> `y`", "<svg><text>`x`</text></svg> <code>y</code>"),
        ("<p>a single ` stays</p><p>and `</p>", "<p>a single ` stays</p><p>and `</p>"),
        ("<p>`a &lt; b`</p>", "<p><code>a &lt; b</code></p>"),
    ],
)
def test_only_prose_is_set_as_code(page: str, shown: str) -> None:
    assert with_code(page) == shown

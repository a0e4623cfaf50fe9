"""What the company file says of the types of a table's own columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from baton.contract.sources import TableSpec
from baton.errors import CompanyFileError
from baton.nearest import nearest

__all__ = ["declared_types"]

_CALLED = {"category": "text", "number": "number"}


def declared_types(spec: TableSpec, columns: Collection[str], given: Mapping[str, str], /) -> dict[str, str]:
    """Return the types of columns that the company file declares: ``number`` or ``text``.

    Parameters
    ----------
    columns : collection of str
        The table's columns, as it is read.
    given : mapping of str to str
        ``category`` or ``number`` per column; letter case does not matter.

    Raises
    ------
    CompanyFileError
        If a column is not there, or its type is the contract's.

    Examples
    --------
    >>> from baton.contract.sources import TABLES
    >>> declared_types(TABLES["customers"], ["customer_id", "Plan"], {"plan": "category"})
    {'Plan': 'text'}
    """
    own = {name.casefold(): name for name in columns if name not in spec.names}
    found = {}
    for name, kind in given.items():
        place = f"tables.{spec.name}.types.{name}"
        if name.casefold() in {known.casefold() for known in spec.names}:
            raise CompanyFileError(f"{place}: {name} has a fixed type; types are for columns of your own")
        if name.casefold() not in own:
            near = nearest(name.casefold(), own)
            hint = f"did you mean {own[near]}?" if near else f"it has {', '.join(own.values()) or 'none of its own'}"
            raise CompanyFileError(f"{place}: the table has no such column; {hint}")
        found[own[name.casefold()]] = _CALLED[kind]
    return found

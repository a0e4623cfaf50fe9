"""One roll back as a process: the service, which knows no pipeline, begins it and reads what it prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from baton.catalogue.kpi_names import open_company
from baton.errors import BatonError
from baton.files import RunFolder
from pipelines.retraining.roll_back import roll_back

__all__ = ["main"]


def main(arguments: list[str], /) -> int:
    """Roll back; print why not.

    Parameters
    ----------
    arguments : list of str
        Company file, folder of the run, outcome, and the version that was seen to be champion.
    """
    company, folder, outcome, champion = arguments
    try:
        roll_back(open_company(Path(company)), RunFolder(folder), outcome, champion=int(champion))
    except BatonError as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

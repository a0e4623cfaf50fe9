"""The command that trains models anew, and goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from baton.terminal.opening import opened
from baton.terminal.options import DEFAULT_COMPANY, CompanyArgument, JsonOption, LanguageOption, OutOption
from baton.terminal.printing import print_message

if TYPE_CHECKING:
    from baton.company import Company
    from baton.files import RunFolder

__all__ = ["STAYS", "retrain"]

STAYS = 3
"""Exit code where a champion stays although a challenger was wanted: a gate failed, or nothing could be compared."""


def retrain(  # noqa: PLR0913 - one parameter per option of the command
    company: CompanyArgument = DEFAULT_COMPANY,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and register and promote nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Though it is not time, or data look faulty; gates hold all the same.")
    ] = False,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="A challenger that passes predicts beside the champion first.")
    ] = False,
    back: Annotated[bool, typer.Option("--roll-back", help="Undo the last promotion: one step back.")] = False,
    reason: Annotated[str, typer.Option(help="With --roll-back: why; it stands in the audit log.")] = "",
    outcome: Annotated[str, typer.Option(help="With --roll-back or --recompute: such as churn.")] = "",
    version: Annotated[
        int, typer.Option("--recompute", min=0, metavar="VERSION", help="Compute a past report's figures once more.")
    ] = 0,
    out: OutOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a challenger where schedule or drift ask for one, and promote it if it passes the gates.

    Ends with 0 where nothing was to be done or a challenger was promoted or is in shadow, and with 3 where the champion
    stays although a challenger was wanted.
    """
    from baton import display
    from pipelines.retraining.retrain import Asked
    from pipelines.retraining.retrain import retrain as verb
    from pipelines.retraining.roll_back import roll_back
    from pipelines.retraining.words import sentences
    from serving.champions.moves import AskedChampion, moved_here, note_promotions

    settings, folder = opened(company, out)
    first = language or settings.company.languages[0]
    if version:
        _recompute(settings, folder, (outcome or "churn", version), as_json=as_json, language=first)
        return
    with display.progress() as progress:
        if back:
            asked = AskedChampion("roll_back", outcome, reason)
            found = moved_here(settings, asked, lambda: roll_back(settings, folder, outcome))
        else:
            found = verb(settings, folder, Asked(force, dry_run, shadow), progress)
            promoted = [one for one in found if one.status == "promoted"]
            note_promotions(settings, [(one.outcome, one.champion, one.challenger or 0) for one in promoted])
    if as_json:
        display.document({"outcomes": [one.as_json() for one in found]})
    else:
        for message in sentences(found):
            print_message(message, first)
    if any(one.stays for one in found):
        raise typer.Exit(STAYS)


def _recompute(
    settings: Company, folder: RunFolder, which: tuple[str, int], /, *, as_json: bool, language: str
) -> None:
    from baton import display
    from pipelines.retraining.recompute import recompute
    from pipelines.retraining.words import recomputed_words

    with display.progress() as progress:
        found = recompute(settings, folder, *which, progress)
    if as_json:
        others = {"then": dict(found.then), "now": dict(found.now), "others": list(found.others)}
        display.document({"outcome": found.outcome, "version": found.version, "same": found.same, **others})
    else:
        for message in recomputed_words(found):
            print_message(message, "zh" if language == "zh" else "en")
    if not found.same:
        raise typer.Exit(STAYS)

"""Write the pages made from the code: ``python docs/generate.py``; a test compares them with what lies there."""

from __future__ import annotations

import json
import runpy
import tomllib
import types
import typing
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

DOCS = Path(__file__).resolve().parent

_EXIT_CODES = """\
## Exit codes

| code | what it means |
|---|---|
| 0 | done |
| 1 | a defect of Baton: please report it with the traceback |
| 2 | something is to be corrected, said in one line; `validate` ends so where a run would be stopped |
| 3 | of `retrain`: a champion stays although another was wanted: a gate failed, or nothing could be compared |
| 75 | another run, or retraining, is writing there: nothing is wrong, the same command goes through later |
| 143 | ended by SIGTERM, as `docker stop` sends it: nothing is left half written; the same command goes on from there |
"""


_RESULTS = """\
# What a run leaves: every table

This page is made from `baton/contract/results.toml`, by which the tables are written and read: a run leaves no other
column or type than stands here, and a folder of another version of Baton is refused with the name of the column.

Times are UTC; shares and probabilities are 0 to 1; null means unknown, never zero; 90 % names the ends of intervals.
Employees are named by their pseudonyms. Types are those of Parquet: text, time (microseconds), number (64 bits),
integer (64 bits) and flag (true or false); `texts` is a list of text; `words` is one sentence as {en, zh}; `drivers` is
a list of {kpi, value, label, attribution}: the value of a category stands in label, the attribution is in log-odds.

`evaluation.json` says how good the predictions are, by outcome; `models.json` which registered model each outcome is
predicted by; `run.json` what was done: inputs, versions, seeds, steps, warnings. `report.html` is the manager's page.
Other folders (`staged`, `training`, `models`, …) hold what Baton needs to go on; nobody else should read
them.
"""


def pages() -> dict[str, str]:
    """Return the generated pages by file name."""
    from baton.catalogue.load import available_presets
    from baton.catalogue.tables_page import tables_page

    library = {
        "kpi-library.md" if name == "service" else f"kpi-library-{name}.md": kpis(name) for name in available_presets()
    }
    pages = {f"tables{ending}.md": tables_page(language) for language, ending in (("en", ""), ("zh", ".zh"))}
    pages |= {"cli.md": command_page(), "company-file.md": company_page(), "result-tables.md": results_page()}
    return pages | library


def sources_page() -> str:
    """Return the page of common systems' exports, as they are mapped now: it takes some seconds."""
    return runpy.run_path(str(DOCS / "source_systems.py"))["sources_page"]()


def command_page() -> str:
    """Return the reference of the command line."""
    import typer
    from typer.cli import get_docs_for_click

    from baton.cli import app

    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="baton", title="The command line")
    return f"{text.strip()}\n\n{_EXIT_CODES}"


def company_page() -> str:
    """Return the reference of the company file: every key with type, default and meaning.

    Raises
    ------
    KeyError
        If a setting has no words in ``docs/company-file.toml``, or words have no setting.
    """
    from baton.company import Company

    words = tomllib.loads((DOCS / "company-file.toml").read_text(encoding="utf-8"))
    sections, used = [], set()
    nested = {path for _, path, _, _ in _sections(Company)}
    for heading, path, model, defaults in _sections(Company):
        lines = [f"## `{heading}`", ""]
        if path in words["sections"]:
            lines += [words["sections"][path], ""]
            used.add(path)
        if model is not None:
            lines += ["| key | type | default | what it says |", "|---|---|---|---|"]
            for name, field in model.model_fields.items():
                key = f"{path}.{name}"
                if key in nested:
                    continue
                value = defaults.get(name, PydanticUndefined)
                shown = "" if value is PydanticUndefined else _toml(value)
                lines.append(f"| `{name}` | {_type(field.annotation)} | {shown} | {words['settings'][key]} |")
                used.add(key)
        sections.append("\n".join(lines).rstrip())
    unknown = (set(words["settings"]) | set(words["sections"])) - used
    if unknown:
        raise KeyError(f"docs/company-file.toml explains what is no setting: {sorted(unknown)}")
    return "\n\n".join([words["introduction"].strip(), *sections, words["examples"].strip()]) + "\n"


def results_page() -> str:
    """Return the reference of the result tables: what one row is, what is unique, and every column."""
    from baton.contract.results import result_tables

    sections = [_RESULTS.strip()]
    for table in result_tables().values():
        key = " × ".join(f"`{name}`" for name in table.key) or "none: rows may repeat"
        lines = [f"## `{table.file}`", "", f"One row: {table.grain}. Key: {key}."]
        lines += [f"Made by the step `{table.step}`; there if {table.when}.", ""]
        lines += ["| column | type | unit | what it says |", "|---|---|---|---|"]
        for column in (*table.columns, *([table.others] if table.others else [])):
            name = "…" if column is table.others else f"`{column.name}`"
            kind = f"{column.type}{' or null' if column.nullable else ''}"
            kind += "" if column.required or column is table.others else " (may be absent)"
            lines.append(f"| {name} | {kind} | {column.unit} | {column.meaning} |")
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def kpis(preset: str) -> str:
    """Return the page of the KPIs that a preset brings."""
    from baton.catalogue.library import library_page
    from baton.catalogue.load import load_catalogue
    from baton.company import Company

    return library_page(load_catalogue(Company.model_validate({"kpis": {"presets": [preset]}})), preset)


def _sections(company: type[BaseModel]) -> list[tuple[str, str, type[BaseModel] | None, dict[str, object]]]:
    """Return heading, path, model and defaults of every section, nested ones after their parent."""
    found: list[tuple[str, str, type[BaseModel] | None, dict[str, object]]] = []
    for name, field in company.model_fields.items():
        if name == "path":
            continue
        model = _model(field.annotation)
        if model is None or typing.get_origin(field.annotation) is dict:
            found.append((f"[{name}]", name, model, _defaults(model)))
            continue
        inner = {key: _model(entry.annotation) for key, entry in model.model_fields.items()}
        if not all(inner.values()):
            found.append((f"[{name}]", name, model, _defaults(model)))
        for key, entry in model.model_fields.items():
            nested = inner[key]
            if nested is not None:
                many = typing.get_origin(entry.annotation) is tuple
                heading = f"[[{name}.{key}]]" if many else f"[{name}.{key}]"
                found.append((heading, f"{name}.{key}", nested, _defaults(nested)))
    return found


def _model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model(part) for part in typing.get_args(annotation))
    return next((model for model in inner if model is not None), None)


def _defaults(model: type[BaseModel] | None) -> dict[str, object]:
    fields = {} if model is None else model.model_fields
    return {name: field.get_default(call_default_factory=True) for name, field in fields.items()}


def _type(annotation: object) -> str:
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(parts[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(part) for part in parts if part is not types.NoneType)
    if origin is typing.Literal:
        return " · ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"list of {_type(parts[0])}" if Ellipsis in parts else f"[{', '.join(_type(part) for part in parts)}]"
    if origin is dict:
        return f"table {_type(parts[0])} → {_type(parts[1])}"
    if _model(annotation) is not None:
        return "text or table"  # of a path alone, or with what is said of it
    names = {str: "text", int: "whole number", float: "number", bool: "true or false"}
    return names.get(annotation, str(annotation))  # type: ignore[arg-type]


def _toml(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_plain(entry)}" for key, entry in value.items())
        return f"`{{ {inner} }}`" if inner else "`{}`"
    return f"`{_plain(value)}`"


def _plain(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_plain(entry) for entry in value)}]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for name, text in (pages() | {"sources.md": sources_page()}).items():
        (DOCS / name).write_text(text, encoding="utf-8", newline="\n")

"""The small language in which Block Kit's rules are written: a shape is its fields, each with a check."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    findings: list[str] = field(default_factory=list)

    def add(self, sentence: str, path: str) -> None:
        self.findings.append(f"{sentence} [json-pointer:{path}]")


#: Looks at one value; says what is wrong with it, and where.
Check = Callable[[Any, str, Report], None]


@dataclass(frozen=True, kw_only=True)
class Shape:
    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    #: rules over several fields; asked only where each field is right
    rules: tuple[Check, ...] = ()
    #: whether it has a `type`
    has_type: bool = True

    def check(self, value: Any, path: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", path)
            return
        before = len(report.findings)
        for name in self.required:
            if value.get(name) is None:
                report.add(f"missing required field: {name}", path)
        for name, part in value.items():
            known = self.required.get(name) or self.optional.get(name)
            if known is not None:
                if part is not None:
                    known(part, f"{path}/{name}", report)
            elif not (name == "type" and self.has_type):
                report.add(f"invalid additional property: {name}", path)
        if len(report.findings) == before:
            for rule in self.rules:
                rule(value, path, report)


def typed(value: Any, path: str, shapes: Mapping[str, Shape], report: Report) -> bool:
    """Checks a value by its type; whether it is right."""
    before = len(report.findings)
    if not isinstance(value, dict):
        report.add("must provide an object", path)
    elif not isinstance(value.get("type"), str) or value["type"] not in shapes:
        report.add(f"unsupported type: {value.get('type')}", f"{path}/type")
    else:
        shapes[value["type"]].check(value, path, report)
    return len(report.findings) == before


def one_of_types(shapes: Callable[[], Mapping[str, Shape]]) -> Check:
    """Late, since some shapes hold themselves."""

    def check(value: Any, path: str, report: Report) -> None:
        typed(value, path, shapes(), report)

    return check


def string(*, least: int = 0, most: int = 1_000_000) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must be a string", path)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", path)
        elif len(value) > most:
            report.add(f"must be less than {most + 1} characters", path)

    return check


def matching(pattern: str, what: str) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            report.add(f"must be {what}", path)

    return check


def whole(*, least: int, most: int) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.add("must be an integer", path)
        elif not least <= value <= most:
            report.add(f"must be between {least} and {most}", path)

    return check


def boolean(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, bool):
        report.add("must be a boolean", path)


def anything(_value: Any, _path: str, _report: Report) -> None:
    """What this stand-in keeps and does not look into."""


def choice(*allowed: str) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if value not in allowed:
            report.add(f"must be one of {', '.join(allowed)}", path)

    return check


def listing(of: Check = anything, *, least: int = 0, most: int) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add("must provide an array", path)
            return
        if len(value) < least:
            report.add(f"no fewer than {least} items allowed", path)
        if len(value) > most:
            report.add(f"no more than {most} items allowed", path)
        for number, item in enumerate(value):
            of(item, f"{path}/{number}", report)

    return check


def exactly_one(*names: str) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        given = [name for name in names if value.get(name) is not None]
        if len(given) != 1:
            report.add(f"must provide exactly one of {', '.join(names)}", path)

    return check


def at_least_one(*names: str) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not any(value.get(name) is not None for name in names):
            report.add(f"must provide at least one of {', '.join(names)}", path)

    return check

"""Findings as people read them."""

from collections.abc import Sequence

from rich.markup import escape

from core.cli.context import output
from core.findings import Finding, Severity

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def show_findings(findings: Sequence[Finding]) -> None:
    console = output()
    for one in findings:
        style = _STYLE[one.severity]
        console.print(
            f"[{style}]{one.severity.value:7}[/] [dim]{escape(one.code.value)}[/] {escape(one.message)}", soft_wrap=True
        )
        if one.subject and one.subject not in one.message:
            console.print(f"        in: {escape(one.subject)}", soft_wrap=True)
        if one.examples:
            more = "" if one.count <= len(one.examples) else f" … {one.count} in all"
            console.print(f"        for example: {escape('; '.join(one.examples))}{more}", soft_wrap=True)
        console.print(f"        {escape(one.hint)}", soft_wrap=True)

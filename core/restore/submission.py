"""The way from what a person confirmed to a restore, the same for every face: look once more, then start that and
nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from sqlalchemy.orm import Session

from core.access.people import person_by_id
from core.access.restoring import may_restore
from core.catalog import apps
from core.errors import Refused, WrongState
from core.findings import Finding, Severity, blocks
from core.restore import restores
from core.restore.assess import Assessment, Tools, assess
from core.restore.draft_state import Validation
from core.restore.drafts import Draft, Drafts, changed_elsewhere, mark_submitted
from core.restore.errors import Blocked, PlanChanged
from core.restore.plan import RestorePlan
from core.restore.request import RestoreRequest
from core.restore.restores import Restore


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """What a person saw when they said yes."""

    digest: str  # of the plan
    shown: tuple[str, ...]  # codes of the warnings
    #: digests of the plan's fields, to say what has changed since
    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Assessment) -> Self:
        assert found.plan is not None  # noqa: S101 - without a plan there was nothing to say yes to
        return cls(digest=found.plan.digest, shown=_warnings(found.findings), fields=found.plan.field_digests)

    @classmethod
    def of_validation(cls, found: Validation) -> Self:
        return cls(digest=found.digest, shown=found.warnings, fields=found.fields)


def submit(tools: Tools, request: RestoreRequest, confirmed: Confirmed, *, asked_in: str = "") -> Restore:
    """Queue the restore that was confirmed. Raises NotAllowed, Blocked, PlanChanged, Held, BackupMarked, WrongState,
    NotFound and the store's errors; then nothing was started."""
    plan, minutes = _once_more(tools, request, confirmed)
    with tools.database.transaction() as session:
        return _start(tools, session, request, confirmed, plan, minutes, asked_in)


def submit_draft(tools: Tools, draft_id: str, *, person_id: str, expected_version: int) -> Restore:
    """The same for a draft, of which comes one restore at most: whoever submits it again gets that one. Raises also
    WrongState where it was changed meanwhile, is not validated, or has a warning that is not ticked."""
    drafts = Drafts.of(tools.settings)
    with tools.database.reading() as session:
        draft = drafts.get(session, draft_id, person_id=person_id, now=tools.now())
        if draft.submitted is not None:
            return restores.get(session, draft.submitted)
        person = person_by_id(session, person_id)
    if draft.version != expected_version:
        raise changed_elsewhere(draft)
    request, confirmed = draft.state.request(person.id), _confirmed(draft)
    try:
        plan, minutes = _once_more(tools, request, confirmed)
    except Refused:
        with tools.database.reading() as session:
            now = drafts.get(session, draft_id, person_id=person_id, now=tools.now())
            if now.submitted is not None:  # meanwhile: what stands against it is its own restore
                return restores.get(session, now.submitted)
        raise
    with tools.database.transaction() as session:
        draft = drafts.get(session, draft_id, person_id=person_id, now=tools.now(), lock=True)
        if draft.submitted is not None:
            return restores.get(session, draft.submitted)
        if draft.version != expected_version:
            raise changed_elsewhere(draft)
        started = _start(tools, session, request, confirmed, plan, minutes, draft.asked_in)
        mark_submitted(session, draft, started.id, tools.now())
        return started


def _confirmed(draft: Draft) -> Confirmed:
    found = draft.state.validation
    if found is None or not found.is_good:
        raise WrongState("This restore is not validated yet. Nothing was started.", hint="Run the validation first.")
    unread = sorted(set(found.warnings) - draft.state.acknowledged)
    if unread:
        raise WrongState(
            f"Warnings that are not acknowledged: {', '.join(unread)}. Nothing was started.",
            hint="Read them, and tick that you have.",
        )
    return Confirmed.of_validation(found)


def _once_more(tools: Tools, request: RestoreRequest, confirmed: Confirmed) -> tuple[RestorePlan, int | None]:
    found = assess(tools, request)
    if found.plan is None or blocks(found.findings):
        first = next(one for one in found.findings if one.severity is Severity.ERROR)
        raise Blocked(
            f"The restore cannot be started: {first.message} Nothing was changed.",
            findings=found.findings,
            hint=first.hint,
        )
    new = sorted(set(_warnings(found.findings)) - set(confirmed.shown))
    if new or found.plan.digest != confirmed.digest:
        changed = [*_changed(found.plan, confirmed), *(f"a new warning ({code})" for code in new)]
        raise PlanChanged(
            f"What would be done is no longer what was confirmed: {', '.join(changed)}. Nothing was started.",
            changed=changed,
            findings=found.findings,
            hint="Look at the plan again, and confirm it as it is now.",
        )
    return found.plan, found.move_minutes


def _start(
    tools: Tools,
    session: Session,
    request: RestoreRequest,
    confirmed: Confirmed,
    plan: RestorePlan,
    move_minutes: int | None,
    asked_in: str,
) -> Restore:
    destination = apps.get(session, request.destination_id)
    may_restore(session, person_by_id(session, request.requester), destination.organization_id, destination.id)
    return restores.submit(
        session,
        organization_id=destination.organization_id,
        request=request,
        plan=plan,
        shown=confirmed.shown,
        now=tools.now(),
        move_minutes=move_minutes,
        asked_in=asked_in,
    )


def _warnings(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(sorted({one.code.value for one in findings if one.severity is Severity.WARNING}))


#: The plan's fields as people are told of them; what depends on another field is told by that one.
_FIELDS: Final[Mapping[str, str]] = {
    "backup_id": "the backup",
    "manifest_digest": "the backup's manifest",
    "destination_id": "the destination",
    "source_shard": "the backup's shard",
    "target_shard": "the shard it goes to",
    "moves": "whether the destination is moved",
    "without": "what is left out",
    "resolutions": "how findings are treated",
    "group_names": "the names that groups get",
    "groups_left_out": "the groups that are left out",
    "parts": "its division into parts",
    "size_bytes": "its size",
}


def _changed(plan: RestorePlan, confirmed: Confirmed) -> list[str]:
    now = plan.field_digests
    differing = [
        words for name, words in _FIELDS.items() if name in confirmed.fields and confirmed.fields[name] != now[name]
    ]
    return differing or (["the plan"] if plan.digest != confirmed.digest else [])

"""Which organizations may restore, and where a person may: for the first step of a wizard and for the checks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.access.people import Person
from core.access.restoring import administered
from core.catalog import organizations
from core.catalog.organizations import Organization
from core.findings import Finding, FindingCode, Severity
from core.restore.facts import OrganizationFacts
from core.restore.wording import finding


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """An organization in which a person has the role it takes, and what stands against restoring there."""

    organization: Organization
    why_not: tuple[Finding, ...]

    @property
    def may_restore(self) -> bool:
        return not self.why_not


def where_may_restore(session: Session, person: Person) -> Sequence[Eligibility]:
    """By name. NotAllowed: the person has the role nowhere; it says whom to ask."""
    found = [organizations.get(session, one) for one in administered(session, person)]
    return [
        Eligibility(organization=one, why_not=tuple(organization_findings(facts_of(one))))
        for one in sorted(found, key=lambda one: one.name.casefold())
    ]


def facts_of(organization: Organization) -> OrganizationFacts:
    return OrganizationFacts(
        id=organization.id,
        name=organization.name,
        plan=organization.plan.value,
        beta=organization.beta,
        environment=organization.environment.value,
    )


def organization_findings(organization: OrganizationFacts) -> Iterator[Finding]:
    if organization.plan != "enterprise":
        yield finding(
            FindingCode.ORGANIZATION_PLAN,
            Severity.ERROR,
            f"{organization.name} has the plan {organization.plan}; only enterprise organizations may restore.",
            f"Upgrade the plan, then: restorebot org set {organization.name} plan=enterprise.",
        )
    if not organization.beta:
        yield finding(
            FindingCode.ORGANIZATION_BETA,
            Severity.ERROR,
            f"{organization.name} is not enrolled in the beta.",
            f"Enrol it: restorebot org set {organization.name} beta=yes.",
        )
    if organization.environment != "commercial":
        yield finding(
            FindingCode.ORGANIZATION_GOVERNMENT,
            Severity.ERROR,
            f"{organization.name} is in the {organization.environment} environment, where restoring is not offered.",
            "Ask support; data of a government organization is restored by them only.",
        )

"""Record types of Jira: how the app is set up (projects, fields, statuses, permissions)."""

from core.content.record_type import RecordType, group, markup, moment, person, reference, text

PROJECT = RecordType(
    name="jira.project",
    title="projects",
    order=40,
    is_container=True,
    label_column="name",
    columns=(
        text("project_key"),
        text("original_key"),
        text("name"),
        text("type"),
        markup("description"),
        person("lead"),
        text("url"),
        text("counter"),
    ),
)
COMPONENT = RecordType(
    name="jira.component",
    title="components",
    order=41,
    container_via=("project",),
    label_column="name",
    columns=(reference("project", "jira.project"), text("name"), markup("description"), person("lead")),
)
VERSION = RecordType(
    name="jira.version",
    title="versions",
    order=42,
    container_via=("project",),
    label_column="name",
    columns=(
        reference("project", "jira.project"),
        text("name"),
        text("description"),
        text("sequence"),
        text("released"),
        moment("start_date"),
        moment("release_date"),
    ),
)
ISSUE_TYPE = RecordType(
    name="jira.issue_type",
    title="issue types",
    order=43,
    label_column="name",
    columns=(text("name"), text("description"), text("style"), text("sequence")),
)
STATUS = RecordType(
    name="jira.status",
    title="statuses",
    order=44,
    label_column="name",
    columns=(text("name"), text("description"), text("category"), text("sequence")),
)
PRIORITY = RecordType(
    name="jira.priority",
    title="priorities",
    order=45,
    label_column="name",
    columns=(text("name"), text("description"), text("sequence")),
)
RESOLUTION = RecordType(
    name="jira.resolution",
    title="resolutions",
    order=46,
    label_column="name",
    columns=(text("name"), text("description"), text("sequence")),
)
PROJECT_ROLE = RecordType(
    name="jira.project_role",
    title="project roles",
    order=47,
    label_column="name",
    columns=(text("name"), text("description")),
)
PROJECT_ROLE_ACTOR = RecordType(
    name="jira.project_role_actor",
    title="members of project roles",
    order=48,
    container_via=("project",),
    columns=(
        reference("project", "jira.project"),
        reference("role", "jira.project_role"),
        text("type"),
        #: exactly one of the two is set for the two common types; other types stay in extra
        person("person"),
        group("group_name"),
    ),
)
CUSTOM_FIELD = RecordType(
    name="jira.custom_field",
    title="custom fields",
    order=49,
    label_column="name",
    columns=(text("name"), text("description"), text("type"), text("searcher")),
)
CUSTOM_FIELD_OPTION = RecordType(
    name="jira.custom_field_option",
    title="custom field options",
    order=50,
    label_column="value",
    columns=(
        reference("custom_field", "jira.custom_field"),
        reference("parent", "jira.custom_field_option"),
        text("value"),
        text("sequence"),
        text("disabled"),
    ),
)
LINK_TYPE = RecordType(
    name="jira.link_type",
    title="link types",
    order=57,
    label_column="name",
    columns=(text("name"), text("inward"), text("outward"), text("style")),
)
#: Which component, version, scheme … belongs to what.
ASSOCIATION = RecordType(
    name="jira.association",
    title="associations",
    order=63,
    columns=(
        text("source_kind"),
        text("source_key"),
        text("target_kind"),
        text("target_key"),
        text("type"),
    ),
)
PERMISSION = RecordType(
    name="jira.permission",
    title="permissions",
    order=64,
    label_column="permission",
    columns=(
        text("scheme"),  # null: a permission for the whole app
        text("permission"),
        text("type"),
        person("person"),
        group("group_name"),
        text("parameter"),
    ),
)
#: A group opens the app (LicenseRoleGroup).
APP_ROLE = RecordType(
    name="jira.app_role",
    title="app roles of groups",
    order=65,
    label_column="role",
    columns=(text("role"), group("group_name")),
)
FILTER = RecordType(
    name="jira.filter",
    title="filters",
    order=66,
    label_column="name",
    columns=(text("name"), person("owner"), text("description"), text("jql")),
)

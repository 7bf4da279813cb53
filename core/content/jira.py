"""Record types of Jira: issues and what hangs on them; all types of the app."""

import pyarrow as pa

from core.content.jira_setup import (
    APP_ROLE,
    ASSOCIATION,
    COMPONENT,
    CUSTOM_FIELD,
    CUSTOM_FIELD_OPTION,
    FILTER,
    ISSUE_TYPE,
    LINK_TYPE,
    PERMISSION,
    PRIORITY,
    PROJECT,
    PROJECT_ROLE,
    PROJECT_ROLE_ACTOR,
    RESOLUTION,
    STATUS,
    VERSION,
)
from core.content.record_type import (
    RecordType,
    decimal,
    group,
    markup,
    moment,
    number,
    person,
    reference,
    text,
)

ISSUE = RecordType(
    name="jira.issue",
    title="issues",
    order=51,
    container_via=("project",),
    label_column="issue_key",
    columns=(
        reference("project", "jira.project"),
        text("issue_key"),  # in Cloud exports made from project key and number
        number("number"),
        text("summary"),
        markup("description"),
        markup("environment"),
        reference("type", "jira.issue_type"),
        reference("status", "jira.status"),
        reference("priority", "jira.priority"),
        reference("resolution", "jira.resolution"),
        person("reporter"),
        person("assignee"),
        person("creator"),
        moment("created"),
        moment("updated"),
        moment("due"),
        moment("resolved"),
        number("votes"),
        number("watches"),
        number("original_estimate"),  # seconds
        number("remaining_estimate"),
        number("time_spent"),
        text("workflow_entry"),
    ),
)
COMMENT = RecordType(
    name="jira.comment",
    title="comments",
    order=52,
    container_via=("issue",),
    columns=(
        reference("issue", "jira.issue"),
        person("author"),
        markup("body"),
        moment("created"),
        person("updater"),
        moment("updated"),
        group("visible_to_group"),
        reference("visible_to_role", "jira.project_role"),
    ),
)
WORKLOG = RecordType(
    name="jira.worklog",
    title="worklogs",
    order=53,
    container_via=("issue",),
    columns=(
        reference("issue", "jira.issue"),
        person("author"),
        markup("body"),
        moment("created"),
        person("updater"),
        moment("updated"),
        moment("started"),
        number("seconds"),
        group("visible_to_group"),
        reference("visible_to_role", "jira.project_role"),
    ),
)
CHANGE_GROUP = RecordType(
    name="jira.change_group",
    title="changes",
    order=54,
    container_via=("issue",),
    columns=(reference("issue", "jira.issue"), person("author"), moment("created")),
)
CHANGE_ITEM = RecordType(
    name="jira.change_item",
    title="changed fields",
    order=55,
    container_via=("change_group",),
    label_column="field",
    columns=(
        reference("change_group", "jira.change_group"),
        text("field_type"),
        text("field"),
        text("old_value"),
        markup("old_text"),
        text("new_value"),
        markup("new_text"),
    ),
    #: `names_person`: the values are persons (assignee, reporter …)
    review={"names_person": pa.bool_()},
)
ATTACHMENT = RecordType(
    name="jira.attachment",
    title="attachments",
    order=56,
    container_via=("issue",),
    has_file=True,
    label_column="title",
    columns=(
        reference("issue", "jira.issue"),
        text("title"),  # the file's name
        text("media_type"),
        number("size"),
        person("author"),
        moment("created"),
    ),
)
LINK = RecordType(
    name="jira.link",
    title="issue links",
    order=58,
    container_via=("source",),
    columns=(
        reference("type", "jira.link_type"),
        reference("source", "jira.issue"),
        reference("destination", "jira.issue"),
        number("sequence"),
    ),
)
REMOTE_LINK = RecordType(
    name="jira.remote_link",
    title="web links",
    order=59,
    container_via=("issue",),
    label_column="title",
    columns=(reference("issue", "jira.issue"), text("title"), text("url")),
)
LABEL = RecordType(
    name="jira.label",
    title="labels",
    order=60,
    container_via=("issue",),
    label_column="label",
    columns=(reference("issue", "jira.issue"), text("label"), text("field")),
)
CUSTOM_FIELD_VALUE = RecordType(
    name="jira.custom_field_value",
    title="custom field values",
    order=61,
    container_via=("issue",),
    columns=(
        reference("issue", "jira.issue"),
        reference("custom_field", "jira.custom_field"),
        text("parent_key"),
        text("string_value"),
        decimal("number_value"),
        moment("date_value"),
        markup("text_value"),
    ),
    #: `names_person`: the field is a user picker, so string_value is a user key
    review={"names_person": pa.bool_()},
)
#: Watchers and voters.
USER_ASSOCIATION = RecordType(
    name="jira.user_association",
    title="watchers and votes",
    order=62,
    container_via=("issue",),
    columns=(
        person("person"),
        reference("issue", "jira.issue"),  # null where the association is not with an issue
        text("type"),
        moment("created"),
    ),
)
#: A row of a plugin's own table; `extra` is an object of its cells.
ACTIVE_OBJECT = RecordType(name="jira.active_object", title="app data rows", order=91, columns=(text("table_name"),))
#: Kinds the model does not type; `native` is the kind.
OTHER = RecordType(name="jira.other", title="other rows", order=67, columns=())

JIRA_TYPES = (
    PROJECT,
    COMPONENT,
    VERSION,
    ISSUE_TYPE,
    STATUS,
    PRIORITY,
    RESOLUTION,
    PROJECT_ROLE,
    PROJECT_ROLE_ACTOR,
    CUSTOM_FIELD,
    CUSTOM_FIELD_OPTION,
    ISSUE,
    COMMENT,
    WORKLOG,
    CHANGE_GROUP,
    CHANGE_ITEM,
    ATTACHMENT,
    LINK_TYPE,
    LINK,
    REMOTE_LINK,
    LABEL,
    CUSTOM_FIELD_VALUE,
    USER_ASSOCIATION,
    ASSOCIATION,
    PERMISSION,
    APP_ROLE,
    FILTER,
    OTHER,
    ACTIVE_OBJECT,
)

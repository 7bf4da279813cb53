"""Record types of Confluence."""

from core.content.record_type import (
    Column,
    RecordType,
    group,
    markup,
    moment,
    number,
    person,
    reference,
    text,
)

#: Whatever can carry bodies, labels, properties, comments, watches and relations.
CONTENT = (
    "confluence.page",
    "confluence.blog_post",
    "confluence.version",
    "confluence.comment",
    "confluence.attachment",
    "confluence.space_description",
    "confluence.custom_content",
    "confluence.template",
    "confluence.other",
)
WRITTEN: tuple[Column, ...] = (person("creator"), moment("created"), person("modifier"), moment("modified"))

SPACE = RecordType(
    name="confluence.space",
    title="spaces",
    order=20,
    is_container=True,
    label_column="name",
    columns=(
        text("space_key"),
        text("name"),
        text("type"),  # global, personal, collaboration
        text("status"),
        reference("description", "confluence.space_description"),
        reference("home_page", "confluence.page"),
        *WRITTEN,
    ),
)
SPACE_DESCRIPTION = RecordType(
    name="confluence.space_description",
    title="space descriptions",
    order=21,
    container_via=("space", "original"),
    label_column="title",
    columns=(
        reference("space", "confluence.space"),
        reference("original", "confluence.space_description"),
        text("title"),
        number("version"),
        text("status"),
        *WRITTEN,
    ),
)
PAGE = RecordType(
    name="confluence.page",
    title="pages",
    order=22,
    container_via=("space", "parent", "original"),
    label_column="title",
    columns=(
        reference("space", "confluence.space"),
        reference("parent", "confluence.page"),
        reference("original", "confluence.page"),  # set on the draft of a published page
        text("title"),
        number("position"),
        number("version"),
        text("version_comment"),
        text("status"),  # current, draft, deleted, archived
        *WRITTEN,
    ),
)
BLOG_POST = RecordType(
    name="confluence.blog_post",
    title="blog posts",
    order=23,
    container_via=("space", "original"),
    label_column="title",
    columns=(
        reference("space", "confluence.space"),
        reference("original", "confluence.blog_post"),
        text("title"),
        number("version"),
        text("version_comment"),
        text("status"),
        *WRITTEN,
    ),
)
#: An old revision of a page or blog post: `native` says of which.
VERSION = RecordType(
    name="confluence.version",
    title="old versions",
    order=24,
    container_via=("original",),
    label_column="title",
    columns=(
        reference("original", "confluence.page", "confluence.blog_post"),
        text("title"),
        number("version"),
        text("version_comment"),
        text("status"),
        *WRITTEN,
    ),
)
COMMENT = RecordType(
    name="confluence.comment",
    title="comments",
    order=25,
    container_via=("owner", "parent", "original"),
    columns=(
        reference("owner", *CONTENT),
        reference("parent", "confluence.comment"),
        reference("original", "confluence.comment"),
        text("title"),
        number("version"),
        text("status"),
        *WRITTEN,
    ),
)
CUSTOM_CONTENT = RecordType(
    name="confluence.custom_content",
    title="app content",
    order=26,
    container_via=("space", "owner", "original"),
    label_column="title",
    columns=(
        reference("space", "confluence.space"),
        reference("owner", *CONTENT),
        reference("original", "confluence.custom_content"),
        text("title"),
        text("plugin_key"),
        number("version"),
        text("status"),
        *WRITTEN,
    ),
)
ATTACHMENT = RecordType(
    name="confluence.attachment",
    title="attachments",
    order=27,
    container_via=("space", "owner", "original"),
    has_file=True,
    label_column="title",
    columns=(
        reference("space", "confluence.space"),
        reference("owner", *CONTENT),
        reference("original", "confluence.attachment"),
        text("title"),  # the file's name
        text("media_type"),
        number("size"),
        number("version"),
        text("version_comment"),
        text("status"),
        *WRITTEN,
    ),
)
BODY = RecordType(
    name="confluence.body",
    title="bodies",
    order=28,
    container_via=("owner",),
    columns=(
        reference("owner", *CONTENT),
        number("body_type"),  # 0 or null wiki markup, 1 raw, 2 storage format
        markup("body"),
    ),
)
TEMPLATE = RecordType(
    name="confluence.template",
    title="templates",
    order=29,
    container_via=("space",),
    label_column="name",
    columns=(
        reference("space", "confluence.space"),
        text("name"),
        number("version"),
        number("body_type"),
        markup("body"),
        *WRITTEN,
    ),
)
CONTENT_PROPERTY = RecordType(
    name="confluence.content_property",
    title="content properties",
    order=30,
    container_via=("owner",),
    label_column="name",
    columns=(
        reference("owner", *CONTENT),
        text("name"),
        text("string_value"),
        number("long_value"),
        moment("date_value"),
    ),
)
LABEL = RecordType(
    name="confluence.label",
    title="labels",
    order=31,
    label_column="name",
    columns=(text("name"), text("namespace"), person("owner"), moment("created"), moment("modified")),
)
LABELLING = RecordType(
    name="confluence.labelling",
    title="labels on content",
    order=32,
    container_via=("content",),
    columns=(
        reference("label", "confluence.label"),
        reference("content", *CONTENT),
        person("owner"),
        moment("created"),
        moment("modified"),
    ),
)
SPACE_PERMISSION = RecordType(
    name="confluence.space_permission",
    title="space permissions",
    order=33,
    container_via=("space",),
    columns=(
        reference("space", "confluence.space"),  # null: a permission for the whole site
        text("type"),
        group("group_name"),
        person("subject"),
        text("all_users"),
        *WRITTEN,
    ),
)
RESTRICTION_SET = RecordType(
    name="confluence.restriction_set",
    title="restriction sets",
    order=34,
    container_via=("content",),
    columns=(text("type"), reference("content", *CONTENT), moment("created"), moment("modified")),
)
RESTRICTION = RecordType(
    name="confluence.restriction",
    title="restrictions",
    order=35,
    container_via=("restriction_set",),
    columns=(
        reference("restriction_set", "confluence.restriction_set"),
        text("type"),
        group("group_name"),
        person("subject"),
        *WRITTEN,
    ),
)
WATCH = RecordType(
    name="confluence.watch",
    title="watches",
    order=36,
    container_via=("content", "space"),
    columns=(
        reference("content", *CONTENT),
        reference("space", "confluence.space"),
        text("type"),
        person("receiver"),
        *WRITTEN,
    ),
)
RELATION = RecordType(
    name="confluence.relation",
    title="relations of users to content",
    order=37,
    container_via=("content",),
    columns=(
        person("source"),
        text("relation"),  # LikeEntity rows: like
        reference("content", *CONTENT),
        *WRITTEN,
    ),
)
LINK = RecordType(
    name="confluence.link",
    title="links",
    order=38,
    container_via=("source",),
    columns=(
        reference("source", *CONTENT),
        text("destination_space"),
        text("destination_title"),
        *WRITTEN,
    ),
)
#: A row of a plugin's own table; `extra` is an object of its cells.
ACTIVE_OBJECT = RecordType(
    name="confluence.active_object", title="app data rows", order=90, columns=(text("table_name"),)
)
#: Kinds the model does not type; `native` is the kind.
OTHER = RecordType(name="confluence.other", title="other rows", order=39, columns=())

CONFLUENCE_TYPES = (
    SPACE,
    SPACE_DESCRIPTION,
    PAGE,
    BLOG_POST,
    VERSION,
    COMMENT,
    CUSTOM_CONTENT,
    ATTACHMENT,
    BODY,
    TEMPLATE,
    CONTENT_PROPERTY,
    LABEL,
    LABELLING,
    SPACE_PERMISSION,
    RESTRICTION_SET,
    RESTRICTION,
    WATCH,
    RELATION,
    LINK,
    OTHER,
    ACTIVE_OBJECT,
)

"""Drafts of restores, deliveries of events, an organization's channel; and what long lists are searched by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("stream", "consumer", name=op.f("pk_delivery")),
    )
    op.create_table(
        "delivery_receipt",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("posted", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "consumer", "number", "message", name=op.f("pk_delivery_receipt")),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("asked_in", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("submitted", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_draft_organization_id_organization")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_person_id_person")),
        sa.ForeignKeyConstraint(["submitted"], ["restore.id"], name=op.f("fk_draft_submitted_restore")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("app", schema=None) as batch_op:
        batch_op.add_column(sa.Column("folded_name", sa.String(), server_default="", nullable=False))

    app = sa.table("app", sa.column("id"), sa.column("name"), sa.column("folded_name"))
    for app_id, name in op.get_bind().execute(sa.select(app.c.id, app.c.name)).all():
        op.execute(app.update().where(app.c.id == app_id).values(folded_name=name.casefold()))

    with op.batch_alter_table("backup", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_backup_app_id"))
        batch_op.create_index(
            batch_op.f("ix_backup_app_id_taken_at_status_expires_at_marked_at"),
            ["app_id", "taken_at", "status", "expires_at", "marked_at"],
            unique=False,
        )

    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.add_column(sa.Column("operations_channel", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("ask_app_admins", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("restore", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_restore_organization_id"))
        batch_op.create_index(
            batch_op.f("ix_restore_organization_id_created_at"), ["organization_id", "created_at"], unique=False
        )

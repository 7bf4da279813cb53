"""workers and parts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "divided_step",
        sa.Column("id", sa.String(length=512), nullable=False),
        sa.Column("workflow", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("organization", sa.String(length=64), nullable=False),
        sa.Column("shard", sa.String(length=255), nullable=False),
        sa.Column("storage", sa.String(length=64), nullable=False),
        sa.Column("served", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_divided_step")),
    )
    with op.batch_alter_table("divided_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_divided_step_run_id"), ["run_id"], unique=False)

    op.create_table(
        "turn",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_turn")),
    )
    op.create_table(
        "waiting_part",
        sa.Column("step_id", sa.String(length=512), nullable=False),
        sa.Column("part", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("executor_id", sa.String(length=64), nullable=True),
        sa.Column("claimed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["step_id"], ["divided_step.id"], name=op.f("fk_waiting_part_step_id_divided_step"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("step_id", "part", name=op.f("pk_waiting_part")),
    )
    with op.batch_alter_table("waiting_part", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_waiting_part_executor_id"), ["executor_id"], unique=False)
        batch_op.create_index("ix_waiting_part_next", ["step_id", "executor_id", "position"], unique=False)

    with op.batch_alter_table("worker", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kinds", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("slots", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("drain_wanted_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("reaped_by", sa.String(length=64), nullable=True))

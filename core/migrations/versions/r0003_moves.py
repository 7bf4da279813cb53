"""Moves of apps with data are runs; a move of an empty app that was broken off becomes one, and goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "move",
        sa.Column("from_shard", sa.String(), nullable=False),
        sa.Column("to_shard", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("app_id", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cancel_wanted_at", sa.DateTime(), nullable=True),
        sa.Column("cancel_wanted_by", sa.String(), nullable=True),
        sa.Column("generation", sa.String(), nullable=True),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.Column("progress_done", sa.BigInteger(), nullable=False),
        sa.Column("progress_total", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.Column("staging_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name=op.f("fk_move_app_id_app")),
        sa.ForeignKeyConstraint(["from_shard"], ["shard.name"], name=op.f("fk_move_from_shard_shard")),
        sa.ForeignKeyConstraint(["to_shard"], ["shard.name"], name=op.f("fk_move_to_shard_shard")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move")),
    )
    with op.batch_alter_table("move", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_move_app_id"), ["app_id"], unique=False)

    op.create_table(
        "move_finding",
        sa.Column("move_id", sa.String(), nullable=False),
        sa.Column("found_by", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("finding", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["move_id"], ["move.id"], name=op.f("fk_move_finding_move_id_move")),
        sa.PrimaryKeyConstraint("move_id", "found_by", "number", name=op.f("pk_move_finding")),
    )
    op.create_table(
        "move_part",
        sa.Column("move_id", sa.String(), nullable=False),
        sa.Column("generation", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("done", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["move_id"], ["move.id"], name=op.f("fk_move_part_move_id_move")),
        sa.PrimaryKeyConstraint("move_id", "generation", "step", "part", name=op.f("pk_move_part")),
    )
    op.execute(
        "INSERT INTO move (id, app_id, requested_by, status, step, token, attempt, generation, progress_done,"
        " progress_total, size_bytes, from_shard, to_shard, created_at)"
        " SELECT hold.run_id, app.id, '', 'queued', 'close', 0, 0, generation.id, 0,"
        " 0, 0, app.shard, generation.shard, hold.created_at"
        " FROM hold JOIN app ON hold.subject = 'app:' || app.id"
        " JOIN generation ON generation.run_id = hold.run_id AND generation.status = 'staged'"
        " WHERE hold.reason = 'move'"
    )

"""Labels of texts as people have corrected them."""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "label_corrections",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=500), nullable=False),
        sa.Column("team_id", sa.String(length=300), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("cause", sa.String(length=300), nullable=False),
        sa.Column("shown", sa.String(length=300), nullable=False),
        sa.Column("once", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_label_corrections")),
        sa.UniqueConstraint("by", "once", name=op.f("uq_label_corrections_by")),
    )
    op.create_index(op.f("ix_label_corrections_case_id"), "label_corrections", ["case_id"], unique=False)

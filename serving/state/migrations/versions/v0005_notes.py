"""What people do about customers at risk: conversations taken over, and notes with what came of them."""

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "customer_notes",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.String(length=300), nullable=False),
        sa.Column("team_id", sa.String(length=300), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("done", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=400), nullable=False),
        sa.Column("chance", sa.Double(), nullable=True),
        sa.Column("as_of", sa.String(length=40), nullable=True),
        sa.Column("once", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_customer_notes")),
        sa.UniqueConstraint("by", "once", name=op.f("uq_customer_notes_by")),
    )
    op.create_index(op.f("ix_customer_notes_customer_id"), "customer_notes", ["customer_id"], unique=False)
    op.create_table(
        "taken_conversations",
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("team_id", sa.String(length=300), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_taken_conversations")),
    )

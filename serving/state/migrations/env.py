"""What Alembic runs to change the shape of the database; the connection comes from the one who opens it."""

from alembic import context

from serving.state.schema import Base
from serving.state.store import VERSIONS

__all__: list[str] = []

if hasattr(context, "config"):  # which is there while Alembic runs this, and not when it is only imported
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        version_table=VERSIONS,
        render_as_batch=True,  # SQLite changes a table by writing it anew
        transaction_per_migration=False,
    )
    context.run_migrations()

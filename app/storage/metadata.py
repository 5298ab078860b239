"""The one MetaData that every room's `tables.py` fills and the migrations are compared with.

Rule of placement (docs/architecture.md): every primary key and unique constraint starts with the table's distribution
column, named in `info["place"]`; tests/architecture reads it.
"""

from typing import Final

from sqlalchemy import MetaData

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

"""Upgrades every directory beside this script's second argument in two ways and says what came of it.

Arguments: the socket's directory, a directory with one directory of revisions per case. Prints `case<TAB>way<TAB>outcome`.
"""

import pathlib
import sys

import psycopg2
from alembic import command
from alembic.config import Config

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

socket, cases = sys.argv[1], pathlib.Path(sys.argv[2])
admin = psycopg2.connect(host=socket, user="postgres", dbname="postgres")
admin.autocommit = True


def upgrade(case, way, targets):
    with admin.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS evidence")
        cursor.execute("CREATE DATABASE evidence")
    config = Config()
    config.set_main_option("script_location", str(case))
    config.set_main_option("sqlalchemy.url", f"postgresql+psycopg2://postgres@/evidence?host={socket}")
    outcome = "ok"
    for target in targets:
        try:
            command.upgrade(config, target)
        except Exception as error:
            outcome = type(getattr(error, "orig", None) or error).__name__
            break
    print(case.name, way, outcome, sep="\t")


for case in sorted(path for path in cases.iterdir() if path.is_dir()):
    (case / "env.py").write_text(ENV)
    upgrade(case, "in two runs", ["a1", "head"])
    upgrade(case, "in one run", ["head"])

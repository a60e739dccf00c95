"""Runs `write` of every module in a directory and says what PostgreSQL calls the value in `t.d`.

Arguments: the socket's directory, the driver, the directory. Prints `module<TAB>type`.
"""

import asyncio
import importlib
import pathlib
import sys

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

socket, driver, cases = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
sys.path.insert(0, str(cases))
url = f"postgresql+{driver}://postgres@/postgres?host={socket}"


def stored(name):
    module = importlib.import_module(name)

    def run(connection):
        connection.execute(text("DROP TABLE IF EXISTS t"))
        module.Base.metadata.create_all(connection)
        session = Session(connection)
        module.write(session)
        session.flush()
        row = connection.execute(text("SELECT jsonb_typeof(d::jsonb) FROM t")).scalar_one()
        session.close()
        return row

    try:
        if driver == "asyncpg":
            from sqlalchemy.ext.asyncio import create_async_engine

            async def main():
                engine = create_async_engine(url)
                async with engine.begin() as connection:
                    row = await connection.run_sync(run)
                await engine.dispose()
                return row

            return asyncio.run(main())
        engine = create_engine(url)
        with engine.begin() as connection:
            row = run(connection)
        engine.dispose()
        return row
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


for path in sorted(cases.glob("*.py")):
    print(path.stem, stored(path.stem), sep="\t")

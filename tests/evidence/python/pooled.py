"""Queries PostgreSQL through a pooler from several processes at once: pooled.py DIRECTORY PORT WAY."""

import asyncio
import subprocess
import sys
from uuid import uuid4

WAYS = {
    "plain": {},
    "no-cache": {"statement_cache_size": 0},
    "no-caches": {"statement_cache_size": 0, "prepared_statement_cache_size": 0},
    "names": {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"__asyncpg_{uuid4()}__",
    },
}


async def by_sqlalchemy(directory: str, port: str, way: str) -> None:
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    url = f"postgresql+asyncpg://postgres@/postgres?host={directory}&port={port}"
    engine = create_async_engine(url, connect_args=WAYS[way])

    async def client() -> None:
        for number in range(40):
            async with engine.connect() as connection:
                result = await connection.execute(text("SELECT :number + 1"), {"number": number})
                assert result.scalar() == number + 1

    await asyncio.gather(client(), client())
    await engine.dispose()


async def by_asyncpg(directory: str, port: str, way: str) -> None:
    import asyncpg

    size = 0 if way == "raw-no-cache" else 100

    async def client() -> None:
        connection = await asyncpg.connect(
            host=directory, port=int(port), user="postgres", database="postgres", statement_cache_size=size
        )
        for number in range(40):
            assert await connection.fetchval("SELECT $1::int + 1", number) == number + 1
        await connection.close()

    await asyncio.gather(client(), client())


def ended(process: subprocess.Popen) -> str:
    # A pooler that is told to cancel a query may lose the client over it, which would wait for ever.
    try:
        return process.communicate(timeout=30)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[1] + "a client got no answer\n"


if len(sys.argv) > 4:
    _, directory, port, way, _ = sys.argv
    asyncio.run((by_asyncpg if way.startswith("raw") else by_sqlalchemy)(directory, port, way))
else:
    running = [subprocess.Popen([sys.executable, *sys.argv, "one"], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    failed = [said for process in running for said in [ended(process)] if process.returncode != 0]
    sys.stderr.write("\n".join(failed))
    sys.exit(1 if failed else 0)

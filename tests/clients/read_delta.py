"""Runs one SQL statement over a published table in DuckDB and prints CSV.

    read_delta.py <data folder> <table> <sql>

The statement sees the table under its own name. The Delta extension comes from a package beside DuckDB and is loaded
from its file: nothing is fetched. Times are printed in UTC with microseconds, an absent value is an empty field.
"""

import pathlib
import sys
import tempfile

import duckdb
import duckdb_extension_delta

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    version = connection.execute("SELECT version()").fetchone()[0]
    package = pathlib.Path(duckdb_extension_delta.__file__).parent
    connection.execute(f"LOAD {quoted(package / 'extensions' / version / 'delta.duckdb_extension')}")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    data, table, sql = sys.argv[1:]
    path = pathlib.Path(data).resolve() / "tables" / table
    connection = connect()
    connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM delta_scan({quoted(path)})')
    query = sql.rstrip().rstrip(";")
    # A file in between: DuckDB opens its target anew, which would truncate a standard output that is a file.
    with tempfile.TemporaryDirectory() as folder:
        rows = pathlib.Path(folder) / "rows.csv"
        connection.execute(f"COPY ({query}) TO {quoted(rows)} (FORMAT csv, HEADER, TIMESTAMPFORMAT '{TIME_FORMAT}')")
        sys.stdout.write(rows.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

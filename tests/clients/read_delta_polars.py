"""Runs one SQL statement over a published table in Polars and prints CSV.

    read_delta_polars.py <data folder> <table> <sql>

The statement sees the table under its own name. The output has the form of `read_delta.py`, so that both can be
compared as text: times in UTC with microseconds, an absent value as an empty field.
"""

import pathlib
import sys

import polars

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    data, table, sql = sys.argv[1:]
    path = pathlib.Path(data).resolve() / "tables" / table
    with polars.SQLContext({table: polars.scan_delta(str(path))}) as context:
        rows = context.execute(sql.rstrip().rstrip(";"), eager=True)
    rows.write_csv(sys.stdout, datetime_format=TIME_FORMAT)


if __name__ == "__main__":
    main()

# Readers of data frames, unmodified, ask Weir by their usual ways: COPY in binary and CSV, cursors, portals. Run as
# `python frames.py PORT`.
import sys

import adbc_driver_postgresql.dbapi
import connectorx
import pandas
import polars
import psycopg
import psycopg2
import sqlalchemy

url = f'postgresql://me@127.0.0.1:{sys.argv[1]}/weir'
served = 'SELECT job, value, timestamp FROM served_total ORDER BY job'
many = 'SELECT value FROM generate_series(1, 1000) t(value)'

# connectorx and Polars: binary COPY is their default.
for protocol in 'binary', 'csv', 'cursor', 'simple':
    table = connectorx.read_sql(url, served, return_type='arrow', protocol=protocol)
    assert table.column('job').to_pylist() == ['a', 'b'] and table.column('value').to_pylist() == [20.0, 40.0], (protocol, table)
parts = connectorx.read_sql(url, many, return_type='arrow', partition_on='value', partition_num=3)
assert parts.num_rows == 1000, parts
for engine in 'connectorx', 'adbc':
    frame = polars.read_database_uri(served, url, engine=engine)
    assert frame['value'].to_list() == [20.0, 40.0] and frame['job'].to_list() == ['a', 'b'], (engine, frame)
    assert frame['timestamp'].dtype.is_temporal(), frame

# ADBC.
with adbc_driver_postgresql.dbapi.connect(url) as connection:
    with connection.cursor() as cursor:
        cursor.execute('SELECT * FROM served_total ORDER BY job')
        table = cursor.fetch_arrow_table()
        assert table.column('value').to_pylist() == [20.0, 40.0], table
        cursor.execute('SELECT value FROM served_total WHERE job = $1', ['b'])
        assert cursor.fetchall() == [(40.0,)]
        cursor.execute('SELECT count(*) FROM served_total WHERE value > $1', [30])
        assert cursor.fetchone() == (1,)
    frame = pandas.read_sql(served, connection)
    assert list(frame['value']) == [20.0, 40.0], frame
    names = [field.name for field in connection.adbc_get_table_schema('served_total')]
    assert names == ['timestamp', 'value', 'labels', '__name__', 'job'], names

# pandas over SQLAlchemy, at once and some rows at a time (a server-side cursor).
for driver in 'psycopg', 'psycopg2':
    engine = sqlalchemy.create_engine(f'postgresql+{driver}://me@127.0.0.1:{sys.argv[1]}/weir')
    frame = pandas.read_sql(served, engine)
    assert list(frame['job']) == ['a', 'b'] and str(frame['timestamp'].dtype).startswith('datetime64'), frame
    assert pandas.read_sql_table('served_total', engine).shape == (2, 5)
    with engine.connect().execution_options(stream_results=True) as connection:
        chunks = [len(chunk) for chunk in pandas.read_sql(many, connection, chunksize=300)]
        assert chunks == [300, 300, 300, 100], chunks

# Named cursors and COPY of the drivers themselves.
with psycopg.connect(url) as connection:
    for binary in False, True:
        with connection.cursor('named', binary=binary) as cursor:
            cursor.itersize = 100
            cursor.execute('SELECT value FROM generate_series(1, 1000) t(value) WHERE value > %s', (500,))
            assert [column.name for column in cursor.description] == ['value']
            assert sum(row[0] for row in cursor) == 375250
    with connection.cursor('back', scrollable=True) as cursor:
        cursor.execute(many + ' ORDER BY 1')
        assert cursor.fetchone() == (1,)
        cursor.scroll(10)
        assert cursor.fetchone() == (12,)
        cursor.scroll(5, mode='absolute')
        assert cursor.fetchone() == (6,)
    with connection.cursor().copy(f'COPY ({served}) TO STDOUT') as copy:
        assert [row[:2] for row in copy.rows()] == [('a', '20'), ('b', '40')]
    with connection.cursor().copy(f'COPY ({served}) TO STDOUT (FORMAT binary)') as copy:
        copy.set_types(['text', 'float8', 'timestamptz'])
        assert [row[:2] for row in copy.rows()] == [('a', 20.0), ('b', 40.0)]
with psycopg2.connect(url) as connection:
    with connection.cursor('named') as cursor:
        cursor.itersize = 100
        cursor.execute(many)
        assert sum(row[0] for row in cursor) == 500500

# The time that a client gives a statement.
endless = 'SELECT count(*) FROM generate_series(1, 100000000000)'
with psycopg.connect(url, options='-c statement_timeout=300', autocommit=True) as connection:
    try:
        connection.execute(endless)
        raise SystemExit('an endless query ended')
    except psycopg.errors.QueryCanceled:
        assert connection.execute('SHOW statement_timeout').fetchone() == ('300',)
print('understood')

"""PostgreSQL's drivers for Python, unmodified, ask Weir; run as `drivers.py PORT SECONDS`."""
import asyncio, datetime, sys
import asyncpg, pg8000.native, psycopg, psycopg2, sqlalchemy
port, at = int(sys.argv[1]), float(sys.argv[2])
moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
before = moment - datetime.timedelta(minutes=1)

with psycopg.connect(host='127.0.0.1', port=port, user='me', dbname='weir') as connection:
    sql = 'SELECT job, value, labels, timestamp FROM served_total WHERE job = %s AND timestamp > %s ORDER BY timestamp'
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            rows = cursor.execute(sql, ('a', before)).fetchall()
            assert rows == [('a', 20.0, {'__name__': 'served_total', 'job': 'a'}, moment)], rows
    for _ in range(8):  # The driver prepares what is asked often.
        assert connection.execute('SELECT sum(value) FROM served_total WHERE value >= %s', (20,)).fetchone() == (60.0,)
    for jobs, expected in (['b', 'none'], [(40.0,)]), ([], []), (['a', 'b'], [(20.0,), (40.0,)]):
        for binary in (False, True):
            with connection.cursor(binary=binary) as cursor:
                rows = cursor.execute('SELECT value FROM served_total WHERE job = ANY(%s) ORDER BY 1', (jobs,)).fetchall()
                assert rows == expected, (jobs, rows)
    assert connection.execute('SELECT value FROM served_total WHERE value = ANY(%s)', ([20.0, 1.0],)).fetchall() == [(20.0,)]
    assert connection.execute('SELECT job FROM served_total WHERE job <> ALL(%s)', (['a'],)).fetchall() == [('b',)]
    assert connection.execute('SELECT %s, %s, %s', (42, 'x', True)).fetchone() == (42, 'x', True)
    many = [f'job {i}' for i in range(1500)] + ['a']
    places = ', '.join(['%s'] * len(many))
    assert connection.execute(f'SELECT value FROM served_total WHERE job IN ({places})', many).fetchall() == [(20.0,)]
    rows = connection.execute("SELECT labels, value FROM promql('sum by (job) (served_total)', %s, %s, '15s') ORDER BY value", (before, moment)).fetchall()
    assert rows[-1] == ({'job': 'b'}, 40.0), rows
    try:
        connection.execute('SELECT nope FROM served_total')
        raise SystemExit('a column that does not exist was answered')
    except psycopg.errors.UndefinedColumn:
        connection.rollback()
    try:
        connection.execute('DELETE FROM served_total')
        raise SystemExit('a delete was answered')
    except psycopg.errors.ReadOnlySqlTransaction:
        connection.rollback()

with psycopg2.connect(host='127.0.0.1', port=port, user='me', dbname='weir') as connection:
    with connection.cursor() as cursor:
        cursor.execute('SELECT value, timestamp FROM served_total WHERE job = ANY(%s) AND timestamp > %s ORDER BY 1', (['a', 'b'], before))
        rows = cursor.fetchall()
        assert rows == [(20.0, moment), (40.0, moment)], rows
        cursor.execute('SELECT count(*) FROM served_total WHERE job IN %s', (('a', 'c'),))
        assert cursor.fetchone() == (1,)

async def ask():
    connection = await asyncpg.connect(host='127.0.0.1', port=port, user='me', database='weir')
    row = await connection.fetchrow('SELECT job, value, timestamp FROM served_total WHERE value > $1 AND timestamp = $2', 30.0, moment)
    assert (row['job'], row['value'], row['timestamp']) == ('b', 40.0, moment), row
    for type, value in ('int8', 41), ('int4', 7), ('float8', 1.5), ('text', 'x'), ('timestamptz', moment), ('bool', True), \
            ('text[]', ['a', 'b"c', None]), ('int8[]', [1, -2]), ('float8[]', [0.5]), ('timestamptz[]', [moment]):
        got = await connection.fetchval(f'SELECT $1::{type} AS v', value)
        assert got == value, (type, got)
    for condition, value, expected in ('job = ANY($1)', ['b'], [40.0]), ('value = ANY($1)', [20.0, 1.0], [20.0]), \
            ('timestamp = ANY($1)', [moment], [20.0, 40.0]), ('job LIKE $1', 'a%', [20.0]), ('value = ANY($1::int8[])', [40], [40.0]):
        rows = await connection.fetch(f'SELECT value FROM served_total WHERE {condition} ORDER BY 1', value)
        assert [row['value'] for row in rows] == expected, (condition, rows)
    rows = await connection.fetch('SELECT value FROM served_total ORDER BY 1 LIMIT $1 OFFSET $2', 1, 1)
    assert [row['value'] for row in rows] == [40.0], rows
    lists = await connection.fetchrow('SELECT array_agg(value) AS v, array_agg(job) AS j FROM served_total WHERE job = $1', 'a')
    assert (lists['v'], lists['j']) == ([20.0], ['a']), lists
    async with connection.transaction():
        values = [row['n'] async for row in connection.cursor('SELECT value AS n FROM generate_series(1, 100) t(value) ORDER BY 1', prefetch=7)]
        assert values == list(range(1, 101)), values
    await connection.reset()
    await connection.close()
asyncio.run(ask())

native = pg8000.native.Connection('me', host='127.0.0.1', port=port, database='weir')
assert native.run('SELECT value FROM served_total WHERE job = :job', job='b') == [[40.0]]
native.close()

for driver in 'psycopg', 'psycopg2', 'pg8000':
    engine = sqlalchemy.create_engine(f'postgresql+{driver}://me@127.0.0.1:{port}/weir')
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text('SELECT max(value) FROM served_total')).scalar() == 40.0
    inspector = sqlalchemy.inspect(engine)
    tables = inspector.get_table_names()
    assert 'served_total' in tables and 'samples' in tables, tables
    assert inspector.get_schema_names() == ['information_schema', 'public'], inspector.get_schema_names()
    table = sqlalchemy.Table('served_total', sqlalchemy.MetaData(), autoload_with=engine)
    assert list(table.columns.keys()) == ['timestamp', 'value', 'labels', '__name__', 'job'], table.columns
    # What Superset and others over SQLAlchemy ask besides.
    assert inspector.get_pk_constraint('served_total')['constrained_columns'] == []
    for nothing in 'get_indexes', 'get_foreign_keys', 'get_unique_constraints', 'get_check_constraints':
        assert getattr(inspector, nothing)('served_total') == [], nothing
    for nothing in 'get_view_names', 'get_materialized_view_names', 'get_sequence_names', 'get_enums', 'get_domains':
        assert getattr(inspector, nothing)() == [], nothing
    everything = sqlalchemy.MetaData()
    everything.reflect(engine)
    assert {'served_total', 'samples', 'series'} <= set(everything.tables), everything.tables
    chart = """SELECT DATE_TRUNC('minute', timestamp) AS __timestamp, job AS job, SUM(value) AS "SUM(value)" FROM public.served_total
        WHERE timestamp >= TO_TIMESTAMP('2026-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
        AND timestamp < TO_TIMESTAMP('2126-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
        GROUP BY DATE_TRUNC('minute', timestamp), job ORDER BY "SUM(value)" DESC LIMIT 100"""
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text(chart)).fetchall()
        assert rows == [(moment.replace(second=0), 'b', 40.0), (moment.replace(second=0), 'a', 20.0)], rows
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.select(table.c.value).where(table.c.job.in_(['a']))).fetchall()
        assert rows == [(20.0,)], rows
print('understood')

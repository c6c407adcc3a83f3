//! Clients of PostgreSQL, unmodified, ask SQL: psql, the drivers of Python and Java, and readers of data frames.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use tokio::process::Command;

use crate::command::{Ended, end};
use crate::http::eventually;
use crate::process::free_port;
use crate::push::push;
use crate::suite::{Need, Suite, cache};
use crate::weir::Weir;

const CONFIG: &str = "global:\n  query_log_file: queries.log\n";
/// Longest until the port answers, on a busy machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Asks by psycopg, asyncpg, pg8000 and SQLAlchemy.
const DRIVERS: &str = r#"
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

for driver in 'psycopg', 'psycopg2':
    engine = sqlalchemy.create_engine(f'postgresql+{driver}://me@127.0.0.1:{port}/weir')
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text('SELECT max(value) FROM served_total')).scalar() == 40.0
    inspector = sqlalchemy.inspect(engine)
    tables = inspector.get_table_names()
    assert 'served_total' in tables and 'samples' in tables, tables
    assert inspector.get_schema_names() == ['information_schema', 'public'], inspector.get_schema_names()
    table = sqlalchemy.Table('served_total', sqlalchemy.MetaData(), autoload_with=engine)
    assert list(table.columns.keys()) == ['timestamp', 'value', 'labels', '__name__', 'job'], table.columns
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.select(table.c.value).where(table.c.job.in_(['a']))).fetchall()
        assert rows == [(20.0,)], rows
print('understood')
"#;

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add("psql_asks_weir", &[Need::Other(no_psql)], psql_asks_weir);
    suite.add(
        "python_drivers_ask_weir",
        &[Need::Other(no_drivers)],
        python_drivers_ask_weir,
    );
    suite.add(
        "data_frames_are_read_from_weir",
        &[Need::Other(no_frames)],
        data_frames_are_read_from_weir,
    );
    suite.add("jdbc_asks_weir", &[Need::Other(no_jdbc)], jdbc_asks_weir);
    suite.add(
        "an_interrupt_of_psql_ends_the_work",
        &[Need::Other(no_psql)],
        an_interrupt_of_psql_ends_the_work,
    );
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn no_psql() -> Option<String> {
    (!on_path("psql")).then(|| "no psql on the path (`.ci/needs` gets it)".to_owned())
}

fn no_frames() -> Option<String> {
    let complete = cache().join("frames/complete").is_file();
    (!complete).then(|| {
        format!(
            "no readers of data frames in {}/frames (`.ci/needs` gets them)",
            cache().display()
        )
    })
}

fn jdbc() -> PathBuf {
    cache().join("jdbc/postgresql.jar")
}

fn no_jdbc() -> Option<String> {
    if !on_path("javac") {
        return Some("no Java with a compiler on the path".to_owned());
    }
    (!jdbc().is_file()).then(|| format!("no driver at {} (`.ci/needs` gets it)", jdbc().display()))
}

fn python() -> PathBuf {
    cache().join("postgres/bin/python3")
}

fn no_drivers() -> Option<String> {
    let complete = cache().join("postgres/complete").is_file();
    (!complete).then(|| format!("no drivers at {} (`.ci/needs` gets them)", python().display()))
}

/// A server with `served_total` of jobs `a` (20) and `b` (40), now; its SQL port and the time.
async fn serve() -> Result<(Weir, u16, i64)> {
    let port = free_port()?;
    let address = format!("--sql.listen-address=127.0.0.1:{port}");
    let weir = Weir::start(Some(CONFIG), &[&address]).await?;
    let timestamp = now_ms() / 1000 * 1000;
    let samples = |value: f64| vec![Sample { value, timestamp }];
    let of = |job: &str| Labels::from_pairs([("__name__", "served_total"), ("job", job)]);
    push(&weir.url, &[(of("a"), samples(20.0)), (of("b"), samples(40.0))]).await?;
    Ok((weir, port, timestamp))
}

async fn psql(port: u16, arguments: &[&str]) -> Result<Ended> {
    let port = port.to_string();
    let connection = ["-X", "-h", "127.0.0.1", "-U", "me", "-d", "weir", "-p", &port];
    end(Command::new("psql").args(connection).args(arguments)).await
}

async fn psql_asks_weir() -> Result<()> {
    let (mut weir, port, _) = serve().await?;
    eventually(ANSWERS_WITHIN, || async {
        let ended = psql(port, &["-c", "SELECT 1"]).await?;
        ensure!(ended.code == Some(0), "{ended:?}");
        Ok(())
    })
    .await?;
    for (asked, expected) in [
        ("\\d", "public | served_total | table | weir"),
        ("\\d served_total", "value | double precision | | not null |"),
        ("\\d+ served_total", "job | text |"),
        ("\\dt", "public | samples_raw"),
        ("\\l", "weir | weir  | UTF8"),
        ("\\dn", "public | weir"),
        ("\\dp served_total", "public | served_total | table"),
        ("\\du", "weir | No inheritance | {}"),
        ("\\conninfo", "You are connected to database \"weir\""),
        (
            "SELECT job, sum(value) AS total FROM served_total GROUP BY 1 ORDER BY 1",
            " b   |    40",
        ),
        ("SELECT value FROM promql('sum(served_total)')", "    60"),
        (
            "EXPLAIN ANALYZE SELECT max(value) FROM served_total",
            "SamplesScan: table=served_total",
        ),
        ("SHOW server_version", "14.0 (Weir"),
        (
            "\\copy (SELECT job, value FROM served_total ORDER BY 1) TO STDOUT csv header",
            "job,value a,20 b,40",
        ),
    ] {
        let ended = psql(port, &["-c", asked]).await?;
        ensure!(
            ended.code == Some(0)
                && ended.stderr.is_empty()
                && squeezed(&ended.stdout).contains(&squeezed(expected)),
            "{asked}: {ended:?}"
        );
    }
    let refused = psql(port, &["-v", "VERBOSITY=verbose", "-c", "SELECT 1 FROM nothing"]).await?;
    ensure!(refused.stderr.contains("ERROR:  42P01"), "{refused:?}");
    let syntax = psql(port, &["-c", "SELECT 1 1"]).await?;
    ensure!(
        syntax.stderr.contains("LINE 1: SELECT 1 1\n                 ^"),
        "{syntax:?}"
    );
    let log = weir.data().parent().context("no folder")?.join("queries.log");
    let log = std::fs::read_to_string(log)?;
    for logged in [
        r#""msg":"sql query logged","params":{"end":""#,
        "SELECT 1 FROM nothing",
        "table 'weir.public.nothing' not found",
    ] {
        ensure!(log.contains(logged), "{logged}: {log}");
    }
    ensure!(weir.stop().await?.success(), "{}", weir.log());
    Ok(())
}

/// Without the widths of columns, which versions of psql choose.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn python_drivers_ask_weir() -> Result<()> {
    let (_weir, port, timestamp) = serve().await?;
    let seconds = (timestamp / 1000).to_string();
    let mut command = Command::new(python());
    let ended = end(command.args(["-c", DRIVERS, &port.to_string(), &seconds])).await;
    let ended = ended.context("the drivers cannot be run")?;
    ensure!(
        ended.code == Some(0) && ended.last_line() == "understood",
        "{ended:?}"
    );
    Ok(())
}

async fn data_frames_are_read_from_weir() -> Result<()> {
    let (_weir, port, _) = serve().await?;
    let mut command = Command::new(cache().join("frames/bin/python3"));
    // Warnings are about what the readers do to each other.
    command.args([
        "-W",
        "ignore",
        "-c",
        include_str!("sql_clients/frames.py"),
        &port.to_string(),
    ]);
    let ended = end(&mut command).await.context("the readers cannot be run")?;
    ensure!(
        ended.code == Some(0) && ended.last_line() == "understood",
        "{ended:?}"
    );
    Ok(())
}

async fn jdbc_asks_weir() -> Result<()> {
    let (_weir, port, timestamp) = serve().await?;
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("Jdbc.java");
    std::fs::write(&program, include_str!("sql_clients/Jdbc.java"))?;
    let mut command = Command::new("java");
    command.arg("-cp").arg(jdbc()).arg(&program);
    command.args([port.to_string(), (timestamp / 1000).to_string()]);
    let ended = end(&mut command).await.context("Java cannot be run")?;
    ensure!(
        ended.code == Some(0) && ended.last_line() == "understood",
        "{ended:?}"
    );
    Ok(())
}

/// Ctrl-C: psql sends a cancel request, the statement ends, the connection goes on.
async fn an_interrupt_of_psql_ends_the_work() -> Result<()> {
    let (weir, port, _) = serve().await?;
    let port = port.to_string();
    let mut psql = Command::new("psql");
    psql.args(["-X", "-h", "127.0.0.1", "-U", "me", "-d", "weir", "-p", &port]);
    psql.args(["-c", "SELECT count(*) FROM generate_series(1, 100000000000)"]);
    psql.stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let running = psql.spawn().context("psql cannot be run")?;
    let number = running.id().context("psql has ended")?.to_string();
    eventually(ANSWERS_WITHIN, || async {
        let active = std::fs::read(weir.data().join("queries.active"))?;
        ensure!(
            String::from_utf8_lossy(&active).contains("100000000000"),
            "the query has not begun"
        );
        Ok(())
    })
    .await?;
    // One that comes before psql has set its handler would end it, and one before the work would end nothing.
    let interrupted = Command::new("kill").args(["-INT", &number]).status().await?;
    ensure!(interrupted.success(), "kill: {interrupted}");
    let ended = tokio::time::timeout(ANSWERS_WITHIN, running.wait_with_output()).await;
    let ended = ended.context("psql goes on after an interrupt")??;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(
        said.contains("canceling statement due to user request"),
        "{said} {ended:?}"
    );
    eventually(ANSWERS_WITHIN, || async {
        let active = std::fs::read(weir.data().join("queries.active"))?;
        ensure!(
            !String::from_utf8_lossy(&active).contains("100000000000"),
            "the query still runs"
        );
        Ok(())
    })
    .await
}

// PostgreSQL's drivers for Node, unmodified, ask Weir; run as `node drivers.js PORT SECONDS`, with NODE_PATH to their folder.
const assert = require('node:assert/strict');
const { Client } = require('pg');
const Cursor = require('pg-cursor');
const postgres = require('postgres');

const port = Number(process.argv[2]);
const moment = new Date(1000 * Number(process.argv[3]));
const before = new Date(moment - 60_000);
const labels = { __name__: 'served_total', job: 'a' };

async function askByPg() {
  const client = new Client({ host: '127.0.0.1', port, user: 'me', database: 'weir' });
  await client.connect();
  const ask = async (text, values) => (await client.query(text, values)).rows;
  const sql = 'SELECT job, value, labels, timestamp FROM served_total WHERE job = $1 AND timestamp > $2 ORDER BY timestamp';
  assert.deepEqual(await ask(sql, ['a', before]), [{ job: 'a', value: 20, labels, timestamp: moment }]);
  for (const [jobs, count] of [[['a', 'b'], '2'], [['b'], '1'], [[], '0']]) {
    assert.deepEqual(await ask('SELECT count(*) FROM served_total WHERE job = ANY($1)', [jobs]), [{ count }]);
  }
  for (let i = 0; i < 3; i++) {
    const { rows } = await client.query({ name: 'prepared', text: 'SELECT sum(value) FROM served_total WHERE value > $1', values: [i] });
    assert.deepEqual(rows, [{ sum: 60 }]);
  }
  assert.deepEqual(await ask("SELECT labels->>'job' AS job FROM served_total WHERE labels->>'job' = $1", ['b']), [{ job: 'b' }]);
  const both = await client.query('SELECT 1::int4 AS a; SELECT 2::int4 AS b');
  assert.deepEqual(both.map((one) => one.rows), [[{ a: 1 }], [{ b: 2 }]]);
  const cursor = client.query(new Cursor('SELECT value AS n FROM generate_series(1, 1000) t(value)'));
  let read = 0;
  for (let rows; (rows = await cursor.read(300)).length > 0; ) read += rows.length;
  await cursor.close();
  assert.equal(read, 1000);
  await assert.rejects(client.query('DELETE FROM served_total'), { code: '25006' });
  await assert.rejects(client.query('SELECT nope FROM served_total'), { code: '42703' });
  await client.end();
}

async function askByPostgresJs() {
  const sql = postgres({ host: '127.0.0.1', port, username: 'me', database: 'weir' });
  const rows = await sql`SELECT job, value, labels, timestamp FROM ${sql('served_total')} WHERE job = ${'a'} AND timestamp > ${before}`;
  assert.deepEqual([...rows], [{ job: 'a', value: 20, labels, timestamp: moment }]);
  assert.deepEqual([...(await sql`SELECT value FROM served_total WHERE job IN ${sql(['a', 'b'])} ORDER BY 1`)], [{ value: 20 }, { value: 40 }]);
  assert.deepEqual([...(await sql`SELECT value FROM served_total WHERE job = ANY(${['b']})`)], [{ value: 40 }]);
  let read = 0;
  await sql`SELECT value AS n FROM generate_series(1, 1000) t(value)`.cursor(300, (some) => { read += some.length; });
  assert.equal(read, 1000);
  const [[one], [two]] = await sql.begin('read only', (inside) => [inside`SELECT 1::int4 AS x`, inside`SELECT 2::int4 AS y`]);
  assert.deepEqual([one, two], [{ x: 1 }, { y: 2 }]);
  let copied = '';
  for await (const piece of await sql`COPY (SELECT job, value FROM served_total ORDER BY 1) TO STDOUT`.readable()) copied += piece;
  assert.equal(copied, 'a\t20\nb\t40\n');
  await assert.rejects(sql`SELECT nope FROM served_total`, { code: '42703' });
  await sql.end();
}

askByPg().then(askByPostgresJs).then(() => console.log('understood'));

/** The floor that the intake is measured against: a bare Express handler that does one INSERT for each request. */
import express from 'express';
import pg from 'pg';

const { FLOOR_DATABASE = '', FLOOR_SCHEMA = '', FLOOR_PORT = '' } = process.env;
const pool = new pg.Pool({ connectionString: FLOOR_DATABASE, options: `-c search_path=${FLOOR_SCHEMA}`, max: 12 });
await pool.query(
  'create table if not exists floor (id bigint generated always as identity primary key, at timestamptz, body bytea)',
);

const app = express();
app.use(express.raw({ type: () => true, limit: '30mb' }));
app.post('/notify', async (request, response) => {
  await pool.query('insert into floor (at, body) values ($1, $2)', [new Date(), request.body]);
  response.status(200).type('application/fhir+json').send('{"resourceType":"OperationOutcome","issue":[]}');
});
app.get('/readyz', (_request, response) => {
  response.json({ status: 'ready' });
});
app.listen(Number(FLOOR_PORT));

/** The HealthSage simulator over HTTP: the vendor's four endpoints, its answers and its errors. */
import { createHash } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import type { VendorFaults } from '../faults.ts';
import type { LedgerCall, VendorLedger } from '../ledger.ts';
import { admit } from './admit.ts';
import { toBundle } from './bundle.ts';
import { BUNDLE_FAULTS, HEALTHSAGE_FAULTS, type HealthsageFault, TASK_FAULTS } from './faults.ts';
import { checkRequest } from './request.ts';
import { finishedAnswer, unfinishedAnswer } from './task-answer.ts';
import { type Account, createTask, quotaSentence, type Task, usageReport } from './tasks.ts';

export interface HealthsageOptions {
  /** How many times a task is told as PENDING before its result; default 2. */
  pollsUntilDone?: number;
  /** Output tokens that one key may use; default 1,000,000. */
  tokenLimit?: number;
  /** How long the fault `slow` takes, in milliseconds; default 5,000. */
  slowMs?: number;
}

export interface HealthsageParts {
  faults: VendorFaults;
  ledger: VendorLedger;
  now: () => Date;
  options?: HealthsageOptions;
}

/** The simulator's router, with its own memory: nothing is kept when it goes. */
export function healthsageRoutes({ faults, ledger, now, options = {} }: HealthsageParts): Router {
  const { pollsUntilDone = 2, tokenLimit = 1_000_000, slowMs = 5_000 } = options;
  const tasks = new Map<string, Task>();
  const accounts = new Map<string, Account>();
  const take = (name: HealthsageFault) => faults.take(name);
  faults.describe([...HEALTHSAGE_FAULTS]);

  const router = express.Router();
  router.use(admit({ take, ledger, accounts, slowMs }));

  router.post('/generate', (request, response) => {
    const { account, call } = context(response);
    if (take('rejected-500')) {
      return refuse(response, 500, 'Internal Server Error');
    }
    const checked = checkRequest(request.body, now().toISOString().slice(0, 10));
    if (!('request' in checked)) {
      const plain = checked.status === 422 && take('missing-specialty-400');
      return plain ? refuse(response, 400, 'specialty is required') : refuse(response, checked.status, checked.detail);
    }
    const sha256 = createHash('sha256').update(checked.request.note, 'utf8').digest('hex');
    ledger.submitted(call, sha256);
    if (take('quota')) {
      return refuse(response, 429, quotaSentence(Math.max(account.used, tokenLimit + 500), tokenLimit));
    }
    if (account.used >= tokenLimit) {
      return refuse(response, 429, quotaSentence(account.used, tokenLimit));
    }
    const end = take('failure') ? 'failure' : take('pending-forever') ? 'pending' : 'success';
    const task = createTask(checked.request, end, pollsUntilDone);
    tasks.set(task.id, task);
    account.used += task.usage.output_tokens;
    call.keys = { task_id: task.id };
    ledger.bill({ sha256, keys: call.keys, units: { generations: 1, output_tokens: task.usage.output_tokens } });
    if (take('accepted-then-timeout')) {
      return void request.socket.destroy();
    }
    if (take('accepted-then-500')) {
      return refuse(response, 500, 'Internal Server Error');
    }
    response.status(202).json({ task_id: task.id, status: 'PENDING' });
  });

  router.get('/tasks/fhir/:id', (request, response) => {
    const task = tasks.get(request.params.id);
    const patientId = queryText(request, 'fhir_patient_id');
    context(response).call.keys = { task_id: request.params.id, ...(patientId && { fhir_patient_id: patientId }) };
    if (task?.end !== 'success' || task.pollsLeft > 0) {
      return refuse(response, 404, 'Task not found');
    }
    task.bundled ??= new Set(BUNDLE_FAULTS.filter(take));
    answer(response, toBundle(task.extractions, patientId, task.bundled));
  });

  router.get('/tasks/:id', (request, response) => {
    const { id } = request.params;
    context(response).call.keys = { task_id: id };
    const task = tasks.get(id);
    if (!task) {
      return take('unknown-id-pending')
        ? void response.json({
            task_id: id,
            status: 'PENDING',
            letter_date: null,
            patient_dob: null,
            json_data: null,
            usage: null,
          })
        : refuse(response, 404, 'Task not found');
    }
    if (take('lost-task')) {
      tasks.delete(id);
      return refuse(response, 404, 'Task not found');
    }
    if (take('task-not-yet-visible')) {
      return refuse(response, 404, 'Task not found');
    }
    answer(response, tell(task));
  });

  router.get('/auth/usage', (_request, response) => {
    response.json(usageReport(context(response).account, tokenLimit));
  });
  router.use((_request, response) => refuse(response, 404, 'Not Found'));
  return router;

  function tell(task: Task) {
    if (take('unknown-status-started')) {
      return unfinishedAnswer(task, 'STARTED');
    }
    if (task.end === 'pending' || task.pollsLeft > 0) {
      task.pollsLeft -= 1;
      return unfinishedAnswer(task, 'PENDING');
    }
    if (task.end === 'failure') {
      return unfinishedAnswer(task, 'FAILURE');
    }
    task.told ??= new Set(TASK_FAULTS.filter(take));
    return finishedAnswer(task, task.told);
  }

  function answer(response: Response, body: unknown): void {
    const text = JSON.stringify(body);
    response.type('json').send(take('malformed-json') ? text.slice(0, text.length / 2) : text);
  }
}

/** What `admit` found out about the call. */
function context(response: Response): { account: Account; call: LedgerCall } {
  const { account, call } = response.locals;
  return { account, call };
}

/** The vendor's error: `{"detail": …}`. */
export function refuse(response: Response, status: number, detail: unknown): void {
  response.status(status).json({ detail });
}

function queryText(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

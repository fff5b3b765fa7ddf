/** The Hemato.AI simulator over HTTP: studies, uploads, tasks, status and reports, in the manner of one generation of hosts. */
import { randomBytes } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import type { VendorFaults } from '../faults.ts';
import type { LedgerCall, VendorLedger } from '../ledger.ts';
import { authenticate, context, failed, jsonBody, record } from './admit.ts';
import { scheduleCallback } from './callback.ts';
import * as answers from './envelope.ts';
import { HEMATO_FAULTS, type HematoFault } from './faults.ts';
import { type HematoUser, loginRoutes } from './login.ts';
import { HABITS, type Habits, type HematoProfile, PATH_VARIANTS } from './profiles.ts';
import { readStudy } from './reading.ts';
import { emptyReport, isFullSmear, tellReport } from './report.ts';
import { readTags, readTasks } from './requests.ts';
import { contentOf, createStudy, progressOf, type Study } from './studies.ts';
import { createTokens, type RegisteredKey } from './tokens.ts';
import { type TakenUpload, takeUpload } from './upload.ts';

export type { HematoUser } from './login.ts';
export type { HematoProfile } from './profiles.ts';
export type { RegisteredKey } from './tokens.ts';

/** Whom the simulator knows where nobody else is named. */
export const SANDBOX_USER: HematoUser = { email: 'sandbox@example.com', password: 'sandbox-password' };

export interface HematoOptions {
  /** The generation whose habits the host has; default `2023`. */
  profile?: HematoProfile;
  /** What is otherwise at this host: its demo login (the first edition of 2023), another report path, its tasks. */
  habits?: Partial<Habits>;
  /** How long after its tasks a study is ready; default 2. */
  secondsUntilReady?: number;
  /** What the audience of a client's own token has to be; default the host that was called, with its port or without. */
  requireAudience?: string;
  users?: readonly HematoUser[];
  /** Public keys that clients sign their own tokens with; default none. */
  keys?: readonly RegisteredKey[];
  /** How long a session's token lives; default an hour. */
  sessionSeconds?: number;
  /** Bytes of one file; default 50 MiB. */
  largestFile?: number;
  /** Files of one study; default 500. */
  mostFiles?: number;
  /** How long the fault `slow` takes, and how much later a late callback comes, in milliseconds; default 5,000. */
  slowMs?: number;
  /** Sends callbacks; default the platform's fetch. */
  callbackFetch?: typeof fetch;
}

export interface HematoParts {
  faults: VendorFaults;
  ledger: VendorLedger;
  now: () => Date;
  options?: HematoOptions;
}

/** The simulator's router, with its own memory: nothing is kept when it goes. */
export function hematoRoutes({ faults, ledger, now, options = {} }: HematoParts): Router {
  const { profile = '2023', secondsUntilReady = 2, slowMs = 5_000, sessionSeconds = 3_600 } = options;
  const { largestFile = 52_428_800, mostFiles = 500, callbackFetch = fetch } = options;
  const habits: Habits = { ...HABITS[profile], ...options.habits };
  const { statuses, idName } = habits;
  const studies = new Map<string, Study>();
  const tokens = createTokens({ keys: options.keys ?? [], now, sessionSeconds });
  const take = (name: HematoFault) => faults.take(name);
  const isStuck = () => faults.level('never-ready' satisfies HematoFault) > 0;
  faults.describe([...HEMATO_FAULTS]);

  const router = express.Router();
  router.use(record({ ledger, take, slowMs }));
  router.get('/heartbeat', (_request, response) => {
    const { milliseconds } = context(response);
    response.json({
      delta: `${(milliseconds * 1000).toFixed(1)}µs`,
      heartbeat: randomBytes(10).toString('hex'),
      request_timestamp: Math.floor(now().getTime() / 1000),
      version: answers.VERSION,
    });
  });
  router.use(loginRoutes({ habits, tokens, users: options.users ?? [SANDBOX_USER], now, readBody: jsonBody }));
  router.use(authenticate({ faults, tokens, audience: options.requireAudience }));

  router.post('/auth/hello', (_request, response) => succeed(response, 200, { message: 'token is valid' }));

  router.post('/pbs', jsonBody, (request: Request, response: Response) => {
    const read = readTags(request.body);
    if ('refusal' in read) {
      return answers.refuse(response, read.refusal);
    }
    const study = createStudy();
    studies.set(study.id, study);
    context(response).call.keys = { [idName]: study.id };
    if (take('study-created-answer-lost')) {
      return void request.socket.destroy();
    }
    succeed(response, 201, { [idName]: study.id, ...(!habits.bare && read.tags && { tags: read.tags }) });
  });

  router.post('/pbs/:id/files', async (request, response) => {
    const study = find(request, response);
    if (!study) {
      return;
    }
    const taken: TakenUpload = await takeUpload(request, study, { habits, take, largestFile, mostFiles });
    if ('gone' in taken) {
      return;
    }
    if ('refusal' in taken) {
      return answers.refuse(response, taken.refusal);
    }
    const { id } = taken.file;
    context(response).call.keys = { [idName]: study.id, file_id: id };
    const results = { [idName]: study.id, file_id: id };
    // The one example of the first generation that has more than its results.
    const bare = { status: statuses.upload, results, debug_info: {} };
    response
      .status(statuses.upload)
      .json(habits.bare ? bare : answers.envelope(habits, statuses.upload, results, context(response).milliseconds));
  });

  router.post('/pbs/:id/tasks', jsonBody, (request: Request, response: Response) => {
    const study = find(request, response);
    if (!study) {
      return;
    }
    if (take('tasks-not-taken-500')) {
      return answers.refuse(response, answers.INTERNAL);
    }
    const read = readTasks(request.body, habits.tasks);
    if ('refusal' in read) {
      return answers.refuse(response, read.refusal);
    }
    if (study.files.size === 0) {
      return answers.refuse(response, answers.badRequest('study has no files', 'Please upload at least one image.'));
    }
    takeTasks(study, read.tasks, context(response).call);
    if (read.callbackUrl !== undefined) {
      scheduleCallback(
        { take, send: callbackFetch, lateMs: slowMs },
        {
          url: read.callbackUrl,
          studyId: study.id,
          milliseconds: secondsUntilReady * 1000,
          isDue: () => !isStuck() && study.requested?.end === 'ready',
        },
      );
    }
    if (take('tasks-taken-then-timeout')) {
      return void request.socket.destroy();
    }
    if (take('tasks-taken-then-500')) {
      return answers.refuse(response, answers.INTERNAL);
    }
    succeed(response, statuses.tasks, { [idName]: study.id, tasks: read.tasks });
  });

  /** Nothing makes the vendor see that it was asked before: the same tasks asked for twice are billed twice. */
  function takeTasks(study: Study, asked: string[], call: LedgerCall): void {
    const sha256 = contentOf(study);
    ledger.submitted(call, sha256);
    study.requested ??= {
      tasks: [],
      at: now().getTime(),
      end: take('failed-study') ? 'failed' : 'ready',
      negative: take('negative-result'),
    };
    study.requested.tasks = [...new Set([...study.requested.tasks, ...asked])];
    call.keys = { [idName]: study.id };
    if (study.requested.end === 'ready') {
      ledger.bill({ sha256, keys: call.keys, units: { studies: asked.length } });
    }
  }

  for (const [variant, absent] of Object.entries(PATH_VARIANTS)) {
    router.get(`/pbs/:id${variant.replace('{task}', ':task')}`, async (request: Request, response: Response) => {
      if (variant !== habits.statusPath && variant !== habits.reportPath) {
        return answers.refuse(response, absent === 405 ? answers.NOT_ALLOWED : answers.PATH_NOT_FOUND);
      }
      const isStatus = variant === habits.statusPath;
      if (isStatus && take('status-path-404')) {
        return answers.refuse(response, answers.PATH_NOT_FOUND);
      }
      if (isStatus && take('study-lost-404')) {
        studies.delete(String(request.params.id));
      }
      const study = find(request, response);
      const { task } = request.params;
      if (!study) {
        return;
      }
      if (typeof task === 'string' && !study.requested?.tasks.includes(task)) {
        return answers.refuse(response, answers.TASK_NOT_FOUND);
      }
      const tasks = typeof task === 'string' ? [task] : (study.requested?.tasks ?? []);
      tell(response, isStatus ? { [idName]: study.id, ...progress(study) } : await report(study, tasks));
    });
  }

  router.use((_request, response) => answers.refuse(response, answers.PATH_NOT_FOUND));
  router.use(failed);
  return router;

  function find(request: Request, response: Response): Study | undefined {
    const study = studies.get(String(request.params.id));
    if (study) {
      context(response).call.keys = { [idName]: study.id };
    } else {
      answers.refuse(response, answers.STUDY_NOT_FOUND);
    }
    return study;
  }

  function progress(study: Study) {
    return progressOf(study, { now: now(), seconds: secondsUntilReady, stuck: isStuck() });
  }

  async function report(study: Study, tasks: readonly string[]) {
    if (progress(study).report_status !== 'ready' || take('not-ready-empty-report')) {
      return emptyReport(study, habits);
    }
    if (take('revised-report')) {
      study.revision += 1;
    }
    if (isFullSmear(tasks) && take('placeholder-values')) {
      study.placeholders = true;
    }
    return tellReport(study, tasks, await readStudy(study), habits);
  }

  function succeed(response: Response, status: number, results: unknown): void {
    response.status(status).json(answers.envelope(habits, status, results, context(response).milliseconds));
  }

  function tell(response: Response, results: unknown): void {
    const text = JSON.stringify(answers.envelope(habits, 200, results, context(response).milliseconds));
    response.type('json').send(take('malformed-json') ? text.slice(0, text.length / 2) : text);
  }
}

import cron from 'node-cron';
import type { Config } from '../config.ts';
import { asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { sweepTempFiles } from '../pictures/temp-file.ts';
import type { Clock } from './clock.ts';
import { warnOfDeadlines } from './deadlines.ts';
import type { Database } from './store/database.ts';
import { forgetNotifications } from './store/notifications.ts';
import { forgetOrderData } from './store/order-data.ts';
import type { Leases } from './types.ts';

const NOTIFICATION_DAYS = 7;
const DAY_MS = 86_400_000;

/**
 * Once an hour, in one process: forgets notifications that were dealt with, and the data of orders past their site's
 * retention. In every process: temporary files of this machine that a crash has left. Every minute: looks whether
 * operators are to be told of a deadline.
 */
export function startHousekeeping(services: {
  database: Database;
  config: Config;
  leases: Leases;
  clock: Clock;
  log: Log;
  /** What else is to be done, by those whose room it is. */
  tidy?(): Promise<void>;
}): { stop(): Promise<void> } {
  const { database, config, leases, clock, log } = services;
  const keepHouse = async (): Promise<void> => {
    try {
      await sweepTempFiles(clock.now());
      await leases.withLease('housekeeping', 120, async () => {
        const now = clock.now().getTime();
        await forgetNotifications(database, new Date(now - NOTIFICATION_DAYS * DAY_MS));
        for (const { name, retentionDays } of config.sites) {
          await forgetOrderData(database, name, new Date(now - retentionDays * DAY_MS));
        }
        await services.tidy?.();
      });
    } catch (thrown) {
      log.warn({ code: asAdapterError(thrown).code }, 'housekeeping not finished');
    }
  };
  const watchDeadlines = async (): Promise<void> => {
    try {
      await warnOfDeadlines({ database, clock, log });
    } catch (thrown) {
      log.warn({ code: asAdapterError(thrown).code }, 'deadlines not looked at');
    }
  };
  const tasks = [
    cron.schedule('17 * * * *', keepHouse, { noOverlap: true }),
    cron.schedule('* * * * *', watchDeadlines, { noOverlap: true }),
  ];
  return {
    async stop() {
      await Promise.all(tasks.map((task) => task.destroy()));
    },
  };
}

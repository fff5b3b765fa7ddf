/** Signals: the first one stops in order, a later one at once. */

/** From the first signal to the end of the process. */
export const STOP_SECONDS = 9;
/** npm and a terminal both pass a signal on: one that comes this soon after the first is the same one. */
const SAME_SIGNAL_MILLISECONDS = 1000;

/** Tells what an orderly stop is; until then there is nothing to stop but the process. */
export type StopWith = (stop: () => Promise<void>) => void;

/** Minds SIGTERM and SIGINT from now on; the process ends with 0, or with 1 and `failed` where the stop itself fails. */
export function mindSignals(failed: (thrown: unknown) => void): StopWith {
  let stop = async (): Promise<void> => {};
  let first: number | undefined;
  const onSignal = (): void => {
    if (first !== undefined) {
      if (Date.now() - first > SAME_SIGNAL_MILLISECONDS) {
        process.exit(0);
      }
      return;
    }
    first = Date.now();
    setTimeout(() => process.exit(0), STOP_SECONDS * 1000).unref();
    void stop().then(
      () => process.exit(0),
      (thrown) => {
        failed(thrown);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return (orderly) => {
    stop = orderly;
  };
}

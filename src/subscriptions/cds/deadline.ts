/** One moment by which all answers have to be there: what comes later is as good as nothing to a clinician who is signing. */
export interface Deadline {
  /** The work's value in time; undefined where it is late or fails. */
  of<T>(work: Promise<T>): Promise<{ value: T } | undefined>;
  /** Lets the timer go. */
  end(): void;
}

export function startDeadline(milliseconds: number): Deadline {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), milliseconds);
  return {
    of(work) {
      const settled = work.then(
        (value) => ({ value }),
        () => undefined,
      );
      return Promise.race([settled, late]);
    },
    end: () => clearTimeout(timer),
  };
}

/** One at a time, in the order of asking: what a database's isolation would do for us. */
export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

export function openSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

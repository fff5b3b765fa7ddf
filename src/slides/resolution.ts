/** Micrometres a pixel, if that is what it can be: microscopes resolve between 0.05 and 10. */
export function resolutionOf(micrometres: number): number | undefined {
  const plausible = micrometres >= 0.05 && micrometres <= 10;
  // Quotients and lengths in millimetres leave noise in the last digits.
  return plausible ? Number(micrometres.toPrecision(9)) : undefined;
}

// How long to wait before the next try. The first is at once: most links that break work again in the same second.

const STEPS_MS = [0, 250, 500, 1000, 2000, 4000];
/** Nobody waits in front of a screen for longer without trying by hand. */
const LONGEST_MS = 5000;

/** The pause before try number `failures` (from 0), spread so that a thousand clients do not come back in one moment. */
export function pauseMs(failures: number, random: () => number = Math.random): number {
  const pause = STEPS_MS[failures] ?? LONGEST_MS;
  return Math.round(pause * (0.75 + random() * 0.5));
}

// Waiting for conditions, never for a time.

/** Calls `probe` until it gives something true and returns that; fails with `what` after `limit` milliseconds. */
export async function until(what, probe, limit = 15_000, pause = 50) {
  const end = performance.now() + limit;
  let last;
  do {
    try {
      const found = await probe();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  } while (performance.now() < end);
  throw new Error(`waited ${limit} ms in vain: ${what}`, { cause: last });
}

/** Damerau's distance: insertions, deletions, changes, and two letters swapped count one each. */
export function distance(a: string, b: string): number {
  const rows = [...Array(a.length + 1).keys()].map((i) => [i]);
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let j = 1; j <= b.length; j++) rows[0]?.push(j);
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change);
      rows[i]?.push(swapped ? Math.min(best, at(i - 2, j - 2) + 1) : best);
    }
  return at(a.length, b.length);
}

/** The known name that was probably meant, or undefined when none is near: at most a third of it mistyped. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const starts = name.length >= 3 && candidate.startsWith(name);
    const most = Math.max(1, Math.floor(candidate.length / 3));
    // Each letter more or fewer is a step.
    if (!starts && Math.abs(name.length - candidate.length) > most) continue;
    const steps = starts ? 0.5 : distance(name.toLowerCase(), candidate.toLowerCase());
    if (steps < least && (starts || steps <= most)) {
      best = candidate;
      least = steps;
    }
  }
  return best;
}

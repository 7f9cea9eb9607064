const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The environment of a container's program: Docker's own variables, then the image's, then the user's. `NAME` alone
 * removes; of two that set one name the later wins, at the place of the earlier.
 */
export function environment(o: {
  readonly hostname: string;
  readonly home: string;
  readonly tty: boolean;
  readonly env: readonly string[];
}): readonly string[] {
  const own = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${o.hostname}`, ...(o.tty ? ["TERM=xterm"] : [])];
  const merged = mergeEnvironment(own, o.env);
  return merged.some((entry) => entry.startsWith("HOME=")) ? merged : [...merged, `HOME=${o.home}`];
}

/** Lays `later` over `earlier`; what has no `=` in `later` is taken away. */
export function mergeEnvironment(earlier: readonly string[], later: readonly string[]): readonly string[] {
  const entries = new Map(earlier.map((entry) => [nameOf(entry), entry]));
  for (const entry of later)
    if (entry.includes("=")) entries.set(nameOf(entry), entry);
    else entries.delete(entry);
  return [...entries.values()];
}

function nameOf(entry: string): string {
  const end = entry.indexOf("=");
  return end < 0 ? entry : entry.slice(0, end);
}

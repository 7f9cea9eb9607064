import { toText } from "../../image/tree/entry.ts";
import { namePattern } from "./name-pattern.ts";

/** Which names of a folder are copied: all, or those that lead on in a pattern. */
export type Wanted = "all" | { enter(name: string): Wanted | "nothing" | "match" };

/**
 * A path's parts as patterns, for `--parents`: `**` is any number of folders, none included. What a pattern's last part
 * matches is "match", and all of it is copied. COPY_PATTERN_INVALID
 */
export function wantedBy(parts: readonly string[]): Exclude<Wanted, "all"> {
  const tests = parts.map((part) => (part === "**" ? "deep" : namePattern(part)));
  const at = (positions: ReadonlySet<number>): Exclude<Wanted, "all"> => ({
    enter(bytes) {
      const name = toText(bytes);
      const next = new Set<number>();
      for (const position of positions) {
        const test = tests[position];
        if (test === "deep") next.add(position);
        else if (test?.(name)) next.add(position + 1);
      }
      const reached = withSkips(next);
      if (reached.has(tests.length)) return "match";
      return reached.size === 0 ? "nothing" : at(reached);
    },
  });
  const withSkips = (positions: ReadonlySet<number>): ReadonlySet<number> => {
    const all = new Set(positions);
    for (const position of all) if (tests[position] === "deep") all.add(position + 1);
    return all;
  };
  return at(withSkips(new Set([0])));
}

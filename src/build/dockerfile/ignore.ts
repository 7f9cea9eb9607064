import { InroError } from "../../oci/error.ts";
import { cleanPath } from "./clean-path.ts";
import { mayMatchBelow, mobyPattern, type PathTest } from "./path-pattern.ts";

/** A line of a .dockerignore that says something. */
export interface IgnoreLine {
  /** As written, blanks around it taken off: `!docs/*.md`. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

export interface IgnorePattern extends IgnoreLine {
  /** Clean, relative, without its `!`. */
  readonly pattern: string;
  /** `!`: what matches stays. */
  readonly isException: boolean;
}

/**
 * A .dockerignore's patterns. `#` begins a comment in the first column only; a pattern's leading slash is the context's
 * root. `file` is the name that errors show. Throws DOCKERIGNORE_INVALID.
 */
export function parseIgnore(text: string, file = ".dockerignore"): IgnorePattern[] {
  return text
    .replace(/^\ufeff/, "")
    .split("\n")
    .flatMap((written, index) => {
      const trimmed = written.trim();
      if (written.startsWith("#") || trimmed === "") return [];
      return [ignorePattern({ text: trimmed, line: index + 1 }, file)];
    });
}

/** Patterns of `--exclude` flags, by the same rules. */
export const excludePatterns = (patterns: readonly string[]): IgnorePattern[] =>
  patterns.map((text, index) => ignorePattern({ text, line: index + 1 }, "--exclude"));

function ignorePattern({ text, line }: IgnoreLine, file: string): IgnorePattern {
  const isException = text.startsWith("!");
  const written = (isException ? text.slice(1) : text).trim();
  const clean = cleanPath(written);
  const pattern = clean.length > 1 ? clean.replace(/^\//, "") : clean;
  const refuse = (why: string): never => {
    const at = `${file}:${line}`;
    throw new InroError("DOCKERIGNORE_INVALID", { what: `cannot use line ${line} of ${file}`, why, at });
  };
  if (isException && written === "") refuse('illegal exclusion pattern: "!"');
  try {
    mobyPattern(pattern);
  } catch (error) {
    refuse((error as Error).message);
  }
  return { text, line, pattern, isException };
}

export interface Ignore {
  /** The line that keeps a path out of the context; undefined where it is in. Paths are relative and clean. */
  excludedBy(path: string): IgnoreLine | undefined;
  /** Whether anything below an excluded folder may be in the context, so that it has to be walked. */
  mayHoldIncluded(folder: string): boolean;
}

interface Compiled {
  readonly line: IgnorePattern;
  readonly test: PathTest;
  readonly mayMatchBelow: (folder: string) => boolean;
}

/**
 * Tells what patterns exclude. The last one that matches a path, or a folder it lies in, decides (moby's patternmatcher,
 * MatchesOrParentMatches). Made for a walk: what was found of a folder is kept for what lies in it.
 */
export function ignoreOf(patterns: readonly IgnorePattern[]): Ignore {
  const compiled: Compiled[] = patterns.map((line) => ({
    line,
    test: mobyPattern(line.pattern),
    mayMatchBelow: mayMatchBelow(line.pattern),
  }));
  const folders = new Map<string, number>([["", -1]]);

  /** Which pattern is the last one to match the path or a folder it lies in; -1 for none. */
  function last(path: string): number {
    const above = lastOfFolder(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    for (let index = compiled.length - 1; index > above; index--)
      if (compiled[index]?.test(path)) return index;
    return above;
  }

  function lastOfFolder(folder: string): number {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const found = last(folder);
    folders.set(folder, found);
    return found;
  }

  return {
    excludedBy(path) {
      // The context itself cannot be kept out.
      const decisive = path === "." || path === "" ? undefined : compiled[last(path)]?.line;
      return decisive === undefined || decisive.isException ? undefined : decisive;
    },
    mayHoldIncluded: (folder) =>
      compiled
        .slice(lastOfFolder(folder) + 1)
        .some((each) => each.line.isException && each.mayMatchBelow(folder)),
  };
}

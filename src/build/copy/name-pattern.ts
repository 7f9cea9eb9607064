import { InroError } from "../../oci/error.ts";
import { goPattern, hasWildcards } from "../dockerfile/path-pattern.ts";

/** Whether the text has to be matched: with a wildcard, or with a backslash before what means itself. */
export const isPattern = (text: string): boolean => hasWildcards(text) || text.includes("\\");

/** A pattern for one name by the rules of Go's filepath.Match. COPY_PATTERN_INVALID */
export function namePattern(pattern: string): (name: string) => boolean {
  try {
    return goPattern(pattern);
  } catch (cause) {
    throw new InroError("COPY_PATTERN_INVALID", {
      what: `cannot use ${JSON.stringify(pattern.slice(0, 200))} as a pattern`,
      why: (cause as Error).message,
      hint: "write a character that means itself with a backslash before it, or as a set: [[]",
      cause,
    });
  }
}

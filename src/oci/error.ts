/** What every failure in Inro tells: what failed, on what, why, and what to do about it. */
export interface ErrorParts {
  /** What failed, on what: `cannot mount "/data" into container "web"`. */
  readonly what: string;
  /** Why: `"/srv/data" does not exist on the host`. */
  readonly why: string;
  /** What to do: `create the folder, or use a named volume`. */
  readonly hint?: string;
  /** A JSON pointer into the spec, or the option, that asked for it: `/mounts/7`. */
  readonly at?: string;
  readonly cause?: unknown;
}

/**
 * The one error type of the engine. `code` is stable and documented in docs/ERRORS.md; the message is composed
 * here and nowhere else, as `what: why (hint)`.
 */
export class InroError extends Error {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly hint: string | undefined;
  readonly at: string | undefined;

  constructor(code: string, parts: ErrorParts) {
    const hint = parts.hint === undefined ? "" : ` (${parts.hint})`;
    super(`${parts.what}: ${parts.why}${hint}`, parts.cause === undefined ? {} : { cause: parts.cause });
    this.name = "InroError";
    this.code = code;
    this.what = parts.what;
    this.why = parts.why;
    this.hint = parts.hint;
    this.at = parts.at;
  }
}

/**
 * What a failure says, whatever was thrown. Where something then could not be taken back (oci/undo.ts), both: such an error
 * has no message of its own.
 */
export function reasonOf(cause: unknown): string {
  if (cause instanceof SuppressedError) return `${reasonOf(cause.suppressed)}; ${reasonOf(cause.error)}`;
  return cause instanceof Error ? cause.message : String(cause);
}

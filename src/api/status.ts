import { InroError } from "../oci/error.ts";

/** A failure that the HTTP layer itself finds, with the status to answer. */
export function refuse(
  status: 400 | 404 | 405 | 409 | 413 | 501 | 503,
  what: string,
  why: string,
  at?: string,
): InroError {
  return new InroError(`HTTP_${status}`, at === undefined ? { what, why } : { what, why, at });
}

/** Codes whose name does not tell their status. The families below do for the rest. */
const byCode: Readonly<Record<string, number>> = {
  AMBIGUOUS_ID: 400,
  IMAGE_AMBIGUOUS: 400,
  COMMAND_NOT_FOUND: 400,
  COMMAND_NOT_EXECUTABLE: 400,
  MOUNT_SOURCE_MISSING: 400,
  NOT_A_DIRECTORY: 400,
  NO_COMMAND: 400,
  NOT_ATTACHABLE: 409,
  CONTAINER_PAUSED: 409,
  CONTAINER_RUNNING: 409,
  EXEC_ALREADY_STARTED: 409,
  NOT_PAUSED: 409,
  NOT_RUNNING: 409,
  NOT_SUPPORTED: 501,
};

const families: readonly (readonly [RegExp, number])[] = [
  [/^HTTP_(\d{3})$/, 0],
  [/^NO_SUCH_/, 404],
  [/^REGISTRY_UNAUTHORIZED$|_DENIED$/, 403],
  [/_IN_USE$|_ALREADY_/, 409],
  [/^INVALID_|_INVALID$/, 400],
];

/** The HTTP status for a failure; 500 for whatever nobody named. */
export function statusOf(error: unknown): number {
  if (!(error instanceof InroError)) return 500;
  const status = byCode[error.code];
  if (status !== undefined) return status;
  for (const [pattern, family] of families) {
    const match = pattern.exec(error.code);
    if (match !== null) return family === 0 ? Number(match[1]) : family;
  }
  return 500;
}

/**
 * The docker CLI reads its own exit status out of these words (cli/command/container/run.go, toStatusError): 127
 * for the first, 126 for the second, else 125.
 */
const clientWords: Readonly<Record<string, { readonly pattern: RegExp; readonly words: string }>> = {
  COMMAND_NOT_FOUND: {
    pattern: /executable file not found|no such file or directory/,
    words: "executable file not found in $PATH",
  },
  COMMAND_NOT_EXECUTABLE: { pattern: /permission denied|is a directory/, words: "permission denied" },
};

/** What the client is told of a failure. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof InroError ? clientWords[error.code] : undefined;
  if (expected === undefined || expected.pattern.test(error.message)) return error.message;
  return `${error.message}: ${expected.words}`;
}

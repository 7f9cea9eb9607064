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
const byStatus: Readonly<Record<number, readonly string[]>> = {
  400: [
    "AMBIGUOUS_ID",
    "ARCHIVE_REFUSED",
    "CAPABILITY_UNKNOWN",
    "COMMAND_MISSING",
    "COMMAND_NOT_EXECUTABLE",
    "COMMAND_NOT_FOUND",
    "COMPRESSION_UNSUPPORTED",
    "DEVICE_MISSING",
    "IMAGE_AMBIGUOUS",
    "LAYER_REFUSED",
    "MOUNT_SOURCE_MISSING",
    "NOT_A_DIRECTORY",
    "NO_COMMAND",
    "NO_SUCH_GROUP",
    "NO_SUCH_USER",
    "PLATFORM_MISSING",
    "REGISTRY_MIXED",
    "RLIMIT_UNKNOWN",
    "SIGNAL_UNKNOWN",
    "SOURCE_INSECURE",
    "SOURCE_UNREACHABLE",
    "SPEC_UNSUPPORTED",
  ],
  401: ["CREDENTIALS_REFUSED"],
  403: [
    "NETWORK_PREDEFINED",
    "NETWORK_CONFLICT",
    "NOT_CONNECTED",
    "NOT_PUBLISHED",
    "SUBNET_OVERLAPS",
    "TRUST_INVALID",
    "TRUST_REFUSED",
  ],
  // Not 401: docker's command line would ask for a password then, wherever it runs.
  404: ["NO_MATCHING_PLATFORM", "UNAUTHORIZED"],
  409: [
    "CONTAINER_LEAVING",
    "CONTAINER_PAUSED",
    "CONTAINER_RUNNING",
    "EDIT_UNDONE",
    "ENDPOINT_EXISTS",
    "EXEC_STARTED",
    "INDEX_INCOMPLETE",
    "LIST_EXISTS",
    "NETWORK_EXISTS",
    "NEVER_STARTED",
    "NOT_ATTACHABLE",
    "NO_TERMINAL",
    "NOT_PAUSED",
    "NOT_RUNNING",
    "VOLUME_EXISTS",
    "VOLUME_NOT_HERE",
  ],
  412: ["CONTEXT_ELSEWHERE"],
  500: ["EXIT_FILE_INVALID", "NETLINK_INVALID"],
  501: ["LOGS_NOT_KEPT"],
};

const byCode = new Map(
  Object.entries(byStatus).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)] as const)),
);

const families: readonly (readonly [RegExp, number])[] = [
  [/^NO_SUCH_/, 404],
  [/_IN_USE$/, 409],
  [/^INVALID_|_INVALID$/, 400],
];

/** The HTTP status for a failure; 500 for whatever nobody named. */
export function statusOf(error: unknown): number {
  if (error instanceof SuppressedError) return statusOf(error.suppressed);
  if (!(error instanceof InroError)) return 500;
  const own = /^HTTP_(\d{3})$/.exec(error.code);
  if (own !== null) return Number(own[1]);
  return byCode.get(error.code) ?? families.find(([pattern]) => pattern.test(error.code))?.[1] ?? 500;
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
  // What failed, and what then could not be taken back (oci/undo.ts): by itself it has no message.
  if (error instanceof SuppressedError) return `${messageOf(error.suppressed)}; ${messageOf(error.error)}`;
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof InroError ? clientWords[error.code] : undefined;
  if (expected === undefined || expected.pattern.test(error.message)) return error.message;
  return `${error.message}: ${expected.words}`;
}

/**
 * One request to a repository, in either direction: challenges answered, repeated where repeating may help, and errors
 * that say why.
 */
import { InroError } from "../../oci/error.ts";
import type { Reference } from "../../oci/reference.ts";
import type { RegistryAsking } from "../images.ts";
import { bodyOf } from "./answer.ts";
import type { Authorizer } from "./auth.ts";
import type { RequestBody } from "./body.ts";
import { backOff, pause, request } from "./http.ts";
import { type Refused, refusalOf } from "./refusal.ts";

export type Retrying = (notice: { attempt: number; delayMs: number; why: string }) => void;

export interface RepositoryOptions extends RegistryAsking {
  /** Milliseconds before the first repetition; it doubles. */
  readonly retryBase?: number;
  /** Milliseconds that the other side may be silent before an answer, or within a blob. */
  readonly silence?: number;
  /** How often the same is asked at most. */
  readonly attempts?: number;
  /** Registries (`HOST[:PORT]`) that may be spoken to without TLS. */
  readonly insecure?: readonly string[] | undefined;
  /** The rights that are asked for. */
  readonly access?: "pull" | "push";
  /** The verb of its errors, where that is not the access: `verify`. */
  readonly purpose?: string;
}

export interface Context extends Refused {
  readonly reference: Reference;
  readonly options: RepositoryOptions;
  readonly authorize: Authorizer;
  readonly base: string;
}

export interface Ask {
  /** From `/v2/` on, or a whole URL: an upload's location. */
  readonly path: string;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => RequestBody;
  /** Statuses beside 2xx that are an answer to the caller. */
  readonly expected?: readonly number[];
  readonly onRetry?: Retrying | undefined;
}

const maxAttempts = 6;
/** Of an answer that is not the one that was hoped for. */
const maxBody = 1 << 20;
const passing = (status: number) => status === 429 || status === 408 || status >= 500;

/**
 * A connection that ended, and one that nobody takes: the registry has been reached before, so it is being started
 * again. No such name, a wrong certificate: that does not pass by itself in a second.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof InroError)) return false;
  const code = (error.cause as { code?: string } | undefined)?.code ?? "";
  return /ConnectionClosed|ECONNRESET|ConnectionRefused|ECONNREFUSED|Timeout|EPIPE/i.test(code);
}

/** Whether the same request may have a better answer later. */
export const mayPass = (response: Response) => passing(response.status);

export interface Patience {
  /** Whatever brings the work forward may go on; only standing still is counted. */
  forward(): void;
  /** Waits before the next attempt; false when there have been enough. */
  wait(why: string, response?: Response): Promise<boolean>;
}

export function patience(c: Context, onRetry: Retrying | undefined): Patience {
  let attempt = 0;
  return {
    forward() {
      attempt = 0;
    },
    async wait(why, response) {
      if (++attempt >= (c.options.attempts ?? maxAttempts)) return false;
      const delayMs = backOff(attempt, c.options.retryBase ?? 250, response);
      onRetry?.({ attempt, delayMs, why });
      await pause(delayMs, c.options.signal);
      return true;
    },
  };
}

/** The URL of an `Ask`, and whether it is of the registry itself, whose credentials are for nobody else. */
function urlOf(c: Context, path: string): { url: string; own: boolean } {
  if (path.startsWith("/")) return { url: `${c.base}${path}`, own: true };
  return { url: path, own: new URL(path).origin === new URL(c.base).origin };
}

/** One request with its challenges met, however it is answered otherwise. Throws what broke the connection. */
export async function askOnce(c: Context, a: Ask): Promise<Response> {
  const { signal } = c.options;
  const { url, own } = urlOf(c, a.path);
  for (let challenged = 0; ; challenged++) {
    const authorization = own ? await c.authorize.current(signal) : undefined;
    const response = await request({
      url,
      method: a.method ?? "GET",
      headers: authorization === undefined ? (a.headers ?? {}) : { ...a.headers, authorization },
      ...(a.body === undefined ? {} : { body: a.body }),
      signal,
      silence: c.options.silence,
    });
    const challenge = response.headers.get("www-authenticate");
    if (response.status !== 401 || challenge === null || !own || challenged === 2) return response;
    if (!(await c.authorize.answer(challenge, authorization, signal))) return response;
    await response.body?.cancel();
  }
}

/** The error that an answer amounts to. */
export async function refusal(c: Context, response: Response): Promise<InroError> {
  return refusalOf(c, response, (await bodyOf(response, maxBody)).toString("utf8"));
}

/** Repeats what the registry or the network may do better next time. Throws what it is refused for in the end. */
export async function ask(c: Context, a: Ask): Promise<Response> {
  const waiting = patience(c, a.onRetry);
  for (;;) {
    const answer = await askOnce(c, a).catch((error: InroError) => error);
    if (answer instanceof Error) {
      if (!isPassing(answer) || !(await waiting.wait(answer.why))) throw answer;
      continue;
    }
    if (answer.ok || a.expected?.includes(answer.status)) return answer;
    const error = await refusal(c, answer);
    if (!mayPass(answer) || !(await waiting.wait(`it answered ${answer.status}`, answer))) throw error;
  }
}

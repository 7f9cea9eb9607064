/** One request to a repository: answered challenges, repeated where repeating may help, and errors that say why. */
import { InroError } from "../../oci/error.ts";
import { familiarName, type Reference } from "../../oci/reference.ts";
import type { RegistryAuth } from "../images.ts";
import type { Authorizer } from "./auth.ts";
import { backOff, bodyOf, pause, request } from "./http.ts";

export type Retrying = (notice: { attempt: number; delayMs: number; why: string }) => void;

export interface RepositoryOptions {
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
  /** Milliseconds before the first repetition; it doubles. */
  readonly retryBase?: number;
}

export const maxAttempts = 6;
const retried = (status: number) => status === 429 || status === 408 || status >= 500;

export interface Context {
  readonly reference: Reference;
  readonly options: RepositoryOptions;
  readonly authorize: Authorizer;
  base: string;
}

export const pulling = (c: Context) => `cannot pull "${familiarName(c.reference)}"`;

function refusal(c: Context, status: number, body: string): InroError {
  const what = pulling(c);
  const { domain } = c.reference;
  if (status === 401 || status === 403) {
    const why = `${domain} wants to know who asks, or has no such repository`;
    return new InroError("UNAUTHORIZED", { what, why, hint: `check the name, or log in to ${domain}` });
  }
  if (status === 404) {
    return new InroError("NO_SUCH_IMAGE", {
      what,
      why: `${domain} has no such image`,
      hint: "check the name and the tag",
    });
  }
  if (status === 429)
    return new InroError("REGISTRY_BUSY", {
      what,
      why: `${domain} limits how often it is asked`,
      hint: "wait, or log in",
    });
  if (status === 416) {
    return new InroError("BLOB_TRUNCATED", {
      what,
      why: `${domain} has less of a blob than its manifest promises`,
    });
  }
  const said = body.trim() === "" ? "" : `: ${body.trim().slice(0, 300)}`;
  return new InroError("REGISTRY_ERROR", { what, why: `${domain} answered ${status}${said}` });
}

// Answers a challenge once or twice, and repeats what the registry or the network may do better next time.
export async function get(
  c: Context,
  path: string,
  headers: Record<string, string>,
  onRetry?: Retrying,
): Promise<Response> {
  const { signal } = c.options;
  let challenged = 0;
  for (let attempt = 1; ; attempt++) {
    const authorization = c.authorize.current();
    const all = authorization === undefined ? headers : { ...headers, authorization };
    const response = await request({ url: `${c.base}${path}`, headers: all, signal }).catch(
      (error: InroError) => error,
    );
    if (!(response instanceof InroError) && response.status < 300) return response;
    if (!(response instanceof InroError)) {
      const challenge = response.headers.get("www-authenticate");
      const body = (await bodyOf(response, 1 << 20)).toString("utf8");
      if (
        response.status === 401 &&
        challenge !== null &&
        challenged++ < 2 &&
        (await c.authorize.answer(challenge, signal))
      )
        continue;
      if (!retried(response.status) || attempt === maxAttempts) throw refusal(c, response.status, body);
    } else if (attempt === maxAttempts || isFinal(response)) throw response;
    const answered = response instanceof InroError ? undefined : response;
    const delayMs = backOff(attempt, c.options.retryBase ?? 250, answered);
    onRetry?.({
      attempt,
      delayMs,
      why: answered === undefined ? (response as InroError).why : `it answered ${answered.status}`,
    });
    await pause(delayMs, signal);
  }
}

// Nobody listens, no such name, a wrong certificate: that does not pass by itself in a second.
function isFinal(error: unknown): boolean {
  if (!(error instanceof InroError)) return true;
  const code = (error.cause as { code?: string } | undefined)?.code ?? "";
  return !/ConnectionClosed|ECONNRESET|Timeout|EPIPE/i.test(code);
}

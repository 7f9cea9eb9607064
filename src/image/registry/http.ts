/** Requests as a registry needs them: no redirect carries credentials away, no silence is waited for for ever. */
import { setTimeout as delay } from "node:timers/promises";
import { InroError } from "../../oci/error.ts";
import { isLoopback } from "./address.ts";
import { type RequestBody, sending, silenceOf } from "./body.ts";
import { certificatesFor } from "./certificates.ts";
import { proxyFor } from "./proxy.ts";

export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each time that the body has to be sent: redirects send it again. */
  readonly body?: () => RequestBody;
  /** The body is a secret, which no other origin gets. */
  readonly isSecret?: boolean;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds until an answer's head has to be there. */
  readonly silence?: number | undefined;
  /** What else is asked of where a redirect leads: it throws what refuses the address. */
  readonly judge?: (next: URL) => void;
}

const maxRedirects = 10;
const headTimeout = 30_000;
/** The same after the last piece of a body was taken: what is on its way still has to arrive and to be stored. */
const storeTimeout = 300_000;

/** What broke the connection, or kept it from being made. */
export function unreachable(url: string, cause: unknown): InroError {
  const { host } = new URL(url);
  const error = cause as { code?: string; message?: string };
  const reasons: Readonly<Record<string, string>> = {
    ConnectionRefused: "nobody listens there",
    ECONNREFUSED: "nobody listens there",
    FailedToOpenSocket: "its name is not known, or it cannot be reached",
    ENOTFOUND: "its name is not known",
    EAI_AGAIN: "no name server answers",
    ConnectionClosed: "it closed the connection",
    ECONNRESET: "it closed the connection",
  };
  const why = reasons[error.code ?? ""] ?? error.message ?? String(cause);
  const hint = "check the name, the network, and whether the registry is up";
  return new InroError("REGISTRY_UNREACHABLE", {
    what: `cannot reach the registry ${host}`,
    why,
    hint,
    cause,
  });
}

/** Certificates that are wrong must not be mistaken for a registry without TLS. */
export function isCertificateError(error: unknown): boolean {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return (
    code === "CERTIFICATES_INVALID" ||
    /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ISSUER/.test(cause?.code ?? "")
  );
}

async function once(r: HttpRequest, url: string, headers: Record<string, string>): Promise<Response> {
  using silence = silenceOf(r.silence ?? (r.body === undefined ? headTimeout : storeTimeout));
  const signals = [silence.signal, ...(r.signal === undefined ? [] : [r.signal])];
  const target = new URL(url);
  const tls = target.protocol === "https:" ? certificatesFor(target) : undefined;
  const proxy = proxyFor(target);
  const sent = r.body === undefined ? undefined : sending(r.body(), silence.moved);
  try {
    return await fetch(url, {
      method: r.method ?? "GET",
      headers: { ...headers, "accept-encoding": "identity", "user-agent": "inro" },
      redirect: "manual",
      // Nobody asked for an encoding. What is sent in one all the same is taken as it is, as peers do, and judged by its
      // digest: unpacked on the way, a piece of it could become any number of bytes.
      decompress: false,
      signal: AbortSignal.any(signals),
      ...(sent === undefined ? {} : { body: sent.body }),
      ...(tls === undefined ? {} : { tls }),
      ...(proxy === undefined ? {} : { proxy }),
    });
  } catch (error) {
    r.signal?.throwIfAborted();
    if (sent?.failure !== undefined) throw sent.failure.error;
    throw unreachable(url, silence.signal.aborted ? silence.signal.reason : error);
  }
}

// RFC 9110, 15.4: only these two keep the method and the body of a request that has them.
const redirects = ({ method = "GET" }: HttpRequest) =>
  method === "GET" || method === "HEAD" ? [301, 302, 303, 307, 308] : [307, 308];

/** Where a redirect leads, if one may go there. */
function redirection(r: HttpRequest, url: string, location: string): URL {
  if (!URL.canParse(location, url)) throw unreachable(url, new Error("it redirects to what is no address"));
  const next = new URL(location, url);
  // fetch would read the host's own files, too.
  if (!/^https?:$/.test(next.protocol))
    throw unreachable(url, new Error(`it redirects to an address of ${next.protocol}`));
  const isElsewhere = next.origin !== new URL(url).origin;
  if (r.isSecret === true && isElsewhere)
    throw unreachable(url, new Error(`it redirects a secret to ${next.origin}`));
  const isPlain = next.protocol !== "https:" && isElsewhere && !isLoopback(next.hostname);
  // What is fetched is checked by its digest; what is sent can be read by whoever is on the way.
  if ((url.startsWith("https:") && next.protocol !== "https:") || (r.body !== undefined && isPlain))
    throw unreachable(url, new Error(`it redirects to ${next.origin} without TLS`));
  r.judge?.(next);
  return next;
}

/** Follows redirects itself: the Authorization header stays with its origin, and TLS is not given up on the way. */
export async function request(r: HttpRequest): Promise<Response> {
  let url = r.url;
  let headers: Record<string, string> = { ...r.headers };
  for (let i = 0; i < maxRedirects; i++) {
    const response = await once(r, url, headers);
    const location = response.headers.get("location");
    if (!redirects(r).includes(response.status) || location === null) return response;
    await response.body?.cancel();
    const next = redirection(r, url, location);
    if (next.origin !== new URL(url).origin) {
      const { authorization: _, ...others } = headers;
      headers = others;
    }
    url = next.href;
  }
  throw unreachable(r.url, new Error(`it redirects more than ${maxRedirects} times`));
}

const maxDelay = 30_000;

/** Milliseconds that an answer asks to wait: seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfter(response: Response): number | undefined {
  const value = response.headers.get("retry-after") ?? "";
  const until = /^\d+$/.test(value) ? Date.now() + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(until) ? undefined : Math.max(until - Date.now(), 0);
}

/** Milliseconds to wait before attempt `attempt` (from 1): doubling from `base`, with some chance in it, as the answer asks. */
export function backOff(attempt: number, base: number, response?: Response): number {
  const asked = response === undefined ? undefined : retryAfter(response);
  if (asked !== undefined) return Math.min(asked, maxDelay);
  return Math.min(base * 2 ** (attempt - 1) * (0.75 + Math.random() / 2), maxDelay);
}

export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
}

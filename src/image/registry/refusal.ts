/** What a registry's refusal means, in our words and in its own. */
import * as v from "valibot";
import { InroError } from "../../oci/error.ts";
import { retryAfter } from "./http.ts";

/** Whose request was refused. */
export interface Refused {
  /** `cannot pull "debian"`. */
  readonly what: string;
  readonly domain: string;
  readonly access: "pull" | "push";
}

const errorsSchema = v.object({
  errors: v.array(v.object({ code: v.optional(v.string()), message: v.optional(v.string()) })),
});

/** Distribution spec, "Error Codes": JSON, or any text. */
function wordsOf(body: string): string {
  const text = body.trim();
  try {
    const parsed = v.safeParse(errorsSchema, JSON.parse(text));
    const words = parsed.success
      ? parsed.output.errors.map(({ code = "", message = "" }) => (message === "" ? code : message))
      : [];
    if (words.length > 0) return words.join("; ").slice(0, 300);
  } catch {
    // No JSON: the text as it is.
  }
  return text.slice(0, 300);
}

const says = (words: string) => (words === "" ? "" : `: ${words}`);

function unauthorized({ what, domain, access }: Refused, words: string): InroError {
  const pull = `${domain} wants to know who asks, or has no such repository`;
  const push = `${domain} does not let you write there${says(words)}`;
  const hint =
    access === "pull"
      ? `check the name, or log in to ${domain}`
      : `log in with \`inro login ${domain}\`, or check the name`;
  return new InroError("UNAUTHORIZED", { what, why: access === "pull" ? pull : push, hint });
}

function notFound({ what, domain, access }: Refused, words: string): InroError {
  const unknown = words === "" ? `${domain} has no such repository` : `${domain} answered 404${says(words)}`;
  if (access === "push") return new InroError("REGISTRY_ERROR", { what, why: unknown });
  const hint = "check the name and the tag";
  return new InroError("NO_SUCH_IMAGE", { what, why: `${domain} has no such image`, hint });
}

function busy({ what, domain }: Refused, response: Response, words: string): InroError {
  const after = retryAfter(response);
  const wait = after === undefined ? "" : `, and names ${Math.ceil(after / 1000)} s to wait`;
  const why = `${domain} limits how often it is asked${wait}${says(words)}`;
  return new InroError("REGISTRY_BUSY", { what, why, hint: "wait, or log in" });
}

function damaged({ what, domain }: Refused): InroError {
  const why = `what reached ${domain} is not what its digest promises`;
  const hint = "it was damaged in the store or on the way: push again, or pull or build the image anew";
  return new InroError("DIGEST_MISMATCH", { what, why, hint });
}

/** The error that an answer amounts to; `body` is what it says. */
export function refusalOf(refused: Refused, response: Response, body: string): InroError {
  const { status } = response;
  const { what, domain } = refused;
  const words = wordsOf(body);
  if (status === 401 || status === 403) return unauthorized(refused, words);
  if (status === 404) return notFound(refused, words);
  if (status === 429) return busy(refused, response, words);
  if (status === 416 && refused.access === "pull") {
    const why = `${domain} has less of a blob than its manifest promises`;
    return new InroError("BLOB_TRUNCATED", { what, why });
  }
  if (status === 400 && /\bDIGEST_INVALID\b/.test(body)) return damaged(refused);
  return new InroError("REGISTRY_ERROR", { what, why: `${domain} answered ${status}${says(words)}` });
}

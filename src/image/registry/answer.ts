/** What a registry answers, where it is small: read within bounds of size and time. */
import { InroError } from "../../oci/error.ts";
import { silenceOf } from "./body.ts";
import { unreachable } from "./http.ts";

/** Milliseconds that a document may take: it is small, however slowly it comes. */
const documentTimeout = 120_000;

/** Without the address's query: where a registry redirects to, that is what lets one in. */
function tooLarge(url: string, most: number): InroError {
  const { origin, pathname } = new URL(url);
  const why = `it is larger than ${most} bytes`;
  return new InroError("REGISTRY_ERROR", { what: `cannot use the answer of ${origin}${pathname}`, why });
}

/** A body of at most `most` bytes, as long as it comes within `time`. */
export async function bodyOf(response: Response, most: number, time = documentTimeout): Promise<Buffer> {
  if (response.body === null) return Buffer.alloc(0);
  using silence = silenceOf(time);
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {});
  silence.signal.addEventListener("abort", () => late.reject(silence.signal.reason));
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const part = await Promise.race([reader.read(), late.promise]);
      if (part.done) return Buffer.concat(chunks);
      size += part.value.length;
      if (size > most) throw tooLarge(response.url, most);
      chunks.push(part.value);
    }
  } catch (error) {
    throw error instanceof InroError ? error : unreachable(response.url, error);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

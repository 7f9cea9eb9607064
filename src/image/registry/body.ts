/** What is sent with a request, and how long its other side may be silent. */

/** What a request carries; its length is told by the request's own content-length where it is a stream. */
export type RequestBody = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Ends a request whose other side stays silent: `moved` begins the time anew. */
export function silenceOf(milliseconds: number) {
  const controller = new AbortController();
  const seconds = milliseconds / 1000;
  const end = () => controller.abort(new Error(`it did not answer within ${seconds} s`));
  let timer: ReturnType<typeof setTimeout> | undefined = setTimeout(end, milliseconds);
  return {
    signal: controller.signal,
    moved() {
      // A body may still be read when the answer has come.
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = setTimeout(end, milliseconds);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

interface Sending {
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /** What broke the source; the request then fails for this reason, not for the connection's. */
  failure?: { readonly error: unknown };
}

/** The form in which `fetch` takes it; `moved` is called as it goes. */
export function sending(body: RequestBody, moved: () => void): Sending {
  if (typeof body === "string" || body instanceof Uint8Array)
    return { body: body as string | Uint8Array<ArrayBuffer> };
  const source = body[Symbol.asyncIterator]();
  let isGone = false;
  const result: Sending = {
    body: new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const part = await source.next();
          moved();
          // The connection ended while the part was read.
          if (isGone) return;
          if (part.done) controller.close();
          else controller.enqueue(part.value);
        } catch (error) {
          if (isGone) return;
          result.failure = { error };
          controller.error(error);
        }
      },
      async cancel() {
        isGone = true;
        await source.return?.();
      },
    }),
  };
  return result;
}

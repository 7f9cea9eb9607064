/** Waits until somebody else's work has ended, however it did; throws the signal's reason when that comes first. */
export async function endOf(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([work.catch(() => {}), stopped.promise]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

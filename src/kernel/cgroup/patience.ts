const POLL_MS = 1;

/** How long the kernel may take to stop, end or let go of a container's processes. */
export const PATIENCE_MS = 5000;

/** Whether it came true in time. */
export async function until(done: () => boolean): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

import type { TreeSession } from "./session.ts";

/** Requests go out one after the other, whether those before are answered or not; the answers come in the same order. */
export function inOrder(session: TreeSession) {
  const waiting: (() => void)[] = [];
  let sending: Promise<void> | undefined;
  let heard: Promise<unknown> = Promise.resolve();
  const send = async () => {
    // Those that are made at once leave at once: whoever is woken for each of them takes the processor from us.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      for (const put of waiting.splice(0)) put();
      await session.flush();
    }
    sending = undefined;
  };
  /** `put` gathers what is asked, `answer` reads what is said to it, a failure too. */
  return <T>(put: () => void, answer: () => Promise<T>): Promise<T> => {
    waiting.push(put);
    sending ??= send();
    // A process that takes no requests gives no answers.
    sending.catch(() => {});
    const answered = heard.then(answer);
    heard = answered.catch(() => {});
    return answered;
  };
}

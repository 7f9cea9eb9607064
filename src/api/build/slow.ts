import type { BuildEvent, Tell } from "../../build/progress.ts";

type Output = Extract<BuildEvent, { type: "output" }>;

/** Bytes of an answer that may wait for a client that does not read. */
const MOST_WAITING = 1024 * 1024;

/**
 * A client that does not read fills no memory: output is dropped for it, and when it reads again it is told how much. The
 * build's log has all of it.
 */
export function bounded(tell: Tell, waiting: () => number): Tell {
  let id = "";
  let dropped = 0;
  let last: Output | null = null;
  const note = () => {
    if (last === null) return;
    const text = `(${dropped} bytes were dropped for a client that did not read: inro builder logs ${id})\n`;
    tell({ ...last, data: Buffer.from(text) });
    last = null;
    dropped = 0;
  };
  return (event) => {
    if (event.type === "build") id = event.id;
    const isLate = waiting() > MOST_WAITING;
    if (event.type === "progress" && isLate) return;
    if (event.type === "output" && isLate) {
      dropped += event.data.length;
      last = event;
      return;
    }
    note();
    tell(event);
  };
}

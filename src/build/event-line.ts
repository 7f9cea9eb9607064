import type { BuildLine } from "../oci/build-line.ts";
import type { BuildEvent } from "./progress.ts";

/** Text of streams' bytes, which come in any pieces. */
export function decoder(): (stream: string, data: Uint8Array) => string {
  const streams = new Map<string, TextDecoder>();
  return (stream, data) => {
    const known = streams.get(stream) ?? new TextDecoder();
    streams.set(stream, known);
    return known.decode(data, { stream: true });
  };
}

/** Events as JSON is made of them: each with its time, output as text. Null: its bytes are no whole letter yet. */
export function eventLine(): (event: BuildEvent) => BuildLine | null {
  const decode = decoder();
  return (event) => {
    const at = Date.now();
    if (event.type !== "output") return { at, ...event };
    const { type, step, stream, data } = event;
    const text = decode(`${step} ${stream}`, data);
    return text === "" ? null : { type, at, step, stream, text };
  };
}

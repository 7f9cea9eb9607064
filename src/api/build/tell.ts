/** A build's events as clients read them: Docker's lines, a step after the other, or ours as they happen. */
import type { BuildEvent, Outcome, StepView } from "../../build/progress.ts";
import { familiar } from "../../oci/reference.ts";

type Say = (line: object) => void;

/** Text of bytes that come in any pieces. */
function decoder() {
  const streams = new Map<string, TextDecoder>();
  return (key: string, data: Uint8Array): string => {
    const known = streams.get(key) ?? new TextDecoder();
    streams.set(key, known);
    return known.decode(data, { stream: true });
  };
}

/** The events themselves, a line each, with their time, output as text. */
export function eventLines(say: Say): (event: BuildEvent) => void {
  const decode = decoder();
  return (event) => {
    const at = Date.now();
    if (event.type !== "output") return say({ at, ...event });
    const { step, stream, data, type } = event;
    const text = decode(`${step} ${stream}`, data);
    if (text !== "") say({ type, at, step, stream, text });
  };
}

/**
 * Docker's classic lines. They have no room for two steps at a time: what a later one says waits until those before it
 * have ended.
 */
export function classicLines(say: Say): (event: BuildEvent) => void {
  const decode = decoder();
  const waiting = new Map<number, string[]>();
  const outcomes = new Map<number, Outcome>();
  let steps: readonly StepView[] = [];
  let at = -1;
  const print = (stream: string) => say({ stream });
  const current = () => steps[at];
  const isOver = (step: StepView) => step.kind === "settings" || outcomes.has(step.number);

  const advance = () => {
    for (let step = current(); step === undefined || isOver(step); step = current()) {
      if (step !== undefined && outcomes.get(step.number)?.kind === "cached" && step.kind !== "from")
        print(" ---> Using cache\n");
      if (step !== undefined && outcomes.get(step.number)?.kind === "failed") return;
      if (at + 1 >= steps.length) return;
      at++;
      const next = steps[at] as StepView;
      print(`Step ${at + 1}/${steps.length} : ${next.text}\n`);
      for (const text of waiting.get(next.number) ?? []) print(text);
      waiting.delete(next.number);
    }
  };

  return (event) => {
    switch (event.type) {
      case "graph":
        steps = event.steps;
        return advance();
      case "ended":
        outcomes.set(event.step, event.outcome);
        return steps.length > 0 ? advance() : undefined;
      case "output": {
        const text = decode(`${event.step} ${event.stream}`, event.data);
        if (current()?.number === event.step) return print(text);
        waiting.set(event.step, [...(waiting.get(event.step) ?? []), text]);
        return;
      }
      case "warning":
        return print(`[Warning] ${event.warning.message}\n`);
      case "checked":
        return print(event.text);
      case "image":
        say({ aux: { ID: event.id } });
        print(`Successfully built ${event.id.slice(7, 19)}\n`);
        for (const name of event.names) print(`Successfully tagged ${familiar(name)}\n`);
    }
  };
}

/** A build's events as clients read them: Docker's lines, a step after the other, or ours as they happen. */
import { decoder, eventLine } from "../../build/event-line.ts";
import type { BuildEvent, StepView } from "../../build/progress.ts";
import type { Outcome } from "../../oci/build-line.ts";
import { familiar } from "../../oci/reference.ts";
import { moving, short } from "../images/progress.ts";

type Say = (line: object) => void;

/** The events themselves, a line each. */
export function eventLines(say: Say): (event: BuildEvent) => void {
  const line = eventLine();
  return (event) => {
    const value = line(event);
    if (value !== null) say(value);
  };
}

/** Letters of a step that wait for the steps before it. */
const MOST_HELD = 1024 * 1024;

/**
 * Docker's classic lines. They have no room for two steps at a time: what a later one says waits until those before it
 * have ended.
 */
export function classicLines(say: Say): (event: BuildEvent) => void {
  const decode = decoder();
  const waiting = new Map<number, { readonly texts: string[]; letters: number }>();
  const outcomes = new Map<number, Outcome>();
  let steps: readonly StepView[] = [];
  let at = -1;
  const print = (stream: string) => say({ stream });
  const current = () => steps[at];
  const isOver = (step: StepView) => step.kind === "settings" || outcomes.has(step.number);

  const hold = (step: number, text: string) => {
    const held = waiting.get(step) ?? { texts: [], letters: 0 };
    waiting.set(step, held);
    if (held.letters > MOST_HELD) return;
    held.letters += text.length;
    held.texts.push(
      held.letters > MOST_HELD ? "\n(what follows is in the build's log alone: inro builder logs)\n" : text,
    );
  };

  const advance = () => {
    for (let step = current(); step === undefined || isOver(step); step = current()) {
      if (step !== undefined && outcomes.get(step.number)?.kind === "cached" && step.kind !== "from")
        print(" ---> Using cache\n");
      if (step !== undefined && outcomes.get(step.number)?.kind === "failed") return;
      if (at + 1 >= steps.length) return;
      at++;
      const next = steps[at] as StepView;
      print(`Step ${at + 1}/${steps.length} : ${next.text}\n`);
      for (const text of waiting.get(next.number)?.texts ?? []) print(text);
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
        hold(event.step, text);
        return;
      }
      case "progress": {
        const { what, current: bytes, total = 0 } = event;
        return say(moving("Downloading", { bytes, total }, short(what)));
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

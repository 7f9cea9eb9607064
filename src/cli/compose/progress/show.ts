/** Shows a run's steps as they are done. */
import type { Step, StepEvent } from "../../../compose/converge/step.ts";
import { UsageError } from "../../options/usage-error.ts";
import { printWarning } from "../../print-error.ts";
import { err, isTerminal, out } from "../../terminal/output.ts";
import { paintFor } from "../../terminal/paint.ts";
import { picture } from "../../terminal/picture.ts";
import type { ComposeValues } from "../options.ts";
import { jsonText } from "./json.ts";
import { liveView } from "./live.ts";
import { plainText } from "./plain.ts";

export type Mode = "tty" | "plain" | "json" | "quiet";

const MODES: readonly string[] = ["auto", "tty", "plain", "json", "quiet"];

/** `--progress`, or what COMPOSE_PROGRESS and `--ansi` say. */
export function modeOf({ progress, ansi, "no-ansi": noAnsi }: ComposeValues): Mode {
  const asked = progress ?? (process.env["COMPOSE_PROGRESS"] || "auto");
  if (!MODES.includes(asked))
    throw new UsageError(`cannot use "${asked}" for --progress: there are ${MODES.join(", ")}`);
  if (asked !== "auto") return asked as Mode;
  const colours = noAnsi ? "never" : (ansi ?? (process.env["COMPOSE_ANSI"] || "auto"));
  if (!["auto", "always", "never"].includes(colours))
    throw new UsageError(`cannot use "${colours}" for --ansi: there are auto, always, never`);
  return isTerminal(2) && colours !== "never" ? "tty" : "plain";
}

export interface Shown {
  tell(event: StepEvent): void;
  /** What stays, above what is drawn anew. */
  above(bytes: Uint8Array | string, stream?: "stdout" | "stderr"): void;
  end(): void;
}

export interface Showing {
  readonly verb: string;
  readonly steps: readonly Step[];
}

export function shown(mode: Mode, { verb, steps }: Showing): Shown {
  if (mode === "tty") return live({ verb, steps });
  const text = { plain: plainText, json: jsonText, quiet: () => () => "" }[mode](steps);
  return {
    tell(event) {
      if (event.kind === "warning" && mode !== "json") err(printWarning(new Error(event.text)));
      const line = text(event);
      if (line !== "") err(line);
    },
    above: direct,
    end() {},
  };
}

export const direct: Shown["above"] = (bytes, stream) => (stream === "stderr" ? err : out)(bytes);

function live({ verb, steps }: Showing): Shown {
  const view = liveView(steps, { verb, paint: paintFor(true) });
  const drawn = picture(view.frame);
  const isScreen = isTerminal(1);
  return {
    tell(event) {
      if (event.kind === "warning") drawn.above(printWarning(new Error(event.text)));
      view.apply(event, Date.now());
      drawn.changed();
    },
    above(bytes, stream = "stdout") {
      if (stream === "stdout" && !isScreen) return out(bytes);
      drawn.above(typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8"));
      drawn.changed();
    },
    end: () => drawn.end(),
  };
}

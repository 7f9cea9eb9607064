/**
 * What is to be done so that an engine has what a project asks for: plain data, found by comparing the two, without asking
 * anybody anything. A step is done when all that it comes after is done, so that what does not depend on each other goes
 * side by side.
 */
import type { Condition } from "../model/project.ts";

export interface Step {
  /** `start web-1`: its own among the steps of a run. */
  readonly id: string;
  readonly action: Action;
  /** The ids of those that must have succeeded. */
  readonly after: readonly string[];
  /** In half a sentence, for people: `its image changed`. */
  readonly why: string;
}

export type Action =
  | { readonly kind: "create network" | "create volume"; readonly key: string; readonly name: string }
  | { readonly kind: "remove network" | "remove volume" | "remove image"; readonly name: string }
  /** A `service` tells which; what is brought belongs to the image room of whoever runs the steps. */
  | { readonly kind: "pull" | "build"; readonly service: string; readonly image: string }
  /** `replaces`: the container whose anonymous volumes it takes over. */
  | {
      readonly kind: "create";
      readonly service: string;
      readonly number: number;
      readonly name: string;
      readonly replaces?: string;
    }
  /** `container`: a name, which is known before its container is. */
  | {
      readonly kind: "start" | "stop" | "restart" | "remove" | "rename";
      readonly service: string;
      readonly container: string;
      /** Of `rename`. */
      readonly to?: string;
      /** Of `stop` and `restart`: seconds, where the container does not say it itself. */
      readonly timeout?: number;
      /** Of `remove`: with its anonymous volumes. */
      readonly volumes?: boolean;
    }
  /** Until all containers of the service are so. `required`: whether what fails here fails the run. */
  | {
      readonly kind: "wait";
      readonly service: string;
      readonly condition: Condition;
      readonly required: boolean;
    };

/** What is told while steps are done. */
export type StepEvent =
  | { readonly kind: "started" | "done" | "skipped"; readonly step: Step }
  /** `current` and `total`: bytes, where they are known. */
  | {
      readonly kind: "progress";
      readonly step: Step;
      readonly text: string;
      readonly current?: number;
      readonly total?: number;
    }
  | { readonly kind: "failed"; readonly step: Step; readonly error: unknown }
  | { readonly kind: "warning"; readonly text: string };

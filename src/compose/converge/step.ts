/**
 * What is to be done so that an engine has what a project asks for: plain data, found by comparing the two, without asking
 * anybody anything. A step is done when all that it comes after is done, so that what does not depend on each other goes
 * side by side.
 */
import type { Condition, Texts } from "../model/project.ts";

export interface Plan {
  readonly steps: readonly Step[];
  /** For people, before anything is done. */
  readonly warnings: readonly string[];
}

export interface Step {
  /** `start web-1`: its own among the steps of a run. */
  readonly id: string;
  readonly action: Action;
  /** The ids of those that must have succeeded. */
  readonly after: readonly string[];
  /** In half a sentence, for people: `its image changed`. */
  readonly why: string;
}

/** Containers are meant by their names, which are known before they are. `service`: what they are of. */
export type Action =
  | { readonly kind: "create network" | "create volume"; readonly key: string; readonly name: string }
  /** `disconnect`: containers that are on it and stay for now. */
  | { readonly kind: "remove network"; readonly name: string; readonly disconnect: readonly string[] }
  | { readonly kind: "remove volume" | "remove image"; readonly name: string }
  /** What is brought belongs to the image room of whoever runs the steps. */
  | { readonly kind: "pull" | "build" | "push"; readonly service: string; readonly image: string }
  | CreateAction
  | {
      readonly kind: "start" | "pause" | "unpause";
      readonly service: string;
      readonly container: string;
    }
  | {
      readonly kind: "stop" | "restart";
      readonly service: string;
      readonly container: string;
      /** Seconds, where the container does not say it itself. */
      readonly timeout?: number;
    }
  | {
      readonly kind: "kill";
      readonly service: string;
      readonly container: string;
      readonly signal: string;
    }
  | {
      readonly kind: "remove";
      readonly service: string;
      readonly container: string;
      /** With its anonymous volumes. */
      readonly volumes: boolean;
      /** Those among them that it may have from the container before it: engines take them for named ones, and keep them. */
      readonly inherited?: readonly string[];
    }
  | {
      readonly kind: "rename";
      readonly service: string;
      readonly container: string;
      readonly to: string;
    }
  | WaitAction;

export interface CreateAction {
  readonly kind: "create";
  readonly service: string;
  readonly number: number;
  /** Until it is renamed, where another one still has its name. */
  readonly name: string;
  /** The id of the container whose place it takes. */
  readonly replaces?: string;
  /** Volumes without a name that it takes over, by where they are mounted. */
  readonly inherits: Texts;
}

export interface WaitAction {
  readonly kind: "wait";
  readonly service: string;
  /** All of them have to be so. */
  readonly containers: readonly string[];
  /** `ready`: runs, and is healthy where it has a health check. */
  readonly condition: Condition | "ready";
  /** Whether what fails here fails the run; else it is a warning. */
  readonly required: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

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
  /** `logs`: the last lines of the container that failed. */
  | {
      readonly kind: "failed";
      readonly step: Step;
      readonly error: unknown;
      readonly logs?: readonly string[];
    }
  | { readonly kind: "warning"; readonly text: string };

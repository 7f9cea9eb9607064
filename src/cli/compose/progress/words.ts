/** What people are told about steps, in the words of compose v2: scripts look for ` Container app-web-1  Started`. Pure. */
import type { Action, Step } from "../../../compose/converge/step.ts";

export interface Words {
  /** `Container app-web-1`: what the step is about. */
  readonly titles: readonly string[];
  readonly doing: string;
  readonly done: string;
}

type Condition = (Action & { kind: "wait" })["condition"];

const REACHED: Readonly<Record<Condition, string>> = {
  ready: "Healthy",
  service_started: "Started",
  service_healthy: "Healthy",
  service_completed_successfully: "Exited",
};

const ON_CONTAINERS = {
  start: ["Starting", "Started"],
  stop: ["Stopping", "Stopped"],
  restart: ["Restarting", "Started"],
  kill: ["Killing", "Killed"],
  pause: ["Pausing", "Paused"],
  unpause: ["Unpausing", "Unpaused"],
  remove: ["Removing", "Removed"],
  rename: ["Renaming", "Renamed"],
} as const;

/** One that is made while its predecessor still has its name goes by that name. */
const container = (name: string): string => `Container ${name.replace(/^[0-9a-f]{12}_/, "")}`;

export function wordsOf(action: Action): Words {
  switch (action.kind) {
    case "create network":
      return { titles: [`Network ${action.name}`], doing: "Creating", done: "Created" };
    case "remove network":
      return { titles: [`Network ${action.name}`], doing: "Removing", done: "Removed" };
    case "create volume":
      return { titles: [`Volume "${action.name}"`], doing: "Creating", done: "Created" };
    case "remove volume":
      return { titles: [`Volume ${action.name}`], doing: "Removing", done: "Removed" };
    case "remove image":
      return { titles: [`Image ${action.name}`], doing: "Removing", done: "Removed" };
    case "pull":
      return { titles: [action.service], doing: "Pulling", done: "Pulled" };
    case "push":
      return { titles: [action.service], doing: "Pushing", done: "Pushed" };
    case "build":
      return { titles: [`Service ${action.service}`], doing: "Building", done: "Built" };
    case "create": {
      const isNew = action.replaces === undefined;
      const titles = [container(action.name)];
      return { titles, doing: isNew ? "Creating" : "Recreate", done: isNew ? "Created" : "Recreated" };
    }
    case "wait":
      return {
        titles: action.containers.map(container),
        doing: "Waiting",
        done: REACHED[action.condition],
      };
    default: {
      const [doing, done] = ON_CONTAINERS[action.kind];
      return { titles: [container(action.container)], doing, done };
    }
  }
}

/** Steps that nobody needs to hear of: how one container takes another one's place. */
export function silent(steps: readonly Step[]): ReadonlySet<string> {
  const replaced = new Set(steps.flatMap(({ action }) => (action.kind === "rename" ? action.to : [])));
  const isSilent = ({ action }: Step) =>
    action.kind === "rename" ||
    ((action.kind === "remove" || action.kind === "stop") && replaced.has(action.container));
  return new Set(steps.filter(isSilent).map(({ id }) => id));
}

const UNTIL: Readonly<Record<Condition, string>> = {
  ready: "to be ready",
  service_started: "to be started",
  service_healthy: "to be healthy",
  service_completed_successfully: "to end well",
};

/** `db to be healthy` of a step that waits for it. */
export const waitedFor = ({ action }: Step): string | undefined =>
  action.kind === "wait" ? `${action.service} ${UNTIL[action.condition]}` : undefined;

import { ApiError, at, type Client } from "../../client/client.ts";
import { InroError } from "../../oci/error.ts";
import type { WaitAction } from "../converge/step.ts";
import type { Running } from "./run.ts";

interface Inspected {
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Restarting?: boolean;
    readonly ExitCode: number;
    readonly OOMKilled?: boolean;
    readonly Error?: string;
    readonly Health?: {
      readonly Status: string;
      readonly Log?: readonly { readonly ExitCode: number; readonly Output: string }[] | null;
    };
  };
}

/** A container will not be what was waited for. */
export class WaitError extends InroError {
  readonly container: string;

  constructor(container: string, { service, condition }: WaitAction, why: string, hint: string) {
    super("COMPOSE_NOT_READY", { what: `the service "${service}" ${FAILED[condition]}`, why, hint });
    this.container = container;
  }
}

const FAILED: Readonly<Record<WaitAction["condition"], string>> = {
  service_started: "did not start",
  service_healthy: "did not become healthy",
  service_completed_successfully: "did not complete successfully",
  ready: "did not become ready",
};

/** Undefined: it is as it has to be. A text: not yet, and this is what it is. Throws: it will not be. */
type Judge = (state: Inspected["State"]) => string | undefined | { readonly never: string };

const ended = ({ ExitCode, OOMKilled, Error: error }: Inspected["State"]) => ({
  never: error
    ? `could not be started: ${error}`
    : `exited with code ${ExitCode}${OOMKilled ? " (out of memory)" : ""}`,
});

/** One that its restart policy is about to start again is not at an end. */
const isOver = ({ Status }: Inspected["State"]) => Status === "exited" || Status === "dead";

/** Between two runs an engine says that it runs, and that it is unhealthy. */
const isUp = ({ Running, Restarting = false }: Inspected["State"]) => Running && !Restarting;

function health(state: Inspected["State"]): ReturnType<Judge> {
  const { Health } = state;
  if (Health?.Status === "healthy") return undefined;
  if (Health?.Status !== "unhealthy") return "starting";
  const last = Health.Log?.at(-1);
  const said = last?.Output.trim();
  return {
    never: `is unhealthy${last === undefined ? "" : `: its last check ended with code ${last.ExitCode}${said ? `, ${JSON.stringify(said.slice(0, 200))}` : ""}`}`,
  };
}

const hasHealth = ({ Health }: Inspected["State"]) => Health !== undefined && Health.Status !== "none";

const JUDGES: Readonly<Record<WaitAction["condition"], Judge>> = {
  service_started: (state) => (isOver(state) ? ended(state) : state.Running ? undefined : state.Status),
  service_healthy: (state) => {
    if (isOver(state)) return ended(state);
    if (!isUp(state)) return state.Status;
    return hasHealth(state) ? health(state) : { never: "has no health check" };
  },
  service_completed_successfully: (state) => {
    if (!isOver(state)) return state.Status;
    return state.ExitCode === 0 ? undefined : ended(state);
  },
  ready: (state) => {
    if (isOver(state)) return ended(state);
    if (!isUp(state)) return state.Status;
    return hasHealth(state) ? health(state) : undefined;
  },
};

const inspect = async (client: Client, container: string): Promise<Inspected | undefined> => {
  try {
    return await client.json<Inspected>({ method: "GET", path: at`/containers/${container}/json` });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
};

/** Until all of an action's containers are as it says. `tell`: what is waited for. COMPOSE_NOT_READY. */
export async function waitFor(
  running: Running,
  action: WaitAction,
  tell: (text: string) => void,
): Promise<void> {
  const { feed, hands, signal } = running;
  const late = action.timeout === undefined ? undefined : AbortSignal.timeout(action.timeout * 1000);
  const left = new Map(action.containers.map((name) => [name, "not looked at yet"]));
  const timeUp = Promise.withResolvers<void>();
  late?.addEventListener("abort", () => timeUp.resolve(), { once: true });
  await feed.listen();
  let told = "";
  for (;;) {
    const seen = feed.count;
    signal.throwIfAborted();
    for (const [name, state] of await Promise.all(
      [...left.keys()].map((each) => judge(hands.client, each, action)),
    )) {
      if (state === undefined) left.delete(name);
      else left.set(name, state);
    }
    const [first] = left;
    if (first === undefined) return;
    if (late?.aborted === true)
      throw new WaitError(
        first[0],
        action,
        `"${first[0]}" is ${first[1]} after ${action.timeout} s`,
        "raise --wait-timeout",
      );
    const text = [...left].map(([name, state]) => `${name} is ${state}`).join(", ");
    if (text !== told) tell(text);
    told = text;
    await Promise.race([feed.after(seen), timeUp.promise]);
  }
}

async function judge(
  client: Client,
  name: string,
  action: WaitAction,
): Promise<readonly [string, string | undefined]> {
  const found = await inspect(client, name);
  if (found === undefined) throw new WaitError(name, action, `"${name}" was removed`, "look who did");
  const verdict = JUDGES[action.condition](found.State);
  if (typeof verdict !== "object") return [name, verdict];
  throw new WaitError(name, action, `"${name}" ${verdict.never}`, `inro logs ${name}`);
}

/** What happens to a project's containers, so that nobody has to ask again and again. */
import type { Answer } from "../../client/client.ts";
import { label } from "../converge/labels.ts";
import type { Hands } from "./hands.ts";

/** What can change whether a container is as somebody waits for it to be. */
const EVENTS = ["start", "die", "oom", "destroy", "health_status", "restart"];

export interface Feed extends AsyncDisposable {
  /** Begins to listen, where nobody has: what happens from now on counts. */
  listen(): Promise<void>;
  /** How much has happened so far. */
  readonly count: number;
  /** Resolves once more than `seen` has. Rejects when the engine is gone, and with the signal's reason. */
  after(seen: number): Promise<void>;
}

export function openFeed({ client, project }: Hands, signal: AbortSignal): Feed {
  let count = 0;
  let broken: { readonly error: unknown } | undefined;
  let listening: Promise<Answer> | undefined;
  let wake = Promise.withResolvers<void>();
  const rouse = () => {
    const { resolve } = wake;
    wake = Promise.withResolvers();
    resolve();
  };
  const follow = async (answer: Answer) => {
    try {
      for await (const part of answer.body) {
        if (part.length === 0) continue;
        count++;
        rouse();
      }
      broken = { error: new Error("the engine has ended its list of events") };
    } catch (error) {
      broken = { error };
    }
    rouse();
  };
  signal.addEventListener("abort", rouse, { once: true });
  return {
    get count() {
      return count;
    },
    async listen() {
      const filters = {
        type: ["container"],
        event: EVENTS,
        label: project === undefined ? [] : [`${label.project}=${project.name}`],
      };
      if (listening === undefined) {
        listening = client.send({
          method: "GET",
          path: "/events",
          query: { filters: JSON.stringify(filters) },
        });
        listening.then(follow, () => {});
      }
      await listening;
    },
    async after(seen) {
      while (count <= seen) {
        signal.throwIfAborted();
        if (broken !== undefined) throw broken.error;
        await wake.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", rouse);
      (await listening?.catch(() => undefined))?.close();
    },
  };
}

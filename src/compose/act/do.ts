import { ApiError, at } from "../../client/client.ts";
import { copies } from "../converge/files.ts";
import { label } from "../converge/labels.ts";
import { networkBody, volumeBody } from "../converge/objects.ts";
import type { Action, Step } from "../converge/step.ts";
import type { Project, Service } from "../model/project.ts";
import { createContainer } from "./create.ts";
import { putFiles } from "./files.ts";
import type { Progress, Tell } from "./hands.ts";
import { runHooks } from "./hooks.ts";
import type { Running } from "./run.ts";
import { WaitError, waitFor } from "./wait.ts";

type Kind = Action["kind"];
type ActionOf<K extends Kind> = Extract<Action, { readonly kind: K }>;

/** "skipped": it was so already. */
type Doing<K extends Kind> = (
  running: Running,
  action: ActionOf<K>,
  tell: Progress,
) => Promise<"skipped" | undefined>;

/** Does one step; answers whether there was nothing to do. */
export async function doStep(running: Running, step: Step, tell: Tell): Promise<boolean> {
  const progress: Progress = (text, current, total) =>
    tell({
      kind: "progress",
      step,
      text,
      ...(current === undefined ? {} : { current }),
      ...(total === undefined ? {} : { total }),
    });
  const doing = DOINGS[step.action.kind] as Doing<Kind>;
  return (await doing(running, step.action, progress)) === "skipped";
}

/** Whose last words tell why a step failed. */
export function failedContainer({ action }: Step, error: unknown): string | undefined {
  if (error instanceof WaitError) return error.container;
  return action.kind === "start" || action.kind === "restart" ? action.container : undefined;
}

const projectOf = ({ hands }: Running): Project => {
  if (hands.project === undefined) throw new Error("this step needs the project's file");
  return hands.project;
};

const serviceOf = ({ hands }: Running, name: string): Service | undefined =>
  hands.project?.services.get(name);

const knownService = (running: Running, name: string): Service => {
  const service = serviceOf(running, name);
  if (service === undefined) throw new Error(`there is no service "${name}"`);
  return service;
};

interface Posting {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly expected?: readonly number[];
}

/** POST /containers/{name}/{verb}. "skipped" where the engine says that it is so already. */
async function post(
  running: Running,
  container: string,
  verb: string,
  { query = {}, expected = [] }: Posting = {},
) {
  const answer = await running.hands.client.send({
    method: "POST",
    path: `${at`/containers/${container}/`}${verb}`,
    query,
    expected,
  });
  answer.close();
  return answer.status >= 300 ? ("skipped" as const) : undefined;
}

async function remove(running: Running, path: string, query: Record<string, boolean> = {}) {
  const answer = await running.hands.client.send({ method: "DELETE", path, query, expected: [404] });
  answer.close();
  return answer.status === 404 ? ("skipped" as const) : undefined;
}

/** A volume that another container may have, too: it goes with the last of them. */
async function removeUnused({ hands }: Running, name: string): Promise<void> {
  const path = at`/volumes/${name}`;
  const answer = await hands.client.send({ method: "DELETE", path, expected: [404, 409] });
  answer.close();
}

const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ApiError && error.status === status;

const DOINGS: { readonly [K in Kind]: Doing<K> } = {
  "create network": async (running, { key, name }) => {
    const project = projectOf(running);
    const network = project.networks.get(key);
    if (network === undefined) throw new Error(`there is no network "${key}"`);
    try {
      await running.hands.client.json({
        method: "POST",
        path: "/networks/create",
        body: networkBody(project, key, network),
      });
    } catch (error) {
      // Another run of the same project was faster.
      if (!isStatus(error, 409) || !(await isOursAlready(running, name))) throw error;
      return "skipped";
    }
    return undefined;
  },
  "create volume": async (running, { key }) => {
    const project = projectOf(running);
    const volume = project.volumes.get(key);
    if (volume === undefined) throw new Error(`there is no volume "${key}"`);
    await running.hands.client.json({
      method: "POST",
      path: "/volumes/create",
      body: volumeBody(project, key, volume),
    });
    return undefined;
  },
  "remove network": async (running, { name, disconnect }) => {
    const { client } = running.hands;
    for (const container of disconnect) {
      const answer = await client.send({
        method: "POST",
        path: at`/networks/${name}/disconnect`,
        body: { Container: container, Force: true },
        expected: [404, 403],
      });
      answer.close();
    }
    return remove(running, at`/networks/${name}`);
  },
  "remove volume": (running, { name }) => remove(running, at`/volumes/${name}`),
  "remove image": async (running, { name }) => {
    try {
      return await remove(running, at`/images/${name}`);
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
      running.warn(`the image "${name}" stays: ${(error as Error).message}`);
      return "skipped";
    }
  },
  pull: async (running, { service }, tell) => {
    await running.hands.images.pull(knownService(running, service), tell, running.signal);
    return undefined;
  },
  build: async (running, { service }, tell) => {
    await running.hands.images.build(knownService(running, service), tell, running.signal);
    return undefined;
  },
  push: async (running, { service }, tell) => {
    await running.hands.images.push(knownService(running, service), tell, running.signal);
    return undefined;
  },
  create: async (running, { service, number, name, replaces, inherits }) => {
    const creating = {
      project: projectOf(running),
      service: knownService(running, service),
      number,
      name,
      inherits,
    };
    await createContainer(
      running.hands,
      replaces === undefined ? creating : { ...creating, replaces },
      running.warn,
    );
    return undefined;
  },
  start: async (running, { service: name, container }) => {
    const { client, project, env } = running.hands;
    const service = serviceOf(running, name);
    const files = project === undefined || service === undefined ? [] : copies(project, service);
    // A run that was cut off may have made it without them.
    if (files.length > 0 && (await stateOf(running, container)) === "created")
      await putFiles(client, container, files, env);
    const skipped = await post(running, container, "start", { expected: [304] });
    if (service !== undefined && skipped === undefined)
      await runHooks(client, container, service, "post_start", env);
    return skipped;
  },
  stop: async (running, { service: name, container, timeout }) => {
    await beforeStop(running, name, container);
    return post(running, container, "stop", { query: { t: timeout }, expected: [304, 404] });
  },
  restart: async (running, { service: name, container, timeout }) => {
    await beforeStop(running, name, container);
    await post(running, container, "restart", { query: { t: timeout } });
    const service = serviceOf(running, name);
    const { client, env } = running.hands;
    if (service !== undefined) await runHooks(client, container, service, "post_start", env);
    return undefined;
  },
  kill: (running, { container, signal }) =>
    post(running, container, "kill", { query: { signal }, expected: [404, 409] }),
  pause: (running, { container }) => post(running, container, "pause"),
  unpause: (running, { container }) => post(running, container, "unpause"),
  remove: async (running, { container, volumes, inherited = [] }) => {
    try {
      const skipped = await remove(running, at`/containers/${container}`, { force: true, v: volumes });
      for (const name of inherited) await removeUnused(running, name);
      return skipped;
    } catch (error) {
      // Somebody else is removing it: it is gone when the engine says so.
      if (!isStatus(error, 409)) throw error;
      await post(running, container, "wait", { query: { condition: "removed" }, expected: [404] });
      return "skipped";
    }
  },
  rename: (running, { container, to }) => post(running, container, "rename", { query: { name: to } }),
  wait: async (running, action, tell) => {
    try {
      await waitFor(running, action, tell);
    } catch (error) {
      if (action.required || !(error instanceof WaitError)) throw error;
      running.warn(error.message);
      return "skipped";
    }
    return undefined;
  },
};

async function stateOf({ hands }: Running, container: string): Promise<string> {
  const { State } = await hands.client.json<{ readonly State: { readonly Status: string } }>({
    method: "GET",
    path: at`/containers/${container}/json`,
  });
  return State.Status;
}

/** What does not run has nothing to be told. */
async function beforeStop(running: Running, name: string, container: string): Promise<void> {
  const service = serviceOf(running, name);
  if ((service?.pre_stop ?? []).length === 0 || service === undefined) return;
  if ((await stateOf(running, container)) !== "running") return;
  await runHooks(running.hands.client, container, service, "pre_stop", running.hands.env);
}

async function isOursAlready(running: Running, name: string): Promise<boolean> {
  const { Labels } = await running.hands.client.json<{
    readonly Labels: Readonly<Record<string, string>> | null;
  }>({
    method: "GET",
    path: at`/networks/${name}`,
  });
  return Labels?.[label.project] === projectOf(running).name;
}

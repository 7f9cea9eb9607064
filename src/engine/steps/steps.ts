/**
 * Programs that run upon layers and belong to no container: the steps of a build. Nobody lists them, they do not outlive
 * the engine that started them, and their folder is all that is recorded of them.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import type { PrepareOptions, Stack } from "../../image/images.ts";
import { attachmentRecord } from "../../network/network.ts";
import type { Rootfs } from "../../oci/rootfs.ts";
import { Undo } from "../../oci/undo.ts";
import type { Container } from "../../runtime/runtime.ts";
import { requestedEdits } from "../cdi/asked.ts";
import { type Core, socketFolderOf } from "../core.ts";
import type { WindowSize } from "../engine.ts";
import { endLeft, reportOf } from "../life/end.ts";
import { discard } from "../life/remove.ts";
import { createRequest, writeEtcFiles } from "../life/request.ts";
import { attachAll } from "../networks/attach.ts";
import { endpointsOfOptions, hasOwnNetwork, settleNetworks } from "../networks/endpoints.ts";
import { serveNamesTo } from "../networks/names.ts";
import type { ContainerOptions } from "../options.ts";
import type { ResolvedMount } from "../spec/mounts.ts";
import type { ExitReport } from "../state.ts";

export interface Steps {
  /**
   * A root of its own upon the layers, and a folder for what belongs to it. Where the layers have nothing at a point,
   * something empty lies there that can be mounted over. NO_SPACE.
   */
  open(below: Stack, points?: readonly StepPoint[]): Promise<Step>;
  /** The layers' files for a step to write to, in a folder that goes with the answer. NO_SPACE. */
  scratch(stack: Stack): Promise<Pick<Step, "root"> & AsyncDisposable>;
}

export interface StepPoint {
  /** From the root on, without links. */
  readonly path: string;
  readonly isFolder: boolean;
}

export interface StepRequest {
  readonly options: ContainerOptions;
  readonly arguments: readonly string[];
  readonly mounts: readonly ResolvedMount[];
}

/** Given up, whatever runs in it is killed and what it wrote is gone. */
export interface Step extends AsyncDisposable {
  readonly id: string;
  /** Its own, for what its mounts need. */
  readonly folder: string;
  readonly root: Rootfs;
  /** One program after the other. COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, NO_SUCH_USER, NETWORK_SETUP_FAILED. */
  start(request: StepRequest): Promise<RunningStep>;
}

export interface RunningStep {
  /** Docker-framed bytes, raw for a terminal; what is written is its input. */
  readonly stream: Duplex;
  /** When all that it held is given back. */
  readonly ended: Promise<ExitReport>;
  kill(): Promise<void>;
  resize(size: WindowSize): Promise<void>;
}

const stepsFolder = (core: Pick<Core, "root">) => join(core.root, "steps");

export function engineSteps(core: Core): Steps {
  const made = async (stack: Stack, o: (folder: string) => PrepareOptions) => {
    const id = randomBytes(32).toString("hex");
    const folder = join(stepsFolder(core), id);
    await using undo = new Undo();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    undo.add("remove the step's folder", () => discard(core, folder));
    const root = await core.images.prepare(folder, stack, o(folder));
    undo.release();
    return { id, folder, root };
  };
  return {
    async scratch(stack) {
      const step = await made(stack, () => ({ isBare: true }));
      return { root: step.root, [Symbol.asyncDispose]: () => remove(core, step) };
    },
    async open(below, points = []) {
      const { id, folder, root } = await made(below, (own) => ({
        beneath: points.length === 0 ? null : pointsLayer(join(own, "points"), points),
      }));
      let running: RunningStep | null = null;
      return {
        ...{ id, folder, root },
        async start(request) {
          running = await start(core, { id, folder, root }, request);
          return running;
        },
        async [Symbol.asyncDispose]() {
          await running?.kill().catch(() => {});
          await running?.ended.catch(() => {});
          await remove(core, { id, folder });
        },
      };
    },
  };
}

/** A layer of nothing but what can be mounted over. */
function pointsLayer(layer: string, points: readonly StepPoint[]): string {
  const folder = (path: string) => {
    if (existsSync(path)) return;
    folder(dirname(path));
    mkdirSync(path);
    chmodSync(path, 0o755);
  };
  for (const { path, isFolder } of points) {
    const place = join(layer, path);
    folder(isFolder ? place : dirname(place));
    if (!existsSync(place)) writeFileSync(place, "", { mode: 0o644 });
  }
  return layer;
}

async function start(
  core: Core,
  step: Pick<Step, "id" | "folder" | "root">,
  request: StepRequest,
): Promise<RunningStep> {
  const { id, folder } = step;
  await using undo = new Undo();
  const options = settleNetworks(core, request.options);
  const { attachments, fragments } = await attachAll(
    core,
    {
      ...{ containerId: id, name: id.slice(0, 12), endpoints: endpointsOfOptions(options) },
      ...{ bandwidth: options.bandwidth, ports: [], ownNetwork: hasOwnNetwork(options) },
    },
    undo,
  );
  const records = attachments.map(attachmentRecord);
  writeEtcFiles(core, folder, { id, options, attachments: records, endpoints: [] });
  const cdi = await requestedEdits(core, options);
  const container = await core.runtime.create(
    createRequest(core, {
      ...{ id, folder, options, fragments, cdi, rootfs: step.root, journal: null },
      ...{ arguments: request.arguments, mounts: request.mounts },
    }),
  );
  undo.add("end what stands at the start gate", async () => {
    await container.signal(9).catch(() => {});
    await container.exited.catch(() => {});
    container.close();
  });
  const stream = await container.attach({
    ...{ stdin: options.openStdin, stdout: true, stderr: true, logs: false },
  });
  await container.start();
  undo.release();
  if (hasOwnNetwork(options))
    core.background(serveNamesTo(core, container, { dns: () => options.dns, attachments: () => records }));
  return {
    stream,
    ended: ended(core, folder, container, records),
    kill: () => container.signal(9),
    resize: (size) => container.resize(size),
  };
}

async function ended(
  core: Core,
  folder: string,
  container: Container,
  attachments: Parameters<Core["networks"]["disconnect"]>[0][],
): Promise<ExitReport> {
  const exit = await container.exited.finally(() => container.close());
  if (!exit.undone) await core.runtime.undo(folder);
  for (const attachment of attachments) await core.networks.disconnect(attachment, exit);
  return reportOf(exit);
}

async function remove(core: Core, { id, folder }: Pick<Step, "id" | "folder">): Promise<void> {
  await core.images.release(folder);
  discard(core, folder);
  rmSync(socketFolderOf(core, id), { recursive: true, force: true });
}

/** What an engine that ended in the middle left: it is nobody's any more. */
export async function sweepSteps(core: Core): Promise<void> {
  for (const id of await readdir(stepsFolder(core)).catch(() => [])) {
    const folder = join(stepsFolder(core), id);
    await endLeft(core, id, folder);
    await remove(core, { id, folder });
  }
}

/** What a RUN mounts: other trees, caches, memory, secrets, and agents' sockets. */
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { statInLayers } from "../../engine/files/layers.ts";
import type { ResolvedMount } from "../../engine/spec/mounts.ts";
import { rootMount } from "../../engine/spec/root-mount.ts";
import type { Step, Steps } from "../../engine/steps/steps.ts";
import type { Stack } from "../../image/images.ts";
import type { LayerStore } from "../../image/layer-store.ts";
import { InroError } from "../../oci/error.ts";
import type { CacheMounts } from "../cache/mounts.ts";
import type { RunMount } from "../dockerfile/instruction.ts";
import type { NodeMount, RunNode } from "../graph/node.ts";
import type { BuildRequest } from "../request.ts";
import { agentSocket } from "./agent.ts";
import { type MountPoints, mountPointsIn, NO_POINTS } from "./mount-points.ts";

/** A tree that a mount shows: the layers it is in, and where in them. */
export interface ShownTree {
  /** What stands for its content in the step's key. */
  readonly key: string;
  readonly path: string;
  stack(): Promise<Stack>;
  /** Whether the layers hold what the key says; to be asked once they are there. */
  isSound(): Promise<boolean>;
}

export interface PreparedMounts {
  /** All that the result of the step depends on. */
  readonly key: unknown;
  points(): Promise<MountPoints>;
  open(step: Step, signal: AbortSignal): Promise<OpenMounts>;
  /** Whether what was shown is what the key says: a context may have been written to meanwhile. */
  isSound(): Promise<boolean>;
}

export interface OpenMounts extends AsyncDisposable {
  readonly mounts: readonly ResolvedMount[];
  /** Secrets that a step has as variables. */
  readonly env: readonly string[];
}

export interface MountParts {
  readonly steps: Steps;
  readonly layers: LayerStore;
  readonly caches: CacheMounts;
  /** A folder of this build alone that does not outlive the machine: secrets are in it. */
  readonly memory: string;
  readonly request: Pick<BuildRequest, "secrets" | "ssh">;
  readonly shown: (mount: NodeMount) => Promise<ShownTree | null>;
}

const absolute = (node: RunNode, target: string) => posix.resolve(node.workdir, target);

export async function prepareMounts(node: RunNode, below: Stack, parts: MountParts): Promise<PreparedMounts> {
  const trees = (await Promise.all(node.mounts.map((mount) => parts.shown(mount)))).map(madeOnce);
  const key = node.mounts.map(({ mount }, i) => ({ ...mount, from: trees[i]?.key ?? null }));
  return {
    key,
    isSound: async () =>
      !(await Promise.all(trees.map(async (tree) => (await tree?.isSound()) ?? true))).includes(false),
    async points() {
      if (node.mounts.length === 0) return NO_POINTS;
      const targets = await Promise.all(
        node.mounts.map(async ({ mount }, number) => {
          const target = targetOf(mount, number, parts);
          if (target === undefined) return [];
          const isFolder = await isFolderMount(mount, trees[number] ?? null, parts.layers);
          return [{ path: absolute(node, target), isFolder }];
        }),
      );
      return mountPointsIn(await parts.layers.folders(below), targets.flat());
    },
    async open(step, signal) {
      const undo = new AsyncDisposableStack();
      const mounts: ResolvedMount[] = [];
      const env: string[] = [];
      try {
        for (const [number, { mount }] of node.mounts.entries()) {
          const place = { step, undo, number, signal, tree: trees[number] ?? null };
          const opened = await open[mount.type](mount as never, parts, place);
          env.push(...opened.env);
          if (opened.mount === null) continue;
          const target = absolute(node, opened.mount.target);
          mounts.push({ ...opened.mount, target, because: `RUN --mount=type=${mount.type}` });
        }
      } catch (cause) {
        await undo.disposeAsync();
        throw cause;
      }
      return {
        mounts,
        env,
        [Symbol.asyncDispose]: () => undo.disposeAsync(),
      };
    },
  };
}

function madeOnce(tree: ShownTree | null): ShownTree | null {
  if (tree === null) return null;
  let stack: Promise<Stack> | undefined;
  return {
    ...tree,
    stack: () => {
      stack ??= tree.stack();
      return stack;
    },
  };
}

/** Undefined: it is not mounted. */
function targetOf(mount: RunMount, number: number, { request }: Pick<MountParts, "request">) {
  if (mount.type === "secret") return request.secrets.has(mount.id) ? mount.target : undefined;
  if (mount.type !== "ssh") return mount.target;
  return request.ssh.has(mount.id) ? agentAt(mount.target, number) : undefined;
}

const agentAt = (target: string | undefined, number: number) => target ?? `/run/buildkit/ssh_agent.${number}`;

async function isFolderMount({ type }: RunMount, tree: ShownTree | null, layers: LayerStore) {
  if (type !== "bind" || tree === null) return type === "cache" || type === "tmpfs";
  return statInLayers(await layers.folders(await tree.stack()), tree.path)?.isDirectory() !== false;
}

interface Place {
  readonly step: Step;
  readonly undo: AsyncDisposableStack;
  readonly number: number;
  readonly signal: AbortSignal;
  readonly tree: ShownTree | null;
}

interface Opened {
  readonly mount: Omit<ResolvedMount, "because"> | null;
  readonly env: readonly string[];
}

type Of<T extends RunMount["type"]> = Extract<RunMount, { type: T }>;

const open: {
  readonly [T in RunMount["type"]]: (mount: Of<T>, parts: MountParts, place: Place) => Promise<Opened>;
} = {
  async bind(mount, parts, { step, undo, number, tree }) {
    if (tree === null) throw new Error("a bind mount without a tree");
    const stack = await tree.stack();
    await checkThere(mount.source, tree.path, stack, parts);
    const root = mount.readonly
      ? await parts.layers.view(join(step.folder, `mount-${number}`), stack)
      : undo.use(await parts.steps.scratch(stack)).root;
    const part = { target: mount.target, subpath: tree.path.slice(1), isReadOnly: mount.readonly };
    return { mount: rootMount(root, part), env: [] };
  },
  async cache(mount, { caches, layers }, { undo, signal, tree }) {
    if (tree !== null) await checkThere(mount.source, tree.path, await tree.stack(), { layers });
    const seed = tree === null ? null : { path: tree.path, stack: tree.stack };
    const held = undo.use(await caches.open({ ...mount, seed }, signal));
    const options = ["bind", "rprivate", ...(mount.readonly ? ["ro"] : ["rw"])];
    return { mount: { type: "bind", source: held.path, target: mount.target, options, detail: {} }, env: [] };
  },
  async tmpfs({ target, size }) {
    const options = ["nosuid", "nodev", "noexec", ...(size === undefined ? [] : [`size=${size}`])];
    return { mount: { type: "tmpfs", source: "tmpfs", target, options, detail: {} }, env: [] };
  },
  async secret(mount, { memory, request }, place) {
    const content = request.secrets.get(mount.id);
    if (content === undefined) {
      if (mount.required) throw missing("secret", mount.id, `--secret id=${mount.id},src=FILE`);
      return { mount: null, env: [] };
    }
    const env = mount.env === undefined ? [] : [`${mount.env}=${Buffer.from(content).toString("utf8")}`];
    if (mount.target === undefined) return { mount: null, env };
    const source = placeIn(memory, place);
    writeFileSync(source, content, { mode: 0o600 });
    chownSync(source, mount.uid, mount.gid);
    chmodSync(source, mount.mode);
    return { mount: boundFile(source, mount.target), env };
  },
  async ssh(mount, { memory, request }, place) {
    const agent = request.ssh.get(mount.id);
    if (agent === undefined) {
      if (mount.required) throw missing("SSH agent", mount.id, `--ssh ${mount.id}`);
      return { mount: null, env: [] };
    }
    const source = placeIn(memory, place);
    place.undo.use(await agentSocket(source, agent, mount));
    const target = agentAt(mount.target, place.number);
    return { mount: boundFile(source, target), env: [`SSH_AUTH_SOCK=${target}`] };
  },
};

/** For what a mount shows of memory, and as long as it is there. */
function placeIn(memory: string, { step, undo, number }: Place): string {
  mkdirSync(memory, { recursive: true, mode: 0o700 });
  const path = join(memory, `${step.id.slice(0, 16)}-${number}`);
  undo.defer(() => rmSync(path, { force: true }));
  return path;
}

const boundFile = (source: string, target: string) => ({
  ...{ type: "bind", source, target, options: ["bind", "rprivate", "ro"], detail: {} },
});

/** COPY_SOURCE_MISSING. An empty root is there, too. */
async function checkThere(
  source: string,
  path: string,
  stack: Stack,
  { layers }: Pick<MountParts, "layers">,
): Promise<void> {
  const isThere = path === "/" || statInLayers(await layers.folders(stack), path) !== undefined;
  if (!isThere) throw notThere(source, "file not found");
}

/** COPY_SOURCE_MISSING */
export const notThere = (source: string, why: string, hint?: string): InroError =>
  new InroError("COPY_SOURCE_MISSING", {
    ...{ what: `cannot mount ${JSON.stringify(source)}`, why },
    ...(hint === undefined ? {} : { hint }),
  });

function missing(what: string, id: string, option: string): InroError {
  return new InroError("BUILD_INPUT_MISSING", {
    what: `cannot give the step the ${what} "${id}"`,
    why: "the build has none of that id",
    hint: `give it with ${option}`,
  });
}

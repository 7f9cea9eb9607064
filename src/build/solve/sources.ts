/** Where a build's files come from: its contexts, and the trees of its own stages. */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmdirSync } from "node:fs";
import { join, posix } from "node:path";
import { NO_LAYERS, type Stack, topOf } from "../../image/images.ts";
import type { LayerStore } from "../../image/layer-store.ts";
import { plainRoot } from "../../image/tree/root.ts";
import type { Tree } from "../../image/tree/tree.ts";
import { InroError } from "../../oci/error.ts";
import { type AddedParts, fetchAdded, identityOf, type UrlSource } from "../context/added.ts";
import { type Context, emptyFolder, openContext } from "../context/context.ts";
import type { FileDigests } from "../copy/file-digests.ts";
import { prepareCopy } from "../copy/prepare.ts";
import type { CopySource, IgnoreFile } from "../copy/request.ts";
import { ignoreOf, parseIgnore } from "../dockerfile/ignore.ts";
import type { CopyNode, NodeMount, NodeSource, TreeSource } from "../graph/node.ts";
import type { BuildRequest } from "../request.ts";
import { notThere, type ShownTree } from "./mounts.ts";

type Solve = (node: Extract<TreeSource, { kind: "node" }>["node"]) => Promise<Stack>;

export interface Sources extends AsyncDisposable {
  /** DOCKERFILE_MISSING */
  dockerfile(): Promise<{ readonly name: string; readonly text: string }>;
  /** The main context's .dockerignore; null where it has none. */
  ignore(): Promise<IgnoreFile | null>;
  source(source: NodeSource, node: CopyNode, solve: Solve): Promise<CopySource>;
  /** What stands for that which is behind a URL now; undefined where only fetching it tells. */
  identity(source: UrlSource): Promise<string | undefined>;
  /** Of a source that is a stage's or an image's files. */
  stackOf(source: NodeSource, solve: Solve): Promise<Stack | undefined>;
  shown(mount: NodeMount, solve: Solve): Promise<ShownTree | null>;
}

export interface SourcesParts {
  readonly native: string;
  readonly trees: Tree;
  readonly layers: LayerStore;
  readonly digests: FileDigests | null;
  readonly request: BuildRequest;
  readonly signal: AbortSignal;
  /** Of this build alone. */
  readonly folder: string;
}

const MAIN = "context";

export function openSources(parts: SourcesParts): Sources {
  const { native, request, trees, layers, folder, signal } = parts;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const contexts = new Map<string, Promise<Context>>();
  let main: Promise<{ readonly context: Context; readonly ignore: IgnoreFile | null }> | undefined;

  const context = (name: string): Promise<Context> => {
    const known = contexts.get(name);
    if (known !== undefined) return known;
    const asked = name === MAIN ? request.context : request.contexts.get(name);
    if (asked === undefined || asked.kind === "image") throw new Error(`no context is called ${name}`);
    const title = name === MAIN ? "the build context" : `the build context "${name}"`;
    const opening = openContext(asked, title, { native, trees, folder, access: request, signal });
    opening.catch(() => {});
    contexts.set(name, opening);
    return opening;
  };

  const withIgnore = async (name: string) => {
    if (name !== MAIN) return { context: await context(name), ignore: null };
    main ??= context(MAIN).then((opened) => ({ context: opened, ignore: ignoreIn(opened, request) }));
    return main;
  };

  const added: AddedParts = { native, access: request, signal, emptyFolder: () => emptyFolder(parts) };
  const identities = new Map<UrlSource, Promise<string | undefined>>();
  const identity = (source: UrlSource) => {
    const known = identities.get(source) ?? identityOf(source, added);
    known.catch(() => {});
    identities.set(source, known);
    return known;
  };

  /** A view of layers, for this build. */
  const view = async (stack: Stack) =>
    plainRoot(await layers.view(join(folder, `view-${randomBytes(4).toString("hex")}`), stack));

  const stackOfTree = async (from: TreeSource, solve: Solve): Promise<Stack | undefined> =>
    from.kind === "node" ? await solve(from.node) : undefined;

  const tree = async (
    from: TreeSource,
    paths: readonly string[],
    unpack: boolean,
    solve: Solve,
  ): Promise<CopySource> => {
    if (from.kind === "context") {
      const { context: opened, ignore } = await withIgnore(from.name);
      const { root, title, isOurs } = opened;
      const digests = isOurs ? null : parts.digests;
      return { kind: "tree", root, title, paths, ignore, isOurs, digests, keepsOwners: false, unpack };
    }
    const root = await view(await solve(from.node));
    const title = from.node.op === "base" ? "the image" : `the stage "${from.node.step.stage}"`;
    return {
      ...{ kind: "tree", root, title, paths, ignore: null, isOurs: true, digests: null },
      ...{ keepsOwners: true, unpack },
    };
  };

  return {
    async dockerfile() {
      const asked = request.dockerfile;
      if ("text" in asked) return asked;
      const opened = await context(MAIN);
      if (opened.dockerfile !== undefined) return { name: "Dockerfile", text: opened.dockerfile };
      // docker takes the second name where nobody asked for another.
      for (const name of asked.path === "Dockerfile" ? ["Dockerfile", "dockerfile"] : [asked.path]) {
        const text = opened.read(name);
        if (text !== undefined) return { name, text };
      }
      throw new InroError("DOCKERFILE_MISSING", {
        what: `Cannot locate specified Dockerfile: ${asked.path}`,
        why: `${opened.title} has no such file`,
        hint: "name another one with -f",
      });
    },
    ignore: async () => (await withIgnore(MAIN)).ignore,
    async source(source, node, solve) {
      switch (source.kind) {
        case "inline":
          return { kind: "inline", name: source.name, content: Buffer.from(source.content) };
        case "tree":
          return await tree(source.from, source.paths, node.unpack !== "none", solve);
        case "url": {
          const { destination, unpack } = node;
          const o = { identity: await identity(source), destination, unpack: unpack === "all" };
          return await fetchAdded(source, o, added);
        }
      }
    },
    identity,
    stackOf: async (source, solve) =>
      source.kind === "tree" ? await stackOfTree(source.from, solve) : undefined,
    async shown({ mount, from }, solve) {
      if (from === null || (mount.type !== "bind" && mount.type !== "cache")) return null;
      const path = posix.resolve("/", mount.source);
      const stack = await stackOfTree(from, solve);
      if (stack !== undefined)
        return { key: topOf(stack), path, stack: async () => stack, isSound: async () => true };
      // A context is shown as it is now: what its user writes to it later, the step does not see.
      const time = { seconds: 0, nanoseconds: 0 };
      const copy = await prepareCopy(
        parts.native,
        {
          sources: [await tree(from, [path], false, solve)],
          ...{ destination: "/", owner: null, chmod: null, parents: true, exclude: null, link: true, time },
          latest: null,
        },
        signal,
      ).catch((cause: unknown) => {
        if (!(cause instanceof InroError) || cause.code !== "COPY_SOURCE_MISSING") throw cause;
        throw notThere(mount.source, cause.why, cause.hint);
      });
      let isSound = true;
      return {
        ...{ key: copy.digest, path },
        async stack() {
          const stored = await layers.store(copy.layer([]), NO_LAYERS);
          if (!(await copy.verify())) isSound = false;
          return stored;
        },
        isSound: async () => isSound,
      };
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled(contexts.values());
      if (!removedEmpty(folder)) await trees.remove(folder);
    },
  };
}

/** Most builds have put nothing into theirs. */
function removedEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** The Dockerfile's own rules come before those of the context. */
function ignoreIn(context: Context, { dockerfile }: BuildRequest): IgnoreFile | null {
  if ("text" in dockerfile && dockerfile.ignore !== null) {
    const name = `${dockerfile.name}.dockerignore`;
    return { name, rules: ignoreOf(parseIgnore(dockerfile.ignore, name)) };
  }
  const own = "path" in dockerfile ? [`${dockerfile.path}.dockerignore`] : [];
  for (const name of [...own, ".dockerignore"]) {
    const text = context.read(name);
    if (text !== undefined) return { name, rules: ignoreOf(parseIgnore(text, name)) };
  }
  return null;
}

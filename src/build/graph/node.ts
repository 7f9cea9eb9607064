import type { Stack } from "../../image/images.ts";
import type { RunMount } from "../dockerfile/instruction.ts";
import type { Step } from "../progress.ts";

/**
 * What makes a tree of files: a build is a graph of these, known as a whole before any of it is executed. Plain data; the
 * same node is the same object, so that it is solved once.
 */
export type Node = BaseNode | ChangingNode;

/** What an instruction writes upon what is below it. */
export type ChangingNode = RunNode | CopyNode | FolderNode;

/** Layers that are here: an image's, or none at all. */
export interface BaseNode {
  readonly op: "base";
  readonly stack: Stack;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

interface Changing {
  readonly below: Node;
  readonly step: Step;
}

export interface RunNode extends Changing {
  readonly op: "run";
  /** Program and arguments; none where a script is executed. */
  readonly arguments: readonly string[];
  /** A heredoc that names what runs it: a file outside the step's own. */
  readonly script: { readonly name: string; readonly content: string } | null;
  /** `NAME=value`, the step's whole environment. */
  readonly env: readonly string[];
  /** The same, of proxies: the result does not depend on them. */
  readonly proxies: readonly string[];
  /** `user[:group]`; empty: root. */
  readonly user: string;
  readonly workdir: string;
  readonly mounts: readonly NodeMount[];
  readonly network: "default" | "none" | "host";
  /** `--security=insecure` */
  readonly isPrivileged: boolean;
  /** CDI devices by their full names. */
  readonly devices: readonly string[];
}

/** A mount of a step, with the tree that it shows; null: the build context, or nothing. */
export interface NodeMount {
  readonly mount: RunMount;
  readonly from: TreeSource | null;
}

/** A tree that files are taken from. */
export type TreeSource =
  | { readonly kind: "node"; readonly node: Node }
  /** The main build context is called "context". */
  | { readonly kind: "context"; readonly name: string };

export type NodeSource =
  | { readonly kind: "tree"; readonly from: TreeSource; readonly paths: readonly string[] }
  | { readonly kind: "inline"; readonly name: string; readonly content: string }
  | {
      readonly kind: "url";
      readonly url: string;
      readonly checksum: string | null;
      readonly keepGitFolder: boolean;
    };

export interface CopyNode extends Changing {
  readonly op: "copy";
  readonly sources: readonly NodeSource[];
  /** Absolute; a slash at its end counts. */
  readonly destination: string;
  readonly owner: string | null;
  readonly chmod: string | null;
  readonly parents: boolean;
  readonly exclude: readonly string[];
  readonly link: boolean;
  /** Archives are unpacked: local ones, those behind URLs, or none. */
  readonly unpack: "local" | "all" | "none";
}

/** WORKDIR: a folder, where there is none. */
export interface FolderNode extends Changing {
  readonly op: "folder";
  readonly path: string;
  /** Whom a new one belongs to; empty: root. */
  readonly user: string;
}

/** What a node has to be solved for first. */
export function inputsOf(node: Node): readonly Node[] {
  if (node.op === "base") return [];
  const sources =
    node.op === "copy"
      ? node.sources.map((source) => (source.kind === "tree" ? source.from : null))
      : node.op === "run"
        ? node.mounts.map(({ from }) => from)
        : [];
  const trees = sources.flatMap((source) => (source?.kind === "node" ? [source.node] : []));
  return [node.below, ...trees];
}

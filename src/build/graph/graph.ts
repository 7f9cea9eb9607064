import type { ImageConfig } from "../../oci/image-config.ts";
import type { Platform } from "../../oci/platform.ts";
import type { Config } from "../dockerfile/configure.ts";
import type { Scope } from "../dockerfile/scope.ts";
import type { StepView } from "../progress.ts";
import type { BaseNode, ChangingNode, Node } from "./node.ts";

/** One line of an image's history; with a node, a layer's, unless that wrote nothing. */
export interface HistoryItem {
  readonly createdBy: string;
  readonly node: ChangingNode | null;
}

/** A stage, or what a program describes: files, and what the image says of them. */
export interface Tree {
  readonly node: Node;
  readonly config: Config;
  /** What its variables are at its end. */
  readonly scope: Scope;
  readonly platform: Platform;
  readonly author: string;
  /** Of the image that it begins with. */
  readonly before: ImageConfig["history"];
  /** Since then. */
  readonly history: readonly HistoryItem[];
}

/** All that a build is going to do. */
export interface Graph {
  readonly target: Tree;
  /** In the order of the file, those too that only change the configuration. */
  readonly steps: readonly StepView[];
}

/** An image that a stage begins with. */
export interface Base {
  readonly node: BaseNode;
  readonly config: ImageConfig;
}

/** What an image is made of: the nodes below the target, not those that files are only copied from. */
export function chainOf(target: Node): ReadonlySet<Node> {
  const chain = new Set<Node>();
  for (let node = target; node.op !== "base"; node = node.below) chain.add(node);
  return chain;
}

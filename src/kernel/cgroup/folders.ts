import { closeSync, constants, openSync, readdirSync } from "node:fs";

/**
 * A cgroup and all below it, deepest first. Each path is good until the next one is asked for, and short: a container
 * may nest its cgroups deeper than any path is long. One descriptor is open, whatever the depth: back it goes by "..",
 * since a cgroup never changes its parent. What vanishes meanwhile is passed over.
 */
export function* deepestFirst(path: string): Generator<string> {
  let at = open(path);
  const ways: Way[] = at === undefined ? [] : [{ name: "", children: childrenOf(at) }];
  try {
    while (at !== undefined && ways.length > 0) {
      const child = ways.at(-1)?.children.pop();
      if (child !== undefined) {
        const inner = open(`${here(at)}/${child}`);
        if (inner === undefined) continue;
        closeSync(at);
        at = inner;
        ways.push({ name: child, children: childrenOf(at) });
        continue;
      }
      const { name } = ways.pop() as Way;
      if (ways.length === 0) {
        yield path;
        return;
      }
      const outer = open(`${here(at)}/..`);
      closeSync(at);
      at = outer;
      if (at !== undefined) yield `${here(at)}/${name}`;
    }
  } finally {
    if (at !== undefined) closeSync(at);
  }
}

/** A folder that was entered, and those of its children that were not yet. */
interface Way {
  readonly name: string;
  readonly children: string[];
}

const here = (descriptor: number): string => `/proc/self/fd/${descriptor}`;

function open(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
}

function childrenOf(descriptor: number): string[] {
  try {
    const entries = readdirSync(here(descriptor), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

import { getLinks, type Link } from "../kernel/netlink/link.ts";
import type { AttachmentRecord, Network } from "./attachment.ts";
import type { State } from "./connect.ts";
import { insideIndex } from "./fragment.ts";
import { executeIn } from "./inside.ts";
import { linksIn, removeLink, route } from "./operations.ts";

const because = "--network";

/** A container that runs, and all of its connections. */
export interface Standing {
  readonly pid: number;
  readonly attachments: readonly AttachmentRecord[];
}

/**
 * Removes what a crash left of networks without an end on the host: interfaces of our group that nothing knows of, in
 * containers and on the host, where they are trials and parents.
 */
export async function sweep(
  state: State,
  networks: readonly Network[],
  containers: readonly Standing[],
): Promise<void> {
  const parents = new Set(networks.flatMap((network) => (network.driver === "bridge" ? [] : network.parent)));
  if (parents.size === 0) return;
  const { executor, identity } = state;
  const isOurs = (link: Link) => link.group === identity.index;
  const list = route([getLinks()], { what: "list interfaces", because });
  const [answer] = await executor.batch([list]);
  for (const { index } of linksIn(answer).filter((link) => isOurs(link) && !parents.has(link.name)))
    await executor.batch([removeLink(index, because)]);
  for (const { pid, attachments } of containers) {
    const [first] = attachments;
    if (first === undefined) continue;
    const wanted = new Set(attachments.map(({ inside }) => (inside === "" ? 0 : insideIndex(inside))));
    const [inside] = await executeIn(state, pid, first, { map: [], build: [list] });
    const lost = linksIn(inside).filter((link) => isOurs(link) && !wanted.has(link.index));
    const build = lost.map(({ index }) => removeLink(index, because));
    if (build.length > 0) await executeIn(state, pid, first, { map: [], build });
  }
}

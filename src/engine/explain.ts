import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { printPlan } from "../kernel/plan/print.ts";
import { InroError } from "../oci/error.ts";
import type { Platform } from "../oci/platform.ts";
import { Undo } from "../oci/undo.ts";
import { readKept } from "../runtime/kept.ts";
import { requestedEdits } from "./cdi/asked.ts";
import { type Core, folderOf } from "./core.ts";
import { settle } from "./create/create.ts";
import { prepareMounts } from "./create/mounts.ts";
import type { Explanation } from "./engine.ts";
import type { Entry } from "./entry.ts";
import { journalFields } from "./life/journal.ts";
import { mountSources } from "./life/mount-sources.ts";
import { discard } from "./life/remove.ts";
import { createRequest, writeEtcFiles } from "./life/request.ts";
import { attachAll } from "./networks/attach.ts";
import { endpointsOfOptions, hasOwnNetwork } from "./networks/endpoints.ts";
import { portsToPublish } from "./networks/ports.ts";
import type { ContainerOptions } from "./options.ts";

/** Does all that a start does up to the verified plan, and then takes it back. */
export async function explainOptions(
  core: Core,
  asked: ContainerOptions,
  platform?: Platform,
): Promise<Explanation> {
  const { options, arguments: words, image } = settle(core, asked, platform);
  await core.images.admit(image, asked.image);
  const id = randomBytes(32).toString("hex");
  const folder = folderOf(core, id);
  using holds = new DisposableStack();
  await using undo = new Undo();
  mkdirSync(join(folder, "log"), { recursive: true, mode: 0o700 });
  undo.add("remove the folder", () => discard(core, folder));
  const mounts = await prepareMounts(core, options, undo, holds);
  const rootfs = await core.images.prepare(folder, image);
  undo.add("release the files", () => core.images.release(folder));
  const attaching = {
    containerId: id,
    name: id.slice(0, 12),
    endpoints: endpointsOfOptions(options),
    bandwidth: options.bandwidth,
    ports: portsToPublish(options),
    ownNetwork: hasOwnNetwork(options),
  };
  const { attachments, fragments } = await attachAll(core, attaching, undo);
  writeEtcFiles(core, folder, { id, options, attachments, endpoints: attaching.endpoints });
  const sources = await mountSources(core, folder, options.mounts, mounts.points);
  const request = createRequest(core, {
    ...{ id, folder, options, rootfs, fragments },
    journal: journalFields({ id, name: id.slice(0, 12), imageId: image.id, options }),
    arguments: words,
    mounts: sources,
    cdi: await requestedEdits(core, options),
  });
  const plan = await core.runtime.explain(request);
  return { plan, printed: printPlan(plan), records: [] };
}

/** NEVER_STARTED for a container without a plan. */
export function explainContainer(core: Core, entry: Entry): Explanation {
  const kept = readKept(folderOf(core, entry.id));
  if (kept === undefined)
    throw new InroError("NEVER_STARTED", {
      what: `cannot explain the container "${entry.name}"`,
      why: "it was never started, so no plan was made",
      hint: "start it, or explain the command line that made it",
    });
  if (kept.plan === null)
    throw new InroError("PLAN_UNKNOWN", {
      what: `cannot explain the container "${entry.name}"`,
      why: "another version of inro has started it, by a plan with operations that this one does not know",
      hint: "restart it",
    });
  return { plan: kept.plan, printed: printPlan(kept.plan, kept.records), records: kept.records };
}

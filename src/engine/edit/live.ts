import { type PortBinding, type PortRequest, singles } from "../../oci/port.ts";
import { Undo } from "../../oci/undo.ts";
import { type Core, folderOf, record } from "../core.ts";
import type { Entry } from "../entry.ts";
import { healthCheckOf } from "../health/check.ts";
import { atStart } from "../health/health.ts";
import { watch } from "../health/watch.ts";
import { writeConnectionFiles, writeEtcFiles } from "../life/request.ts";
import { limitAsRecorded, update } from "../life/update.ts";
import { endpointsOf, endpointsOfOptions } from "../networks/endpoints.ts";
import { publish, withdraw } from "../networks/ports.ts";
import type { BeforeEdit, ContainerFortune, ContainerOrigin } from "../records.ts";
import { takeTurn } from "../turn.ts";
import type { Edit } from "./edit.ts";
import { moves, moveTo } from "./networks.ts";
import { beginning, FOLDED, settle } from "./settle.ts";

/**
 * While it runs. How it began is on disk before anything is done, and forgotten with the write that makes the rest of it
 * so: what an engine that dies between leaves, the next one takes back.
 */
export async function editLive(core: Core, entry: Entry, edit: Edit): Promise<void> {
  const { name, options, endpoints } = edit;
  const { ports, limits, networks } = edit.asked;
  const before = beginning(entry, { restarts: false });
  await using undo = new Undo();
  record(core, entry, { edit: before }, "machine");
  undo.add("make it as before", () => backToBefore(core, entry, before));
  if (moves(networks)) await moveTo(core, entry, endpointsOfOptions(options));
  if (ports.withdraw.length > 0) await withdraw(core, entry, ports.withdraw);
  if (ports.publish.length > 0) await publish(core, entry, ports.publish);
  if (limits.restart !== null || Object.keys({ ...limits.resources, ...limits.bandwidth }).length > 0)
    await update(core, entry, limits);
  await takeTurn(core, entry, async () => {
    const origin = { ...entry.origin, options };
    // Its names and servers: in the files that it sees before it is recorded, as all that can be undone is.
    writeEtcFiles(core, folderOf(core, entry.id), {
      id: entry.id,
      options,
      attachments: entry.fortune.attachments,
      endpoints: endpointsOf(entry),
    });
    const health = healthAfter(entry, origin);
    settle(core, entry, { name, origin, volumes: [] }, { ...FOLDED, endpoints, edit: null, health });
    watch(core, entry);
  });
  undo.release();
}

/** Where it was, with its ports, its limits and the names that it sees; what it is was not touched. */
export async function backToBefore(core: Core, entry: Entry, before: BeforeEdit): Promise<void> {
  const { attachments, bandwidth, resources, restart, ports, endpoints } = before;
  const at = endpoints ?? endpointsOfOptions(entry.origin.options);
  await moveTo(core, entry, at, attachments);
  await portsAsBefore(core, entry, attachments);
  record(core, entry, { bandwidth, resources, restart, ports, endpoints, edit: null }, "machine");
  await limitAsRecorded(core, entry);
  writeConnectionFiles(core, entry);
}

/** What was seen by another check says nothing. */
function healthAfter({ origin, fortune }: Entry, { options }: ContainerOrigin): ContainerFortune["health"] {
  const check = healthCheckOf(options);
  if (JSON.stringify(check) === JSON.stringify(healthCheckOf(origin.options))) return fortune.health;
  return check === null ? null : atStart(null);
}

async function portsAsBefore(
  core: Core,
  entry: Entry,
  before: ContainerFortune["attachments"],
): Promise<void> {
  const keyed = (attachments: ContainerFortune["attachments"]) =>
    new Map([...singles(attachments.flatMap(({ ports }) => ports))].map((port) => [keyOf(port), port]));
  const [was, is] = [keyed(before), keyed(entry.fortune.attachments)];
  const only = (these: typeof was, those: typeof was): PortRequest[] =>
    [...these].flatMap(([key, port]) => (those.has(key) ? [] : { ...port, choices: 1 }));
  const [more, fewer] = [only(is, was), only(was, is)];
  if (more.length > 0) await withdraw(core, entry, more);
  if (fewer.length > 0) await publish(core, entry, fewer);
}

const keyOf = ({ hostIp, hostPort, containerPort, protocol }: PortBinding): string =>
  [hostIp, hostPort, containerPort, protocol].join();

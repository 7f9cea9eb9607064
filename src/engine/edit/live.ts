import { type PortBinding, type PortRequest, singles } from "../../oci/port.ts";
import { Undo } from "../../oci/undo.ts";
import { type Core, record } from "../core.ts";
import type { Entry } from "../entry.ts";
import { healthCheckOf } from "../health/check.ts";
import { atStart } from "../health/health.ts";
import { watch } from "../health/watch.ts";
import { limitAsRecorded, update } from "../life/update.ts";
import { publish, withdraw } from "../networks/ports.ts";
import type { ContainerFortune, ContainerOrigin } from "../records.ts";
import type { Edit } from "./edit.ts";
import { beginning, settle } from "./settle.ts";

/**
 * While it runs. How it began is on disk before anything is done, and forgotten with the write that makes the rest of it
 * so: what an engine that dies between leaves, the next one takes back.
 */
export async function editLive(core: Core, entry: Entry, { asked, name, options }: Edit): Promise<void> {
  const { ports, limits } = asked;
  const before = beginning(entry, { restarts: false });
  const { attachments, bandwidth, resources, restart } = before;
  await using undo = new Undo();
  record(core, entry, { edit: before }, "machine");
  undo.add("limit it as before", async () => {
    record(core, entry, { bandwidth, resources, restart, ports: before.ports, edit: null }, "machine");
    await limitAsRecorded(core, entry);
  });
  undo.add("publish its ports as before", () => portsAsBefore(core, entry, attachments));
  if (ports.withdraw.length > 0) await withdraw(core, entry, ports.withdraw);
  if (ports.publish.length > 0) await publish(core, entry, ports.publish);
  if (limits.restart !== null || Object.keys({ ...limits.resources, ...limits.bandwidth }).length > 0)
    await update(core, entry, limits);
  await entry.turn.run(async () => {
    const origin = relabelled(entry, options);
    settle(core, entry, { name, origin, volumes: [] }, { edit: null, health: healthAfter(entry, origin) });
    watch(core, entry);
  });
  undo.release();
}

/** With what neither the kernel nor the program is told of; the rest stands beside it in the record. */
function relabelled({ origin }: Entry, options: Edit["options"]): ContainerOrigin {
  const { labels, stopSignal, stopTimeout, health, healthOnFailure } = options;
  return {
    ...origin,
    options: { ...origin.options, labels, stopSignal, stopTimeout, health, healthOnFailure },
  };
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

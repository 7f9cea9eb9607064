import { InroError } from "../../oci/error.ts";
import type { PortRequest } from "../../oci/port.ts";
import type { Core } from "../core.ts";
import { validate } from "../create/validate.ts";
import { optionsOf } from "../current.ts";
import type { ContainerChange } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { changedResources } from "../life/update.ts";
import { portsAfter } from "../networks/ports.ts";
import type { ContainerOptions, HealthOption, MountOption } from "../options.ts";
import { mergeEnvironment } from "../spec/environment.ts";

/** Options that are replaced as a whole. */
export const REPLACED = [
  "command",
  "entrypoint",
  "user",
  "workingDirectory",
  "hostname",
  "stopSignal",
  "stopTimeout",
  "init",
  "readOnly",
  "privileged",
  "health",
  "healthOnFailure",
] as const;

/** What is to be another from now on; what is left out or empty stays. */
export interface ContainerEdit {
  readonly name: string | null;
  readonly set: Partial<Pick<ContainerOptions, (typeof REPLACED)[number]>>;
  readonly env: { readonly set: readonly string[]; readonly remove: readonly string[] };
  readonly labels: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] };
  /** One at a target where something is mounted takes its place; `remove` names targets. */
  readonly mounts: { readonly set: readonly MountOption[]; readonly remove: readonly string[] };
  readonly ports: { readonly publish: readonly PortRequest[]; readonly withdraw: readonly PortRequest[] };
  readonly limits: ContainerChange;
}

/** The container's options as they are to be. INVALID_OPTION, NOT_PUBLISHED. */
export function editedOptions(core: Core, entry: Entry, asked: ContainerEdit): ContainerOptions {
  const before = optionsOf(entry);
  const { env, labels, mounts, ports, limits } = asked;
  const names = before.env.map((line) => line.replace(/=.*/s, ""));
  refuseUnknown(entry, "environment variable", env.remove, names, "--env-rm");
  refuseUnknown(entry, "label", labels.remove, Object.keys(before.labels), "--label-rm");
  const targets = before.mounts.map(({ target }) => target);
  refuseUnknown(entry, "mount at", mounts.remove, targets, "--mount-rm");
  const stays = ({ target }: MountOption) =>
    !mounts.remove.includes(target) && mounts.set.every((mount) => mount.target !== target);
  return validate(
    {
      ...before,
      ...asked.set,
      health: { ...before.health, ...said(asked.set.health ?? {}) },
      env: mergeEnvironment(before.env, [...env.remove, ...env.set]),
      labels: withoutKeys({ ...before.labels, ...labels.set }, labels.remove),
      mounts: [...before.mounts.filter(stays), ...mounts.set],
      ...(ports.publish.length + ports.withdraw.length === 0
        ? {}
        : { ports: portsAfter(entry, ports), publishAllPorts: false }),
      bandwidth: { ...before.bandwidth, ...limits.bandwidth },
      resources: changedResources(before.resources, limits.resources),
      restart: limits.restart ?? before.restart,
    },
    core.host,
  );
}

/** Of a health check what is 0 or empty is not asked for. */
const said = (health: Partial<HealthOption>): Partial<HealthOption> =>
  Object.fromEntries(
    Object.entries(health).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== 0)),
  );

function withoutKeys(
  record: Readonly<Record<string, string>>,
  gone: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !gone.includes(key)));
}

function refuseUnknown(
  { name }: Entry,
  kind: string,
  asked: readonly string[],
  known: readonly string[],
  at: string,
): void {
  const unknown = asked.find((one) => !known.includes(one));
  if (unknown === undefined) return;
  throw new InroError("INVALID_OPTION", {
    what: `cannot edit the container "${name}"`,
    why: `it has no ${kind} "${unknown}"`,
    hint: `see what it has with: inro inspect ${name}`,
    at,
  });
}

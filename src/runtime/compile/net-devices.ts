import { type InterfaceAddress, reviveLink } from "../../kernel/netlink/device.ts";
import { MOVE_PID_AT, moveLink } from "../../kernel/netlink/link.ts";
import { encodeMessages } from "../../kernel/netlink/message.ts";
import { emptyFragment, type PlanFragment } from "../../kernel/plan/fragment.ts";
import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import type { CompileInput } from "./context.ts";

/** What the survey learnt of a network device of the host's. */
export interface NetDevice {
  readonly index: number;
  /** Those that go with it. */
  readonly addresses: readonly InterfaceAddress[];
}

/** RFC 6901 for names that hold no tilde or slash: those of interfaces. */
const pointer = (name: string): string => `/linux/netDevices/${name}`;

/**
 * Indices that no namespace has given out: what a device is called in the container's must be known before it is there,
 * to give it its addresses again.
 */
const FIRST_INDEX = 0x10000;

/** config-linux.md, "Network Devices": moved by the parent, then up and addressed as before by the child. */
export function netDeviceFragments({ spec, netDevices, becauseOf }: CompileInput): PlanFragment[] {
  const wanted = Object.entries(spec.linux?.netDevices ?? {});
  if (wanted.length === 0) return [];
  checkNetDevices(spec);
  return wanted.map(([name, { name: inside = "" }], order) => {
    const device = netDevices.get(name);
    if (device === undefined) throw new Error(`the survey did not look for ${pointer(name)}`);
    const as = FIRST_INDEX + order;
    const to = inside === "" ? name : inside;
    const because = becauseOf(pointer(name));
    const common = { kind: "netlink", family: "route", tolerate: 0, because } as const;
    const move = encodeMessages([moveLink({ index: device.index, as, name: to })]);
    const revive = encodeMessages(reviveLink(as, device.addresses));
    const kept = device.addresses.length;
    return {
      ...emptyFragment,
      map: [
        {
          ...common,
          messages: move,
          childPidAt: MOVE_PID_AT,
          what: `move ${name} into the container as ${to}`,
        },
      ],
      build: [{ ...common, messages: revive, what: `${to} up, with its ${kept} addresses` }],
    };
  });
}

/** Before anything is asked of the kernel: names that it could not have, and devices that would meet. */
export function checkNetDevices({ linux = {} }: RuntimeSpec): void {
  const wanted = Object.entries(linux.netDevices ?? {});
  const [first] = wanted;
  if (first === undefined) return;
  if (!(linux.namespaces ?? []).some(({ type }) => type === "network")) {
    throw bad(first[0], "the container has no network namespace of its own", pointer(first[0]));
  }
  const names = new Set<string>();
  for (const [name, { name: inside = "" }] of wanted) {
    const at = pointer(name);
    if (!isDeviceName(name)) throw bad(name, "no network device has such a name", at);
    const to = inside === "" ? name : inside;
    // A template: the kernel puts a number where its %d stands.
    if (!isDeviceName(to.replace(/%d$/, "")))
      throw bad(name, `no network device can be called "${to}"`, `${at}/name`);
    if (names.has(to) && !to.endsWith("%d"))
      throw bad(name, `two devices are to be called "${to}"`, `${at}/name`);
    names.add(to);
  }
}

/** dev_valid_name in net/core/dev.c: IFNAMSIZ is 16 with the NUL; "%" would be a template. */
const isDeviceName = (name: string): boolean =>
  /^[^\s/:%]{1,15}$/.test(name) && name !== "." && name !== "..";

function bad(name: string, why: string, at: string): InroError {
  return new InroError("NET_DEVICE_INVALID", { what: `cannot move the network device "${name}"`, why, at });
}

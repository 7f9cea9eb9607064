import { ipvlanFlags, ipvlanModes, macvlanModes } from "../kernel/netlink/upper.ts";
import type { IpvlanNetwork, MacvlanNetwork } from "./attachment.ts";
import { invalid, mtu } from "./bridge-options.ts";
import type { Asked, DriverOptions } from "./driver.ts";

/** Docker's options of macvlan networks: `parent`, `macvlan_mode`. */
export const macvlanOptions = (asked: Asked): DriverOptions<MacvlanNetwork> => ({
  driver: "macvlan",
  ...wire(asked),
  mtu: mtu(asked.options),
  mode: oneOf(asked, "macvlan_mode", macvlanModes, "bridge"),
});

/** Docker's options of ipvlan networks: `parent`, `ipvlan_mode`, `ipvlan_flag`. */
export const ipvlanOptions = (asked: Asked): DriverOptions<IpvlanNetwork> => ({
  driver: "ipvlan",
  ...wire(asked),
  mtu: mtu(asked.options),
  mode: oneOf(asked, "ipvlan_mode", ipvlanModes, "l2"),
  flag: oneOf(asked, "ipvlan_flag", ipvlanFlags, "bridge"),
});

/** libnetwork: `--internal`, and no parent, mean the same: a wire of the network's own, whatever parent is named. */
function wire({ id, options, internal }: Asked) {
  const parent = options["parent"] ?? "";
  if (internal || parent === "") return { parent: `dm-${id.slice(0, 12)}`, ownWire: true, internal: true };
  if (!/^[^\s/:%]{1,15}$/.test(parent) || parent === "." || parent === "..")
    throw invalid("parent", `"${parent}" is not an interface's name of 1 to 15 characters`);
  return { parent, ownWire: false, internal: false };
}

function oneOf<T extends string>({ options }: Asked, name: string, known: readonly T[], usual: T): T {
  const asked = options[name] || usual;
  const found = known.find((each) => each === asked);
  if (found !== undefined) return found;
  throw invalid(name, `"${asked}" is none of ${known.join(", ")}`);
}

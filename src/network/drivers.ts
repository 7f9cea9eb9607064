import { InroError } from "../oci/error.ts";
import type { Network } from "./attachment.ts";
import { bridgeOptions } from "./bridge-options.ts";
import type { Asked, Driver, DriverOptions } from "./driver.ts";
import { ipvlanOptions, macvlanOptions } from "./sharing-options.ts";

type DriverName = Network["driver"];
type Of<D extends DriverName> = Extract<Network, { driver: D }>;

interface Kind<N extends Network> {
  readonly read: (asked: Asked) => DriverOptions<N>;
  /**
   * Its subnet is that of a wire of the host's, which so may be reached by a route already, and a wire may carry several of
   * one family.
   */
  readonly isOnWire: boolean;
}

const kinds: { readonly [D in DriverName]: Kind<Of<D>> } = {
  bridge: { read: bridgeOptions, isOnWire: false },
  macvlan: { read: macvlanOptions, isOnWire: true },
  ipvlan: { read: ipvlanOptions, isOnWire: true },
};

export const isOnWire = (driver: DriverName): boolean => kinds[driver].isOnWire;

/** What a user says to a driver of that name, read and checked. NO_SUCH_DRIVER, INVALID_OPTION. */
export function driverOptions(driver: string, asked: Asked): DriverOptions<Network> {
  if (Object.hasOwn(kinds, driver)) return kinds[driver as DriverName].read(asked);
  throw new InroError("NO_SUCH_DRIVER", {
    what: `cannot make the network "${asked.name}"`,
    why: `could not find a network driver with name ${driver}`,
    hint: `there are ${Object.keys(kinds).join(", ")}`,
    at: "--driver",
  });
}

export type Drivers = { readonly [D in DriverName]: Driver<Of<D>> };

/** The driver of this network: it takes no other's, which the table of drivers knows and the compiler does not. */
export const driverOf = (drivers: Drivers, network: Network): Driver<Network> => drivers[network.driver];

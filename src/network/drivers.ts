import { InroError } from "../oci/error.ts";
import type { Network } from "./attachment.ts";
import { bridgeOptions } from "./bridge-options.ts";
import type { Asked, Driver, DriverOptions } from "./driver.ts";

type DriverName = Network["driver"];
type Of<D extends DriverName> = Extract<Network, { driver: D }>;

const readers: { readonly [D in DriverName]: (asked: Asked) => DriverOptions<Of<D>> } = {
  bridge: bridgeOptions,
};

/** What a user says to a driver of that name, read and checked. NO_SUCH_DRIVER, INVALID_OPTION. */
export function driverOptions(driver: string, asked: Asked): DriverOptions<Network> {
  if (Object.hasOwn(readers, driver)) return readers[driver as DriverName](asked);
  throw new InroError("NO_SUCH_DRIVER", {
    what: `cannot make the network "${asked.name}"`,
    why: `could not find a network driver with name ${driver}`,
    hint: `there is ${Object.keys(readers).join(", ")}`,
    at: "--driver",
  });
}

export type Drivers = { readonly [D in DriverName]: Driver<Of<D>> };

/** The driver of this network: it takes no other's, which the table of drivers knows and the compiler does not. */
export const driverOf = (drivers: Drivers, network: Network): Driver<Network> => drivers[network.driver];

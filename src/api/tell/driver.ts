import type { DriverName } from "../../image/snapshot/driver.ts";

/** A storage driver by the name that docker's clients know, if it is docker's. */
export const driverName = (name: DriverName): string => (name === "overlay" ? "overlay2" : name);

/** GraphDriver of a container. */
export function graphDriver(id: string, folder: string, name: DriverName) {
  const data = { ID: id, UpperDir: `${folder}/upper`, WorkDir: `${folder}/work` };
  return { Name: driverName(name), Data: name === "overlay" ? data : {} };
}

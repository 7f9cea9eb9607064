import { lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { InroError } from "../../oci/error.ts";
import type { SpecDevice, SpecDeviceRule } from "../../oci/runtime-spec.ts";
import type { ContainerOptions, DeviceOption } from "../options.ts";

type HostDevice = { readonly node: SpecDevice; readonly rule: SpecDeviceRule };

/** The devices asked for; all of the host's for a privileged container. INVALID_OPTION, DEVICE_MISSING. */
export function hostDevices(options: ContainerOptions): readonly HostDevice[] {
  const asked = options.devices.flatMap(devicesAt);
  if (!options.privileged) return asked;
  const taken = new Set(asked.map((device) => device.node.path));
  return [...asked, ...allDevices("/dev").filter((device) => !taken.has(device.node.path))];
}

function devicesAt(option: DeviceOption): HostDevice[] {
  const stats = statsOf(option.hostPath);
  if (stats.isDirectory()) return devicesIn(option);
  return [existing(option.hostPath, deviceOf(option.containerPath, stats, option.permissions))];
}

/** What the host has at a path. INVALID_OPTION, DEVICE_MISSING. */
export function deviceAt(path: string): HostDevice {
  return existing(path, deviceOf(path, statsOf(path), "rwm"));
}

function statsOf(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) return stats;
  throw new InroError("DEVICE_MISSING", {
    what: `cannot give the device "${path}"`,
    why: "it does not exist on the host",
    at: "--device",
  });
}

function existing(path: string, device: HostDevice | undefined): HostDevice {
  if (device !== undefined) return device;
  throw new InroError("INVALID_OPTION", {
    what: `cannot give the device "${path}"`,
    why: "it is not a device",
    hint: "mount files and folders with -v",
    at: "--device",
  });
}

function devicesIn(option: DeviceOption): HostDevice[] {
  return readdirSync(option.hostPath).flatMap((name) => {
    const stats = lstatSync(join(option.hostPath, name));
    const device = deviceOf(join(option.containerPath, name), stats, option.permissions);
    return device === undefined ? [] : [device];
  });
}

/** What the container's own /dev brings: not to be taken from the host. */
const OWN = new Set(
  "pts shm mqueue console ptmx fd stdin stdout stderr core null zero full random urandom tty".split(" "),
);

function allDevices(folder: string): HostDevice[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (folder === "/dev" && OWN.has(entry.name)) return [];
    if (entry.isDirectory()) return allDevices(path);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const device = stats === undefined ? undefined : deviceOf(path, stats, "rwm");
    return device === undefined ? [] : [device];
  });
}

function deviceOf(path: string, stats: Stats, access: string): HostDevice | undefined {
  const type = stats.isCharacterDevice() ? "c" : stats.isBlockDevice() ? "b" : undefined;
  if (type === undefined) return undefined;
  const { major, minor } = deviceNumbers(stats);
  return {
    node: { path, type, major, minor, fileMode: stats.mode & 0o777, uid: stats.uid, gid: stats.gid },
    rule: { allow: true, type, major, minor, access },
  };
}

/** glibc, gnu_dev_major: twelve bits at 8, the rest at 32; minor: eight bits at 0, the rest at 20. */
export function deviceNumbers({ rdev }: Stats): { readonly major: number; readonly minor: number } {
  const device = BigInt(rdev);
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffff_ff00n)),
  };
}

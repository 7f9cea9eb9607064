import { InroError } from "../../oci/error.ts";
import type { Invocation } from "./commands.ts";

/** What runc would do otherwise, and this runtime does not do at all (docs/adr/0011). */
export function refuseFlags({ systemdCgroup, flags }: Invocation): void {
  if (systemdCgroup) {
    throw new InroError("SYSTEMD_UNSUPPORTED", {
      what: "cannot have systemd make the container's cgroups",
      why: "this runtime makes them itself",
      hint: "configure the caller for the cgroupfs driver",
      at: "--systemd-cgroup",
    });
  }
  if (!flags.has("no-pivot")) return;
  throw new InroError("NO_PIVOT_UNSAFE", {
    what: "cannot set the container up without pivot_root",
    why: "the host's root would stay mounted beneath the container's",
    hint: "on a host that runs from its initramfs, switch to a mounted root first",
    at: "--no-pivot",
  });
}

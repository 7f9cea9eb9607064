import { extensibility, json } from "./config/extensibility.ts";
import { hooks } from "./config/hooks.ts";
import { mounts } from "./config/mounts.ts";
import { options } from "./config/options.ts";
import { process } from "./config/process.ts";
import { linuxProcess, posixProcess } from "./config/process-linux.ts";
import { root } from "./config/root.ts";
import { features } from "./features/features.ts";
import { featuresLinux } from "./features/linux.ts";
import { cgroups } from "./linux/cgroups.ts";
import { linuxDevices } from "./linux/devices.ts";
import { files } from "./linux/files.ts";
import { linuxNamespaces } from "./linux/namespaces.ts";
import { netDevices } from "./linux/net-devices.ts";
import { rdtAndPolicy } from "./linux/rdt.ts";
import { linuxResources } from "./linux/resources.ts";
import { seccomp } from "./linux/seccomp.ts";
import { bundle } from "./runtime/bundle.ts";
import { lifecycle } from "./runtime/lifecycle.ts";
import { runtimeLinux } from "./runtime/linux.ts";
import { operations } from "./runtime/operations.ts";
import { state } from "./runtime/state.ts";
import type { Page } from "./suite/table.ts";

export const runtimePages: readonly Page[] = [
  { name: "bundle.md", sections: bundle },
  { name: "runtime.md", sections: [...state, ...lifecycle, ...operations] },
  { name: "runtime-linux.md", sections: runtimeLinux },
  { name: "glossary.md", sections: [json] },
];

export const configPages: readonly Page[] = [
  {
    name: "config.md",
    sections: [
      ...root,
      ...mounts,
      ...options,
      ...process,
      posixProcess,
      linuxProcess,
      ...hooks,
      ...extensibility,
    ],
  },
];

export const linuxPages: readonly Page[] = [
  {
    name: "config-linux.md",
    sections: [
      ...linuxNamespaces,
      ...linuxDevices,
      ...netDevices,
      ...cgroups,
      ...linuxResources,
      ...rdtAndPolicy,
      ...files,
      ...seccomp,
    ],
  },
];

export const featuresPages: readonly Page[] = [
  { name: "features.md", sections: features },
  { name: "features-linux.md", sections: featuresLinux },
];

export const pages: readonly Page[] = [...runtimePages, ...configPages, ...linuxPages, ...featuresPages];

import { InroError } from "../../oci/error.ts";
import type { SpecResources } from "../../oci/runtime-spec.ts";
import { blockIoV1, blockIoV2 } from "./block-io.ts";
import { cpuV1, cpuV2 } from "./cpu.ts";
import { type Hierarchies, type Hierarchy, locate, unifiedOf } from "./hierarchies.ts";
import { memoryV1, memoryV2 } from "./memory.ts";
import { integer, orMax, type Setting } from "./setting.ts";

/** A setting and the hierarchy that it is written in. */
export interface PlacedSetting extends Setting {
  readonly hierarchy: Hierarchy;
}

type Mapping = (resources: SpecResources) => Setting[];

/** What a subject of the specification becomes, by the version of the hierarchy that has its controller. */
const SUBJECTS: readonly { readonly v1: Mapping; readonly v2: Mapping }[] = [
  { v1: ({ memory = {} }) => memoryV1(memory), v2: ({ memory = {} }) => memoryV2(memory) },
  { v1: ({ cpu = {} }) => cpuV1(cpu), v2: ({ cpu = {} }) => cpuV2(cpu) },
  { v1: ({ blockIO = {} }) => blockIoV1(blockIO), v2: ({ blockIO = {} }) => blockIoV2(blockIO) },
  { v1: pids, v2: pids },
  { v1: (resources) => hugetlb(resources, "limit_in_bytes"), v2: (resources) => hugetlb(resources, "max") },
  { v1: network, v2: () => [] },
  { v1: rdma, v2: rdma },
];

/**
 * `linux.resources` (devices apart) as values for files, each in the hierarchy that has its controller: on a hybrid
 * host some are on v1 and some on v2. A controller that the host lacks is an error.
 */
export function settingsOf(resources: SpecResources, hierarchies: Hierarchies): PlacedSetting[] {
  const placed = SUBJECTS.flatMap((subject) => {
    const v1 = place(subject.v1(resources), 1, hierarchies);
    const v2 = place(subject.v2(resources), 2, hierarchies);
    const found = [...v1, ...v2];
    for (const setting of subject.v1(resources)) requireController(setting, hierarchies);
    return found;
  });
  return [...placed, ...unified(resources, hierarchies)];
}

function place(settings: readonly Setting[], version: 1 | 2, hierarchies: Hierarchies): PlacedSetting[] {
  return settings.flatMap((setting) => {
    const hierarchy = locate(hierarchies, setting.controller);
    return hierarchy?.version === version ? [{ ...setting, hierarchy }] : [];
  });
}

function requireController(setting: Setting, hierarchies: Hierarchies): void {
  if (setting.optional === true || locate(hierarchies, setting.controller) !== undefined) return;
  throw new InroError("CGROUP_CONTROLLER_MISSING", {
    what: `cannot set ${setting.file} to ${setting.value}`,
    why: `this host has no "${setting.controller}" controller`,
    hint: "see /proc/cgroups and cgroup.controllers for those it has",
    at: `/linux/resources${setting.at}`,
  });
}

function pids({ pids: wanted }: SpecResources): Setting[] {
  if (wanted?.limit === undefined) return [];
  // config-linux.md, "PIDs": 0 is a valid limit, -1 is none.
  return [{ controller: "pids", file: "pids.max", value: orMax(wanted.limit), at: "/pids/limit" }];
}

function hugetlb({ hugepageLimits = [] }: SpecResources, suffix: string): Setting[] {
  return hugepageLimits.map(({ pageSize, limit }, index) => {
    const at = `/hugepageLimits/${index}`;
    if (!/^\d+[KMG]B$/.test(pageSize)) throw badFile(pageSize, `/linux/resources${at}/pageSize`);
    return { controller: "hugetlb", file: `hugetlb.${pageSize}.${suffix}`, value: integer(limit), at };
  });
}

function network({ network: wanted }: SpecResources): Setting[] {
  const settings: Setting[] = [];
  if (wanted?.classID !== undefined) {
    const value = integer(wanted.classID);
    settings.push({ controller: "net_cls", file: "net_cls.classid", value, at: "/network/classID" });
  }
  for (const [index, { name, priority }] of (wanted?.priorities ?? []).entries()) {
    const value = `${name} ${integer(priority)}`;
    const at = `/network/priorities/${index}`;
    settings.push({ controller: "net_prio", file: "net_prio.ifpriomap", value, at });
  }
  return settings;
}

function rdma({ rdma: wanted = {} }: SpecResources): Setting[] {
  return Object.entries(wanted).map(([name, { hcaHandles, hcaObjects }]) => {
    const handles = hcaHandles === undefined ? "" : ` hca_handle=${hcaHandles}`;
    const objects = hcaObjects === undefined ? "" : ` hca_object=${hcaObjects}`;
    return {
      controller: "rdma",
      file: "rdma.max",
      value: `${name}${handles}${objects}`,
      at: `/rdma/${name}`,
    };
  });
}

/** config-linux.md, "Unified": each key is a file of the v2 hierarchy; what we do not know is written all the same. */
function unified({ unified: wanted = {} }: SpecResources, hierarchies: Hierarchies): PlacedSetting[] {
  const hierarchy = unifiedOf(hierarchies);
  return Object.entries(wanted).map(([file, value]) => {
    const at = `/unified/${file}`;
    if (!/^[a-z]\w*(\.\w+)+$/i.test(file)) throw badFile(file, `/linux/resources${at}`);
    const name = file.split(".")[0] as string;
    const controller = name === "io" ? "blkio" : name;
    if (hierarchy === undefined || (controller !== "cgroup" && !hierarchy.controllers.includes(controller))) {
      throw new InroError("CGROUP_CONTROLLER_MISSING", {
        what: `cannot set ${file}`,
        why: `the unified hierarchy of this host has no "${name}" controller`,
        at: `/linux/resources${at}`,
      });
    }
    return { controller, file, value, at, hierarchy };
  });
}

function badFile(name: string, at: string): InroError {
  return new InroError("RESOURCE_INVALID", {
    what: `cannot set the cgroup value "${name}"`,
    why: "that is not the name of a cgroup file",
    at,
  });
}

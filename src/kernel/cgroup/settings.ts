import { InroError } from "../../oci/error.ts";
import type { SpecResources } from "../../oci/runtime-spec.ts";
import { blockIoV1, blockIoV2 } from "./block-io.ts";
import { cpuV1, cpuV2 } from "./cpu.ts";
import { memoryV1, memoryV2 } from "./memory.ts";
import { integer, invalid, orMax, refuseOnV2, type Setting } from "./setting.ts";

/** Where settings can go: a hierarchy of the host, or a container's cgroup in one. */
export interface Home {
  readonly version: 1 | 2;
  /** As v1 names them. */
  readonly controllers: readonly string[];
}

/** A setting and where it is written. */
export type Placed<H extends Home> = Setting & { readonly home: H };

interface Subject {
  /** As v1 names them; empty: each setting says its own. */
  readonly v1: (resources: SpecResources) => Setting[];
  readonly v2: (resources: SpecResources) => Setting[];
}

/** What a subject of the specification becomes, by the version of the hierarchy that has its controller. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  memory: { v1: ({ memory = {} }) => memoryV1(memory), v2: ({ memory = {} }) => memoryV2(memory) },
  cpu: { v1: ({ cpu = {} }) => cpuV1(cpu), v2: ({ cpu = {} }) => cpuV2(cpu) },
  blkio: { v1: ({ blockIO = {} }) => blockIoV1(blockIO), v2: ({ blockIO = {} }) => blockIoV2(blockIO) },
  pids: { v1: pids, v2: pids },
  hugetlb: {
    v1: (resources) => hugetlb(resources, "limit_in_bytes"),
    v2: (resources) => hugetlb(resources, "max"),
  },
  net_cls: { v1: network, v2: refuseNetwork },
  rdma: { v1: rdma, v2: rdma },
};

/**
 * `linux.resources` (devices apart) as values for files, each where its controller is: on a hybrid host some are on v1
 * and some on v2. config-linux.md: a controller that was asked for and is not there is an error.
 */
export function settingsOf<H extends Home>(resources: SpecResources, homes: readonly H[]): Placed<H>[] {
  const unified = homes.find(({ version }) => version === 2);
  const v1 = homes.some(({ version }) => version === 1);
  const placed = Object.entries(SUBJECTS).flatMap(([controller, subject]) => {
    const version = locate(homes, controller)?.version ?? (v1 ? 1 : 2);
    const settings = version === 1 ? subject.v1(resources) : subject.v2(resources);
    return settings.flatMap((setting) => place(setting, homes));
  });
  return [...placed, ...unifiedSettings(resources, unified)];
}

const locate = <H extends Home>(homes: readonly H[], controller: string): H | undefined =>
  homes.find(({ controllers }) => controllers.includes(controller));

function place<H extends Home>(setting: Setting, homes: readonly H[]): Placed<H>[] {
  const home = locate(homes, setting.controller);
  if (home !== undefined) return [{ ...setting, home }];
  if (setting.optional === true) return [];
  throw new InroError("CGROUP_CONTROLLER_MISSING", {
    what: `cannot set ${setting.file} to ${setting.value}`,
    why: `there is no "${setting.controller}" controller here`,
    hint: "see /proc/cgroups and cgroup.controllers for those that this host has, and whether you may use them",
    at: `/linux/resources${setting.at}`,
  });
}

function pids({ pids: wanted }: SpecResources): Setting[] {
  if (wanted?.limit === undefined) return [];
  // config-linux.md, "PIDs": 0 is a valid limit, -1 is none.
  const at = "/pids/limit";
  return [{ controller: "pids", file: "pids.max", value: orMax(wanted.limit, at), at }];
}

/** config-linux.md, "Huge page limits": reservations where the kernel counts them, else what is in use. */
function hugetlb({ hugepageLimits = [] }: SpecResources, suffix: string): Setting[] {
  return hugepageLimits.map(({ pageSize, limit }, index) => {
    const at = `/hugepageLimits/${index}`;
    if (!/^\d+[KMG]B$/.test(pageSize)) throw badFile(pageSize, `${at}/pageSize`);
    const file = `hugetlb.${pageSize}`;
    const value = integer(limit);
    const otherwise = { file: `${file}.${suffix}`, value };
    return { controller: "hugetlb", file: `${file}.rsvd.${suffix}`, value, otherwise, at };
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

function refuseNetwork({ network: wanted = {} }: SpecResources): Setting[] {
  refuseOnV2(wanted.classID !== undefined, "/network/classID", "the class of network packets");
  refuseOnV2((wanted.priorities ?? []).length > 0, "/network/priorities", "priorities of interfaces");
  return [];
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

/** Files that do not configure a cgroup but move or kill processes, whoever they are. */
const NO_CONFIGURATION = ["cgroup.procs", "cgroup.threads", "cgroup.kill"];

/**
 * config-linux.md, "Unified": each key is a file of the v2 hierarchy; what we do not know is written all the same. The
 * kernel takes one line at a time.
 */
function unifiedSettings<H extends Home>(
  { unified: wanted = {} }: SpecResources,
  home: H | undefined,
): Placed<H>[] {
  return Object.entries(wanted).flatMap(([file, value]) => {
    const at = `/unified/${file}`;
    if (!/^[a-z]\w*(\.\w+)+$/i.test(file) || NO_CONFIGURATION.includes(file)) throw badFile(file, at);
    const name = file.split(".")[0] as string;
    const controller = name === "io" ? "blkio" : name;
    if (home === undefined || (controller !== "cgroup" && !home.controllers.includes(controller))) {
      throw new InroError("CGROUP_CONTROLLER_MISSING", {
        what: `cannot set ${file}`,
        why: `the unified hierarchy of this host has no "${name}" controller`,
        at: `/linux/resources${at}`,
      });
    }
    const lines = value.split("\n").filter((line) => line !== "");
    return (lines.length === 0 ? [""] : lines).map((line) => ({ controller, file, value: line, at, home }));
  });
}

const badFile = (name: string, at: string): InroError =>
  invalid(at, `cannot set the cgroup value "${name}"`, "that is no file that configures a cgroup");

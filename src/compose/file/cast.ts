import { composeError } from "./error.ts";
import type { Entry, Node, Scalar } from "./node.ts";
import { type Branch, below, branches } from "./path.ts";

type Cast = (text: string) => boolean | number | undefined;
interface Wanted {
  readonly cast: Cast;
  readonly what: string;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  y: true,
  on: true,
  false: false,
  no: false,
  n: false,
  off: false,
};

const flag: Wanted = { cast: (text) => BOOLEANS[text.toLowerCase()], what: "true or false" };
const integer: Wanted = {
  cast: (text) => (/^[-+]?[0-9]{1,15}$/.test(text) ? Number(text) : undefined),
  what: "a whole number",
};
const number: Wanted = {
  cast: (text) =>
    /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/.test(text) ? Number(text) : undefined,
  what: "a number",
};
/** As chmod writes it; a leading 0 or 0o changes nothing. */
const mode: Wanted = {
  cast: (text) => (/^(0o)?[0-7]{1,5}$/.test(text) ? Number.parseInt(text.replace("0o", ""), 8) : undefined),
  what: "a mode of octal digits",
};

/**
 * Where a text means something else: a variable's value is one, and YAML 1.1's `yes` and `on` are. Sizes, durations and
 * what may also be a name stay texts: who knows their units reads them.
 */
const TABLE = branches<Wanted>({
  "configs.*.external": flag,
  "networks.*.attachable": flag,
  "networks.*.enable_ipv4": flag,
  "networks.*.enable_ipv6": flag,
  "networks.*.external": flag,
  "networks.*.internal": flag,
  "secrets.*.external": flag,
  "volumes.*.external": flag,
  "models.*.context_size": integer,
  "services.*.attach": flag,
  "services.*.blkio_config.weight": integer,
  "services.*.blkio_config.weight_device.*.weight": integer,
  "services.*.build.no_cache": flag,
  "services.*.build.privileged": flag,
  "services.*.build.pull": flag,
  "services.*.build.secrets.*.mode": mode,
  "services.*.build.ulimits.*": integer,
  "services.*.build.ulimits.*.hard": integer,
  "services.*.build.ulimits.*.soft": integer,
  "services.*.configs.*.mode": mode,
  "services.*.cpu_count": integer,
  "services.*.cpu_percent": number,
  "services.*.cpu_shares": integer,
  "services.*.cpus": number,
  "services.*.depends_on.*.required": flag,
  "services.*.depends_on.*.restart": flag,
  "services.*.deploy.placement.max_replicas_per_node": integer,
  "services.*.deploy.replicas": integer,
  "services.*.deploy.resources.limits.pids": integer,
  "services.*.deploy.restart_policy.max_attempts": integer,
  "services.*.deploy.rollback_config.max_failure_ratio": number,
  "services.*.deploy.rollback_config.parallelism": integer,
  "services.*.deploy.update_config.max_failure_ratio": number,
  "services.*.deploy.update_config.parallelism": integer,
  "services.*.develop.watch.*.initial_sync": flag,
  "services.*.env_file.*.required": flag,
  "services.*.healthcheck.disable": flag,
  "services.*.healthcheck.retries": integer,
  "services.*.init": flag,
  "services.*.mem_swappiness": integer,
  "services.*.networks.*.gw_priority": integer,
  "services.*.networks.*.priority": integer,
  "services.*.oom_kill_disable": flag,
  "services.*.oom_score_adj": integer,
  "services.*.pids_limit": integer,
  "services.*.ports.*.target": integer,
  "services.*.post_start.*.privileged": flag,
  "services.*.pre_stop.*.privileged": flag,
  "services.*.privileged": flag,
  "services.*.read_only": flag,
  "services.*.scale": integer,
  "services.*.secrets.*.mode": mode,
  "services.*.stdin_open": flag,
  "services.*.tty": flag,
  "services.*.ulimits.*": integer,
  "services.*.ulimits.*.hard": integer,
  "services.*.ulimits.*.soft": integer,
  "services.*.use_api_socket": flag,
  "services.*.volumes.*.bind.create_host_path": flag,
  "services.*.volumes.*.read_only": flag,
  "services.*.volumes.*.tmpfs.mode": mode,
  "services.*.volumes.*.volume.nocopy": flag,
});

/** The same with its texts as what their place wants. Refuses those that cannot be it. */
export function cast<N extends Node>(node: N, branch: Branch<Wanted> | undefined = TABLE, path = ""): N {
  if (branch === undefined) return node;
  if (node.kind === "scalar") return one(node, branch.value, path) as N;
  if (node.kind === "sequence") {
    const items = node.items.map((item, index) => cast(item, below(branch, "*"), `${path}[${index}]`));
    return items.every((item, index) => item === node.items[index]) ? node : { ...node, items };
  }
  const entries = new Map<string, Entry>();
  let changed = false;
  for (const [key, entry] of node.entries) {
    const value = cast(entry.value, below(branch, key), path === "" ? key : `${path}.${key}`);
    changed ||= value !== entry.value;
    entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return changed ? { ...node, entries } : node;
}

function one(node: Scalar, wanted: Wanted | undefined, path: string): Scalar {
  if (wanted === undefined || typeof node.value !== "string") return node;
  const value = wanted.cast(node.value);
  if (value !== undefined) return { ...node, value };
  const hint = node.value === "" ? "does a variable in it have no value?" : undefined;
  throw composeError(node.place, `cannot use ${path}`, `"${node.value}" is not ${wanted.what}`, hint);
}

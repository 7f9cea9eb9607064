import type { ContainerEdit, Replaced } from "../../engine/edit/asked.ts";
import { LIST_NAMES } from "../../engine/edit/lists.ts";
import type { LogOptions, SecurityOptions } from "../../engine/options.ts";
import { type Asked, asked, invalid, keys, object, text, textOrNull, textRecord, texts } from "../asked.ts";
import { KNOWN, LISTS, REFUSED, SET, SET_NAMES } from "./edit-fields.ts";
import { endpoint } from "./endpoints.ts";
import { logOptions } from "./log.ts";
import { networkModeOf } from "./modes.ts";
import { ports } from "./ports.ts";
import { securityOptions } from "./security.ts";
import { askedChange } from "./update.ts";

/**
 * `{"Name", "Set": as create's body, "Remove": {"Env", "Labels", "Mounts", …}, "Reset": ["User", …]}`: what is absent
 * stays; what cannot be changed of a container that is there is refused. `log`: what its log was asked to be.
 */
export function askedEdit(body: Asked, log: LogOptions["asked"]): ContainerEdit {
  const [set, gone] = [object(body, "Set"), object(body, "Remove")];
  const host = object(set, "HostConfig");
  refuseOthers(body, KNOWN.body);
  refuseOthers(set, KNOWN.Config);
  refuseOthers(host, KNOWN.HostConfig);
  refuseOthers(gone, KNOWN.Remove);
  const reset = texts(body, "Reset").map((field, index) => replacedOf(field, `Reset[${index}]`));
  const removed = securityDefaults(gone);
  const values = SET_NAMES.map((key) => {
    const { of, name, read } = SET[key];
    return [key, read(of === "Config" ? set : host, name)] as const;
  });
  return {
    name: textOrNull(body, "Name"),
    set: {
      ...Object.fromEntries(values.filter(([, value]) => value !== null)),
      ...editedLog(host, gone, log),
    },
    reset: [...reset, ...removed.reset],
    security: { ...removed.security, ...securityOptions(host) },
    lists: Object.fromEntries(
      LIST_NAMES.map((name) => {
        const { remove, read } = LISTS[name];
        return [name, { set: read(set, host), remove: texts(gone, remove) }];
      }),
    ) as unknown as ContainerEdit["lists"],
    ports: { publish: ports(host), withdraw: ports(gone, "Ports") },
    networks: networks(set, host, gone),
    limits: askedChange(host),
  };
}

function replacedOf(field: string, at: string): Replaced {
  const known = SET_NAMES.find((key) => SET[key].name === field);
  if (known !== undefined) return known;
  if (field === "LogConfig") return "log";
  throw invalid(
    at,
    `"${field}" is none of ${[...SET_NAMES.map((key) => SET[key].name), "LogConfig"].join(", ")}`,
  );
}

const SECURITY: Readonly<
  Record<string, { readonly security: Partial<SecurityOptions>; readonly reset: readonly Replaced[] }>
> = {
  seccomp: { security: { seccomp: { kind: "default" } }, reset: [] },
  "no-new-privileges": { security: { noNewPrivileges: false }, reset: [] },
  systempaths: { security: { systemPaths: "masked" }, reset: ["maskedPaths", "readonlyPaths"] },
};

function securityDefaults(gone: Asked) {
  const found = texts(gone, "SecurityOpt").map((option) => {
    const known = SECURITY[option.replace(/[=:].*/s, "")];
    if (known !== undefined) return known;
    throw invalid(`${gone.at}SecurityOpt`, `"${option}" is none of ${Object.keys(SECURITY).join(", ")}`);
  });
  return {
    security: Object.assign({}, ...found.map(({ security }) => security)) as Partial<SecurityOptions>,
    reset: found.flatMap(({ reset }) => reset),
  };
}

/** One option of the log after the other; another driver begins without any. */
function editedLog(host: Asked, gone: Asked, log: LogOptions["asked"]): { readonly log?: LogOptions } {
  const said = object(host, "LogConfig");
  const removed = texts(gone, "LogConfig");
  if (keys(host, "LogConfig").length + removed.length === 0) return {};
  const type = text(said, "Type") || log.type;
  const kept = Object.entries(type === log.type ? log.config : {}).filter(
    ([name]) => !removed.includes(name),
  );
  const unknown = removed.find((name) => log.config[name] === undefined);
  if (unknown !== undefined) throw invalid(`${gone.at}LogConfig`, `its log has no option "${unknown}"`);
  const Config = { ...Object.fromEntries(kept), ...textRecord(said, "Config") };
  return { log: logOptions(asked({ Type: type, Config }, said.at)) };
}

function networks(set: Asked, host: Asked, gone: Asked): ContainerEdit["networks"] {
  const all = object(object(set, "NetworkingConfig"), "EndpointsConfig");
  const named = text(host, "NetworkMode");
  return {
    mode: named === "" ? null : networkModeOf(named),
    connect: Object.keys(all.fields).map((name) => ({
      network: name === "default" ? "bridge" : name,
      ...endpoint(object(all, name)),
    })),
    disconnect: texts(gone, "Networks"),
  };
}

function refuseOthers({ fields, at }: Asked, known: readonly string[]): void {
  const other = Object.keys(fields).find((name) => !known.includes(name));
  if (other === undefined) return;
  throw invalid(
    at + other,
    REFUSED[other] ?? "an edit does not change it: make another container, or leave it out",
  );
}

import type { ContainerOptions } from "../../engine/options.ts";
import { type Asked, invalid, textRecord } from "../asked.ts";
import { sizeInWords } from "./size.ts";

/** HostConfig.StorageOpt, of which there is one: `size`. INVALID_OPTION */
export function storage(host: Asked): ContainerOptions["storage"] {
  const asked = textRecord(host, "StorageOpt");
  let size: number | null = null;
  for (const [name, value] of Object.entries(asked)) {
    const at = `${host.at}StorageOpt.${name}`;
    if (name !== "size") throw invalid(at, `unknown option "${name}" (there is size)`);
    size = sizeInWords(at, value);
  }
  return { size, asked };
}

import type { LinkOption } from "../../engine/options.ts";
import { type Asked, invalid, texts } from "../asked.ts";

/** Links of HostConfig, or of one network: `container[:alias]`, or as inspect tells them, `/container:/self/alias`. */
export function links(from: Asked): readonly LinkOption[] {
  const all = texts(from, "Links").map((text, index) => link(text, `${from.at}Links[${index}]`));
  return [...new Map(all.map((each) => [`${each.container}:${each.alias}`, each])).values()];
}

function link(text: string, at: string): LinkOption {
  const [name = "", to = name, ...rest] = text.split(":");
  const container = name.replace(/^\//, "");
  const alias = to.split("/").at(-1) ?? "";
  if (rest.length > 0 || container === "" || !/^[^\s#]{1,255}$/.test(alias))
    throw invalid(at, `invalid argument "${text}": bad format for links, it is CONTAINER[:ALIAS]`);
  return { container, name: container, alias };
}

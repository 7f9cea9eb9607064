import { at } from "../../client/client.ts";
import { pairs } from "../create/environment.ts";
import { each } from "../each.ts";
import { opened } from "../input-file.ts";
import { flag, list, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { refuseTerminal, writeOutput } from "../output-file.ts";
import { filters, type Listing, listing, type Row } from "../print/listing.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

export interface Volume {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Scope: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export const create = verb({
  usage: "[OPTIONS] [NAME]",
  options: {
    label: list("KEY=VALUE", "Set a label"),
    driver: text("NAME", "local", { short: "d", hidden: true }),
    opt: list("KEY=VALUE", "type, device and o of what to mount, or size=10g", { short: "o" }),
    name: text("NAME", "Its name", { hidden: true }),
  },
  args: [0, 1],
  async run({ client }, { options, args: [name = options.name] }) {
    const made = await client.json<Volume>({
      method: "POST",
      path: "/volumes/create",
      body: {
        Name: name,
        Driver: options.driver ?? "local",
        DriverOpts: pairs(options.opt),
        Labels: pairs(options.label),
      },
    });
    out(`${made.Name}\n`);
    return 0;
  },
});

export const spec: Listing = {
  quiet: "Name",
  columns: ["Driver", "Name"],
  titles: {
    Name: "VOLUME NAME",
    Driver: "DRIVER",
    Mountpoint: "MOUNTPOINT",
    Scope: "SCOPE",
    Labels: "LABELS",
  },
};

/** By their names, as people count. */
export function rowsOf(volumes: readonly Volume[]): readonly Row[] {
  const inOrder = new Intl.Collator("en", { numeric: true }).compare;
  return volumes
    .toSorted((a, b) => inOrder(a.Name, b.Name))
    .map((volume) => ({
      Driver: volume.Driver,
      Labels: Object.entries(volume.Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
      Mountpoint: volume.Mountpoint,
      Name: volume.Name,
      Scope: volume.Scope,
      Label: (name: unknown) => volume.Labels?.[String(name)] ?? "",
    }));
}

export const ls = verb({
  usage: "[OPTIONS]",
  options: {
    quiet: flag("Names only", { short: "q" }),
    filter: list("KEY=VALUE", "Only those that fit: dangling=true, name=x, label=x", { short: "f" }),
    format: text("TEMPLATE", "table, json, or a Go template"),
  },
  args: [0, 0],
  async run({ client }, { options }) {
    const query = { filters: filters(options.filter) };
    const found = await client.json<{ Volumes: readonly Volume[] | null }>({
      method: "GET",
      path: "/volumes",
      query,
    });
    out(listing(spec, rowsOf(found.Volumes ?? []), options));
    return 0;
  },
});

export const rm = verb({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  options: { force: flag("One that is not there is no failure", { short: "f" }) },
  args: [1, ANY],
  run: ({ client }, { options, args }) =>
    each(args, async (name) => {
      await client.send({ method: "DELETE", path: at`/volumes/${name}`, query: { force: options.force } });
      out(`${name}\n`);
    }),
});

export const rename = verb({
  usage: "VOLUME NEW_NAME",
  options: {},
  args: [2, 2],
  examples: ["inro volume rename data old-data"],
  async run({ client }, { args: [name = "", to] }) {
    await client.send({ method: "POST", path: at`/inro/volumes/${name}/rename`, query: { name: to } });
    return 0;
  },
});

export const clone = verb({
  usage: "[OPTIONS] VOLUME [NEW_NAME]",
  options: { label: list("KEY=VALUE", "Set a label of the new volume") },
  args: [1, 2],
  examples: ["inro volume clone data data-before-upgrade"],
  async run({ client }, { options, args: [name = "", to] }) {
    const made = await client.json<Volume>({
      method: "POST",
      path: at`/inro/volumes/${name}/clone`,
      body: { Name: to, Labels: pairs(options.label) },
    });
    out(`${made.Name}\n`);
    return 0;
  },
});

export const exportVolume = verb({
  usage: "[OPTIONS] VOLUME",
  options: { output: text("FILE", "Write to a file instead of standard output", { short: "o" }) },
  args: [1, 1],
  examples: ["inro volume export -o data.tar data", "inro volume export data | zstd > data.tar.zst"],
  async run({ client }, { options, args: [name = ""] }) {
    refuseTerminal(options.output);
    const { body } = await client.send({ method: "GET", path: at`/inro/volumes/${name}/export` });
    await writeOutput(body, options.output);
    return 0;
  },
});

export const importVolume = verb({
  usage: "[OPTIONS] VOLUME [FILE]",
  options: {
    label: list("KEY=VALUE", "Set a label"),
    opt: list("KEY=VALUE", "An option of the volume: size=10g", { short: "o" }),
  },
  args: [1, 2],
  examples: [
    "inro volume import data data.tar",
    "ssh there inro volume export data | inro volume import data",
  ],
  async run({ client }, { options, args: [name = "", file = "-"] }) {
    if (file === "-" && isTerminal(0))
      throw new UsageError("there is nothing to read: name a file, or redirect one into it", 1);
    const made = await client.json<Volume>({
      method: "POST",
      path: at`/inro/volumes/${name}/import`,
      query: {
        labels: JSON.stringify(pairs(options.label)),
        options: JSON.stringify(pairs(options.opt)),
      },
      headers: { "content-type": "application/x-tar" },
      stream: file === "-" ? process.stdin : await opened(file),
    });
    out(`${made.Name}\n`);
    return 0;
  },
});

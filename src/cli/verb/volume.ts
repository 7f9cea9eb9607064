import { at } from "../client/client.ts";
import { pairs } from "../create/environment.ts";
import { each } from "../each.ts";
import { flag, list, text } from "../options/option.ts";
import { filters, type Listing, listing } from "../print/listing.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

interface Volume {
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
    opt: list("KEY=VALUE", "An option of the driver", { short: "o", hidden: true }),
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

const spec: Listing = {
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
    const rows = (found.Volumes ?? []).map((volume) => ({
      Driver: volume.Driver,
      Labels: Object.entries(volume.Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
      Mountpoint: volume.Mountpoint,
      Name: volume.Name,
      Scope: volume.Scope,
      Label: (name: unknown) => volume.Labels?.[String(name)] ?? "",
    }));
    out(listing(spec, rows, options));
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

import { ApiError, at } from "../../client/client.ts";
import { each } from "../each.ts";
import { flag, list, text } from "../options/option.ts";
import { shortId } from "../print/human.ts";
import { filters, type Listing, listing } from "../print/listing.ts";
import { out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Created: string;
  readonly Internal: boolean;
  readonly EnableIPv6: boolean;
  readonly Labels: Readonly<Record<string, string>> | null;
}

const spec: Listing = {
  quiet: "ID",
  columns: ["ID", "Name", "Driver", "Scope"],
  titles: {
    ID: "NETWORK ID",
    Name: "NAME",
    Driver: "DRIVER",
    Scope: "SCOPE",
    IPv6: "IPV6",
    Internal: "INTERNAL",
    Labels: "LABELS",
    CreatedAt: "CREATED AT",
  },
};

export const ls = verb({
  usage: "[OPTIONS]",
  options: {
    quiet: flag("Ids only", { short: "q" }),
    filter: list("KEY=VALUE", "Only those that fit: name=x, driver=bridge", { short: "f" }),
    "no-trunc": flag("Ids in full"),
    format: text("TEMPLATE", "table, json, or a Go template"),
  },
  args: [0, 0],
  async run({ client }, { options }) {
    const query = { filters: filters(options.filter) };
    const found = await client.json<readonly Network[]>({ method: "GET", path: "/networks", query });
    const rows = found.map((network) => ({
      CreatedAt: network.Created,
      Driver: network.Driver,
      ID: options["no-trunc"] ? network.Id : shortId(network.Id),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Labels: Object.entries(network.Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
      Name: network.Name,
      Scope: network.Scope,
    }));
    out(listing(spec, rows, options));
    return 0;
  },
});

export const rm = verb({
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  options: { force: flag("One that is not there is no failure", { short: "f" }) },
  args: [1, ANY],
  run: ({ client }, { options, args }) =>
    each(args, async (name) => {
      try {
        await client.send({ method: "DELETE", path: at`/networks/${name}` });
      } catch (error) {
        if (options.force && error instanceof ApiError && error.status === 404) return;
        throw error;
      }
      out(`${name}\n`);
    }),
});

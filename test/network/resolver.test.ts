import { describe, expect, test } from "bun:test";
import { hostsFile } from "../../src/network/hosts.ts";
import { resolvConf } from "../../src/network/resolver.ts";

const asked = { network: "bridge", servers: [], search: [], options: [] } as const;
const host = (configuration: string, upstream?: string) => ({ configuration, upstream });

describe("resolv.conf", () => {
  test("is the host's, comments left out", () => {
    const text = "# made by hand\nnameserver 10.0.0.53 ; first\nsearch example.org corp\noptions ndots:2\n";
    expect(resolvConf(host(text), asked)).toEqual({
      text: "nameserver 10.0.0.53\nsearch example.org corp\noptions ndots:2\n",
      warnings: [],
    });
  });

  test("leaves out servers that a container cannot reach while others remain", () => {
    const text = "nameserver 127.0.0.1\nnameserver fd00::53\nnameserver 10.0.0.53\n";
    expect(resolvConf(host(text), asked).text).toBe("nameserver 10.0.0.53\n");
  });

  test("names the real servers behind systemd-resolved's stub", () => {
    const stub = host("nameserver 127.0.0.53\noptions edns0\n", "nameserver 192.168.1.1\n");
    expect(resolvConf(stub, asked)).toEqual({
      text: "nameserver 192.168.1.1\noptions edns0\n",
      warnings: [],
    });
  });

  test("leads to ours where the host's servers cannot be reached, and names public ones where it has none", () => {
    for (const server of ["127.0.0.1", "::1", "fd00::53"])
      expect(resolvConf(host(`nameserver ${server}\nsearch corp\n`), asked)).toEqual({
        text: "nameserver 127.0.0.11\nsearch corp\noptions ndots:0\n",
        warnings: [],
      });
    const { text, warnings } = resolvConf(host(""), asked);
    expect(text).toBe("nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
    expect(warnings[0]).toContain("the host names no resolver");
  });

  test("leads to ours in a network that somebody made, whatever is asked in turn", () => {
    const named = { ...asked, network: "named" } as const;
    const text = "nameserver 10.0.0.53\nsearch corp\noptions ndots:2 edns0\n";
    const ours = "nameserver 127.0.0.11\nsearch corp\noptions ndots:2 edns0\n";
    expect(resolvConf(host(text), named)).toEqual({ text: ours, warnings: [] });
    expect(resolvConf(host(text), { ...named, servers: ["9.9.9.9"] })).toEqual({ text: ours, warnings: [] });
    expect(resolvConf(host(""), { ...named, servers: ["9.9.9.9"] })).toEqual({
      text: "nameserver 127.0.0.11\noptions ndots:0\n",
      warnings: [],
    });
    // The container's own, which may ask ours.
    expect(resolvConf(host(""), { ...named, servers: ["127.0.0.1", "9.9.9.9"] }).text).toBe(
      "nameserver 127.0.0.1\nnameserver 9.9.9.9\n",
    );
    expect(resolvConf(host(""), named).text).toBe("nameserver 127.0.0.11\noptions ndots:0\n");
  });

  test("is the host's word for word where the host's network is used", () => {
    expect(resolvConf(host("nameserver 127.0.0.53\n"), { ...asked, network: "host" }).text).toBe(
      "nameserver 127.0.0.53\n",
    );
  });

  test("is what was asked for, each part on its own", () => {
    const request = { ...asked, servers: ["9.9.9.9"], search: ["a.b"], options: ["timeout:1"] };
    expect(resolvConf(host("nameserver 10.0.0.1\nsearch x\noptions y\n"), request).text).toBe(
      "nameserver 9.9.9.9\nsearch a.b\noptions timeout:1\n",
    );
    expect(resolvConf(host("search x\nnameserver 10.0.0.1\n"), { ...asked, search: ["."] }).text).toBe(
      "nameserver 10.0.0.1\n",
    );
  });

  test("a line break in a value cannot become a line of the file (R24)", () => {
    for (const request of [
      { ...asked, servers: ["1.1.1.1\nnameserver 6.6.6.6"] },
      { ...asked, search: ["a\nnameserver 6.6.6.6"] },
      { ...asked, options: ["a\nb"] },
    ])
      expect(() => resolvConf(host(""), request)).toThrow();
  });
});

describe("hosts", () => {
  const request = {
    hostname: "web",
    domainname: null,
    addresses: ["172.20.0.5"],
    gateways: ["172.20.0.1"],
    extra: [],
    base: null,
  };
  const last = (text: string) => text.trimEnd().split("\n").at(-1);

  test("names localhost and the container", () => {
    const text = hostsFile(request);
    expect(text).toStartWith("127.0.0.1\tlocalhost\n");
    expect(last(text)).toBe("172.20.0.5\tweb");
    expect(last(hostsFile({ ...request, domainname: "example.org" }))).toBe(
      "172.20.0.5\tweb.example.org web",
    );
    expect(last(hostsFile({ ...request, hostname: "web.example.org" }))).toBe(
      "172.20.0.5\tweb.example.org web",
    );
  });

  test("has what --add-host adds, host-gateway too", () => {
    const text = hostsFile({
      ...request,
      extra: ["db:10.0.0.9", "host.internal:host-gateway", "six:[fd00::1]"],
    });
    expect(text).toContain("\n10.0.0.9\tdb\n172.20.0.1\thost.internal\nfd00::1\tsix\n");
  });

  test("always names the host, as the user does where he does", () => {
    expect(hostsFile(request)).toContain("\n172.20.0.1\thost.docker.internal\n");
    const own = hostsFile({ ...request, extra: ["host.docker.internal:10.0.0.9"] });
    expect(own.indexOf("10.0.0.9\thost.docker")).toBeLessThan(own.indexOf("172.20.0.1\thost.docker"));
    expect(own).toContain("10.0.0.9\thost.docker.internal\n");
    expect(hostsFile({ ...request, gateways: [] })).not.toContain("host.docker.internal");
  });

  test("refuses what is not name:address", () => {
    for (const entry of ["db", "db:", ":1.2.3.4", "db:1.2.3", "db:1.2.3.4\n6.6.6.6 evil"])
      expect(() => hostsFile({ ...request, extra: [entry] })).toThrow("--add-host");
  });

  test("is the host's own file in the host's network", () => {
    expect(hostsFile({ ...request, addresses: [], gateways: [], base: "127.0.0.1 me\n" })).toBe(
      "127.0.0.1 me\n",
    );
  });
});

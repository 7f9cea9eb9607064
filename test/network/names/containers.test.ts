import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { busyboxMissing } from "../../engine/busybox.ts";
import { rootMissing } from "../../support/engine.ts";
import { type Setting, setting, type Told } from "./setting.ts";

const found = (...data: string[]) => expect.objectContaining({ rcode: 0, cut: false, data });
const failed = (rcode: number) => expect.objectContaining({ rcode, data: [] });
const NO_SUCH_NAME = 3;
const SERVER_FAILURE = 2;
const sorted = (told: Told | undefined) => (typeof told === "object" ? told.data.toSorted() : told);

describe.skipIf(rootMissing || busyboxMissing)("names of containers", () => {
  let s: Setting;
  const addressIn = (container: string, network: string) =>
    s.ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container);

  beforeAll(async () => {
    s = await setting();
    for (const network of ["web", "back"]) await s.ok("network", "create", network);
    await s.ok("network", "create", "--internal", "inner");
    await s.run("app", "--network", "web", "--hostname", "front", "--network-alias", "every");
    await s.run("db", "--network", "web", "--network-alias", "database", "--network-alias", "every");
    await s.run("apart", "--network", "back");
    await s.run("alone", "--network", "inner", "--network-alias", "lonely");
  }, 60_000);
  afterAll(async () => {
    await s?.[Symbol.asyncDispose]();
  }, 60_000);

  test("both ways, by name, alias, short id, host name, with the network's; by datagram and by stream", async () => {
    const [app, db] = [await addressIn("app", "web"), await addressIn("db", "web")];
    const id = (await s.ok("inspect", "-f", "{{.Id}}", "db")).slice(0, 12);
    const words = ["db", "database", id, "DB.web", "app", "front"];
    const expected = [db, db, db, db, app, app].map((address) => found(address));
    expect(await s.ask("app", "udp", ...words)).toEqual(expected);
    expect(await s.ask("app", "tcp", ...words)).toEqual(expected);
    expect(await s.ask("db", "udp", "app")).toEqual([found(app)]);
    expect(await s.ok("exec", "db", "ping", "-c", "1", "app")).toContain(app);
  });

  test("of several containers: all addresses, each of them first at some time", async () => {
    const all = [await addressIn("app", "web"), await addressIn("db", "web")].sort();
    const told = await s.ask("app", "udp", ...Array.from({ length: 40 }, () => "every"));
    for (const one of told) expect(sorted(one)).toEqual(all);
    const first = new Set(told.map((one) => (typeof one === "object" ? one.data[0] : one)));
    expect([...first].sort()).toEqual(all);
  });

  test("backwards; an address of the network that nobody has is nobody's", async () => {
    const db = await addressIn("db", "web");
    const arpa = (address: string) => `${address.split(".").reverse().join(".")}.in-addr.arpa:PTR`;
    const free = db.replace(/\d+$/, "250");
    expect(await s.ask("app", "udp", arpa(db), arpa(free))).toEqual([found("db.web"), failed(NO_SUCH_NAME)]);
  });

  test("without IPv6 have no such address, but are there", async () => {
    expect(await s.ask("app", "udp", "db:AAAA", "db:TXT")).toEqual([found(), found()]);
  });

  test("with IPv6 have both addresses, and both lead back", async () => {
    await s.ok("network", "create", "--ipv6", "--subnet", "fd00:53::/64", "dual");
    await s.run("six", "--network", "dual", "--ip6", "fd00:53::66");
    const four = await addressIn("six", "dual");
    const arpa = `6.6.${"0.".repeat(22)}3.5.0.0.0.0.d.f.ip6.arpa:PTR`;
    expect(await s.ask("six", "udp", "six", "six:AAAA", arpa)).toEqual([
      found(four),
      found("fd00:53::66"),
      found("six.dual"),
    ]);
    expect(await s.getent("six", "ahostsv6", "six")).toContain("fd00:53::66");
    expect(await s.getent("six", "hosts", "fd00:53::66")).toContain("six.dual");
    await s.ok("rm", "-f", "six");
    await s.ok("network", "rm", "dual");
  }, 120_000);

  test("are those of the container's own networks", async () => {
    s.resolvConf("nameserver 198.51.100.1\n");
    const other = await s.server("198.51.100.1");
    expect(await s.ask("apart", "udp", "none.db")).toEqual([failed(NO_SUCH_NAME)]);
    // Unknown here, it is a name like any other.
    expect(await s.ask("apart", "udp", "db", "apart")).toEqual([
      found("203.0.113.1"),
      found(await addressIn("apart", "back")),
    ]);
    expect(await s.ask("app", "udp", "apart")).toEqual([found("203.0.113.1")]);
    other.stop();
  });

  test("in an internal network are all that there are", async () => {
    s.resolvConf("nameserver 198.51.100.1\n");
    const other = await s.server("198.51.100.1");
    const alone = await addressIn("alone", "inner");
    const words = ["lonely", "example.org", "host.docker.internal"];
    expect(await s.ask("alone", "udp", ...words)).toEqual([
      found(alone),
      failed(NO_SUCH_NAME),
      failed(NO_SUCH_NAME),
    ]);
    expect(other.asked).toEqual([]);
    other.stop();
  });

  test("follow connect and disconnect while containers run, and renaming", async () => {
    await s.run("mover", "--network", "back");
    await s.ok("network", "connect", "--alias", "visitor", "web", "mover");
    const there = await addressIn("mover", "web");
    expect(await s.ask("app", "udp", "mover", "visitor")).toEqual([found(there), found(there)]);
    expect(await s.ask("mover", "udp", "db", "apart")).toEqual([
      found(await addressIn("db", "web")),
      found(await addressIn("apart", "back")),
    ]);
    await s.ok("rename", "mover", "moved");
    s.resolvConf("nameserver 198.51.100.1\n");
    const other = await s.server("198.51.100.1");
    expect(await s.ask("app", "udp", "none.x", "mover", "moved")).toEqual([
      failed(NO_SUCH_NAME),
      found("203.0.113.1"),
      found(there),
    ]);
    await s.ok("network", "disconnect", "web", "moved");
    expect(await s.ask("app", "udp", "moved")).toEqual([found("203.0.113.1")]);
    expect(await s.ask("moved", "udp", "db")).toEqual([found("203.0.113.1")]);
    await s.ok("rm", "-f", "moved");
    expect(await s.ask("apart", "udp", "moved")).toEqual([found("203.0.113.1")]);
    other.stop();
  }, 120_000);

  test("are answered for who was on the default network, once it is connected with another", async () => {
    s.resolvConf("nameserver 198.51.100.1\n");
    await s.run("plain");
    const resolv = () => s.ok("exec", "plain", "cat", "/etc/resolv.conf");
    expect(await resolv()).toBe("nameserver 198.51.100.1");
    await s.ok("network", "connect", "web", "plain");
    expect(await resolv()).toBe("nameserver 127.0.0.11\noptions ndots:0");
    expect(await s.ok("exec", "plain", "ping", "-c", "1", "db")).toContain(await addressIn("db", "web"));
    await s.ok("network", "disconnect", "web", "plain");
    expect(await resolv()).toBe("nameserver 198.51.100.1");
    await s.ok("rm", "-f", "plain");
    await s.run("nowhere", "--network", "none");
    await s.ok("network", "disconnect", "none", "nowhere");
    await s.ok("network", "connect", "web", "nowhere");
    expect(await s.ask("nowhere", "udp", "db")).toEqual([found(await addressIn("db", "web"))]);
    await s.ok("rm", "-f", "nowhere");
  }, 120_000);

  test("are told by inspect, as Docker has them", async () => {
    const { Aliases, DNSNames } = JSON.parse(
      await s.ok("inspect", "-f", "{{json .NetworkSettings.Networks.web}}", "app"),
    );
    const id = (await s.ok("inspect", "-f", "{{.Id}}", "app")).slice(0, 12);
    expect({ Aliases, DNSNames }).toEqual({ Aliases: ["every"], DNSNames: ["app", "every", id, "front"] });
  });

  test("explain shows what they need in the container's network", async () => {
    const told = await s.ok("explain", "app");
    expect(told).toMatch(/map .* nameSockets +on 127\.0\.0\.11:61053 for DNS queries/);
    expect(told).toMatch(/build .* netlink +127\.0\.0\.11:53 leads to 127\.0\.0\.11:61053/);
  });

  test("are not in the way of a container that serves port 53 on all of its addresses", async () => {
    const program = `${import.meta.dir}/serve-53.ts`;
    const own = await s.inside("db", process.execPath, program, await addressIn("db", "web"));
    expect(JSON.parse(own)).toEqual({ itself: "mine", neighbour: "mine", resolver: "not mine" });
  });

  test("survive the daemon: what is asked while it is down is answered by the next", async () => {
    const db = await addressIn("db", "web");
    const pid = await s.ok("inspect", "-f", "{{.State.Pid}}", "app");
    await s.engine.kill();
    const words = Array.from({ length: 20 }, () => "db");
    const client = [process.execPath, `${import.meta.dir}/client.ts`];
    const [datagrams, stream] = ["udp", "tcp"].map((how) =>
      s.host.run("nsenter", ["-t", pid, "-n", ...client, how, ...words]),
    );
    await Bun.sleep(500);
    await s.engine.serve();
    for (const asked of [datagrams, stream])
      expect(JSON.parse((await asked)?.stdout ?? "")).toEqual(words.map(() => found(db)));
    expect(await s.ask("app", "tcp", "db")).toEqual([found(db)]);
  }, 120_000);

  test("a thousand queries a second are answered, every one", async () => {
    const one = async (word: string) => {
      const told = await s.inside("app", process.execPath, `${import.meta.dir}/client.ts`, "1000", word);
      console.log(`1,000 queries a second for ${word}: ${told}`);
      return JSON.parse(told);
    };
    expect(await one("db")).toMatchObject({ sent: 1000, answered: 1000 });
    s.resolvConf("nameserver 198.51.100.1\n");
    const other = await s.server("198.51.100.1");
    expect(await one("example.org")).toMatchObject({ sent: 1000, answered: 1000 });
    other.stop();
  }, 120_000);

  test("what a container sends to its resolver hurts nobody", async () => {
    const told = await s.inside("app", process.execPath, `${import.meta.dir}/hostile.ts`);
    expect(told).toBe("done");
    expect(await s.ask("db", "udp", "app")).toEqual([found(await addressIn("app", "web"))]);
    expect(await s.ask("app", "udp", "db")).toEqual([found(await addressIn("db", "web"))]);
    expect(await s.ask("app", "tcp", "db")).toEqual([found(await addressIn("db", "web"))]);
  }, 120_000);

  describe("that nobody here has", () => {
    test("are asked of the host's servers; cut answers again by stream; large ones whole", async () => {
      s.resolvConf("nameserver 127.0.0.53\n");
      const other = await s.server("127.0.0.53");
      const words = ["example.org", "none.example.org", "large.example.org", "wrong.example.org"];
      expect(await s.ask("app", "udp", ...words)).toEqual([
        found("203.0.113.53"),
        failed(NO_SUCH_NAME),
        expect.objectContaining({ cut: true, data: [] }),
        found("203.0.113.53"),
      ]);
      const [large, wide] = [
        (await s.ask("app", "tcp", "large.example.org"))[0],
        (await s.ask("app", "udp", "wide.example.org+4096"))[0],
      ];
      expect(sorted(large)).toHaveLength(1500);
      expect(sorted(wide)).toHaveLength(60);
      expect(other.asked).toContain("127.0.0.53 tcp A large.example.org");
      other.stop();
    });

    test("are asked of IPv6 servers, and of those the host has now", async () => {
      const other = await s.server("::1", "198.51.100.2");
      s.resolvConf("nameserver ::1\n");
      expect(await s.ask("app", "udp", "a.example")).toEqual([found("203.0.113.6")]);
      s.resolvConf("nameserver 198.51.100.2\n");
      expect(await s.ask("app", "udp", "a.example")).toEqual([found("203.0.113.2")]);
      other.stop();
    });

    test("are asked of the next server when one is silent, refuses or is not there; of none, failure is told", async () => {
      const other = await s.server("198.51.100.1", "198.51.100.2");
      s.resolvConf("nameserver 127.0.0.77\nnameserver 198.51.100.1\n");
      for (const how of ["udp", "tcp"] as const)
        expect(await s.ask("app", how, "b.example")).toEqual([found("203.0.113.1")]);
      s.resolvConf("nameserver 198.51.100.1\nnameserver 198.51.100.2\n");
      expect(await s.ask("app", "udp", "refused.example")).toEqual([failed(5)]);
      expect(other.asked.filter((line) => line.includes("refused"))).toEqual([
        "198.51.100.1 udp A refused.example",
        "198.51.100.2 udp A refused.example",
      ]);
      expect(await s.ask("app", "udp", "silent.example")).toEqual([failed(SERVER_FAILURE)]);
      expect(new Set(other.asked.filter((line) => line.includes("silent")))).toEqual(
        new Set(["198.51.100.1 udp A silent.example", "198.51.100.2 udp A silent.example"]),
      );
      other.stop();
      s.resolvConf("nameserver 127.0.0.77\n");
      for (const how of ["udp", "tcp"] as const)
        expect(await s.ask("app", how, "c.example")).toEqual([failed(SERVER_FAILURE)]);
    }, 120_000);

    test("are asked of --dns where it says so; search domains and ndots mean what they do for glibc", async () => {
      const other = await s.server("198.51.100.1", "198.51.100.2");
      s.resolvConf("nameserver 198.51.100.1\nsearch corp.example\n");
      await s.run("told", "--network", "web", "--dns", "198.51.100.2", "--dns-search", "here.example");
      expect(await s.ok("exec", "told", "cat", "/etc/resolv.conf")).toBe(
        "nameserver 127.0.0.11\nsearch here.example\noptions ndots:0",
      );
      expect(await s.getent("told", "ahostsv4", "none")).toContain("code 2");
      expect(await s.getent("told", "ahostsv4", "db")).toContain(await addressIn("db", "web"));
      expect(await s.getent("told", "hosts", await addressIn("db", "web"))).toContain("db.web");
      expect(other.asked).toContain("198.51.100.2 udp A none");
      expect(other.asked).toContain("198.51.100.2 udp A none.here.example");
      await s.run("dotted", "--network", "web", "--dns-option", "ndots:2");
      const before = other.asked.length;
      expect(await s.getent("dotted", "ahostsv4", "x.y")).toContain("203.0.113.1");
      expect(other.asked.slice(before)).toEqual(["198.51.100.1 udp A x.y.corp.example"]);
      await s.run("itself", "--network", "web", "--dns", "127.0.0.1");
      expect(await s.ok("exec", "itself", "cat", "/etc/resolv.conf")).toBe(
        "nameserver 127.0.0.1\nsearch corp.example",
      );
      await s.ok("rm", "-f", "told", "dotted", "itself");
      other.stop();
    }, 120_000);

    test("are asked of us on the default network only where the host's servers cannot be", async () => {
      s.resolvConf("nameserver 127.0.0.53\n");
      const other = await s.server("127.0.0.53");
      await s.run("default");
      expect(await s.ok("exec", "default", "cat", "/etc/resolv.conf")).toContain("nameserver 127.0.0.11\n");
      expect(await s.getent("default", "ahostsv4", "d.example")).toContain("203.0.113.53");
      await s.ok("rm", "-f", "default");
      other.stop();
    });
  });
});

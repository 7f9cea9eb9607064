import { describe, expect, test } from "bun:test";
import { flag, list, read, text } from "../../src/cli/options/option.ts";
import { parse } from "../../src/cli/options/parse.ts";
import { duration, integer, moment, nanoCpus, size } from "../../src/cli/options/readers.ts";
import { nearest } from "../../src/oci/nearest.ts";

const table = {
  interactive: flag("", { short: "i" }),
  tty: flag("", { short: "t" }),
  "sig-proxy": flag("", { default: true }),
  publish: list("PORT", "", { short: "p" }),
  env: list("NAME=VALUE", "", { short: "e" }),
  name: text("NAME", ""),
  memory: read("SIZE", size, "", { short: "m" }),
  count: read("NUMBER", integer, "", { short: "n" }),
};

const run = (...words: string[]) => parse(table, words, { interspersed: false });
const ps = (...words: string[]) => parse(table, words, { interspersed: true });

describe("options are read as docker reads them", () => {
  test("flags stand together, and the last letter may take a value", () => {
    expect(run("-it", "-p8080:80", "-p=1:2", "-p", "3:4", "-itm64m", "x").options).toMatchObject({
      interactive: true,
      tty: true,
      publish: ["8080:80", "1:2", "3:4"],
      memory: 64 * 2 ** 20,
    });
  });

  test("long options take their value after = or as the next word, also one that begins with a dash", () => {
    const { options } = run("--env=K=V", "--env", "A=1", "--name", "-x", "image");
    expect(options.env).toEqual(["K=V", "A=1"]);
    expect(options.name).toBe("-x");
  });

  test("a flag can be switched off", () => {
    expect(run("--sig-proxy=false", "-t=false", "x").options).toMatchObject({
      "sig-proxy": false,
      tty: false,
    });
    expect(run("x").options["sig-proxy"]).toBe(true);
    expect(() => run("--tty=maybe", "x")).toThrow(
      'cannot use "maybe" for --tty: it is neither true nor false',
    );
  });

  test("after the first argument everything belongs to the container's command", () => {
    const parsed = run("-i", "image", "ls", "-t", "--name", "x");
    expect(parsed.args).toEqual(["image", "ls", "-t", "--name", "x"]);
    expect(parsed.options.tty).toBe(false);
  });

  test("where arguments and options mix, -- ends the options", () => {
    expect(ps("a", "-t", "b", "--", "-i").args).toEqual(["a", "b", "-i"]);
  });

  test("what was written is known", () => {
    expect([...run("-i", "--name=x", "y").given]).toEqual(["interactive", "name"]);
  });

  test("--help, and -h where no option has that letter", () => {
    expect(ps("--help").help).toBe(true);
    expect(ps("-h").help).toBe(true);
  });

  test("an unknown option names the nearest right one", () => {
    expect(() => run("--nme=x")).toThrow("unknown option --nme: did you mean --name?");
    expect(() => run("--mem", "1g")).toThrow("did you mean --memory?");
    expect(() => run("--quite-different")).toThrow(/^unknown option --quite-different$/);
    expect(() => run("-itz")).toThrow("unknown option -z in -itz");
    expect(() => run("-name", "x")).toThrow("for -n");
  });

  test("a value that does not fit says why", () => {
    expect(() => run("--memory", "12x")).toThrow('cannot use "12x" for --memory: it is not a size');
    expect(() => run("--count", "1.5")).toThrow("it is not a whole number");
    expect(() => run("--name")).toThrow("option --name needs a value: --name NAME");
  });

  test("an option that is also a property of every object is unknown", () => {
    expect(() => run("--constructor")).toThrow("unknown option --constructor");
  });
});

test("the nearest name: typing errors, swapped letters, beginnings; nothing when all are far", () => {
  const verbs = ["run", "rm", "images", "inspect", "rename"];
  expect(nearest("runn", verbs)).toBe("run");
  expect(nearest("imgaes", verbs)).toBe("images");
  expect(nearest("insp", verbs)).toBe("inspect");
  expect(nearest("xyzzy", verbs)).toBeUndefined();
});

describe("readers", () => {
  test("sizes", () => {
    expect(["64m", "1.5g", "10", "2KiB", "7b", "1 GB"].map(size)).toEqual([
      64 * 2 ** 20,
      1.5 * 2 ** 30,
      10,
      2048,
      7,
      2 ** 30,
    ]);
    for (const wrong of ["", "-1", "m", "1x", "1e3", "99999999p"]) expect(() => size(wrong)).toThrow();
  });

  test("processors, in billionths", () => {
    expect([nanoCpus("1.5"), nanoCpus(".5"), nanoCpus("0.000000001")]).toEqual([1.5e9, 5e8, 1]);
    expect(() => nanoCpus("1,5")).toThrow("it is not a number of processors");
    expect(() => nanoCpus("0.0000000001")).toThrow("more than nine digits");
  });

  test("durations and moments", () => {
    expect(duration("1h2m3s")).toBe(3723);
    expect(duration("1.5s")).toBe(1.5);
    expect(duration("10")).toBeUndefined();
    const now = Date.parse("2026-11-24T10:00:00Z");
    expect(moment("10m", now)).toBe(`${now / 1000 - 600}.000000000`);
    expect(moment("1795514400.123456789")).toBe("1795514400.123456789");
    expect(moment("2026-11-24T10:00:00.5Z")).toBe(`${now / 1000}.5`);
    expect(moment("2026-11-24T10Z")).toBe(String(now / 1000));
    expect(() => moment("yesterday")).toThrow("it is not a time");
  });
});

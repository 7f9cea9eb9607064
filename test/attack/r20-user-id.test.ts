import { expect, test } from "bun:test";
import { checkId, parseUser } from "../../src/oci/user.ts";

test.each([
  "4294967295",
  "4294967296",
  "18446744073709551616",
  "99999999999999999999999",
  "-1",
  "+1",
  " 0",
  "0 ",
  "-0",
])("R20 the user id %p is refused instead of becoming another one (CVE-2024-40635)", (text) => {
  expect(() => parseUser(text)).toThrow(expect.objectContaining({ code: "USER_INVALID" }));
  expect(() => parseUser(`0:${text}`)).toThrow(expect.objectContaining({ code: "USER_INVALID" }));
});

test("R20 text behind digits makes a name, never the number in front (CVE-2026-30892)", () => {
  for (const text of ["0x0", "0root", "1e3", "00a"]) expect(parseUser(text).user).toEqual({ name: text });
});

test("R20 the greatest id is 2³²−2", () => {
  expect(parseUser("4294967294:4294967294")).toEqual({ user: { id: 4294967294 }, group: { id: 4294967294 } });
});

test.each([-1, 4294967295, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "R20 a specification's id %p is refused",
  (id) => {
    expect(() => checkId(id, "/process/user/uid")).toThrow(
      expect.objectContaining({ code: "USER_INVALID", at: "/process/user/uid" }),
    );
  },
);

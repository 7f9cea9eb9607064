import { describe, expect, test } from "bun:test";
import {
  type BaseImage,
  checkDockerfile,
  optionsOf,
  refuseFindings,
} from "../../../src/build/dockerfile/checks/check.ts";
import { findingsAsJson, printFindings, shortFinding } from "../../../src/build/dockerfile/checks/print.ts";
import { urlOf } from "../../../src/build/dockerfile/checks/rules.ts";
import { ignoreOf, parseIgnore } from "../../../src/build/dockerfile/ignore.ts";
import { parseDockerfile } from "../../../src/build/dockerfile/parse.ts";
import { platformArgs } from "../../../src/build/dockerfile/scope.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const plain: BaseImage = { environment: ["PATH=/bin"], hasShell: false, platform: amd64 };

interface Setting {
  readonly given?: Record<string, string>;
  readonly ignore?: string;
  readonly bases?: Readonly<Record<string, BaseImage>>;
}

function check(text: string, { given = {}, ignore, bases }: Setting = {}) {
  const dockerfile = parseDockerfile(text, "Dockerfile");
  const inputs = {
    given: new Map(Object.entries(given)),
    platform: platformArgs(amd64, amd64),
    base: (image: string) => (bases === undefined ? plain : bases[image]),
    ignore: ignore === undefined ? undefined : ignoreOf(parseIgnore(ignore)),
  };
  return {
    dockerfile,
    findings: checkDockerfile(dockerfile, inputs),
    options: optionsOf(dockerfile, inputs),
  };
}

const found = (text: string, setting?: Setting) => check(text, setting).findings.map(shortFinding);

const experimental = "# check=experimental=all\n";

describe("each rule's page: what is bad is found, what is good is not", () => {
  const cases: [bad: string, findings: string[], good: string[], setting?: Setting][] = [
    [
      "FROM alpine AS BuilderBase",
      ["StageNameCasing: Stage name 'BuilderBase' should be lowercase (line 1)"],
      ["FROM alpine AS builder-base"],
    ],
    [
      "FROM debian:latest as builder",
      ["FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)"],
      ["FROM debian:latest AS deb-builder", "from debian:latest as deb-builder"],
    ],
    [
      "from debian:latest AS builder",
      ["FromAsCasing: 'AS' and 'from' keywords' casing do not match (line 1)"],
      [],
    ],
    [
      "FROM alpine\nEXPOSE \\\n\n80",
      ["NoEmptyContinuation: Empty continuation line (line 2)"],
      ["FROM alpine\nEXPOSE \\\n# Port\n80", "FROM alpine\nEXPOSE 80 \\\n"],
    ],
    [
      'From alpine\nRun echo hello > /greeting.txt\nEntRYpOiNT ["cat", "/greeting.txt"]',
      [
        "ConsistentInstructionCasing: Command 'From' should match the case of the command majority (uppercase) (line 1)",
        "ConsistentInstructionCasing: Command 'Run' should match the case of the command majority (uppercase) (line 2)",
        "ConsistentInstructionCasing: Command 'EntRYpOiNT' should match the case of the command majority (uppercase) (line 3)",
      ],
      [
        'FROM alpine\nRUN echo hello > /greeting.txt\nENTRYPOINT ["cat", "/greeting.txt"]',
        'from alpine\nrun echo hello > /greeting.txt\nentrypoint ["cat", "/greeting.txt"]',
      ],
    ],
    [
      "from alpine\nrun a\nRUN b",
      [
        "ConsistentInstructionCasing: Command 'RUN' should match the case of the command majority (lowercase) (line 3)",
      ],
      [],
    ],
    [
      "FROM debian:latest AS builder\nRUN apt-get update; apt-get install -y curl\n\nFROM golang:latest AS Builder",
      [
        "StageNameCasing: Stage name 'Builder' should be lowercase (line 4)",
        'DuplicateStageName: Duplicate stage name "builder", stage names should be unique (line 4)',
      ],
      ["FROM debian:latest AS deb-builder\nFROM golang:latest AS go-builder"],
    ],
    [
      "FROM alpine AS scratch\nFROM alpine AS context",
      [
        'ReservedStageName: Stage name should not use the same name as reserved stage "scratch" (line 1)',
        'ReservedStageName: Stage name should not use the same name as reserved stage "context" (line 2)',
      ],
      ["FROM alpine AS builder"],
    ],
    [
      "FROM alpine\nENTRYPOINT my-program start",
      [
        "JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals (line 2)",
      ],
      [
        'FROM alpine\nENTRYPOINT ["my-program", "start"]',
        'FROM alpine\nRUN apk add bash\nSHELL ["/bin/bash", "-c"]\nENTRYPOINT echo "hello world"',
        'FROM alpine AS a\nSHELL ["/bin/bash", "-c"]\nFROM a\nCMD echo "hello world"',
        "FROM alpine\nHEALTHCHECK CMD curl localhost",
      ],
    ],
    [
      "FROM alpine\nMAINTAINER moby@example.com",
      ["MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)"],
      ['FROM alpine\nLABEL org.opencontainers.image.authors="moby@example.com"'],
    ],
    [
      "ARG VARIENT=1\nFROM node:22${VARIANT} AS jsbuilder",
      ["UndefinedArgInFrom: FROM argument 'VARIANT' is not declared (did you mean VARIENT?) (line 2)"],
      ['ARG VARIANT="-alpine3.20"\nFROM node:22${VARIANT} AS jsbuilder', "FROM node:22${VARIANT:-} AS a"],
    ],
    [
      "FROM --platform=$BULIDPLATFORM alpine",
      [
        "UndefinedArgInFrom: FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?) (line 1)",
      ],
      ["FROM --platform=$BUILDPLATFORM alpine"],
    ],
    [
      "FROM nginx AS web\nWORKDIR usr/share/nginx/html\nCOPY public .",
      [
        'WorkdirRelativePath: Relative workdir "usr/share/nginx/html" can have unexpected results if the base image changes (line 2)',
      ],
      [
        "FROM nginx AS web\nWORKDIR /usr/share/nginx/html\nCOPY public .",
        "FROM nginx AS web\nWORKDIR /a\nWORKDIR b\nFROM web\nWORKDIR c",
        "FROM nginx\nENV D=/x\nWORKDIR $D/y",
      ],
    ],
    [
      "FROM alpine AS base\nCOPY $foo .",
      ["UndefinedVar: Usage of undefined variable '$foo' (line 2)"],
      ["FROM alpine AS base\nARG foo\nCOPY $foo .", "FROM alpine\nRUN echo $foo\nUSER ${foo:-root}"],
    ],
    [
      "FROM alpine AS base\nARG VERSION=$foo",
      ["UndefinedVar: Usage of undefined variable '$foo' (line 2)"],
      [],
    ],
    [
      "FROM alpine\nENV PATH=$PAHT:/app/bin",
      ["UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?) (line 2)"],
      ["FROM alpine\nENV PATH=$PATH:/app/bin", "FROM scratch\nENV PATH=$PATH:/app/bin"],
    ],
    [
      "FROM alpine\nCOPY <<A <<'B' /\n$foo\nA\n$bar\nB",
      ["UndefinedVar: Usage of undefined variable '$foo' (line 2)"],
      [],
    ],
    [
      'FROM alpine\nENTRYPOINT ["echo", "Hello, Norway!"]\nENTRYPOINT ["echo", "Hello, Sweden!"]',
      [
        "MultipleInstructionsDisallowed: Multiple ENTRYPOINT instructions should not be used in the same stage because only the last one will be used (line 2)",
      ],
      [
        'FROM python:alpine\nHEALTHCHECK --interval=1s CMD ["curl"]\nCMD ["python"]',
        'FROM a AS a\nCMD ["x"]\nFROM a\nCMD ["y"]',
      ],
    ],
    [
      "FROM alpine\nARG foo bar",
      [
        'LegacyKeyValueFormat: "ARG key=value" should be used instead of legacy "ARG key value" format (line 2)',
      ],
      ["FROM alpine\nARG foo=bar", "FROM alpine\nARG foo bar\nRUN echo $bar"],
    ],
    [
      "FROM alpine\nENV DEPS \\\n    curl \\\n    git\nLABEL a b",
      [
        'LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format (line 2)',
        'LegacyKeyValueFormat: "LABEL key=value" should be used instead of legacy "LABEL key value" format (line 5)',
      ],
      ['FROM alpine\nENV DEPS="\\\n    curl \\\n    git"'],
    ],
    [
      "FROM --platform=$TARGETPLATFORM alpine AS builder",
      [
        "RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior (line 1)",
      ],
      ["FROM alpine AS builder", "FROM --platform=$TARGETOS/amd64 alpine AS builder"],
    ],
    [
      "FROM alpine\nARG AWS_SECRET_ACCESS_KEY\nENV db_password=x",
      [
        'SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "AWS_SECRET_ACCESS_KEY") (line 2)',
        'SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV "db_password") (line 3)',
      ],
      ["FROM alpine\nARG PUBLIC_KEY\nENV KEYBOARD=us PASSWORD_FILE=/x TOKEN_VERSION=1"],
    ],
    [
      "ARG TAG\nFROM busybox:${TAG}",
      [
        "InvalidDefaultArgInFrom: Default value for ARG busybox:${TAG} results in empty or invalid base image name (line 2)",
      ],
      [
        "ARG TAG=latest\nFROM busybox:${TAG}",
        "ARG VARIANT\nFROM busybox:stable${VARIANT}",
        "ARG TAG\nFROM alpine:${TAG:-3.14}",
      ],
      { given: { TAG: "1" } },
    ],
    [
      "FROM --platform=linux/amd64 alpine AS base",
      [
        'FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "linux/amd64" (line 1)',
      ],
      [
        "FROM alpine AS base",
        "FROM --platform=${BUILDPLATFORM} alpine AS base",
        "FROM --platform=linux/amd64 alpine AS build_amd64\nFROM build_${TARGETARCH} AS build",
      ],
    ],
    [
      "FROM scratch\nCOPY ./tmp/x/helloworld.txt /helloworld.txt\nADD /a/tmp/b /",
      [
        'CopyIgnoredFile: Attempting to Copy file "./tmp/x/helloworld.txt" that is excluded by .dockerignore (line 2)',
        'CopyIgnoredFile: Attempting to Add file "/a/tmp/b" that is excluded by .dockerignore (line 3)',
      ],
      [
        "FROM scratch\nCOPY ./forever/helloworld.txt /helloworld.txt\nADD https://example.com/tmp/x /\nCOPY --from=a tmp/x /\nCOPY kept /",
      ],
      { ignore: "*/tmp/*\ntmp/x\nkept\n!kept/one" },
    ],
    [
      `${experimental}# a non-descriptive comment\nFROM scratch AS base\n\n# another non-descriptive comment\nARG VERSION=1`,
      [
        "InvalidDefinitionDescription: Comment for FROM should follow the format: `# base <description>` (line 3)",
        "InvalidDefinitionDescription: Comment for ARG should follow the format: `# VERSION <description>` (line 6)",
      ],
      [
        `${experimental}# a non-descriptive comment\n\nFROM scratch AS base\n\n# another\n\nARG VERSION=1`,
        `${experimental}# a non-descriptive comment\n#\nFROM scratch AS base`,
        `${experimental}# base is a stage\nFROM scratch AS base\n# VERSION This is the number.\nARG VERSION=1`,
        "# a non-descriptive comment\nFROM scratch AS base",
      ],
    ],
    [
      "FROM alpine\nEXPOSE 80/TcP",
      ["ExposeProtoCasing: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase (line 2)"],
      ["FROM alpine\nEXPOSE 80/tcp"],
    ],
    [
      "FROM alpine\nEXPOSE 127.0.0.1:80:80\nARG P=80:80\nEXPOSE $P",
      [
        "ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80' (line 2)",
        "ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '80:80' (line 4)",
      ],
      ["FROM alpine\nEXPOSE 80 8000-8010 53/udp"],
    ],
    [
      "FROM arm AS a\nFROM --platform=linux/arm64 arm AS my-arm64",
      [
        'InvalidBaseImagePlatform: Base image arm was pulled with platform "linux/arm64", expected "linux/amd64" for current build (line 1)',
      ],
      [],
      { bases: { arm: { ...plain, platform: { os: "linux", architecture: "arm64", variant: "v8" } } } },
    ],
  ];
  for (const [bad, findings, good, setting] of cases)
    test(JSON.stringify(bad), () => {
      expect(found(bad, setting)).toEqual(findings);
      for (const text of good) expect([text, found(text, setting)]).toEqual([text, []]);
    });
});

test("what a base image has is taken into account; where it is not known, nothing is said of it", () => {
  const text = "FROM python AS a\nARG V=$PYTHON_VERSION\nCMD x";
  const image = { ...plain, environment: ["PYTHON_VERSION=3"], hasShell: true };
  expect(found(text, { bases: { python: image } })).toEqual([]);
  expect(found(text, { bases: {} })).toHaveLength(1);
});

test("defaults that need arguments stop no check where these are given", () => {
  expect(found("ARG T=${U:?tell_me}\nFROM busybox:$T AS A", { given: { T: "1" } })).toHaveLength(1);
});

test("check=skip and check=error, and the build argument before them", () => {
  const text = "FROM alpine AS A\nCMD x";
  const rules = (directive: string, given?: Record<string, string>) =>
    check(`# check=${directive}\n${text}`, given === undefined ? {} : { given }).findings.map(
      ({ rule }) => rule,
    );
  expect(rules("error=true")).toEqual(["StageNameCasing", "JSONArgsRecommended"]);
  expect(rules("skip=StageNameCasing")).toEqual(["JSONArgsRecommended"]);
  expect(rules("skip=JSONArgsRecommended, StageNameCasing;error=true")).toEqual([]);
  expect(rules("skip=stagenamecasing")).toHaveLength(2);
  expect(rules("skip=all")).toEqual([]);
  expect(rules("skip=all", { BUILDKIT_DOCKERFILE_CHECK: "skip=StageNameCasing" })).toEqual([
    "JSONArgsRecommended",
  ]);

  const failing = check(`# check=error=true\n${text}`);
  expect(() => refuseFindings(failing.findings, failing.options)).toThrow(
    "lint violation found for rules: StageNameCasing, JSONArgsRecommended",
  );
  const warning = check(text);
  expect(() => refuseFindings(warning.findings, warning.options)).not.toThrow();
  expect(() => rules("error=maybe")).toThrow('failed to parse check option "error=maybe"');
  expect(() => rules("skipp=x")).toThrow('invalid check option "skipp"');
  expect(() => rules("skip")).toThrow('invalid check option "skip"');
});

test("--check prints as docker does", () => {
  const { dockerfile, findings } = check("FROM alpine AS A\nRUN a \\\n\n  b\n");
  expect(printFindings(dockerfile, findings)).toBe(
    [
      "Check complete, 2 warnings have been found!",
      "",
      "WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
      "Stage name 'A' should be lowercase",
      "Dockerfile:1",
      "--------------------",
      "   1 | >>> FROM alpine AS A",
      "   2 |     RUN a \\",
      "   3 |",
      "--------------------",
      "",
      "WARNING: NoEmptyContinuation - https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/",
      "Empty continuation line",
      "Dockerfile:2-4",
      "--------------------",
      "   1 |     FROM alpine AS A",
      "   2 | >>> RUN a \\",
      "   3 | >>>",
      "   4 | >>>   b",
      "   5 |",
      "--------------------",
      "",
      "",
    ].join("\n"),
  );
  expect(printFindings(dockerfile, [])).toBe("Check complete, no warnings found.\n");
  expect(findingsAsJson(dockerfile, findings.slice(0, 1))).toEqual({
    warnings: [
      {
        ruleName: "StageNameCasing",
        description: "Stage names should be lowercase",
        url: "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
        detail: "Stage name 'A' should be lowercase",
        location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
      },
    ],
    sources: [
      {
        fileName: "Dockerfile",
        language: "Dockerfile",
        data: Buffer.from("FROM alpine AS A\nRUN a \\\n\n  b\n").toString("base64"),
      },
    ],
  });
  expect(urlOf("JSONArgsRecommended")).toBe(
    "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
  );
});

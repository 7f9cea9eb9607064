import type { Group } from "./scenario.ts";

/** version, info, system, and words that are none. */
export const system: Group = {
  title: "the engine, and what is no command",
  scenarios: [
    { run: "version --format '{{.Server.APIVersion}} {{.Server.Os}}'", expect: "1.51 linux" },
    { run: "version --format '{{json .Server.MinAPIVersion}}'", expect: '"1.24"' },
    { run: "version --format '{{.Client.APIVersion}}'", expect: "1.<number>" },
    { run: "version --format '{{.Nonsense}}'", code: 1, err: /Nonsense/ },
    {
      run: "info --format '{{.ServerVersion}} {{.OSType}} {{.Images}} {{.Containers}} {{.Driver}}'",
      expect: "<any> linux 1 0 overlay2",
    },
    { run: "system info -f '{{json .Swarm.LocalNodeState}}'", expect: '"inactive"' },
    {
      run: "info",
      expect: "<lines>Server:\n Containers: 0\n  Running: 0\n  Paused: 0\n  Stopped: 0\n Images: 1\n<lines>",
    },
    {
      run: "system df",
      expect:
        "TYPE  TOTAL  ACTIVE  SIZE  RECLAIMABLE\nImages  1  0  <any>B  <any>B (100%)\nContainers  0  0  0B  0B\nLocal Volumes  0  0  0B  0B\nBuild Cache  0  0  0B  0B",
    },
    {
      run: "system df --format '{{.Type}} {{.TotalCount}}'",
      expect: "Images 1\nContainers 0\nLocal Volumes 0\nBuild Cache 0",
    },
    { run: "system df -v", expect: "<lines>busybox  latest<lines>" },
    { run: "system prune -f", expect: "<lines>Total reclaimed space: 0B" },
    { run: "system prune -f --filter nonsense=1", code: 1, err: /invalid filter.*nonsense/ },
    { run: "nonsense", code: 1, err: /nonsense/ },
    { run: "container nonsense", err: /.*/s, expect: "<lines>", code: 1 },
    { run: "ps --nonsense", code: 125, err: /unknown (flag:|option) --nonsense/ },
    { run: "ps -Z", code: 125, err: /unknown .*-Z/ },
    { run: "ps -n", code: 125, err: /needs a.*-n/ },
    { run: "ps --last", code: 125, err: /needs a.*--last/ },
    { run: "ps --last x", code: 125, err: /"x" for.*--last/ },
    { run: "ps --all=maybe", code: 125, err: /"maybe" for.*--all/ },
    { run: "ps --all=false -q" },
    { run: "--version", expect: "<any> version <any>" },
    { run: "-H nonsense://x ps", code: 1, err: /nonsense/ },
    { run: "-H unix:///no/such/socket ps", code: 1, err: /\/no\/such\/socket/ },
    { run: "help ps", expect: "<lines>" },
    { run: "run --help", expect: "<lines>" },
    { run: "login -u x -p y localhost:1", code: 1, err: /.+/ },
    { run: "logout localhost:1", expect: "<any>", err: /.*/s },
    { run: "node ls", code: 1, err: /This node is not a swarm manager/ },
    { run: "service ls", code: 1, err: /This node is not a swarm manager/ },
    { run: "secret ls", code: 1, err: /This node is not a swarm manager/ },
    { run: "config ls", code: 1, err: /This node is not a swarm manager/ },
    { run: "stack ls", code: 1, err: /This node is not a swarm manager/ },
    { run: "swarm leave", code: 1, err: /This node is not (part of a swarm|a swarm manager)/ },
    {
      run: "plugin ls",
      expect: "ID  NAME  DESCRIPTION  ENABLED",
      ours: { expect: "", code: 1, err: /no plugins/ },
    },
    {
      run: "plugin inspect nothing",
      code: 1,
      expect: "[]",
      err: /nothing/,
      ours: { expect: "", err: /no plugins/ },
    },
  ],
};

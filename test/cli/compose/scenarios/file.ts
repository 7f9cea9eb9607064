import type { Group } from "./group.ts";

const yaml = `
name: file
services:
  app:
    image: "busybox:\${TAG:-latest}"
    command: sleep 600
    stop_signal: KILL
    networks: [back]
    environment: [FROM]
  tool:
    image: tools/\${TOOL?which}
    profiles: [tools]
volumes: { data: {} }
networks: { back: {} }
`;

const wrong = `
services:
  app:
    imag: busybox
`;

/** config, and the options that every verb has. */
export const file: Group = {
  title: "the file and the options of all verbs",
  files: {
    "compose.yaml": yaml,
    "wrong.yaml": wrong,
    "more.yaml": "services: { app: { labels: { more: yes } } }\n",
    "vars.env": "TAG=1\nTOOL=x\n",
  },
  env: { TOOL: "hammer" },
  scenarios: [
    {
      run: "config",
      expect:
        "name: file\nservices:\n  app:<lines>image: busybox:latest<lines>networks:\n  back:\n  name: file_back",
    },
    { run: "convert --format json", expect: '{\n  "name": "file",<lines>}' },
    { run: "config -q" },
    { run: "config --services", expect: "app" },
    { run: "--profile tools config --services", expect: "app\ntool" },
    { run: "config --images", expect: "busybox:latest" },
    { run: "config --profiles", expect: "tools" },
    { run: "config --networks", expect: "back" },
    { run: "config --hash '*'", expect: "app <id>" },
    { run: "config --hash nobody", code: 1, err: /no such service: nobody/ },
    {
      run: "config --variables",
      expect: "NAME  REQUIRED  DEFAULT VALUE  ALTERNATE VALUE\nTAG  false  latest\nTOOL  true",
    },
    {
      run: "config --no-interpolate --format json",
      expect: '<lines>"image": "busybox:$<any>TAG:-latest<any>"<lines>',
    },
    { run: "config --environment", expect: "<lines>TOOL=hammer<lines>" },
    { run: "config -o FOLDER/out.yaml" },
    { run: "inro compose -f FOLDER/out.yaml config --images", expect: "busybox:latest" },
    { run: "--env-file FOLDER/vars.env config --images", expect: "busybox:1" },
    { run: "-f FOLDER/more.yaml config", expect: "<lines>labels:\n  more: <any>yes<any><lines>" },
    { run: "-p other config", expect: "name: other\n<lines>" },
    { run: "config --format toml", code: 1, err: /cannot use "toml" for --format: there are yaml, json/ },
    { run: "config nobody", code: 1, err: /no such service: nobody/ },
    { run: "inro compose config --images -f FILE", expect: "busybox:latest" },
    {
      run: "inro compose -f FOLDER/wrong.yaml config",
      code: 15,
      err: /wrong\.yaml:4:5: .*imag.*\n4 \| {5}imag: busybox\n {8}\^/s,
    },
    { run: "inro compose -f FOLDER/nothing.yaml up", code: 14, err: /nothing\.yaml/ },
    {
      run: "--profil tools config",
      code: 16,
      err: /compose config: unknown option --profil: did you mean --profile\?|unknown option --profil/,
    },
    {
      run: "inro compose --projct-name x up",
      code: 16,
      err: /compose: unknown option --projct-name: did you mean --project-name\? \(inro compose --help\)/,
    },
    { run: "up --detatch", code: 16, err: /compose up: unknown option --detatch: did you mean --detach\?/ },
    {
      run: "inro compose pup",
      code: 1,
      err: /there is no "inro compose pup": did you mean "inro compose up"\?/,
    },
    {
      run: "inro compose",
      expect: "Usage: inro compose [OPTIONS] VERB …<lines>up  <any><lines>--project-name NAME<lines>",
    },
    { run: "inro compose --help", expect: "Usage: inro compose [OPTIONS] VERB …<lines>" },
    { run: "inro compose -f FILE", expect: "Usage: inro compose [OPTIONS] VERB …<lines>" },
    {
      run: "inro compose up --help",
      expect:
        "<any>.\n\nUsage: inro compose up [OPTIONS] [SERVICE...]<lines>--detach<lines>--project-name NAME<lines>",
    },
    { run: "inro compose -f FILE help", code: 1, err: /there is no "inro compose help"/ },
    { run: "inro help compose down", expect: "<any>.\n\nUsage: inro compose down<lines>" },
    { run: "inro compose version --short", expect: "<any>" },
    { run: "inro compose --version", expect: "inro compose version <any>" },
    { run: "version -f json", expect: '{"version":"<any>"}' },
    { run: "watch", code: 1, err: /not part of inro yet/ },
    { run: "--progress loud ps", expect: "NAME<any>" },
    {
      run: "--progress loud up -d",
      code: 16,
      err: /cannot use "loud" for --progress: there are auto, tty, plain, json, quiet/,
    },
    {
      run: "up -d --force-recreate --no-recreate",
      code: 1,
      err: /--force-recreate and --no-recreate exclude each other/,
    },
    { run: "up -d --build --no-build", code: 1, err: /exclude each other/ },
    {
      run: "up -d --exit-code-from app",
      code: 1,
      err: /--exit-code-from is about what is shown, and with -d nothing is/,
    },
    { run: "up --attach nobody", code: 1, err: /no such service: nobody/ },
    { run: "down --rmi some", code: 1, err: /cannot use "some" for --rmi: there are all, local/ },
    { run: "up -d tool --pull never", code: 1, err: /tools\/hammer/ },
    { run: "up -d nobody", code: 1, err: /nobody/ },
    { run: "pull --policy some", code: 1, err: /there are missing, always/ },
    { run: "push" },
    { run: "build" },
    { run: "inro compose -f FILE ps -q" },
  ],
};

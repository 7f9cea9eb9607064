import { describe, expect, test } from "bun:test";
import { template } from "../../src/cli/template/template.ts";

const data = {
  Id: "abc123",
  Name: "/web",
  State: { Status: "running", Pid: 42, ExitCode: 0, Error: "" },
  Args: ["-c", "echo hi"],
  Labels: { "com.example.x": "1", b: "<2>" },
  Mounts: [
    { Source: "/s", Destination: "/d", RW: true },
    { Source: "/t", Destination: "/e", RW: false },
  ],
  Nothing: null,
  Big: 1795489632056527611n,
  Label: (name: unknown) => `label ${String(name)}`,
};

const print = (text: string) => template(text)(data);

/** Each of these prints the same with text/template and docker's functions. */
const cases: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  ["{{.Name}} is {{.State.Status}}", "/web is running"],
  ["{{ .State.Pid }}", "42"],
  ["{{.ID}}", "abc123"],
  ["{{json .State}}", '{"Status":"running","Pid":42,"ExitCode":0,"Error":""}'],
  ["{{json .Labels}}", '{"com.example.x":"1","b":"<2>"}'],
  ["{{json .Big}}", "1795489632056527611"],
  ["{{.Args}} {{.Labels}}", "[-c echo hi] map[b:<2> com.example.x:1]"],
  ["{{.Nothing}}", "<no value>"],
  ['{{join .Args "|"}}', "-c|echo hi"],
  ['{{.Name | printf "%s!" | upper}}', "/WEB!"],
  ['{{lower "ABC"}} {{title "two words"}} {{truncate .Id 3}} {{pad "x" 1 2}}|', "abc Two Words abc  x  |"],
  ['{{split "a,b,c" ","}}', "[a b c]"],
  ["{{if .State.Error}}bad{{else if eq .State.ExitCode 0}}good{{else}}?{{end}}", "good"],
  ["{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none"],
  ["{{if and .Name (not .Nothing)}}yes{{end}}", "yes"],
  ["{{or .Nothing .State.Error .Id}}", "abc123"],
  ["{{with .State}}{{.Pid}}{{$.Name}}{{end}}", "42/web"],
  ["{{with .Nothing}}x{{else}}y{{end}}", "y"],
  ["{{range .Mounts}}{{.Source}}:{{.Destination}}{{if not .RW}}:ro{{end}} {{end}}", "/s:/d /t:/e:ro "],
  ["{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}};{{end}}", "0=/s;1=/t;"],
  ["{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "b=<2> com.example.x=1 "],
  ["{{range .Nothing}}x{{else}}empty{{end}}", "empty"],
  ['{{range .Args}}{{if eq . "-c"}}{{continue}}{{end}}{{.}}{{end}}', "echo hi"],
  ["{{range .Args}}{{.}}{{break}}{{end}}", "-c"],
  ['{{index .Labels "com.example.x"}}{{index .Labels "none"}}{{index .Args 1}}', "1echo hi"],
  ["{{(index .Mounts 0).Destination}}", "/d"],
  ["{{len .Mounts}} {{len .Name}} {{slice .Id 0 3}}", "2 4 abc"],
  ['{{printf "%-6s|%6.2f|%03d|%q|%t|%x" .Id 3.14159 7 "a b" true 255}}', 'abc123|  3.14|007|"a b"|true|ff'],
  ['{{ne 1 2}} {{lt 1 2}} {{ge 2 3}} {{eq .Id "x" "abc123"}}', "true true false true"],
  ['{{$x := .Id}}{{$x = "new"}}{{$x}}', "new"],
  ["a {{- .Id -}}  b", "aabc123b"],
  ["{{/* nothing */}}x{{- /* nor here */ -}} y", "xy"],
  ['{{println .Id}}{{print 1 2 "x"}}', "abc123\n1 2x"],
  ['{{"}}"}}{{`raw "quoted"`}}', '}}raw "quoted"'],
  ['{{.Label "x"}}', "label x"],
  ['{{html "<a>"}}', "&#60;a&#62;"],
];

describe("templates print what Go's do", () => {
  for (const [text, expected] of cases) test(text, () => expect(print(text)).toBe(expected));
});

describe("a template that does not fit says why", () => {
  const errors: readonly (readonly [string, string])[] = [
    ["{{.Stat}}", 'there is no field ".Stat": did you mean ".State"?'],
    ["{{.State.Statsu}}", 'did you mean ".Status"?'],
    ["{{.Nothing.Deep}}", "in nothing"],
    ["{{.Args.First}}", "a list (use range or index)"],
    ["{{jsn .Id}}", 'there is no function "jsn": did you mean "json"?'],
    ["{{.Id", 'is not closed by "}}"'],
    ['{{"abc}}', "is not closed"],
    ["{{if .Id}}x", "{{if .Id}} has no {{end}}"],
    ["x{{end}}", "{{end}} without a beginning"],
    ["{{}}", "cannot be understood"],
    ["{{.Id | }}", "cannot be understood"],
    ["{{$x}}", "$x is not declared"],
    ["{{index .Args 5}}", "index 5 is out of range of 2"],
    ["{{break}}", "stands outside of {{range}}"],
    ["{{.Id.x.y}}", 'in the text "abc123"'],
  ];
  for (const [text, message] of errors) test(text, () => expect(() => print(text)).toThrow(message));
});

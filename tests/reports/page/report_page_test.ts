import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkClaims } from "../../../src/analysis/claims.ts";
import { tableCsv, tableJson } from "../../../src/analysis/data_table.ts";
import type { DrawnFigure } from "../../../src/reports/page/figure_html.ts";
import type { Finding } from "../../../src/reports/verdicts/finding.ts";
import { reportHtml, type StudySection } from "../../../src/reports/page/report_page.ts";

const table = {
  name: "levels",
  title: "Levels <all>",
  columns: [{ key: "name", title: "name" }, { key: "value", title: "value (%)", digits: 2 }],
  rows: [{ name: 'a "b", c', value: 1.23456 }, { name: "two\nlines", value: null }],
};

Deno.test("tables: CSV with quotes where they are needed, JSON with every column", () => {
  assertEquals(tableCsv(table), 'name,value\r\n"a ""b"", c",1.23456\r\n"two\nlines",\r\n');
  assertEquals(JSON.parse(tableJson(table)), table.rows);
});

Deno.test("tables: files have no digits that only binary fractions have", () => {
  const rows = [{ name: "a", value: 100 * 0.9824 }, { name: "b", value: 2 / 3 }];
  assertEquals(tableCsv({ ...table, rows }), "name,value\r\na,98.24\r\nb,0.666666666667\r\n");
  const json = JSON.parse(tableJson({ ...table, rows }));
  assertEquals(json.map(({ value }: { value: number }) => value), [98.24, 0.666666666667]);
});

const figure = (name: string, isWide: boolean): DrawnFigure => {
  const svg = '<svg width="352"><clipPath id="clip0"/><g clip-path="url(#clip0)"/></svg>';
  const rows = [[{ title: "P <1>", subtitle: null, yTitle: "y (%)", width: 352, svg }]];
  const item = { label: "a & b", color: "#0072B2", shape: "circle", isDashed: false };
  return {
    ...{ name, title: 'F "1"', caption: "see", path: name, rows, narrow: isWide ? rows : null },
    legends: [{ title: "of", items: [item], gradient: null }],
  };
};

const study = (more: Partial<StudySection> = {}): StudySection => ({
  title: "one",
  finding: null,
  texts: ['say "hello"'],
  notes: [],
  claims: checkClaims([]),
  claimsOf: null,
  figures: [figure("f", false), figure("g", false)],
  tables: [table],
  ...more,
});

const page = (notes: string[], reloadSeconds: number | null = null) =>
  reportHtml({
    title: "A & B",
    lead: "<script>alert(1)</script>",
    notes,
    reloadSeconds,
    studies: [study()],
  });

Deno.test("report page: needs nothing from elsewhere, runs nothing, escapes texts", () => {
  const html = page(["<img src=x>"]);
  assert(!/<(script|link|img|iframe)|\bsrc="|https?:/i.test(html), "nothing is fetched or run");
  assertStringIncludes(html, "default-src 'none'");
  for (const escaped of ["A &amp; B", "&lt;script&gt;", "&lt;img src=x&gt;", "F &quot;1&quot;"]) {
    assertStringIncludes(html, escaped);
  }
  assertStringIncludes(html, "1.23");
  assert(!html.includes('http-equiv="refresh"'));
  assertStringIncludes(page([], 10), '<meta http-equiv="refresh" content="10">');
  const many = page(Array.from({ length: 30 }, (_, i) => `note ${i}`));
  assertStringIncludes(many, "and 18 more");
});

const FINDING: Finding = {
  ...{ state: "won", headline: "The <ticket> won.", sentence: "With 10%.", level: 3 },
  numbers: [{ of: "ticket", label: "Ticket", accuracy: "97.1%" }],
  ...{ evidence: ["sure"], untrained: "Before any training", metric: "finalAccuracy" },
};

const reportOf = (...studies: StudySection[]) =>
  reportHtml({ title: "T", lead: "", notes: [], studies, reloadSeconds: null });

Deno.test("report page: opens with the finding and its figure, then the claims", () => {
  const html = reportOf(
    study({ finding: FINDING, figures: [figure("f", false), figure("g", true)] }),
  );
  const order = [
    "<h1>The &lt;ticket&gt; won.</h1>",
    "With 10%.",
    "97.1%",
    'id="g"',
    'id="claims"',
    'id="f"',
  ];
  const places = order.map((part) => html.indexOf(part));
  assert(places.every((place, i) => place > 0 && (i === 0 || place > places[i - 1])), `${places}`);
  assertStringIncludes(html, "<title>The &lt;ticket&gt; won. T</title>");
  assertStringIncludes(html, '<div class="narrow">');
  // Several findings have one title, and stand in sections.
  const both = reportOf(study({ finding: FINDING }), study({ finding: FINDING }));
  assertEquals(both.match(/<h1>/g)?.length, 1);
  assertEquals(both.match(/<h2>The &lt;ticket&gt; won\.<\/h2>/g)?.length, 2);
});

Deno.test("report page: names in drawings are of one drawing each", () => {
  const html = reportOf(study(), study());
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(ids.length, new Set(ids).size);
  for (const [, id] of html.matchAll(/url\(#([^)]*)\)/g)) assert(ids.includes(id), id);
});

Deno.test("report page: claims that cannot be judged are one line, with what would decide them", () => {
  const html = reportOf(study());
  const start = html.indexOf("<details"), end = html.indexOf("</details>");
  const folded = html.slice(start, end);
  assertMatch(folded, /<summary>These runs can judge none of 15 claims: what would decide them</);
  assertStringIncludes(folded, "<li>5a, 5b: deno task run-lottery --one-shot</li>");
  assert(!/<details[^>]* open/.test(folded));
  const [one, two, ...others] = checkClaims([]);
  const decided = { ...one, verdict: "holds" as const, why: "so it is", next: null };
  const mixed = reportOf(study({ claims: [decided, two, ...others] }));
  assertStringIncludes(mixed, "These runs cannot judge 14 of 15 claims");
  assert(mixed.indexOf("so it is") < mixed.indexOf("cannot judge"));
  const own = reportOf(study({ claims: [decided], claimsOf: "LeNet on MNIST" }));
  assert(!own.includes("cannot judge"));
  assertStringIncludes(own, "The paper says this of LeNet on MNIST");
});

Deno.test("report page: columns that are for files alone, or have no value, are not shown", () => {
  const columns = [
    { key: "a", title: "shown" },
    { key: "b", title: "hidden", isFileOnly: true },
    { key: "c", title: "empty" },
  ];
  const html = reportOf(
    study({ tables: [{ ...table, columns, rows: [{ a: 1, b: 2, c: null }] }] }),
  );
  assertStringIncludes(html, ">shown<");
  assert(!html.includes(">hidden<") && !html.includes(">empty<"));
});

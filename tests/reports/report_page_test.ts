import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { checkClaims } from "../../src/analysis/claims.ts";
import { tableCsv, tableJson } from "../../src/analysis/data_table.ts";
import { reportHtml } from "../../src/reports/report_page.ts";

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

const page = (notes: string[], reloadSeconds: number | null = null) =>
  reportHtml({
    title: "A & B",
    lead: "<script>alert(1)</script>",
    notes,
    reloadSeconds,
    studies: [{
      title: "one",
      texts: ['say "hello"'],
      notes: [],
      claims: checkClaims([]),
      figures: [{
        name: "f",
        title: 'F "1"',
        caption: "see",
        svg: "<svg id='x'></svg>",
        path: "f",
      }],
      tables: [table],
    }],
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

// The checks themselves, page by page.
import { expect } from "./checks.mjs";

const graphs = ["cpu", "memory", "load"];
/** A machine may lack these: containers often have no disk or network of their own. */
const mayLack = ["network", "disk", "filesystems"];
const tiles = ["samples", "series", "resident", "targets", "alerts"];

export async function walk(checks) {
  await home(checks);
  await query(checks);
  await lists(checks);
  await pipeline(checks);
  await shell(checks);
  await checks.check("console and network are clean", async () => checks.nothingWrong());
}

async function home(checks) {
  const { page } = checks;
  await checks.check("home settles", () => checks.open("/"));
  for (const id of [...graphs, ...tiles]) {
    await checks.check(`home panel ${id} is ready`, () => checks.panelIs(id, "ready"));
  }
  for (const id of mayLack) {
    await checks.check(`home panel ${id} is ready or empty`, () => checks.panelIs(id, "ready", "empty"));
  }
  for (const id of graphs) {
    await checks.check(`home graph ${id} is drawn`, async () => {
      await checks.drawn(id, 500);
      expect((await page.locator(`[data-panel="${id}"] .legend button`).count()) > 0, "the legend is empty");
    });
  }
  await checks.check("home says which machine it shows", async () => {
    const line = await page.locator(".page-head p").innerText();
    expect(line.trim().length > 0, "the line under the title is empty");
  });
  await checks.shot("home-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForTimeout(300);
  await checks.shot("home-light");
  await page.emulateMedia({ colorScheme: "dark" });
}

async function query(checks) {
  const { page } = checks;
  const editor = page.locator(".cm-content");
  await checks.check("query page settles", async () => {
    await checks.open("/query");
    await editor.waitFor({ timeout: 30_000 });
  });
  await checks.check("the editor completes metric names", async () => {
    await editor.click();
    await page.keyboard.type("node_loa");
    await page.locator(".cm-tooltip-autocomplete li", { hasText: "node_load1" }).first().waitFor({ timeout: 15_000 });
    await page.keyboard.press("Escape");
  });
  await checks.check("an instant query fills the table", async () => {
    await editor.fill("up");
    await page.keyboard.press("Shift+Enter");
    await checks.panelIs("g0", "ready");
    const rows = await page.locator('[data-panel="g0"] tbody tr').allInnerTexts();
    expect(rows.length > 0 && rows.every((row) => /up.*[01]$/s.test(row)), `rows are ${JSON.stringify(rows)}`);
    expect(new URL(page.url()).searchParams.get("g0.expr") === "up", `the address is ${page.url()}`);
  });
  await checks.shot("query-table");
  await checks.check("a range query draws the graph", async () => {
    await editor.fill("rate(node_cpu_seconds_total[1m])");
    await page.getByRole("button", { name: "Graph" }).click();
    await page.getByRole("button", { name: "Execute" }).click();
    await page.waitForSelector('[data-panel="g0"][data-state="ready"] canvas', { timeout: 30_000 });
    await page.waitForTimeout(200);
    await checks.drawn("g0", 1000);
  });
  await checks.shot("query-graph");
  await checks.check("a click in the legend hides a line", async () => {
    const entry = page.locator('[data-panel="g0"] .legend button').first();
    await entry.click();
    expect((await entry.getAttribute("aria-pressed")) === "false", "the entry is still pressed");
    await entry.click();
  });
  await checks.check("dragging zooms", async () => {
    const box = await page.locator('[data-panel="g0"] .u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 90, { steps: 6 });
    await page.mouse.up();
    await page.waitForFunction(() => new URL(window.location).searchParams.has("g0.end_input"), null, { timeout: 5000 });
    await checks.panelIs("g0", "ready", "empty");
  });
  await checks.check("an address in Prometheus's old form opens its graph", async () => {
    await checks.open("/graph?g0.expr=node_load1&g0.tab=0&g0.range_input=15m&g0.step_input=15");
    await checks.panelIs("g0", "ready");
    await checks.drawn("g0", 300);
    expect((await page.locator('[data-panel="g0"] .stats').innerText()).includes("Step 15s"), "the step is not 15s");
  });
  await checks.check("a wrong expression shows the server's error", async () => {
    const before = checks.complaints.length;
    await checks.open("/query?g0.expr=sum(");
    await checks.panelIs("g0", "error");
    expect((await page.locator('[data-panel="g0"] [role="alert"]').innerText()).includes("parse error"), "no parse error is shown");
    // The browser reports the refused request as well, as it should.
    checks.complaints.splice(before, checks.complaints.length, ...checks.complaints.slice(before).filter((text) => !text.includes("400")));
  });
}

async function lists(checks) {
  const { page } = checks;
  await checks.check("alerts lists rules", async () => {
    await checks.open("/alerts");
    await checks.panelIs("rules", "ready");
    expect((await page.locator("[data-rule]").count()) > 0, "no rule is listed");
  });
  await checks.shot("alerts");
  await checks.check("targets lists targets", async () => {
    await checks.open("/targets");
    await checks.panelIs("targets", "ready");
    expect((await page.locator('[data-target][data-health="up"]').count()) > 0, "no target is up");
  });
  await checks.shot("targets");
}

async function pipeline(checks) {
  const { page } = checks;
  await checks.check("pipeline draws the dataflow", async () => {
    await checks.open("/pipeline");
    await checks.panelIs("pipeline", "ready");
    const [nodes, edges] = [await page.locator("[data-node]").count(), await page.locator("[data-edge]").count()];
    expect(nodes > 1 && edges > 0, `${nodes} nodes and ${edges} edges are drawn`);
  });
  await checks.shot("pipeline");
}

async function shell(checks) {
  const { page } = checks;
  await checks.check("the header says that the server is ready", async () => {
    await page.waitForSelector('[data-readiness="ready"]', { timeout: 30_000 });
  });
  await checks.check("links change the page and the back button returns", async () => {
    await page.getByRole("navigation").getByRole("link", { name: "Targets" }).click();
    await checks.settled();
    await checks.panelIs("targets", "ready");
    await page.goBack();
    await checks.panelIs("pipeline", "ready");
  });
  await checks.check("the theme button overrides the system's scheme", async () => {
    await page.locator(".theme-button").click();
    await page.locator(".theme-button").click();
    expect((await page.evaluate(() => document.documentElement.dataset.theme)) === "light", "the theme is not light");
    await page.reload();
    expect((await page.evaluate(() => document.documentElement.dataset.theme)) === "light", "the theme was forgotten");
    await page.locator(".theme-button").click();
  });
  await checks.check("an unknown page says so", async () => {
    await checks.open("/no/such/page");
    await checks.panelIs("page", "empty");
  });
}

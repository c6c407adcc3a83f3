// Runs and counts checks on one browser page, and gathers what the page complains about.

/** How long a freshly started server may take until its first graphs can be drawn. */
export const firstDataMs = 90_000;

export class Checks {
  passed = 0;
  failed = 0;
  /** Errors of the browser's console, uncaught exceptions, refused policies. */
  complaints = [];
  /** Requests that left the server. */
  foreign = [];

  constructor(page, baseUrl, outDir) {
    this.page = page;
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.outDir = outDir;
    const { origin } = new URL(baseUrl);
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== origin) this.foreign.push(request.url());
    });
  }

  /** Prints `ok name` or `FAIL name: reason` and goes on either way. */
  async check(name, run) {
    try {
      await run();
      this.passed += 1;
      console.log(`ok ${name}`);
    } catch (error) {
      this.failed += 1;
      const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").slice(0, 500);
      console.log(`FAIL ${name}: ${reason}`);
      await this.page.screenshot({ path: `${this.outDir}/failed-${this.failed}.png` }).catch(() => {});
    }
  }

  async open(path) {
    await this.page.goto(this.baseUrl + path, { waitUntil: "load", timeout: 30_000 });
    await this.settled();
  }

  async settled() {
    await this.page.waitForSelector('html[data-settled="true"]', { state: "attached", timeout: firstDataMs });
  }

  async shot(name) {
    await this.page.mouse.move(0, 0);
    await this.page.screenshot({ path: `${this.outDir}/${name}.png` });
  }

  /** Waits until a panel is in one of the states; says what it shows instead if it never is. */
  async panelIs(id, ...states) {
    const panel = this.page.locator(`[data-panel="${id}"]`);
    const wanted = states.map((state) => `[data-panel="${id}"][data-state="${state}"]`).join(", ");
    try {
      await this.page.waitForSelector(wanted, { timeout: firstDataMs });
    } catch {
      const there = (await panel.count()) > 0;
      const state = there ? await panel.first().getAttribute("data-state") : "absent";
      const text = there ? await panel.first().innerText() : "";
      throw new Error(`panel ${id} is ${state}, not ${states.join(" or ")}: ${text}`);
    }
  }

  /** Waits until so many pixels are drawn: a server that has just started has a sample or two to show. */
  async drawn(id, inkMin) {
    const until = Date.now() + firstDataMs;
    for (;;) {
      const ink = await this.inkOf(id);
      if (ink > inkMin) return;
      if (Date.now() > until) throw new Error(`only ${ink} pixels are drawn`);
      await this.page.waitForTimeout(500);
    }
  }

  /** How many pixels of a panel's canvas carry anything. */
  async inkOf(id) {
    return this.page.locator(`[data-panel="${id}"] canvas`).first().evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let inked = 0;
      for (let byte = 3; byte < data.length; byte += 4) if (data[byte] > 40) inked += 1;
      return inked;
    });
  }

  nothingWrong() {
    expect(this.complaints.length === 0, this.complaints.join("; "));
    expect(this.foreign.length === 0, `requests left the server: ${this.foreign.join(" ")}`);
  }
}

export function expect(condition, reason) {
  if (!condition) throw new Error(reason);
}

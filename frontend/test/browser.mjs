// The pages in a real browser, against a running server: `node test/browser.mjs BASE_URL SHOTS_DIR`.
//
// Visits every page by day, by night and at phone width, runs axe on each, stamps a text and a file
// through the page, saves the proof, verifies it, flips a byte and sees the refusal. No request may
// leave the origin, and the content policy may not be violated. Needs a log that seals by itself.
// BROWSER names another Chromium than /usr/bin/chromium.
import { chromium } from "playwright-core";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [base, shots] = process.argv.slice(2);
if (!base || !shots) {
  console.error("usage: node test/browser.mjs BASE_URL SHOTS_DIR");
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FIRST_LOAD_BYTES_MAX = 100 * 1024;
const scratch = mkdtempSync(join(tmpdir(), "indelible-browser-"));
mkdirSync(shots, { recursive: true });

let passed = 0;
const failures = [];
async function check(name, run) {
  try {
    const complaint = await run();
    if (complaint) throw new Error(complaint);
    passed++;
    console.log(`ok      ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAILED  ${name}: ${String(error.message ?? error).split("\n").slice(0, 12).join("\n        ")}`);
  }
}

const browser = await chromium.launch({
  executablePath: process.env.BROWSER ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const MODES = {
  day: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  night: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true },
  "phone-night": { viewport: { width: 390, height: 844 }, colorScheme: "dark", isMobile: true, hasTouch: true },
};

/** A page that remembers everything that went wrong on it. */
async function open(mode = "day", more = {}) {
  const context = await browser.newContext({ ...MODES[mode], acceptDownloads: true, ...more });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (m) => m.type() === "error" && wrong.push(`console: ${m.text()}`));
  page.on("pageerror", (e) => wrong.push(`script: ${e.message}`));
  page.on("request", (r) => !r.url().startsWith(base) && !/^(data|blob):/.test(r.url()) && wrong.push(`left the origin: ${r.url()}`));
  return { context, page, wrong };
}

/** What axe finds, in words. */
async function faults(page) {
  // Half-faded text has half its contrast: what moves in is there at once.
  await page.emulateMedia({ reducedMotion: "reduce" });
  // The devtools protocol runs it: the page's own policy would refuse an inline script.
  const client = await page.context().newCDPSession(page);
  await client.send("Runtime.evaluate", { expression: axe });
  const { result, exceptionDetails } = await client.send("Runtime.evaluate", {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.map((v) => [v.id, v.nodes.map((n) => n.target.join(' ') + ': ' + n.failureSummary)])))",
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.text);
  return JSON.parse(result.value).map(([id, nodes]) => `${id}: ${nodes.slice(0, 3).join(" | ")}`);
}

const settled = async (page) => {
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => null))));
};

// A log with something in it, whatever it held before.
const stamp = async (data) => {
  const response = await fetch(`${base}/api/v1/ts/?wait`, { method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify({ data }) });
  if (response.status !== 200) throw new Error(`stamping for the test answered ${response.status}: ${await response.text()}`);
  return response.json();
};
const many = await Promise.all(Array.from({ length: 9 }, (_, i) => stamp(`page-${i}-${randomBytes(6).toString("hex")}`)));
const largest = many.toSorted((a, b) => b.proof.path.length - a.proof.path.length)[0];
const sealed = { id: largest.id, interval: largest.interval, mth: largest.proof.mth };

const PAGES = {
  front: ["/", 200],
  stamp: ["/stamp", 200],
  timestamp: [`/ts/${sealed.id}`, 200],
  interval: [`/interval/${sealed.interval}`, 200],
  reference: [`/${sealed.interval}#${sealed.mth.split("#")[1]}`, 200],
  log: ["/log", 200],
  verify: ["/verify", 200],
  how: ["/how", 200],
  api: ["/api/v1/docs", 200],
  "not-found": ["/no-such-page", 404],
  "unknown-timestamp": ["/ts/018f2b6e-7c1a-8f00-8000-0000002a0007", 404],
  "beyond-head": ["/interval/999999999", 404],
};

await check("axe sees a planted fault", async () => {
  const { context, page } = await open();
  await page.goto(`${base}/how`);
  await page.evaluate(() => document.querySelector("main").append(document.createElement("img")));
  const found = await faults(page);
  await context.close();
  return found.some((fault) => fault.startsWith("image-alt")) ? "" : `it found ${found.join(", ") || "nothing"}`;
});

for (const mode of Object.keys(MODES)) {
  for (const [name, [path, status]] of Object.entries(PAGES)) {
    await check(`${name}, ${mode}`, async () => {
      const { context, page, wrong } = await open(mode);
      try {
        const response = await page.goto(base + path, { waitUntil: "load" });
        if (response && response.status() !== status) return `answered ${response.status()}, not ${status}`;
        if (["timestamp", "interval", "reference"].includes(name)) await page.locator(".steps li").last().waitFor();
        await settled(page);
        if (["timestamp", "interval", "reference"].includes(name)) {
          await page.waitForFunction(() => [...document.querySelectorAll(".steps li")].length >= 2);
          if (await page.locator(".steps .bad").count()) return `a check failed on the page: ${await page.locator(".steps .bad").first().innerText()}`;
        }
        await page.screenshot({ path: join(shots, `${name}-${mode}.png`), fullPage: true });
        if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push("the page scrolls sideways");
        wrong.push(...(await faults(page)));
        const expected = status === 404 ? wrong.filter((w) => !/status of 404/.test(w)) : wrong;
        return expected.join("\n");
      } finally {
        await context.close();
      }
    });
  }
}

await check("the front page is light on first load", async () => {
  const { context, page } = await open();
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  let bytes = 0;
  client.on("Network.loadingFinished", (e) => (bytes += e.encodedDataLength));
  await page.goto(base, { waitUntil: "load" });
  await page.evaluate(() => document.fonts.ready);
  await context.close();
  console.log(`        ${bytes} bytes over the wire`);
  return bytes > FIRST_LOAD_BYTES_MAX ? `${bytes} bytes, more than ${FIRST_LOAD_BYTES_MAX}` : "";
});

await check("the theme is chosen and remembered", async () => {
  const { context, page, wrong } = await open("day");
  await page.goto(base);
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const day = await paper();
  await page.locator("button.theme").click();
  const night = await paper();
  await page.goto(`${base}/how`);
  const kept = await paper();
  await context.close();
  return wrong.join("\n") || (day === night || night !== kept ? `${day}, ${night}, then ${kept}` : "");
});

await check("the ledger grows by itself", async () => {
  const { context, page, wrong } = await open();
  await page.goto(base);
  const newest = () => page.locator("tr[data-index]").last().getAttribute("data-index").then(Number);
  await page.locator(".pulse.on").waitFor();
  const before = await newest();
  await stamp(`ledger-${randomBytes(6).toString("hex")}`);
  await page.waitForFunction((n) => Number([...document.querySelectorAll("tr[data-index]")].at(-1).dataset.index) > n, before);
  const indexes = await page.locator("tr[data-index]").evaluateAll((rows) => rows.map((r) => Number(r.dataset.index)));
  await context.close();
  return wrong.join("\n") || (indexes.some((n, i) => i > 0 && n !== indexes[i - 1] + 1) ? `lines are missing: ${indexes}` : "");
});

/** Stamps through the page, saves the proof, answers its text. */
async function through(page, act) {
  await page.goto(`${base}/stamp`);
  await act(page);
  const save = page.locator(".receipt.sealed a[download]").first();
  await save.waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), save.click()]);
  const path = join(scratch, download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

async function verify(page, original, proof) {
  await page.goto(`${base}/verify`);
  await page.locator(".drop.original input").setInputFiles(original);
  await page.locator(".drop.proof input").setInputFiles(proof);
  await page.locator(".verdict").waitFor();
  await page.waitForFunction(() => document.querySelector(".verdict") !== null);
  return page.locator(".verdict").getAttribute("class");
}

const text = `I knew this today: ${randomBytes(8).toString("hex")}\nzwei Zeilen — ünïcode`;
await check("a text is stamped, saved, verified; another text is refused", async () => {
  const { context, page, wrong } = await open();
  const proof = await through(page, async () => {
    await page.locator("#stamp-text").fill(text);
    await page.locator("[type=submit]").click();
  });
  await page.screenshot({ path: join(shots, "stamped-day.png"), fullPage: true });
  wrong.push(...(await faults(page)));
  await page.goto(`${base}/verify`);
  await page.locator("#verify-text").fill(text);
  await page.locator(".drop.proof input").setInputFiles(proof);
  await page.locator(".verdict.sealed").waitFor();
  await settled(page);
  await page.screenshot({ path: join(shots, "verified-day.png"), fullPage: true });
  wrong.push(...(await faults(page)));
  await page.locator("#verify-text").fill(`${text} `);
  await page.locator("[type=submit]").click();
  await page.locator(".verdict.refused").waitFor();
  await context.close();
  return wrong.join("\n");
});

const file = join(scratch, "photo.bin");
const content = randomBytes(9 * 1024 * 1024 + 17);
writeFileSync(file, content);
let fileProof = "";
await check("a file of nine megabytes is stamped and verified", async () => {
  const { context, page, wrong } = await open();
  const sent = [];
  page.on("request", (r) => r.method() === "POST" && sent.push(r.postData() ?? ""));
  fileProof = await through(page, () => page.locator(".drop input").setInputFiles(file));
  if (!fileProof.endsWith("photo.bin.tlog-proof")) wrong.push(`saved as ${fileProof}`);
  const own = createHash("sha512").update(content).digest("hex");
  if (sent.length !== 1 || sent[0] !== JSON.stringify({ data: `sha512:${own}` })) wrong.push(`sent ${sent.join(" and ").slice(0, 300)}`);
  const outcome = await verify(page, file, fileProof);
  await context.close();
  return wrong.join("\n") || (outcome.includes("sealed") ? "" : outcome);
});

await check("one flipped bit in the file, the proof or the key is refused, with the reason", async () => {
  const { context, page, wrong } = await open("night");
  const bad = Buffer.from(content);
  bad[1234567] ^= 1;
  const other = join(scratch, "changed.bin");
  writeFileSync(other, bad);
  const refusals = [];
  refusals.push(["file", await verify(page, other, fileProof)]);
  await settled(page);
  await page.screenshot({ path: join(shots, "refused-night.png"), fullPage: true });
  wrong.push(...(await faults(page)));
  const proof = readFileSync(fileProof, "utf8");
  const lines = proof.split("\n");
  const places = { extra: proof.indexOf("extra ") + 60, checkpoint: proof.lastIndexOf("\n\n") - 20, signature: proof.length - 20 };
  for (const [name, at] of Object.entries(places)) {
    const swapped = proof[at] === "A" ? "B" : "A";
    const broken = join(scratch, `${name}.tlog-proof`);
    writeFileSync(broken, proof.slice(0, at) + swapped + proof.slice(at + 1));
    refusals.push([name, await verify(page, file, broken)]);
  }
  await page.goto(`${base}/verify`);
  await page.locator("#verify-key").fill("ts.example.org/log+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  await page.locator(".drop.original input").setInputFiles(file);
  await page.locator(".drop.proof input").setInputFiles(fileProof);
  await page.locator(".verdict").waitFor();
  refusals.push(["key", await page.locator(".verdict").getAttribute("class")]);
  if (!(await page.locator(".verdict .reasons li").count())) wrong.push("no reason is given");
  await context.close();
  if (lines[0] !== "c2sp.org/tlog-proof@v1") wrong.push(`the proof begins with ${lines[0]}`);
  wrong.push(...refusals.filter(([, outcome]) => !outcome.includes("refused")).map(([name, outcome]) => `${name}: ${outcome}`));
  return wrong.join("\n");
});

await check("the verify page sends nothing once it is open", async () => {
  const { context, page, wrong } = await open();
  await page.goto(`${base}/verify`, { waitUntil: "load" });
  await page.locator(".drop.original input").setInputFiles(file); // The worker's own script may load now.
  await context.setOffline(false);
  const asked = [];
  page.on("request", (r) => !r.url().includes("/assets/") && asked.push(r.url()));
  await page.locator(".drop.proof input").setInputFiles(fileProof);
  await page.locator(".verdict.sealed").waitFor();
  await context.close();
  return [...wrong, ...asked.map((url) => `asked ${url}`)].join("\n");
});

await check("a timestamp's page accepts its original and refuses another", async () => {
  const { context, page, wrong } = await open();
  const { id } = await stamp(`sha512:${createHash("sha512").update(content).digest("hex")}`);
  await page.goto(`${base}/ts/${id}`);
  await page.locator("path-check .drop input").setInputFiles(file);
  await page.locator(".verdict.sealed").waitFor();
  if (!(await page.locator(".drawing .lit").count())) wrong.push("no box of the drawing is lit");
  await page.locator("path-check .drop input").setInputFiles(join(scratch, "changed.bin"));
  await page.locator(".verdict.refused").waitFor();
  await context.close();
  return wrong.join("\n");
});

await check("a page that was seen before still has its style and scripts", async () => {
  const { context, page, wrong } = await open();
  for (let i = 0; i < 2; i++) {
    await page.goto(`${base}/how`);
    const serif = await page.evaluate(() => getComputedStyle(document.body).fontFamily);
    if (!serif.includes("Newsreader")) wrong.push(`visit ${i + 1}: ${serif}`);
    await page.goto("about:blank");
  }
  await context.close();
  return wrong.filter((w) => !w.includes("about:blank")).join("\n");
});

await check("a compact reference opens its interval and is checked; a forged one is refused", async () => {
  const { context, page, wrong } = await open();
  await page.goto(`${base}/${sealed.interval}#${sealed.mth.split("#")[1]}`);
  await page.locator(".verdict.sealed").waitFor();
  await page.goto("about:blank");
  await page.goto(`${base}/${sealed.interval}#v1:${"A".repeat(42)}A`);
  await page.locator(".verdict.refused").waitFor();
  await context.close();
  return wrong.filter((w) => !w.includes("about:blank")).join("\n");
});

await check("without script a text is stamped by form, and its page shows the seal", async () => {
  const { context, page, wrong } = await open("phone", { javaScriptEnabled: false });
  await page.goto(`${base}/stamp`);
  await page.locator("#stamp-text").fill("no script here");
  await Promise.all([page.waitForURL(/\/ts\//), page.locator("[type=submit]").click()]);
  await page.getByRole("heading", { name: /Sealed in interval/ }).waitFor({ timeout: 15_000 });
  await page.screenshot({ path: join(shots, "without-script-phone.png"), fullPage: true });
  for (const path of ["/", "/verify", "/how", "/log", `/interval/${sealed.interval}`]) {
    await page.goto(base + path);
    if (!(await page.locator("h1").innerText())) wrong.push(`${path} is empty without script`);
  }
  await context.close();
  return wrong.join("\n");
});

await check("a refused form keeps what was typed and says why", async () => {
  const { context, page, wrong } = await open("day", { javaScriptEnabled: false });
  await page.goto(`${base}/stamp`);
  await page.locator("[type=submit]").click();
  await page.locator("#stamp-wrong").waitFor();
  await page.screenshot({ path: join(shots, "stamp-refused-day.png"), fullPage: true });
  await context.close();
  return wrong.filter((w) => !/status of 4\d\d/.test(w)).join("\n");
});

await check("everything can be reached by keyboard", async () => {
  const { context, page, wrong } = await open();
  await page.goto(`${base}/stamp`);
  await page.keyboard.press("Tab");
  if (!(await page.evaluate(() => document.activeElement?.classList.contains("skip")))) wrong.push("the first stop is not the skip link");
  const stops = new Set();
  for (let i = 0; i < 30; i++) {
    await page.keyboard.press("Tab");
    stops.add(await page.evaluate(() => document.activeElement?.className || document.activeElement?.id || document.activeElement?.tagName || ""));
  }
  for (const stop of ["pick", "input"]) if (![...stops].some((s) => s.split(" ").includes(stop))) wrong.push(`no stop at .${stop}: ${[...stops].join(", ")}`);
  await context.close();
  return wrong.join("\n");
});

await browser.close();
rmSync(scratch, { recursive: true, force: true });
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);

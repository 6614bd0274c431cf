// The command-line client as an administrator uses it at a terminal: the real executable against the real service.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchBrowser, newPerson } from "../lib/browser.mjs";
import { Demo } from "../lib/demo.mjs";
import { enterByLink, makeToken, newPassword, onePerCustomer, open } from "../lib/portal.mjs";

const NAGAYA = process.env.NAGAYA ?? new URL("../../target/debug/nagaya", import.meta.url).pathname;
const SCOPES = [
  "See users",
  "Invite, change, suspend and remove users",
  "Read the activity log",
  "See which commitments hold",
  "See and end one's own desktops",
];
// What a command ends with.
const SETTINGS = 3;
const NOT_ALLOWED = 4;
const NOT_FOUND = 5;
const REFUSED = 6;
const UNREACHABLE = 7;
const UNCONFIRMED = 8;

let demo, browser, page, portal, authority, home, token;

before(async () => {
  demo = await Demo.create();
  await demo.start();
  ({ portal_url: portal, authority_pem_path: authority } = demo.report());
  browser = await launchBrowser();
  page = await (await newPerson(browser)).newPage();
  await enterByLink(page, onePerCustomer(demo.report(), "administrator")[1], newPassword());
  await open(page, "desktops");
  token = await makeToken(page, portal, "terminal", SCOPES);
  home = mkdtempSync(join(tmpdir(), "nagaya-client-"));
});

after(async () => {
  await browser?.close();
  await demo?.dispose();
  if (home) rmSync(home, { recursive: true, force: true });
});

/** Runs `nagaya` for somebody with a configuration of their own. */
function nagaya(words, { input = "", environment = {} } = {}) {
  const env = { PATH: process.env.PATH, HOME: home, LANG: "en_GB.UTF-8", TZ: "Asia/Tokyo", ...environment };
  const done = spawnSync(NAGAYA, words, { env, input, encoding: "utf8" });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** What a command says that has to do what it is told. */
function done(...words) {
  const { code, out, err } = nagaya(words);
  assert.equal(code, 0, `${words.join(" ")}: ${err}`);
  return out;
}

const json = (...words) => JSON.parse(done(...words, "--json"));

/** A command that has to refuse, with this code and these words. */
function refused(words, code, says, more) {
  const told = nagaya(words, more);
  assert.equal(told.code, code, `${words.join(" ")}: ${told.out}${told.err}`);
  assert.match(told.err, says);
  assert.ok(!`${told.out}${told.err}`.includes(token), "the token is shown");
}

test("a token comes in by the standard input and stays where nobody else reads it", { timeout: 60_000 }, () => {
  refused(["me"], SETTINGS, /nagaya login/);
  const login = ["login", "--url", portal, "--ca-file", authority];
  // Without the authority nobody's certificate is believed; what is no token is not kept.
  refused(login.slice(0, 3), UNREACHABLE, /--ca-file/, { input: token });
  refused(login, 2, /ngy_/, { input: "hunter2\n" });
  refused(login, NOT_ALLOWED, /portal/, { input: `ngy_${"A".repeat(43)}\n` });
  const kept = join(home, ".config/nagaya/default.token");
  assert.ok(!existsSync(kept));
  const { code, out, err } = nagaya(login, { input: `${token}\n` });
  assert.equal(code, 0, err);
  assert.match(out, /Administrator/);
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  assert.equal(statSync(join(home, ".config/nagaya")).mode & 0o777, 0o700);
  assert.equal(json("me").role, "administrator");

  chmodSync(kept, 0o640);
  refused(["me"], SETTINGS, /chmod 600/);
  chmodSync(kept, 0o600);
});

test("people are invited, changed, suspended and removed, and questions are asked first", { timeout: 60_000 }, () => {
  const address = "mio@harbour.example";
  const invited = done("people", "invite", "--name", "中村 澪", "--email", address, "--role", "user");
  assert.match(invited, /welcome\/\S{43}/);
  const list = done("people", "list", "--search", "mio");
  assert.match(list, /^Name {5}Email address/m);
  assert.match(list, /^中村 澪 {2}mio@harbour\.example {2}User {2}No password yet$/m);
  assert.match(done("people", "change", address, "--role", "auditor"), /Role +Auditor/);
  assert.match(done("people", "link", address), /24 hours/);
  refused(["people", "change", address], 2, /--help/);
  refused(["people", "change", address, "--name", " "], REFUSED, /full_name/);
  refused(["people", "suspend", address], UNCONFIRMED, /--yes/);
  assert.match(done("people", "suspend", address, "--yes"), /suspended/);
  assert.match(done("people", "list", "--search", "mio"), /Locked/);
  done("people", "resume", address);
  refused(["people", "remove", address], UNCONFIRMED, /--yes/);
  refused(["people", "show", "nobody@harbour.example"], NOT_FOUND, /people list/);
  refused(["people", "show", "../activity"], 2, /ID/);
  const { id } = json("people", "show", address);
  assert.match(done("people", "remove", id, "--yes"), /removed/);
  refused(["people", "show", id], NOT_FOUND, /no such thing/i);
  const [me] = json("people", "list", "--search", onePerCustomer(demo.report(), "administrator")[1].email).items;
  refused(["people", "remove", me.id, "--yes"], REFUSED, /themselves/);
});

test("lists come in pages, sessions end, and what was done is in the log", { timeout: 60_000 }, () => {
  const { items, total } = json("activity", "list", "--all");
  assert.equal(items.length, total);
  assert.match(done("activity", "list", "--what", "identity.user_removed"), /(JST|UTC) {2}.*\(API: terminal\) {2}User removed/);
  assert.match(done("commitments", "list"), /^5\.6 /m);
  assert.match(done("contract", "show"), /Sessions at most +\d+/);
  assert.match(done("assets", "list", "--kind", "desktop"), /^Desktop +\S.* {2}Customer +HARBOUR-D1 +jp-east/m);
  const assets = json("assets", "list", "--all");
  assert.equal(assets.items.length, assets.total);
  assert.ok(assets.items.some(({ kind, service_code: code }) => kind === "session" && code));
  const desktop = json("desktops", "list").find((one) => one.session);
  assert.ok(desktop, "no session runs");
  refused(["sessions", "end", desktop.session.id], UNCONFIRMED, /--yes/);
  assert.match(done("sessions", "end", desktop.session.id, "--yes"), /ended/);
});

/** What is typed after each command in the walk; `ID` stands for a person's or a session's id. */
const WALK = {
  me: [],
  "people list": [],
  "people show": ["ID"],
  "people invite": ["--name", "Nobody", "--email", "nobody@harbour.example", "--role", "user"],
  "people change": ["ID", "--name", "Changed"],
  "people suspend": ["ID", "--yes"],
  "people resume": ["ID"],
  "people link": ["ID"],
  "people remove": ["ID", "--yes"],
  "people export": [],
  "people import": ["FILE", "--yes"],
  "activity list": [],
  "assets list": [],
  "commitments list": [],
  "desktops list": [],
  "sessions end": ["ID", "--yes"],
  "contract show": [],
};
/** What those may do who administer nothing, as the page of who can do what says it; users make no tokens. */
const LOOKING = ["me", "people list", "people show", "people export", "activity list", "assets list", "commitments list", "contract show"];
const OTHERS = { auditor: LOOKING, operations_contact: [...LOOKING, "desktops list"] };

/** Every command of the client, as its own help lists them. */
function commands() {
  const listed = (words) => /^Commands:\n((?:  .*\n)+)/m.exec(done(...words, "--help"))?.[1].match(/^ {2}[\w-]+/gm).map((name) => name.trim()) ?? [];
  const provider = /^(help|serve|gateway|agent|demo|enrol-token|sign-in-link|add-operator|confirm-domain|renew-operator|rotate-keys|controls|migrate|verify|login|logout|completion)$/;
  return listed([]).filter((noun) => !provider.test(noun)).flatMap((noun) => {
    const verbs = listed([noun]).filter((verb) => verb !== "help");
    return verbs.length ? verbs.map((verb) => `${noun} ${verb}`) : [noun];
  });
}

test("every command asks what its token's person may, and finds nothing of another customer's", { timeout: 180_000 }, async () => {
  assert.deepEqual(commands().sort(), Object.keys(WALK).sort(), "each command is walked");
  const people = join(home, "people.csv");
  writeFileSync(people, "action,name,email,role\nadd,Nobody,nobody@harbour.example,user\n");
  const typed = (command, id) => [...command.split(" "), ...WALK[command].map((word) => ({ ID: id, FILE: people })[word] ?? word)];

  const codes = (id, more) => Object.keys(WALK).map((command) => [command, nagaya(typed(command, id), more).code]);
  let id;
  for (const [role, may] of Object.entries(OTHERS)) {
    const email = `${role.replace("_", "-")}@harbour.example`;
    const link = /https:\S+welcome\/\S{43}/.exec(done("people", "invite", "--name", "Orla Watch", "--email", email, "--role", role))[0];
    const orla = await (await newPerson(browser)).newPage();
    await enterByLink(orla, { link }, newPassword());
    const theirs = await makeToken(orla, portal, "looking", SCOPES);
    ({ id } = json("people", "show", email));
    const environment = { HOME: join(home, role) };
    mkdirSync(environment.HOME);
    const login = nagaya(["login", "--url", portal, "--ca-file", authority], { input: `${theirs}\n`, environment });
    assert.equal(login.code, 0, login.err);
    for (const [command, code] of codes(id, { environment })) assert.equal(code === 0, may.includes(command), `${role}: ${command}: ${code}`);
  }

  const boss = await (await newPerson(browser)).newPage();
  await enterByLink(boss, onePerCustomer(demo.report(), "administrator")[0], newPassword());
  const theirs = await makeToken(boss, portal, "theirs", SCOPES);
  const elsewhere = { environment: { HOME: join(home, "elsewhere") } };
  mkdirSync(elsewhere.environment.HOME);
  assert.equal(nagaya(["login", "--url", portal, "--ca-file", authority], { input: `${theirs}\n`, ...elsewhere }).code, 0);
  const foreign = Object.keys(WALK).filter((command) => WALK[command].includes("ID"));
  for (const command of foreign) assert.equal(nagaya(typed(command, id), elsewhere).code, NOT_FOUND, command);
  assert.equal(json("people", "show", id).full_name, "Orla Watch");
});

test("it speaks Japanese, completes words, and says what is wrong with a configuration", { timeout: 60_000 }, () => {
  const japanese = { environment: { LANG: "ja_JP.UTF-8" } };
  assert.match(nagaya(["people", "list"], japanese).out, /^名前 +メールアドレス +役割/m);
  assert.match(nagaya(["people", "--help"], japanese).out, /ユーザーを招待し/);
  assert.match(done("people", "list", "--lang", "ja"), /管理者/);
  for (const shell of ["bash", "zsh", "fish"]) assert.match(done("completion", shell), /suspend/);

  const wrong = join(home, "wrong.toml");
  const with_ = (text) => {
    writeFileSync(wrong, text);
    return { environment: { NAGAYA_CONFIG: wrong } };
  };
  refused(["me"], SETTINGS, /line 2/, with_(`[profiles.default]\ntoken = "${token}"\n`));
  refused(["me", "--profile", "other"], SETTINGS, /default/);
  const nowhere = `[profiles.default]\nurl = "https://127.0.0.1:1"\ntoken_file = "${home}/.config/nagaya/default.token"\n`;
  refused(["me"], UNREACHABLE, /url/, with_(nowhere));
});

test("a redirect is not followed, so that the token goes nowhere else", { timeout: 60_000 }, async () => {
  // A service that its owner trusts, which sends callers on to somebody else.
  const key = join(home, "redirect.key");
  const certificate = join(home, "redirect.pem");
  // No authority's certificate: as the service's own it would be refused before anything is asked.
  const own = join(home, "redirect.cnf");
  writeFileSync(own, "[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\nbasicConstraints=critical,CA:FALSE\nsubjectAltName=IP:127.0.0.1\n");
  const subject = ["-subj", "/CN=127.0.0.1", "-config", own];
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", ...subject]);
  assert.equal(made.status, 0, String(made.stderr));
  const asked = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, answer) => {
    asked.push(request.url);
    answer.writeHead(307, { location: "/elsewhere" }).end();
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const config = join(home, "redirect.toml");
  const url = `https://127.0.0.1:${server.address().port}`;
  const kept = join(home, ".config/nagaya/default.token");
  writeFileSync(config, `[profiles.default]\nurl = "${url}"\ntoken_file = "${kept}"\nca_file = "${certificate}"\n`);
  const env = { PATH: process.env.PATH, HOME: home, NAGAYA_CONFIG: config, LANG: "C" };
  const child = spawn(NAGAYA, ["me"], { env });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const code = await new Promise((over) => child.on("close", over));
  server.close();
  assert.equal(code, SETTINGS, said);
  assert.match(said, /redirect/);
  assert.deepEqual(asked, ["/api/v1/me"]);
});

test("what is logged out cannot be used any more from here", { timeout: 60_000 }, () => {
  assert.match(done("logout"), /revoke/);
  refused(["me"], SETTINGS, /nagaya login/);
});

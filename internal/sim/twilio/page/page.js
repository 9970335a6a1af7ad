// The page of the simulated Twilio: watches calls, and is a customer. All
// addresses are relative, so it works wherever the simulator is mounted.

const byId = (id) => document.getElementById(id);
const show = (id, on) => { byId(id).hidden = !on; };

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text ?? "";
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Mu-law as ITU-T G.711 has it.

function encode(sample) {
  let value = Math.max(-32635, Math.min(32635, Math.round(sample * 32768)));
  const sign = value < 0 ? 0x80 : 0;
  value = Math.abs(value) + 132;
  let segment = 7;
  for (let mask = 0x4000; segment > 0 && !(value & mask); mask >>= 1) segment--;
  return ~(sign | (segment << 4) | ((value >> (segment + 3)) & 0x0f)) & 0xff;
}

function decode(code) {
  const byte = ~code & 0xff;
  const value = ((((byte & 0x0f) << 3) + 132) << ((byte >> 4) & 7)) - 132;
  return (byte & 0x80 ? -value : value) / 32768;
}

// level is that of a piece of sound above -60 dB, for a meter.
function level(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.max(0, Math.min(60, 60 + 10 * Math.log10(sum / samples.length + 1e-9)));
}

// The telephone.

let socket = null;
let handset = null; // {context, node, stream}
let ringing = null; // timer of the ringing sound
let ticking = null; // timer of the clock
let me = ""; // the number that is sat at

const names = new Map(); // of people, by number

function state(name, words, detail = "") {
  byId("phone").dataset.state = name;
  byId("phone-state").textContent = words;
  byId("phone-detail").textContent = detail;
  byId("face").textContent = name === "away" ? "?" : (names.get(me) ?? me).replace("+", "").slice(0, 1);
  clock(name === "up");
  show("answer", name === "rings");
  show("decline", name === "rings");
  show("hangup", name === "up" || name === "calls");
  show("call", name === "waits" && socket?.readyState === WebSocket.OPEN && byId("desk").options.length > 0);
  show("leave", name === "waits");
  show("meters", name === "up");
  show("keypad", name === "up");
  byId("sit").disabled = name !== "away";
  byId("number").disabled = name !== "away";
  document.title = name === "rings" ? "Ringing: simulated Twilio" : "Simulated Twilio";
}

// clock counts from the answer.
function clock(on) {
  clearInterval(ticking);
  show("clock", on);
  if (!on) return;
  const began = Date.now();
  const tick = () => {
    const seconds = Math.floor((Date.now() - began) / 1000);
    byId("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  };
  tick();
  ticking = setInterval(tick, 500);
}

async function pickUpHandset() {
  const context = new AudioContext({ sampleRate: 8000 });
  await context.audioWorklet.addModule("microphone.js");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const node = new AudioWorkletNode(context, "handset");
  context.createMediaStreamSource(stream).connect(node);
  node.connect(context.destination);
  node.port.onmessage = (event) => say(event.data);
  return { context, node, stream };
}

function say(samples) {
  if (byId("phone").dataset.state !== "up" || socket?.readyState !== WebSocket.OPEN) return;
  byId("mouth").value = level(samples);
  socket.send(Uint8Array.from(samples, encode));
}

function hear(sound) {
  const samples = Float32Array.from(new Uint8Array(sound), decode);
  byId("ear").value = level(samples);
  handset?.node.port.postMessage(samples);
}

function ring(on) {
  clearInterval(ringing);
  if (!on || !handset) return;
  const burst = () => {
    const tone = handset.context.createOscillator();
    const volume = handset.context.createGain();
    volume.gain.value = 0.08;
    tone.frequency.value = 480;
    tone.connect(volume).connect(handset.context.destination);
    tone.start();
    tone.stop(handset.context.currentTime + 0.8);
  };
  burst();
  ringing = setInterval(burst, 2000);
}

const signs = {
  ring(sign) {
    state("rings", `${sign.from} is calling`, "Answer, and speak with your own microphone.");
    ring(true);
    byId("answer").focus();
  },
  calling() {
    state("calls", "It rings at the desk", "Wait for an answer, or hang up.");
    byId("hangup").focus();
  },
  up() {
    ring(false);
    state("up", "Connected", `You are ${names.get(me) ?? "somebody"}, ${me}`);
    byId("hangup").focus();
  },
  end() {
    ring(false);
    state("waits", "The call is over", "Waiting for the next one.");
    byId("leave").focus();
  },
};

async function sit(event) {
  event.preventDefault();
  const number = me = byId("number").value.trim();
  state("waits", "Asking for the microphone ...");
  try {
    handset = await pickUpHandset();
  } catch (error) {
    leave("No microphone", `${error.message}. Other than on localhost a browser gives it only to https pages.`);
    return;
  }
  const address = new URL(`control/person/${encodeURIComponent(number)}`, document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => state("waits", "Waiting for a call", `You are ${names.get(number) ?? "somebody"}, ${number}. Dial it from the softphone.`);
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") return hear(data);
    const sign = JSON.parse(data);
    signs[sign.type]?.(sign);
  };
  socket.onclose = () => leave("You were sent away", "Somebody else sits at this number already, or the simulator stopped.");
}

function leave(words, detail = "Choose a number above; its usual person steps aside.") {
  ring(false);
  if (socket) {
    socket.onclose = null;
    socket.close();
  }
  handset?.stream.getTracks().forEach((track) => track.stop());
  handset?.context.close();
  socket = handset = null;
  state("away", words, detail);
}

const send = (sign) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(sign));

// letCall lets somebody call the desk that is chosen; one who sits at this page
// talks, everybody else behaves as in the list.
async function letCall(from) {
  const answer = await fetch("control/calls", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ from, to: byId("desk").value }),
  });
  if (!answer.ok) byId("phone-state").textContent = `The call did not come about: ${(await answer.json()).error}`;
}

function setUpPhone() {
  byId("call").addEventListener("click", () => letCall(me));
  byId("seat-form").addEventListener("submit", sit);
  byId("answer").addEventListener("click", () => send({ type: "answer" }));
  byId("decline").addEventListener("click", () => send({ type: "decline" }));
  byId("hangup").addEventListener("click", () => send({ type: "hangUp" }));
  byId("leave").addEventListener("click", () => { leave("Nobody sits here"); byId("number").focus(); });
  for (const key of "123456789*0#") {
    const button = element("button", key, { type: "button", "aria-label": `Key ${{ "*": "star", "#": "hash" }[key] ?? key}` });
    button.addEventListener("click", () => send({ type: "key", key }));
    byId("keypad").append(button);
  }
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement;
    if (!typing && !event.ctrlKey && !event.metaKey && /^[0-9*#]$/.test(event.key)) send({ type: "key", key: event.key });
  });
}

// What goes on.

const fetchJSON = async (path) => (await fetch(path)).json();

function meterRow(words, value) {
  const row = element("div", "", { class: "meter" });
  row.append(element("span", words), element("meter", "", { min: 0, max: 60, value: Math.max(0, 60 + value), "aria-label": `Level, ${words}` }));
  return row;
}

function callItem(call) {
  const item = element("li");
  const who = element("div", "", { class: "who" });
  const person = call.direction === "inbound" ? call.from : call.to;
  const desk = call.direction === "inbound" ? `calls ${call.to}` : `from ${call.from}`;
  who.append(element("span", `${call.name} ${person}`), element("span", call.status, { class: "status", "data-status": call.status }));
  item.append(who, element("div", desk, { class: "status" }));
  if (call.status === "in-progress") item.append(meterRow("Hears", call.heard), meterRow("Says", call.said));
  if (call.timeline) {
    const links = element("div", "", { class: "links" });
    for (const [what, words] of [["heard", "What they heard"], ["said", "What they said"]]) {
      links.append(element("a", words, { href: `control/calls/${call.call}/${what}.wav`, "aria-label": `${words}, call of ${call.name} ${call.call.slice(-6)}` }));
    }
    item.append(links);
  }
  return item;
}

// Lists are replaced only when they changed, so that the focus stays.
function replace(id, items, key) {
  const list = byId(id);
  if (list.dataset.shown === key || list.contains(document.activeElement)) return;
  list.dataset.shown = key;
  list.replaceChildren(...items());
}

function accountItem(account) {
  const item = element("li");
  const numbers = account.numbers?.map((number) => number.number).join(", ") || "no numbers";
  item.append(element("strong", account.name), element("div", numbers), element("code", account.sid));
  return item;
}

async function watch() {
  try {
    const { calls, accounts } = await fetchJSON("control/state");
    show("no-calls", calls.length === 0);
    replace("calls", () => calls.map(callItem), JSON.stringify(calls));
    const desks = accounts.flatMap((account) => account.numbers ?? []);
    replace("desk", () => desks.map((desk) => element("option", `${desk.name ?? ""} ${desk.number}`.trim(), { value: desk.number })), JSON.stringify(desks));
    replace("accounts", () => accounts.map(accountItem), JSON.stringify(accounts));
  } catch {
    show("no-calls", true); // the simulator stopped; the next round tells
  }
  setTimeout(watch, document.hidden ? 2000 : 300);
}

const behaviour = (person) => {
  if (person.when !== "answers") return { busy: "is busy", noAnswer: "never answers", rejects: "declines", unreachable: "cannot be reached", invalid: "does not exist", unverified: "is not verified" }[person.when];
  return { talks: "answers and talks", silent: "answers and says nothing", tone: "plays a tone", echo: "repeats what it hears", file: "plays a file" }[person.sound];
};

async function listPeople() {
  const people = await fetchJSON("control/people");
  for (const person of people) names.set(person.number, person.name);
  byId("people").replaceChildren(...people.map((person) => {
    const row = element("tr");
    const call = element("button", "Let them call", { type: "button", "aria-label": `Let them call: ${person.name}` });
    call.addEventListener("click", () => letCall(person.number));
    const calls = element("td");
    calls.append(call);
    row.append(element("td", person.number), element("td", person.name), element("td", behaviour(person)), calls);
    return row;
  }));
  byId("numbers").replaceChildren(...people.map((person) => element("option", person.name, { value: person.number })));
}

// summary says an entry in a few words.
function summary({ kind, what, detail = {} }) {
  const answer = detail.answer ?? detail.status;
  const took = detail.ms === undefined ? "" : ` in ${detail.ms} ms`;
  if (kind === "request") return `${what.replace(/\/2010-04-01\/Accounts\/\w+/, "")} \u2192 ${answer}`;
  if (kind === "callback" || kind === "voice") return `${what} \u2192 ${answer ?? detail.error ?? "no answer"}${took}`;
  const more = detail.what ?? detail.why ?? detail.cause ?? detail.digit ?? detail.text;
  return more === undefined ? what : `${what}: ${more}`;
}

function ledgerRow(entry) {
  const row = element("tr");
  const kind = element("td");
  kind.append(element("span", entry.kind, { class: "kind", "data-kind": entry.kind }));
  const what = element("td");
  if (entry.detail && Object.keys(entry.detail).length > 0) {
    const all = element("details");
    all.append(element("summary", summary(entry)), element("pre", JSON.stringify(entry.detail, null, 2)));
    what.append(all);
  } else {
    what.textContent = summary(entry);
  }
  row.append(element("td", entry.time.slice(11, 23)), kind, what);
  return row;
}

let read = 0;

async function followLedger() {
  try {
    const text = await (await fetch(`control/ledger?after=${read}`)).text();
    const entries = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const rows = entries.slice(-200).map(ledgerRow);
    byId("ledger").prepend(...rows.reverse());
    while (byId("ledger").children.length > 200) byId("ledger").lastElementChild.remove();
    read = entries.at(-1)?.seq ?? read;
  } catch {
    read = 0; // a new simulator counts from the beginning
    byId("ledger").replaceChildren();
  }
  setTimeout(followLedger, document.hidden ? 5000 : 1000);
}

setUpPhone();
listPeople();
watch();
followLedger();

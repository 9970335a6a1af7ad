// Shows the sessions, what was heard and answered, and the events between; asks
// for faults. Addresses are relative, so the page works under any prefix.
const strikes = {
  abort: "Cut every line", stall: "Fall silent for 5 s", slow: "Answer 5 s late", garbage: "Send half an event",
  unknown_event: "Send an event of the future", big_frame: "Send 64 KiB at once", flood: "Send 1000 events", server_error: "Report an error",
  expire: "End the hour",
}
const arms = {
  refuse: "503", blackhole: "Answer nothing", instant_close: "Close at once", bad_key: "Call the key bad", quota: "Empty account",
  rate_limit: "Too many requests", transcription_failed: "Fail a transcript", out_of_order: "Swap two transcripts", no_pcmu: "Refuse mu-law",
  rest_quota: "REST: empty account", rest_error: "REST: error 500",
}
const $ = id => document.getElementById(id)

function element(name, text, className) {
  const e = document.createElement(name)
  if (text !== undefined) e.textContent = text
  if (className) e.className = className
  return e
}

function level(s) {
  const m = document.createElement("meter")
  m.max = 0.3
  m.value = s.level
  m.setAttribute("aria-label", "level of what is heard")
  return m
}

function lines(title, list, none) {
  const box = element("div", undefined, "lines")
  box.append(element("h4", title))
  for (const line of list) box.append(element("p", line))
  if (!list.length) box.append(element("p", none, "hint"))
  return box
}

const suggestion = words => {
  try {
    const all = JSON.parse(words).suggestions
    return all.length ? "suggests: " + all.map(s => s.text).join(" · ") : "has nothing to suggest"
  } catch {
    return words
  }
}

function card(s) {
  const ear = s.kind === "transcription"
  const box = element("article", undefined, "card" + (s.ended ? " over" : ""))
  const head = element("div", undefined, "row")
  head.append(element("h3", ear ? "Ear" : "Mind"), element("span", s.ended ? "ended " + new Date(s.ended).toLocaleTimeString() : "connected", "tag"))
  box.append(head)
  if (ear) {
    box.append(element("p", (s.heardMs / 1000).toFixed(1) + " s of speech heard", "hint"))
    if (!s.ended) box.append(level(s))
    const wrote = lines("Wrote", s.wrote.map(l => l || "(nothing)"), "nothing yet")
    if (s.now) wrote.append(element("p", s.now + " …", "now"))
    box.append(wrote)
  } else {
    box.append(element("p", s.model + ", " + s.tokens + " tokens", "hint"), lines("Was told", s.told, "nothing yet"), lines("Answered", s.said.map(suggestion), "nothing yet"))
  }
  return box
}

function event(e) {
  const line = element("li", undefined, e.direction)
  const said = e.detail && (e.detail.transcript ?? e.detail.delta ?? e.detail.error?.message ?? e.detail.reason)
  line.append(element("time", new Date(e.at).toLocaleTimeString()), element("b", e.direction === "in" ? "→" : "←"), element("span", e.type + (said ? "  " + said : "")))
  return line
}

async function refresh() {
  try {
    const [sessions, faults, ledger] = await Promise.all([
      fetch("control/sessions").then(r => r.json()), fetch("control/faults").then(r => r.json()), fetch("control/ledger?last=14&telling").then(r => r.text()),
    ])
    $("sessions").replaceChildren(...sessions.sessions.map(card))
    $("none").hidden = sessions.sessions.length > 0
    const waiting = Object.entries(faults).filter(([, n]) => n > 0)
    $("armed").textContent = waiting.length ? "Waiting: " + waiting.map(([k, n]) => (arms[k] ?? k) + " ×" + n).join(", ") : "Nothing is waiting."
    $("events").replaceChildren(...ledger.split("\n").filter(Boolean).map(l => event(JSON.parse(l))).reverse())
  } catch {
    $("armed").textContent = "The simulator does not answer."
  }
  setTimeout(refresh, 500)
}

async function strike(kind, label) {
  const r = await fetch("control/faults", { method: "POST", body: JSON.stringify({ kind }) })
  $("said").textContent = r.ok ? label + ": done." : "Refused."
}

for (const [into, kinds] of [["now", strikes], ["next", arms]]) {
  for (const [kind, label] of Object.entries(kinds)) {
    const b = element("button", label)
    b.type = "button"
    b.addEventListener("click", () => strike(kind, label))
    $(into).append(b)
  }
}
$("calm").addEventListener("click", async () => {
  await fetch("control/faults", { method: "DELETE" })
  $("said").textContent = "No more trouble."
})
refresh()

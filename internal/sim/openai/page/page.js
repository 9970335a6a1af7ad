// Shows the live sessions and asks for faults; addresses are relative, so the
// page works under any prefix.
const faults = {
  abort: "Cut every line", stall: "Fall silent for 5 s", garbage: "Send garbage", unknown_event: "Send an unknown event",
  big_frame: "Send a big frame", flood: "Flood", server_error: "Server error", expire: "End the hour", quota: "Empty the account",
  transcription_failed: "Fail a transcript", out_of_order: "Swap two transcripts", refuse: "Refuse the next", bad_key: "Call the next key bad",
}
const sessions = document.getElementById("sessions")
const said = document.getElementById("said")

function element(name, text) {
  const e = document.createElement(name)
  e.textContent = text
  return e
}

function card(s) {
  const box = document.createElement("article")
  const level = document.createElement("meter")
  level.max = 0.3
  level.value = s.level
  level.setAttribute("aria-label", "level")
  box.append(element("h3", s.kind === "transcription" ? "Ear" : "Mind " + s.model), element("p", (s.heardMs / 1000).toFixed(1) + " s heard"), level)
  for (const line of s.wrote) box.append(element("p", line || "(nothing)"))
  return box
}

async function refresh() {
  try {
    const list = (await (await fetch("control/sessions")).json()).sessions
    sessions.replaceChildren(...(list.length ? list.map(card) : ["No session is open."]))
  } catch {
    sessions.replaceChildren("The simulator does not answer.")
  }
  setTimeout(refresh, 1000)
}

async function strike(kind) {
  const r = await fetch("control/faults", { method: "POST", body: JSON.stringify({ kind }) })
  said.textContent = r.ok ? faults[kind] + ": done." : "Refused."
}

for (const [kind, label] of Object.entries(faults)) {
  const b = element("button", label)
  b.type = "button"
  b.addEventListener("click", () => strike(kind))
  document.getElementById("buttons").append(b)
}
refresh()

// The real client, npm socket.io-client, against the conformance server whose address is in URL.
// Every check runs on WebSocket alone, on polling alone, and through the upgrade.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Manager, io } from "socket.io-client";

const url = process.env.URL;
const token = "open sesame";
const ways = {
  websocket: ["websocket"],
  polling: ["polling"],
  upgrade: ["polling", "websocket"],
};

const open = new Set();
afterEach(() => {
  for (const socket of open) socket.disconnect();
  open.clear();
});

function desk(transports, { namespace = "/desk", auth = { token }, ...options } = {}) {
  const socket = io(url + namespace, { transports, auth, forceNew: true, reconnectionDelay: 50, ...options });
  open.add(socket);
  return socket;
}

const next = (emitter, event) => new Promise((resolve) => emitter.once(event, (...values) => resolve(values)));

async function connected(transports, options) {
  const socket = desk(transports, options);
  await Promise.race([next(socket, "connect"), next(socket, "connect_error").then(([error]) => Promise.reject(error))]);
  return socket;
}

for (const [way, transports] of Object.entries(ways)) {
  describe(way, () => {
    it("connects, and ends on the transport it should", async () => {
      const socket = desk(transports);
      const upgraded = way === "upgrade" && next(socket.io, "open").then(() => next(socket.io.engine, "upgrade"));
      await next(socket, "connect");
      assert.equal(socket.id.length, 20);
      await upgraded;
      assert.equal(socket.io.engine.transport.name, way === "polling" ? "polling" : "websocket");
    });

    it("is refused with a message and data, and admitted with a good token", async () => {
      const socket = desk(transports, { auth: { token: "wrong" } });
      const [error] = await next(socket, "connect_error");
      assert.equal(error.message, "who are you?");
      assert.deepEqual(error.data, { code: "unauthorized" });
      assert.equal(socket.active, false);
      socket.auth = { token };
      socket.connect();
      await next(socket, "connect");
    });

    it("is told about an unknown namespace", async () => {
      const [error] = await next(desk(transports, { namespace: "/nowhere" }), "connect_error");
      assert.equal(error.message, "Invalid namespace");
    });

    it("hands its auth over", async () => {
      const socket = desk(transports, { namespace: "/", auth: { since: { "call:1": [2, 3] } } });
      const [auth] = await next(socket, "auth");
      assert.deepEqual(auth, { since: { "call:1": [2, 3] } });
    });

    it("uses two namespaces on one connection", async () => {
      const manager = new Manager(url, { transports });
      const main = manager.socket("/");
      const other = manager.socket("/desk", { auth: { token } });
      open.add(main).add(other);
      await Promise.all([next(main, "connect"), next(other, "connect")]);
      other.disconnect();
      assert.deepEqual(await main.timeout(2000).emitWithAck("message-with-ack", "still here"), "still here");
    });

    it("gets its questions answered, in order", async () => {
      const socket = await connected(transports);
      const values = ["text \u20ac \u{1f4de} \u2028", 1.5, null, { deep: [true, { "<b>": "&" }] }];
      for (const value of values) assert.deepEqual(await socket.timeout(2000).emitWithAck("echo", value), value);
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => socket.timeout(2000).emitWithAck("echo", i)));
      assert.deepEqual(answers, Array.from({ length: 50 }, (_, i) => i));
    });

    it("runs into its own time limit when nobody answers", async () => {
      const socket = await connected(transports);
      await assert.rejects(socket.timeout(100).emitWithAck("silence"), /timed out/);
    });

    it("answers the server's questions", async () => {
      const socket = await connected(transports);
      socket.on("question", (a, b, answer) => answer({ sum: a + b }));
      assert.deepEqual(await socket.timeout(2000).emitWithAck("ask me", 2, 3), { sum: 5 });
    });

    it("is told when it did not answer in time", async () => {
      const socket = await connected(transports);
      const { error } = await socket.timeout(2000).emitWithAck("ask me", "anybody?");
      assert.match(error, /deadline exceeded/);
    });

    it("sends and gets binary values", async () => {
      const socket = await connected(transports);
      const data = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 256));
      const back = await socket.timeout(2000).emitWithAck("echo", data);
      assert.deepEqual(Buffer.from(back), data);
      const answered = await new Promise((resolve) =>
        socket.emit("echo", Buffer.from([1]), "between", Buffer.from([]), (...all) => resolve(all)),
      );
      assert.deepEqual([...Buffer.from(answered[0])], [1]);
      assert.equal(answered[1], "between");
      assert.equal(answered[2].byteLength ?? answered[2].length, 0);
    });

    it("hears what is said in its rooms, and only that", async () => {
      const [ann, bob, eve] = await Promise.all([connected(transports), connected(transports), connected(transports)]);
      assert.deepEqual(await ann.timeout(2000).emitWithAck("join", "team"), ["team"]);
      await bob.timeout(2000).emitWithAck("join", "team");
      const heard = { ann: [], bob: [], eve: [] };
      ann.on("told", (...said) => heard.ann.push(said));
      bob.on("told", (...said) => heard.bob.push(said));
      eve.on("told", (...said) => heard.eve.push(said));
      await ann.timeout(2000).emitWithAck("tell", "team", "hello");
      await bob.timeout(2000).emitWithAck("echo"); // behind what was said
      assert.deepEqual(await bob.timeout(2000).emitWithAck("leave", "team"), []);
      await ann.timeout(2000).emitWithAck("tell", "team", "anybody?");
      await bob.timeout(2000).emitWithAck("echo");
      await eve.timeout(2000).emitWithAck("echo");
      assert.deepEqual(heard, { ann: [], bob: [["team", "hello"]], eve: [] });
    });

    it("gets the last word before it is thrown out, and stays away", async () => {
      for (let round = 0; round < 10; round++) {
        const socket = await connected(transports);
        const words = [];
        socket.on("last word", (word) => words.push(word));
        socket.emit("throw me out");
        const [reason] = await next(socket, "disconnect");
        assert.equal(reason, "io server disconnect");
        assert.deepEqual(words, ["goodbye"]);
        assert.equal(socket.active, false);
      }
    });

    it("comes back by itself when the connection is dropped", async () => {
      const socket = await connected(transports);
      const before = socket.id;
      socket.emit("hang up on me");
      const [reason] = await next(socket, "disconnect");
      assert.equal(reason, "transport close");
      await next(socket, "connect");
      assert.notEqual(socket.id, before);
      assert.equal(await socket.timeout(2000).emitWithAck("echo", 1), 1);
    });

    it("stays connected over many heartbeats", async () => {
      const socket = await connected(transports);
      let lost = 0;
      socket.on("disconnect", () => lost++);
      await new Promise((resolve) => setTimeout(resolve, 2000)); // six pings
      assert.equal(lost, 0);
      assert.equal(await socket.timeout(2000).emitWithAck("echo", "alive"), "alive");
    });

    it("sends 900 kB and is closed above the limit", async () => {
      const socket = await connected(transports);
      const long = "x".repeat(900_000);
      assert.equal(await socket.timeout(5000).emitWithAck("echo", long), long);
      socket.emit("echo", "x".repeat(2_000_000), () => {});
      const [reason] = await next(socket, "disconnect");
      assert.match(reason, /transport (close|error)/);
      const other = await connected(transports); // the server lives
      assert.equal(await other.timeout(2000).emitWithAck("echo", 1), 1);
    });

    it("serves 20 tabs 50 events each, in order", async () => {
      const tabs = await Promise.all(Array.from({ length: 20 }, () => connected(transports)));
      const counted = await Promise.all(
        tabs.map((socket) => new Promise((resolve) => {
          const numbers = [];
          socket.on("number", (number) => numbers.push(number) === 50 && resolve(numbers));
          socket.emit("count", 50);
        })),
      );
      for (const numbers of counted) assert.deepEqual(numbers, Array.from({ length: 50 }, (_, i) => i));
    });

    it("loses nothing that is emitted while it upgrades", async () => {
      const socket = desk(transports);
      const numbers = [];
      socket.on("number", (number) => numbers.push(number));
      socket.emit("count", 500);
      const answers = [];
      for (let i = 0; i < 100; i++) socket.emit("echo", i, (answer) => answers.push(answer));
      await next(socket, "connect");
      await socket.timeout(5000).emitWithAck("echo");
      assert.deepEqual(numbers, Array.from({ length: 500 }, (_, i) => i));
      assert.deepEqual(answers, Array.from({ length: 100 }, (_, i) => i));
    });
  });

  describe(`${way}, with the limits of the product`, () => {
    const limited = { namespace: "/", path: "/limits/" };

    it("takes what a busy person does", async () => {
      const socket = await connected(transports, limited);
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => socket.timeout(2000).emitWithAck("echo", i)));
      assert.equal(answers.length, 50);
    });

    it("closes for 900 kB", async () => {
      const socket = await connected(transports, limited);
      socket.emit("echo", "x".repeat(900_000));
      await next(socket, "disconnect");
      await next(socket, "connect");
    });

    it("closes for a thousand events at once", async () => {
      const socket = await connected(transports, limited);
      for (let i = 0; i < 1000; i++) socket.emit("silence");
      await next(socket, "disconnect");
      await next(socket, "connect");
    });

    it("closes for eleven attachments", async () => {
      const socket = await connected(transports, limited);
      socket.emit("silence", ...Array.from({ length: 11 }, () => Buffer.from([1])));
      await next(socket, "disconnect");
      await next(socket, "connect");
    });
  });
}

describe("origins", () => {
  const handshake = `${url}/socket.io/?EIO=4&transport=polling`;

  it("answers the preflight of a foreign page", async () => {
    const response = await fetch(handshake, {
      method: "OPTIONS",
      headers: { Origin: "https://elsewhere.test", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" },
    });
    assert.equal(response.status, 204);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    assert.equal(response.headers.get("access-control-allow-headers"), "content-type");
  });

  it("lets the page read the answer", async () => {
    const response = await fetch(handshake, { headers: { Origin: "https://elsewhere.test" } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
  });
});

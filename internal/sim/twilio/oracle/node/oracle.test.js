// The vendor's own Node client drives the simulator. Run it with ../run, which starts one.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import twilio from 'twilio'

const account = 'AC00000000000000000000000000000001'
const token = '0123456789abcdef0123456789abcdef'
const ours = '+12015550101'
const echo = '+12015550186'
const sim = process.env.SIM

// The client's host is fixed: what is meant for it goes to the simulator.
class Elsewhere extends twilio.RequestClient {
  request(options) {
    return super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', sim) })
  }
}

const client = twilio(account, token, { httpClient: new Elsewhere() })

/** A desk keeps the webhooks it gets and answers with a document of the vendor's builder. */
async function desk() {
  const got = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => { body += piece })
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(body))
      const valid = twilio.validateRequest(token, request.headers['x-twilio-signature'], `${url}${request.url}`, form)
      got.push({ path: request.url, valid, ...form })
      const document = new twilio.twiml.VoiceResponse()
      document.record({ maxLength: 1, playBeep: false, action: '/recorded', recordingStatusCallback: `${url}/status` })
      response.setHeader('Content-Type', 'text/xml')
      response.end(request.url === '/voice' ? document.toString() : '<Response><Hangup/></Response>')
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}`
  return { url, got, close: () => server.close() }
}

async function eventually(what, ok) {
  const limit = Date.now() + 20_000
  while (Date.now() < limit) {
    const value = await ok()
    if (value) return value
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  assert.fail(`waited in vain for ${what}`)
}

test('a call is made, followed, led elsewhere and ended', async () => {
  const d = await desk()
  const call = await client.calls.create({
    to: echo, from: ours, url: `${d.url}/voice`, statusCallback: `${d.url}/status`,
    statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
  })
  assert.equal(call.status, 'queued')
  assert.ok(call.dateCreated instanceof Date && !Number.isNaN(call.dateCreated.getTime()))
  await eventually('the answer', async () => (await client.calls(call.sid).fetch()).status === 'in-progress')
  const led = await client.calls(call.sid).update({ twiml: '<Response><Pause length="30"/></Response>' })
  assert.equal(led.sid, call.sid)
  await client.calls(call.sid).update({ status: 'completed' })
  const over = await eventually('the end', () => d.got.find((w) => w.CallStatus === 'completed' && w.path === '/status'))
  assert.equal(over.CallSid, call.sid)
  assert.deepEqual(d.got.filter((w) => !w.valid), [])
  const [listed] = await client.calls.list({ to: echo, limit: 1 })
  assert.equal(listed.sid, call.sid)
  d.close()
})

test('somebody who calls is recorded', async () => {
  const d = await desk()
  const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: ours })
  await client.incomingPhoneNumbers(number.sid).update({ voiceUrl: `${d.url}/voice`, statusCallback: `${d.url}/status` })
  const answer = await fetch(`${sim}/calls`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ from: '+12015550161', to: ours, person: { sound: 'tone' } }),
  })
  assert.equal(answer.status, 201)
  const { call } = await answer.json()
  const recorded = await eventually('the recording', () => d.got.find((w) => w.RecordingStatus === 'completed'))
  assert.equal(recorded.CallSid, call)
  const recording = await client.recordings(recorded.RecordingSid).fetch()
  assert.equal(recording.source, 'RecordVerb')
  assert.equal(recording.channels, 1)
  const auth = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`
  const sound = await fetch(recorded.RecordingUrl, { headers: { Authorization: auth } })
  assert.equal(sound.status, 200)
  assert.equal(Buffer.from(await sound.arrayBuffer()).subarray(0, 4).toString(), 'RIFF')
  assert.equal(await client.recordings(recorded.RecordingSid).remove(), true)
  assert.deepEqual(d.got.filter((w) => !w.valid), [])
  d.close()
})

test('a refusal is the vendor\'s own error', async () => {
  await assert.rejects(client.calls.create({ to: echo, from: '+12015550999', twiml: '<Response/>' }), (error) => {
    assert.equal(error.code, 21210)
    assert.equal(error.status, 400)
    assert.match(error.moreInfo, /21210/)
    return true
  })
})

test('two meet, one is held, the room ends', async () => {
  const first = await client.conferences('Node').participants.create({ from: ours, to: echo, label: 'a', beep: 'false' })
  await client.conferences('Node').participants.create({ from: ours, to: echo, label: 'b', beep: 'false' })
  const room = client.conferences(first.conferenceSid)
  await eventually('the beginning', async () => (await room.fetch()).status === 'in-progress')
  assert.equal((await room.participants('a').update({ hold: true })).hold, true)
  assert.equal((await room.participants.list({ hold: true })).length, 1)
  assert.equal((await room.update({ status: 'completed' })).status, 'completed')
  assert.equal((await room.fetch()).reasonConferenceEnded, 'conference-ended-via-api')
})
